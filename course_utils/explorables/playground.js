// Optimizers walk down a surface; shared.js and FACTS stand before this text.

const FAR = 1e9;
// each surface: its height, and its slope along x and y, in the order in which autograd computes it
const SURFACES = {
  dent: [(x) => 0.1 * x * x - 0.3 * Math.exp(-4 * (x - 2) * (x - 2)), (x, y, out) => {
    out[0] = 0.1 * (2 * x) + -0.3 * Math.exp(-4 * (x - 2) * (x - 2)) * -4 * (2 * (x - 2));
    out[1] = 0;
  }],
  ravine: [(x, y) => (x * x + 20 * y * y) / 2, (x, y, out) => { out[0] = x; out[1] = 20 * y; }],
  saddle: [(x, y) => x * x - y * y + y ** 4 / 4, (x, y, out) => { out[0] = 2 * x; out[1] = -2 * y + y * y * y; }],
  beale: [(x, y) => (1.5 - x + x * y) ** 2 + (2.25 - x + x * y ** 2) ** 2 + (2.625 - x + x * y ** 3) ** 2, (x, y, out) => {
    const a = 2 * (1.5 - x + x * y), b = 2 * (2.25 - x + x * y * y), c = 2 * (2.625 - x + x * y * y * y);
    out[0] = a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1);
    out[1] = a * x + b * x * (2 * y) + c * x * (3 * (y * y));
  }],
  rosenbrock: [(x, y) => (1 - x) ** 2 + 100 * (y - x * x) ** 2, (x, y, out) => {
    const a = 100 * (2 * (y - x * x));
    out[0] = -2 * (1 - x) - a * (2 * x);
    out[1] = a;
  }],
  himmelblau: [(x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2, (x, y, out) => {
    const a = 2 * (x * x + y - 11), b = 2 * (x + y * y - 7);
    out[0] = a * (2 * x) + b;
    out[1] = a + b * (2 * y);
  }],
};

/** Return the path of a method as x, y, x, y, ..., and the last step that it really made. A run that goes far away stops there. */
function walk(surface, method, lr, momentum, start, steps, path = new Float64Array(2 * steps + 2)) {
  const slope = SURFACES[surface][1], now = [...start], m = [0, 0], v = [0, 0], grad = [0, 0];
  const rest = 1 - momentum;
  [path[0], path[1]] = start;
  for (let t = 1; t <= steps; t++) {
    slope(now[0], now[1], grad);
    for (let i = 0; i < 2; i++) {
      const d = grad[i];
      switch (method) {
        case "SGD": now[i] -= lr * d; break;
        case "Momentum": now[i] -= lr * (m[i] = m[i] * momentum + d); break;
        case "Nesterov": m[i] = m[i] * momentum + d; now[i] -= lr * (d + momentum * m[i]); break;
        case "Adagrad": v[i] += d * d; now[i] -= lr * d / (Math.sqrt(v[i]) + 1e-10); break;
        case "RMSprop": v[i] = v[i] * 0.99 + (1 - 0.99) * d * d; now[i] -= lr * d / (Math.sqrt(v[i]) + 1e-8); break;
        case "Adadelta": {
          v[i] = v[i] * 0.9 + (1 - 0.9) * d * d;
          const change = Math.sqrt(m[i] + 1e-6) / Math.sqrt(v[i] + 1e-6) * d;
          m[i] = m[i] * 0.9 + (1 - 0.9) * change * change;
          now[i] -= lr * change;
          break;
        }
        default: // Adam, AdamW; the mean moves towards the slope as torch.lerp does it
          if (method === "AdamW") now[i] *= 1 - lr * 0.01;
          m[i] = rest < 0.5 ? m[i] + rest * (d - m[i]) : d - (d - m[i]) * (1 - rest);
          v[i] = v[i] * 0.999 + (1 - 0.999) * d * d;
          now[i] += -lr / (1 - momentum ** t) * m[i] / (Math.sqrt(v[i]) / (1 - 0.999 ** t) ** 0.5 + 1e-8);
      }
    }
    if (!(Math.abs(now[0]) < FAR && Math.abs(now[1]) < FAR)) {
      for (let k = t; k <= steps; k++) { path[2 * k] = path[2 * t - 2]; path[2 * k + 1] = path[2 * t - 1]; }
      return { path, end: t - 1 };
    }
    path[2 * t] = now[0];
    path[2 * t + 1] = now[1];
  }
  return { path, end: steps };
}

