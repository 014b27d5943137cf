// The graph of L = (w · x + b − y)², walked forward and backward; shared.js and FACTS stand before this text.

/** Return the value of each node and its gradient. */
function compute({ w, x, b, y }) {
  const p = w * x, q = p + b, e = q - y, up = 2 * e;
  return { values: { w, x, b, y, p, q, e, L: e * e }, grads: { L: 1, e: up, q: up, y: -up, p: up, b: up, w: up * x, x: up * w } };
}

export const numbers = { compute, clean, sentence };

const INPUTS = ["w", "x", "b", "y"];
const FORMULAS = { p: "w · x", q: "p + b", e: "q − y", L: "e²" };
// what each step computes, and the edges of the graph
const STEPS = ["wxby", "p", "q", "e", "L", "L", "e", "qy", "pb", "wx"];
const EDGES = ["wp", "xp", "pq", "bq", "qe", "ye", "eL"];

function clean(given) {
  for (const name of INPUTS) check(name, given[name]);
  const { step, w, x, b, y } = given;
  if (!(Number.isInteger(step) && step >= 0 && step <= 9)) throw Error(`step is ${step}. Choose a whole number from 0 to 9.`);
  return { step, w, x, b, y };
}

function check(name, number) {
  const bad = typeof number === "number" ? g(number, 12) : number;
  if (!(typeof number === "number" && Math.abs(number) <= FACTS.limit)) throw Error(`${name} is ${bad}. Type a number from -1000 to 1000.`);
}

/** Say what a step computes. */
function sentence(state) {
  const { values, grads } = compute(state), n = (name) => g(values[name]), d = (name) => g(grads[name]);
  const f = (name) => (n(name).startsWith("-") ? `(${n(name)})` : n(name)); // as a factor
  return [
    "four numbers are known",
    `p = w · x = ${f("w")} · ${f("x")} = ${n("p")}`,
    `q = p + b = ${f("p")} + ${f("b")} = ${n("q")}`,
    `e = q − y = ${f("q")} − ${f("y")} = ${n("e")}`,
    `L = e² = ${f("e")}² = ${n("L")}`,
    "backward starts: dL/dL = 1",
    `L = e², so dL/de = dL/dL · 2e = 1 · 2 · ${f("e")} = ${d("e")}`,
    `e = q − y, so dL/dq = dL/de · 1 = ${d("q")} and dL/dy = dL/de · (−1) = ${d("y")}`,
    `q = p + b, so dL/dp = dL/dq · 1 = ${d("p")} and dL/db = dL/dq · 1 = ${d("b")}`,
    `p = w · x, so dL/dw = dL/dp · x = ${d("w")} and dL/dx = dL/dp · w = ${d("x")}`,
  ][state.step];
}

