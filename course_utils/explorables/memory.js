// A small tensor beside its memory; shared.js and FACTS stand before this text.

/** Return where an element of an operation's result is: its index in each dimension, its place in memory, its value. */
function locate(operation, element) {
  const { shape, stride, offset, memory } = FACTS.operations[operation], index = [];
  let rest = element, place = offset;
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = rest % shape[i];
    rest = (rest - index[i]) / shape[i];
    place += index[i] * stride[i];
  }
  return { index, place, value: memory[place] };
}

const count = (operation) => FACTS.operations[operation].shape.reduce((a, b) => a * b, 1);
const short = (text) => (`${text}`.length <= 20 ? text : `${`${text}`.slice(0, 20)}…`);
const shaped = (sizes) => `(${sizes.join(", ")}${sizes.length === 1 ? "," : ""})`;

export const numbers = { locate, count, clean };

function clean({ operation, element }) {
  if (!Object.hasOwn(FACTS.operations, operation)) {
    throw Error(`'${short(operation)}' is not in the list. Use one of: ${Object.keys(FACTS.operations).join(", ")}.`);
  }
  if (!Number.isInteger(element)) throw Error(`element is ${element}. Choose a whole number from 0 up.`);
  return { operation, element: clamp(element, 0, count(operation) - 1) };
}