/** Say how high each point of a path is above the lowest point. */
const heights = (surface, path) =>
  Array.from({ length: path.length / 2 }, (_, k) => SURFACES[surface][0](path[2 * k], path[2 * k + 1]) - FACTS.surfaces[surface].lowest);

/** Return the first step at which a walk is near the lowest height, if it also ends there; else null. */
function arrival(surface, path, steps) {
  const high = (k) => SURFACES[surface][0](path[2 * k], path[2 * k + 1]) - FACTS.surfaces[surface].lowest;
  if (!(high(steps) < FACTS.near)) return null;
  for (let k = 0; ; k++) if (high(k) < FACTS.near) return k;
}

/** Say how a walk ends. */
function fate(surface, { path, end }, steps) {
  if (end < steps) return `diverges after step ${end}`;
  const at = arrival(surface, path, steps);
  return at === null ? `ends ${g(heights(surface, path.subarray(2 * steps))[0], 2)} above` : `arrives at step ${at}`;
}

export const numbers = { walk, heights, arrival, clean, code };

const METHODS = FACTS.methods, NAMES = Object.keys(METHODS);
const RATES = Array.from({ length: 501 }, (_, i) => Number((10 ** (-4 + i / 100)).toPrecision(3)));
const notch = (lr) => clamp(Math.round(100 * (Math.log10(lr) + 4)), 0, 500);

/** Make a whole state of what Python or the page gives, or throw an error with Python's sentence. */
function clean(given) {
  const { surface, selected } = given;
  if (!Object.hasOwn(SURFACES, surface)) throw Error(`'${surface}' is not one of ${Object.keys(SURFACES).join(", ")}.`);
  const { settings } = FACTS.surfaces[surface];
  const methods = Object.fromEntries(NAMES.map((name) =>
    [name, { ...settings[name], ...FACTS.start.methods[name], ...given.methods?.[name] }]));
  for (const name of [selected, ...Object.keys(given.methods ?? {})]) {
    if (!Object.hasOwn(METHODS, name)) throw Error(`'${name}' is not one of ${NAMES.join(", ")}.`);
  }
  const steps = given.steps ?? FACTS.surfaces[surface].steps, start = [...(given.start ?? FACTS.surfaces[surface].start)];
  const fits = ({ lr, momentum }) => lr > 1e-5 && lr < 11 && momentum >= 0 && momentum <= 0.99;
  if (!(Object.values(methods).every(fits) && Number.isInteger(steps) && steps >= 1 && steps <= 200)) {
    throw Error("Choose a learning rate from 0.0001 to 10, a momentum from 0 to 0.99, and 1 to 200 steps.");
  }
  if (start.length !== 2 || !start.every(Number.isFinite)) throw Error(`The start is ${start}. Give two finite numbers, x and y.`);
  return { surface, start, steps, selected, step: clamp(given.step ?? steps, 0, steps), methods };
}

/** Write the walks of a state as Python code. */
function code({ surface, start, steps, methods }) {
  const made = Object.entries(methods).filter(([, m]) => m.on).map(([name, { lr, momentum }]) => {
    const more = { momentum: `, momentum=${momentum}`, beta: `, betas=(${momentum}, 0.999)` }[METHODS[name].uses] ?? "";
    return `    "${name}": lambda p: optimizers.${name}(p, lr=${lr}${more}),`;
  });
  return ["from course_utils import optimizers, surfaces", "", `surface = surfaces.SURFACES["${surface}"]`, "makers = {", ...made, "}",
    "for name, make in makers.items():", `    path = surfaces.descend(surface, make, start=(${start.join(", ")}), steps=${steps})`,
    '    print(f"{name}: {surface(path[-1]) - surface.lowest:.4g} above the lowest point")'].join("\n");
}