function render({ model, el }) {
  const question = "Step forward to the loss, then backward to every gradient. Type numbers of your own, or drag the name of a number to the side. "
    + "To find: numbers with which the gradient at w is 0, but the loss is not. (Go to step 9 to see it.)";
  const page = frame(model, el, { title: "Forward and backward through a graph", question, clean, draw, quiet: true });
  const { box } = page, state = () => page.state;
  const bar = h("div", { class: "row" }, box), to = (step) => page.set({ step: clamp(step, 0, 9) });
  const back = button(bar, "◀ Back", () => to(state().step - 1)), next = button(bar, "Step ▶", () => to(state().step + 1));
  const steps = slider(bar, "step", 0, 9, (n) => `${n}`, to);
  const told = h("p", { style: "font-weight: 600; min-height: 2.9em" }, box);
  const graph = h("div", { style: "position: relative", role: "group", "aria-label": "the graph" }, box);
  const art = s("svg", { "aria-hidden": "true", style: "position: absolute; inset: 0" }, graph);
  const tips = s("defs", {}, art), tip = s("marker", { id: `t${Math.random().toString(36).slice(2)}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto" }, tips);
  s("path", { d: "M0 0L10 5L0 10z", fill: "var(--soft)" }, tip);
  const edges = {}, nodes = {};
  for (const edge of EDGES) {
    edges[edge] = { line: s("path", { fill: "none", stroke: "var(--soft)", "stroke-width": 1.4, "marker-end": `url(#${tip.id})` }, art) };
    edges[edge].slope = s("text", { "text-anchor": "middle", style: "font-weight: 700; fill: var(--bad); paint-order: stroke; stroke: var(--paper); stroke-width: 5px" }, art);
  }
  const change = (name, number) => {
    try {
      check(name, number);
      page.set({ [name]: number });
    } catch (error) {
      page.wrong(error.message);
    }
  };
  for (const name of "wxbypqeL") {
    const leaf = INPUTS.includes(name), node = h("div", { "data-node": name }, graph);
    const top = h("div", { style: "display: flex; gap: 4px; align-items: center" }, node);
    const label = h("b", {}, top, leaf ? name : `${name} = ${FORMULAS[name]}`);
    nodes[name] = { node, leaf, value: null, grad: null };
    if (leaf) {
      const input = h("input", { type: "text", inputmode: "decimal", "aria-label": name, style: "width: 100%; min-width: 0; min-height: 26px; padding: 0 4px" }, top);
      input.addEventListener("input", () => change(name, input.value.trim() === "" ? "empty" : Number.isNaN(Number(input.value)) ? input.value : Number(input.value)));
      input.addEventListener("keydown", (event) => {
        const way = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
        if (!way) return;
        event.preventDefault();
        change(name, Number((state()[name] + 0.1 * way * (event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1)).toFixed(6)));
        input.value = g(state()[name], 6);
      });
      input.addEventListener("blur", () => { input.value = g(state()[name], 6); page.wrong(""); });
      nodes[name].input = input;
      put(label, { class: "handle", style: "padding: 4px 8px; margin: -4px -4px -4px -8px; cursor: ew-resize" });
      let from = null;
      label.addEventListener("pointerdown", (event) => { from = [event.clientX, state()[name]]; label.setPointerCapture(event.pointerId); event.preventDefault(); });
      label.addEventListener("pointermove", (event) => {
        if (from) change(name, Number(clamp(from[1] + Math.round((event.clientX - from[0]) / 6) * 0.1, -1000, 1000).toFixed(6)));
      });
      for (const type of ["pointerup", "pointercancel"]) label.addEventListener(type, () => { from = null; });
    } else nodes[name].value = h("div", {}, node);
    nodes[name].grad = h("div", {}, node);
  }
  button(h("div", { class: "row" }, box), "Back to the start", () => page.set(clean(FACTS.start)));

  /** Return the middle of each box, the size of a box, and the height of the picture. */
  function places(width) {
    const wide = width >= 700, gap = wide ? 52 : 40, w = Math.min(150, wide ? (width - 4 * gap) / 5 : (width - 24) / 2), t = 74;
    const at = wide ? { w: [0, 0], x: [0, 2], b: [1, 2.15], p: [1, 1], q: [2, 1], y: [2, 2.15], e: [3, 1], L: [4, 1] }
      : { w: [0, 0], x: [1, 0], p: [0, 1], b: [1, 1], q: [0, 2], y: [1, 2], e: [0, 3], L: [0, 4] };
    const middle = ([i, j]) => (wide ? [i * (w + gap) + w / 2, 8 + t / 2 + j * (t + 8) ] : [w / 2 + i * (w + 24), t / 2 + j * (t + gap)]);
    return { wide, w, t, height: wide ? 3.15 * t + 44 : 5 * t + 4 * gap, spots: Object.fromEntries(Object.entries(at).map(([name, place]) => [name, middle(place)])) };
  }

  function draw(now) {
    const { step } = now, { values, grads } = compute(now), { wide, w, t, height, spots } = places(page.width);
    put(graph, { style: `position: relative; height: ${height}px` });
    put(art, { width: page.width, height });
    const known = (name, kind) => STEPS.some((names, i) => names.includes(name) && i <= step && (kind === "value") === (i < 5));
    for (const [name, { node, leaf, input, value, grad }] of Object.entries(nodes)) {
      const [x, y] = spots[name], current = STEPS[step].includes(name);
      put(node, { style: `position: absolute; left: ${x - w / 2}px; top: ${y - t / 2}px; width: ${w}px; height: ${t}px; padding: 6px 8px; overflow: hidden; `
        + `border-radius: ${leaf ? 2 : 16}px; border: ${current ? "3px solid var(--c1)" : `1.5px solid var(--c${leaf ? 0 : 7})`}; background: var(--panel); white-space: nowrap; font-size: 13px` });
      if (input && input.getRootNode().activeElement !== input) input.value = g(now[name], 6);
      if (value) value.textContent = `value ${known(name, "value") ? g(values[name]) : "?"}`;
      grad.textContent = `grad ${known(name, "grad") ? g(grads[name]) : "?"}`;
    }
    const slopes = { wp: now.x, xp: now.w, pq: 1, bq: 1, qe: 1, ye: -1, eL: grads.e };
    for (const [[from, into], { line, slope }] of Object.entries(edges)) {
      const [x0, y0] = spots[from], [x1, y1] = spots[into], beside = wide ? x0 === x1 : y0 === y1;
      let start, end;
      if (wide) [start, end] = beside ? [[x0, y0], [x1, y1]] : [[x0 + w / 2, y0], [x1 - w / 2, y1]];
      else [start, end] = beside ? [[x0, y0], [x1, y1]] : [[x0, y0 + t / 2], [x1, y1 - t / 2]];
      if ("by".includes(from)) { // from below, or from the side, into the same corner
        [start, end] = wide ? [[x0 + w / 2, y0], [spots[into][0] - w / 2, y1 + t / 4]] : [[x0, y0 + t / 2], [x1 + w / 4, y1 - t / 2]];
      }
      const half = wide ? (start[0] + end[0]) / 2 : (start[1] + end[1]) / 2;
      put(line, { d: wide ? `M${start}C${half} ${start[1]} ${half} ${end[1]} ${end}` : `M${start}C${start[0]} ${half} ${end[0]} ${half} ${end}` });
      slope.textContent = step < 5 ? "" : `×${slopes[from + into] < 0 ? `(${g(slopes[from + into])})` : g(slopes[from + into])}`;
      put(slope, { x: (start[0] + end[0]) / 2, y: (start[1] + end[1]) / 2 + 4 });
    }
    back.disabled = step === 0;
    next.disabled = step === 9;
    steps.show(step);
    told.textContent = `Step ${step}, ${step < 5 ? "forward" : "backward"}: ${sentence(now)}`;
    const isFound = step === 9 && grads.w === 0 && values.L !== 0;
    page.found(isFound ? `Found: the local slope on the arrow from w is x = ${g(now.x)}, so whatever arrives at p, the gradient at w is 0. The loss is ${g(values.L)}.` : "");
    page.say(told.textContent + `. w ${g(now.w)}, x ${g(now.x)}, b ${g(now.b)}, y ${g(now.y)}.`);
  }

  return page.begin();
}

export default { render };