function render({ model, el }) {
  const question = "x is torch.arange(12).reshape(3, 4). Choose an operation, and walk through its result: drag the frame, or press Walk. "
    + "To find: a view in which one step to the right jumps 4 places in memory.";
  const page = frame(model, el, { title: "A tensor and its memory", question, clean, draw, quiet: true });
  const { box } = page, state = () => page.state;
  const bar = h("div", { class: "row" }, box);
  const operations = menu(bar, "operation", Object.keys(FACTS.operations), (operation) => {
    const now = clean({ operation, element: state().element }), columns = FACTS.operations[operation].shape.at(-1);
    if (columns > 1 && (now.element + 1) % columns === 0) now.element -= 1; // the last in a row has no step to the right to show
    page.set(now);
  });
  const elements = slider(bar, "element", 0, 11, (n) => `${n}`, (element) => { pause(); page.set({ element }); });
  const walk = button(bar, "Walk", () => {
    if (walk.textContent === "Pause") return pause();
    walk.textContent = "Pause";
    let element = 0;
    const next = () => {
      page.set({ element });
      element += 1;
      if (element < count(state().operation)) page.later("walk", 600, next);
      else pause();
    };
    next();
  });
  const pause = () => { page.never("walk"); walk.textContent = "Walk"; };
  const about = h("p", { style: "font-weight: 600" }, box);
  const art = s("svg", { role: "group", "aria-label": "the result, and the memory that it reads" }, box), cells = s("g", { "aria-hidden": "true" }, art);
  const jump = s("path", { fill: "none", stroke: "var(--ink)", "stroke-width": 2 }, art), far = s("text", { "text-anchor": "middle", style: "font-weight: 700" }, art);
  const framed = s("rect", { fill: "none", stroke: "var(--ink)", "stroke-width": 3, "pointer-events": "none" }, art);
  const node = s("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": "element of the result" }, art);
  const own = s("rect", { class: "reach", stroke: "var(--ink)", "stroke-width": 3 }, node);
  node.addEventListener("keydown", (event) => {
    const way = keyed(event);
    if (!way) return;
    pause();
    const { operation, element } = state(), columns = FACTS.operations[operation].shape.at(-1);
    page.set({ element: clamp(element + way[0] - way[1] * columns, 0, count(operation) - 1) });
  });
  const formula = h("p", { style: "font-weight: 600" }, box);
  let grid = null;
  const pick = (px, py) => {
    const { shape, memory } = FACTS.operations[state().operation], { size, left, top } = grid;
    const columns = shape.at(-1), rows = count(state().operation) / columns;
    const i = Math.floor((py - 24) / size), j = Math.floor(px / size), place = Math.floor((px - left) / grid.cell);
    let element = null;
    if (i >= 0 && i < rows && j >= 0 && j < columns) element = i * columns + j;
    else if (py > top - 10 && py < top + grid.cell + 24 && place >= 0 && place < memory.length) {
      element = Array.from({ length: count(state().operation) }, (_, k) => k).find((k) => locate(state().operation, k).place === place) ?? null;
    }
    if (element !== null) page.set({ element });
  };
  drag(art, art, (px, py) => { pause(); pick(px, py); });

  function draw({ operation, element }) {
    const { shape, stride, offset, memory, contiguous, view } = FACTS.operations[operation], all = count(operation), columns = shape.at(-1);
    const narrow = page.width < 620, size = narrow ? 38 : 40, rows = all / columns, left = narrow ? 0 : 4 * size + 36;
    const cell = Math.min(40, Math.floor((page.width - left - 2) / 12)), top = narrow ? 24 + rows * size + 62 : 86, { index, place } = locate(operation, element);
    grid = { size, left, top, cell };
    const seen = new Set(Array.from({ length: all }, (_, k) => locate(operation, k).place));
    put(art, { width: page.width, height: narrow ? top + cell + 26 : Math.max(24 + 4 * size + 6, 150) });
    cells.replaceChildren();
    const square = (x, y, side, value, colour) => {
      s("rect", { x: x + 1, y: y + 1, width: side - 2, height: side - 2, fill: colour ?? "var(--panel)", stroke: "var(--soft)" }, cells);
      s("text", { x: x + side / 2, y: y + side / 2 + 4, "text-anchor": "middle", style: colour ? "fill: #1A1A1A" : "" }, cells, value);
    };
    s("text", { x: 0, y: 14, class: "soft" }, cells, "the result");
    for (let k = 0; k < all; k++) {
      const { value } = locate(operation, k);
      square((k % columns) * size, 24 + Math.floor(k / columns) * size, size, value, FACTS.shades[value]);
    }
    s("text", { x: left, y: top - 46, class: "soft" }, cells, view ? "memory of x" : "new memory");
    for (const [i, value] of memory.entries()) {
      square(left + i * cell, top, cell, value, seen.has(i) ? FACTS.shades[value] : null);
      s("text", { x: left + (i + 0.5) * cell, y: top + cell + 15, "text-anchor": "middle", class: "soft" }, cells, i);
    }
    put(own, { width: size - 2, height: size - 2 });
    put(node, { transform: `translate(${(element % columns) * size + 1} ${25 + Math.floor(element / columns) * size})`,
      "aria-valuenow": element, "aria-valuetext": `element ${shaped(index)}, place ${place}, value ${memory[place]}` });
    put(framed, { x: left + place * cell + 1, y: top + 1, width: cell - 2, height: cell - 2 });
    const right = element % columns < columns - 1 ? locate(operation, element + 1).place : null;
    const middle = (at) => left + (at + 0.5) * cell, bend = right === null ? 0 : Math.min(30, 10 + 6 * Math.abs(right - place));
    const [from, to] = [middle(place), middle(right ?? place)];
    put(jump, { d: right === null ? "" : right === place ? `M${from - 6} ${top}c-10 -26 22 -26 12 0` : `M${from} ${top}Q${(from + to) / 2} ${top - 2 * bend} ${to} ${top}m-6 -8L${to} ${top}l${to > from ? 2 : 10} -8` });
    far.textContent = right === null ? "" : `+${right - place}`;
    put(far, { x: (from + to) / 2, y: top - bend - 6 });
    operations.value = operation;
    elements.show(element, false, all - 1);
    about.textContent = `${operation}   shape ${shaped(shape)}, stride ${shaped(stride)}, ${contiguous ? "contiguous" : "not contiguous"}, ${view ? "view of x" : "copy"}`;
    const terms = index.map((i, d) => `${i} × ${stride[d]}`).join(" + ");
    formula.textContent = `place of element [${index.join(", ")}] = start + index × stride, added up = ${offset} + ${terms} = place ${place}, with the value ${memory[place]}`;
    page.found(view && stride.at(-1) === 4 ? `Found: in ${operation} the last stride is 4, so one step to the right jumps 4 places, over a whole row of x.` : "");
    page.say(`${about.textContent}. Element ${shaped(index)} is at place ${place}, and has the value ${memory[place]}.`
      + (right === null ? "" : ` One step to the right jumps ${right - place} place${Math.abs(right - place) === 1 ? "" : "s"}.`));
  }

  const end = page.begin();
  return () => { pause(); end(); };
}

export default { render };