function render({ model, el }) {
  const question = "Drag the square, the start. Tick methods to see them; press a name to select that method for the sliders and the "
    + "map. To find: a rate with which Momentum arrives at a star within the steps, and SGD with the same rate does not. "
    + `A method arrives if it ends less than ${FACTS.near} above the lowest height.`;
  const page = frame(model, el, { title: "Playground of optimizers", question, clean, draw });
  const { box } = page, state = () => page.state, mine = () => state().methods[state().selected];
  const hold = (change) => page.set({ methods: { ...state().methods, [state().selected]: { ...mine(), ...change } } });

  const top = h("div", { class: "row" }, box);
  const surfaces = menu(top, "surface", Object.keys(SURFACES), (surface) => {
    const { settings } = FACTS.surfaces[surface];
    const methods = Object.fromEntries(NAMES.map((name) => [name, { on: state().methods[name].on, ...settings[name] }]));
    pause();
    page.set(clean({ surface, methods, selected: state().selected }));
  });
  const steps = slider(top, "steps", 1, 200, (n) => `${n}`, (n) => page.set({ steps: n, step: n }));
  const step = slider(top, "show step", 0, 200, (n) => `${n}`, (n) => { pause(); page.set({ step: n }); });
  const play = button(top, "Play", () => (play.textContent === "Pause" ? pause() : go()));
  const pause = () => { page.never("play"); play.textContent = "Play"; };
  const go = () => {
    play.textContent = "Pause";
    if (state().step >= state().steps) page.set({ step: 0 });
    const next = () => {
      if (state().step >= state().steps) return pause();
      page.set({ step: state().step + 1 });
      page.later("play", page.calm ? 400 : clamp(6000 / state().steps, 30, 90), next);
    };
    page.later("play", 200, next);
  };

  const cols = h("div", { class: "cols" }, box), left = h("div", {}, cols), right = h("div", {}, cols);
  const land = h("div", { style: "position: relative" }, left), ground = h("canvas", { "aria-hidden": "true", style: "position: absolute" }, land);
  const above = plot(land, "the surface from above, with the paths"), side = plot(right, "height above the lowest point over the steps", 62);
  put(above.node, { style: "position: relative" });
  const stars = s("g", {}, above.inside), lines = {};
  for (const [i, name] of NAMES.entries()) {
    const style = { class: "curve", stroke: page.colour(i), "stroke-dasharray": DASHES[i] };
    lines[name] = { path: s("path", style, above.inside), high: s("path", style, side.inside) };
    lines[name].dots = s("path", { stroke: page.colour(i), "stroke-width": 4, "stroke-linecap": "round" }, above.inside);
    lines[name].end = s("circle", { r: 5, fill: page.colour(i) }, above.inside);
  }
  const arrow = s("path", { stroke: "var(--ink)", "stroke-width": 2.5, fill: "none" }, above.inside);
  const when = s("path", { stroke: "var(--soft)", "stroke-dasharray": "2 3" }, side.inside);
  const start = handle(above.front, "start", (dx, dy) => {
    const [x, y] = state().start;
    place(x + 0.1 * dx, y + 0.1 * dy);
  });
  start.node.querySelector(".knob").replaceWith(s("rect", { class: "knob", x: -6, y: -6, width: 12, height: 12, fill: "var(--ink)" }));
  const place = (x, y) => {
    const { window: [l, r, b, t], is_curve: curve } = FACTS.surfaces[state().surface], tidy = (v) => Number(v.toPrecision(3));
    page.set({ start: [tidy(clamp(x, l, r)), curve ? 0 : tidy(clamp(y, b, t))] });
  };
  drag(above.node, above.node, (x, y) => place(above.fromX(x), above.fromY(y)));

  const own = h("div", { role: "group", "aria-label": "the selected method" }, left), title = h("p", { style: "font-weight: 700" }, own);
  const rate = slider(own, "rate", 0, 500, (i) => g(RATES[i], 3), (i) => hold({ lr: RATES[i] }));
  const mass = slider(own, "momentum", 0, 99, (i) => g(i / 100), (i) => hold({ momentum: i / 100 }));
  const mapBox = h("div", { style: "position: relative" }, own), colours = h("canvas", { "aria-hidden": "true", style: "position: absolute" }, mapBox);
  const map = plot(mapBox, "map of rates and momentum: strong colour where the method arrives, striped where it ends higher than it began");
  put(map.node, { style: "position: relative" });
  const hand = handle(map.front, "rate and momentum", (dx, dy) =>
    hold({ lr: RATES[clamp(notch(mine().lr) + dx, 0, 500)], ...(METHODS[state().selected].uses && { momentum: clamp(Math.round(100 * mine().momentum + dy), 0, 99) / 100 }) }));
  drag(map.node, map.node, (x, y) => hold({ lr: RATES[notch(map.fromX(x))],
    ...(METHODS[state().selected].uses && { momentum: clamp(Math.round(100 * map.fromY(y)), 0, 99) / 100 }) }));
  h("p", { class: "soft" }, own, "Map: strong colour = arrives, pale = not yet, striped = ends higher than it began.");

  const list = h("div", { role: "group", "aria-label": "methods", style: "display: grid; gap: 2px; margin-top: 8px" }, right), rows = {};
  for (const [i, name] of NAMES.entries()) {
    const row = h("div", { style: "display: grid; grid-template-columns: 24px 36px 7.4em 1fr; gap: 6px; align-items: center" }, list);
    const on = h("input", { type: "checkbox", "aria-label": `show ${name}`, style: "width: 20px; height: 20px" }, row);
    s("path", { class: "curve", stroke: page.colour(i), "stroke-dasharray": DASHES[i], d: "M2 8H34" }, s("svg", { width: 36, height: 16 }, row));
    const take = button(row, name, () => page.set({ selected: name, methods: { ...state().methods, [name]: { ...state().methods[name], on: true } } }));
    on.addEventListener("change", () => page.set({ methods: { ...state().methods, [name]: { ...state().methods[name], on: on.checked } } }));
    rows[name] = { on, take, told: h("span", { class: "soft" }, row) };
  }
  const bottom = h("div", { class: "row" }, box), shown = h("textarea", { readonly: true, rows: 9, hidden: true, style: "width: 100%", "aria-label": "this state as Python code" });
  button(bottom, "This state as Python code", () => {
    shown.hidden = !shown.hidden;
    shown.value = code(state());
    shown.select();
    if (!shown.hidden) navigator.clipboard?.writeText(shown.value).catch(() => {});
  });
  button(bottom, "Back to the start", () => { pause(); page.set(clean(structuredClone(FACTS.start))); });
  box.append(shown);

  /** Shade the surface: a band for each step in height, and a line between two bands. */
  let groundKey = "";
  function shade(surface, width, height) {
    const key = [surface, width, height, page.dark].join();
    if (key === groundKey) return;
    groundKey = key;
    const { width: w, height: t } = above, f = SURFACES[surface][0], { lowest, is_curve: curve, window: [l, r, b, u] } = FACTS.surfaces[surface];
    put(ground, { width: w, height: t, style: `position: absolute; left: ${above.left}px; top: ${above.top}px` });
    stars.replaceChildren();
    if (curve) {
      const d = Array.from({ length: 301 }, (_, i) => l + (r - l) * i / 300).map((x, i) => `${i ? "L" : "M"}${above.X(x)} ${above.Y(f(x, 0))}`);
      s("path", { d: d.join(""), fill: "none", stroke: "var(--soft)", "stroke-width": 1.5 }, stars);
    } else {
      const ink = ground.getContext("2d"), image = ink.createImageData(w, t), tops = [[l, b], [l, u], [r, b], [r, u]].map(([x, y]) => f(x, y));
      const highest = Math.max(...tops) - lowest, bands = new Float32Array(w * t);
      for (let j = 0, k = 0; j < t; j++) for (let i = 0; i < w; i++, k++) {
        const high = f(l + (r - l) * i / w, u + (b - u) * j / t) - lowest;
        bands[k] = clamp(Math.floor(11 * (1 + Math.log10(high / highest + 1e-9) / 3)), -1, 12);
      }
      for (let k = 0; k < w * t; k++) {
        const edge = (k + 1) % w && (bands[k] !== bands[k + 1] || (k + w < w * t && bands[k] !== bands[k + w]));
        image.data.set(page.dark ? [255, 255, 255, (edge ? 60 : 4) + 4 * bands[k]] : [0, 0, 0, (edge ? 55 : 4) + 4 * bands[k]], 4 * k);
      }
      ink.putImageData(image, 0, 0);
    }
    for (const [x, y] of FACTS.surfaces[surface].minima) {
      s("text", { x: above.X(x), y: above.Y(curve ? lowest : y) + 6, "text-anchor": "middle", style: "font-size: 17px" }, stars, "★");
    }
  }

  /** Colour the map a few milliseconds at a time, coarse cells first. */
  const COLUMNS = 60, LEVELS = 20, buffer = new Float64Array(402);
  let mapKey = "";
  function chart() {
    const { surface, start: from, steps: n, selected: name } = state(), uses = METHODS[name].uses;
    const key = JSON.stringify([surface, from, n, name, map.width, page.dark]);
    if (key === mapKey) return;
    mapKey = key;
    const ink = colours.getContext("2d"), first = heights(surface, from)[0], levels = uses ? LEVELS : 1;
    const w = map.width / COLUMNS, t = map.height / levels, shade = page.dark ? "#3A9FDC" : "#0072B2";
    const cells = [];
    for (const coarse of [4, 2, 1]) for (let j = 0; j < levels; j += coarse) for (let i = 0; i < COLUMNS; i += coarse) {
      if (coarse === 4 || i % (2 * coarse) || j % (2 * coarse)) cells.push([i, j, coarse]);
    }
    let next = 0;
    const work = () => {
      const end = performance.now() + 4;
      while (next < cells.length && performance.now() < end) {
        const [i, j, size] = cells[next++], lr = 10 ** (-4 + 5 * (i + 0.5) / COLUMNS);
        const run = walk(surface, name, lr, 0.99 * (j + 0.5) / levels, from, n, buffer.subarray(0, 2 * n + 2));
        const at = arrival(surface, run.path, n), high = heights(surface, run.path.subarray(2 * n))[0];
        const box = [i * w, map.height - Math.min(j + size, levels) * t, size * w + 0.5, Math.min(size, levels - j) * t + 0.5];
        ink.clearRect(...box);
        const lost = run.end < n || !(high <= first);
        ink.globalAlpha = lost ? 0.35 : at === null ? clamp(0.3 - 0.05 * Math.log10(high / FACTS.near), 0.04, 0.3) : 1 - 0.5 * at / n;
        ink.fillStyle = shade;
        if (!lost) ink.fillRect(...box);
        else { ink.strokeStyle = page.dark ? "#FF9A5C" : "#A33F00"; ink.beginPath(); ink.moveTo(box[0], box[1] + t); ink.lineTo(box[0] + w, box[1]); ink.stroke(); }
      }
      if (next < cells.length) page.later("map", 0, work);
    };
    page.later("map", 0, work);
  }

  /** Say so where Momentum arrives, and SGD with the rate of Momentum does not. */
  function judge() {
    const { surface, start: from, steps: n, methods: { Momentum: { lr, momentum } } } = state();
    const [sgd, other] = ["SGD", "Momentum"].map((name) => fate(surface, walk(surface, name, lr, momentum, from, n), n));
    const lost = sgd.endsWith("above") ? `${sgd} the lowest point` : sgd;
    page.found(other.startsWith("arrives") && !sgd.startsWith("arrives") ? `Found: with the rate ${g(lr, 3)}, Momentum ${other}, and SGD ${lost}.` : "");
  }

  function draw({ surface, start: from, steps: n, step: k, selected: name, methods }) {
    const { window: [l, r, b, t], is_curve: curve, lowest } = FACTS.surfaces[surface], [f] = SURFACES[surface], narrow = page.width < 720;
    const width = narrow ? page.width : Math.floor((page.width - 16) * 0.6), height = clamp(Math.round(width * 0.62), 240, 380);
    const second = narrow ? page.width : page.width - 16 - width;
    above.size(width, height, [l, r], [b, t], { xLabel: "x", yLabel: curve ? "height" : "y", bare: true });
    shade(surface, width, height);
    const across = (x, y) => above.Y(clamp(curve ? f(x, 0) : y, 2 * b - t, 2 * t - b)), along = (x) => above.X(clamp(x, 2 * l - r, 2 * r - l));
    const runs = {}, told = [];
    let low = 1, high = FACTS.near;
    for (const method of NAMES) {
      const { on, lr, momentum } = methods[method], line = lines[method], row = rows[method];
      row.on.checked = on;
      put(row.take, { "aria-pressed": String(method === name), style: "padding: 2px 6px;" + (method === name ? "border-width: 2px; font-weight: 700; border-color: var(--ink)" : "") });
      const nodes = [line.path, line.dots, line.end, line.high];
      for (const node of nodes) put(node, { visibility: on ? null : "hidden" });
      row.told.textContent = "";
      if (!on) continue;
      const run = walk(surface, method, lr, momentum, from, n), hs = heights(surface, run.path);
      runs[method] = { ...run, hs };
      for (const value of hs) low = Math.min(low, Math.max(value, 1e-8));
      high = Math.max(high, hs[0]);
      const { uses } = METHODS[method], more = uses ? `, ${uses === "beta" ? "β₁" : "ρ"} ${g(momentum)}` : "";
      const words = fate(surface, run, n);
      row.told.textContent = `rate ${g(lr, 3)}${more}: ${words}`;
      told.push(`${method} (rate ${g(lr, 3)}${more}) ${words}${words.endsWith("above") ? " the lowest point" : ""}`);
    }
    const decades = [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(10 * high))];
    side.size(second, clamp(height - 60, 190, 300), [0, n], decades, { logY: true, xLabel: "step", yLabel: "height above the lowest" });
    for (const [method, { path, hs, end }] of Object.entries(runs)) {
      const line = lines[method];
      let d = "", dots = "", up = "";
      for (let i = 0; i <= n; i++) {
        const y = side.Y(clamp(hs[i], decades[0], 10 * decades[1])).toFixed(1);
        up += `${i ? "L" : "M"}${side.X(i).toFixed(1)} ${y}`;
        if (i > k) continue;
        const point = `${along(path[2 * i]).toFixed(1)} ${across(path[2 * i], path[2 * i + 1]).toFixed(1)}`;
        d += (i ? "L" : "M") + point;
        dots += `M${point}h0`;
      }
      put(line.path, { d });
      put(line.dots, { d: dots });
      put(line.high, { d: up });
      put(line.end, { cx: along(path[2 * k]), cy: across(path[2 * k], path[2 * k + 1]), visibility: end < k ? "hidden" : null });
    }
    put(when, { d: `M${side.X(k)} ${side.top}v${side.height}` });
    const run = runs[name];
    let tip = "";
    if (run && k > 0 && k <= run.end) { // the way of the last step, three times as long
      const at = (i) => [along(run.path[2 * i]), across(run.path[2 * i], run.path[2 * i + 1])], [x, y] = at(k), [x0, y0] = at(k - 1);
      const long = Math.hypot(x - x0, y - y0), far = Math.min(3 * long, 90) / (long || 1), dx = (x - x0) * far, dy = (y - y0) * far;
      const head = (turn) => `${x + dx - 8 * Math.cos(Math.atan2(dy, dx) + turn)} ${y + dy - 8 * Math.sin(Math.atan2(dy, dx) + turn)}`;
      if (far * long > 6) tip = `M${x} ${y}l${dx} ${dy}M${head(0.5)}L${x + dx} ${y + dy}L${head(-0.5)}`;
    }
    put(arrow, { d: tip });
    const spot = `x ${g(from[0])}` + (curve ? "" : `, y ${g(from[1])}`);
    start.at(along(from[0]), across(...from), g(from[0]), spot);

    const { lr, momentum } = methods[name], { uses } = METHODS[name];
    surfaces.value = surface;
    steps.show(n);
    step.show(k, false, n);
    title.textContent = `Selected: ${name}`;
    rate.show(notch(lr), false, 500, g(lr, 3));
    mass.name.textContent = uses === "beta" ? "momentum β₁" : "momentum ρ";
    mass.show(Math.round(100 * momentum), !uses);
    map.size(width, 180, [1e-4, 10], [0, 0.99], { logX: true, xLabel: "rate", yLabel: "momentum", bare: true });
    put(colours, { style: `position: absolute; left: ${map.left}px; top: ${map.top}px` });
    if (colours.width !== map.width) put(colours, { width: map.width, height: map.height });
    hand.at(map.X(clamp(lr, 1e-4, 10)), map.Y(uses ? momentum : 0.495), g(lr, 3), `rate ${g(lr, 3)}` + (uses ? `, momentum ${g(momentum)}` : ""));
    chart();
    judge();
    if (!shown.hidden) shown.value = code(page.state);
    page.say(`${surface}: ${FACTS.surfaces[surface].formula}. Start ${spot}, ${n} step${n > 1 ? "s" : ""}. ${told.join("; ")}.`);
  }

  const end = page.begin();
  return () => { pause(); end(); };
}

export default { render };
