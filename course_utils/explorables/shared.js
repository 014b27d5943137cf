// What all explorables share: the frame around a picture, its colours, plots, handles and sliders. FACTS stands before it.

const build = (node, attributes, parent, text) => {
  put(node, attributes);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
};
const put = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
};
const h = (tag, attributes = {}, parent, text) => build(document.createElement(tag), attributes, parent, text);
const s = (tag, attributes = {}, parent, text) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, parent, text);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Write a number as Python's format "g" does, but -0 as 0. */
function g(value, digits = 4) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return "0"; // also for -0
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  if (power >= -4 && power < digits) return String(Number(value.toPrecision(digits)));
  return `${Number(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

const COLOURS = FACTS.colours, DASHES = FACTS.dashes;
// on a dark page, the two darkest colours of the course are made lighter
const LIGHTER = { "#000000": "#FFFFFF", "#0072B2": "#3A9FDC" };
const PALETTE = {
  light: { paper: "#FCFCFC", panel: "#FFFFFF", ink: "#1A1A1A", soft: "#5A5A5A", line: "#DDDDDD", good: "#00664A", bad: "#A33F00" },
  dark: { paper: "#1C1C1F", panel: "#2A2A2E", ink: "#F0F0F0", soft: "#B4B4B4", line: "#44444A", good: "#4FD1A5", bad: "#FF9A5C" },
};
const STYLE = `
:host { display: block; }
.box { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); border: 1px solid var(--line);
  border-radius: 8px; padding: 12px; box-sizing: border-box; max-width: 1100px; text-align: left; }
.box * { box-sizing: border-box; }
p { margin: 4px 0; overflow-wrap: break-word; } .soft { color: var(--soft); }
.found { color: var(--good); font-weight: 600; } .wrong { color: var(--bad); font-weight: 600; } .wrong:empty { display: none; }
.found { min-height: 1.45em; } .narrow .found { min-height: 2.9em; } .small .found { min-height: 4.35em; }
.row { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; margin: 6px 0; }
.cols { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 8px 16px; }
.narrow .cols { grid-template-columns: minmax(0, 1fr); }
button, select, input[type=text], textarea { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--soft);
  border-radius: 6px; min-height: 32px; padding: 2px 10px; max-width: 100%; }
button { cursor: pointer; } :disabled, .off { opacity: 0.45; cursor: default; }
input[type=range], input[type=checkbox] { accent-color: var(--c0); } input[type=range] { width: 100%; min-width: 60px; height: 24px; margin: 0; }
.slider { display: grid; grid-template-columns: 7.2em minmax(60px, 1fr) 4.2em; gap: 8px; align-items: center; flex: 1 1 220px; }
.slider output { font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { display: block; overflow: hidden; max-width: 100%; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .soft { fill: var(--soft); } .grid { stroke: var(--line); stroke-width: 1; fill: none; }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.handle { cursor: grab; touch-action: none; outline: none; } .handle:active { cursor: grabbing; } .reach { fill: transparent; }
.knob { stroke: var(--paper); stroke-width: 2; } .handle:focus-visible .reach { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 3 2; }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (prefers-reduced-motion: no-preference) { .moves { transition: all 0.25s; } }`;

/** Say whether the page behind an element is dark. */
function isDark(el) {
  const page = document.documentElement;
  for (let node = el; node; node = node.parentElement ?? node.getRootNode().host) {
    const [red, green, blue, alpha = 1] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    if (alpha > 0.5) return 0.3 * red + 0.6 * green + 0.1 * blue < 128;
  }
  if (page.matches("[theme=dark], [data-theme=dark]") || document.body?.dataset.jpThemeLight === "false") return true;
  const scheme = getComputedStyle(page).colorScheme;
  return /dark/.test(scheme) && (!/light/.test(scheme) || matchMedia("(prefers-color-scheme: dark)").matches);
}

/**
 * Put the frame of an explorable into the page. `clean` makes a whole state of what it is given, or throws an error with one
 * sentence; `draw` draws the state. With `quiet`, the text of the state is for screen readers only, because the picture says it. What is
 * returned has the state, `set` to change it, `found` to say under the question what was found, and `end` to take everything away.
 */
function frame(model, el, { title, question, clean, draw, quiet }) {
  const host = h("div", { "data-lm-suppress-shortcuts": "true" }, el), root = host.attachShadow({ mode: "open" });
  h("style", {}, root, STYLE);
  const box = h("section", { class: "box", "aria-label": title }, root);
  h("p", {}, box, question);
  const found = h("p", { class: "found", role: "status", "aria-live": "polite" }, box); // its line is kept free, so nothing jumps
  const wrong = h("p", { class: "wrong", role: "alert" });
  const text = h("p", { class: quiet ? "hidden" : "soft", "data-text": "" }), spoken = h("p", { class: "hidden", role: "status" });
  const stop = new AbortController(), timers = {};
  let planned = 0, saved = "";

  const page = { box, state: {}, width: 0, dark: false, calm: matchMedia("(prefers-reduced-motion: reduce)").matches };
  page.later = (name, wait, work) => { clearTimeout(timers[name]); timers[name] = setTimeout(work, wait); };
  page.never = (name) => clearTimeout(timers[name]);
  page.colour = (i) => `var(--c${i % COLOURS.length})`;
  page.say = (words) => {
    if (words === text.textContent) return;
    text.textContent = words;
    page.later("speak", 700, () => { spoken.textContent = words; }); // a screen reader hears where the hand rests
  };
  page.found = (words) => { if (found.textContent !== words) found.textContent = words; };
  page.wrong = (words) => { if (wrong.textContent !== words) wrong.textContent = words; };
  page.plan = () => { planned ||= requestAnimationFrame(() => { planned = 0; if (page.width) draw(page.state, page); }); };
  page.set = (change) => {
    Object.assign(page.state, change);
    page.wrong("");
    page.plan();
    page.later("save", 150, page.save);
  };
  page.save = () => {
    saved = JSON.stringify(page.state);
    model.set("value", JSON.parse(saved));
    model.save_changes();
  };
  const take = () => {
    const given = model.get("value") ?? {}, asked = JSON.stringify(given);
    if (asked === saved) return; // the page itself has saved it
    saved = asked;
    try {
      page.state = clean({ ...FACTS.start, ...given });
      page.wrong("");
      if (JSON.stringify(page.state) !== asked) page.save(); // Python gets it whole
    } catch (error) {
      page.wrong(error.message);
      if (!Object.keys(page.state).length) page.state = clean(structuredClone(FACTS.start));
    }
    page.plan();
  };
  const look = () => {
    page.dark = isDark(el);
    const shades = PALETTE[page.dark ? "dark" : "light"];
    for (const [name, value] of Object.entries(shades)) box.style.setProperty(`--${name}`, value);
    COLOURS.forEach((value, i) => box.style.setProperty(`--c${i}`, page.dark ? LIGHTER[value] ?? value : value));
    box.style.colorScheme = page.dark ? "dark" : "light";
    page.plan();
  };
  const sizes = new ResizeObserver(() => {
    const width = Math.floor(box.clientWidth - 24);
    if (width <= 0 || width === page.width) return;
    page.width = width;
    box.classList.toggle("narrow", width < 720);
    box.classList.toggle("small", width < 480);
    look();
  });
  const themes = new MutationObserver(look);
  for (const node of [document.documentElement, document.body]) {
    themes.observe(node, { attributes: true, attributeFilter: ["class", "style", "theme", "data-theme", "data-mode", "data-jp-theme-light"] });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look, { signal: stop.signal });
  // the classic notebook would take the arrow keys
  box.addEventListener("keydown", (event) => event.stopPropagation());
  model.on("change:value", take);

  page.begin = () => {
    box.append(wrong, text, spoken);
    take();
    look();
    sizes.observe(box);
    return page.end;
  };
  page.end = () => {
    model.off("change:value", take);
    sizes.disconnect();
    themes.disconnect();
    stop.abort();
    cancelAnimationFrame(planned);
    Object.values(timers).forEach(clearTimeout);
    host.remove();
  };
  return page;
}

/** Return round numbers between two ends, about `count` of them; on a log axis the powers of ten. */
function ticks(low, high, count, log) {
  if (log) {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const every = Math.max(1, Math.ceil((last - first + 1) / count));
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
  }
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough);
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
}

/** Make a plot; `size` draws its axes anew where they changed, and then X and Y turn numbers into pixels. */
function plot(parent, label, left = 46) {
  const node = s("svg", { role: "group", "aria-label": label }, parent);
  const axes = s("g", { "aria-hidden": "true" }, node), clip = s("clipPath", { id: `c${Math.random().toString(36).slice(2)}` }, node);
  const hole = s("rect", {}, clip), inside = s("g", { "clip-path": `url(#${clip.id})` }, node), front = s("g", {}, node);
  const p = { node, inside, front, left, top: 8 };
  let shown = "";
  p.size = (width, height, xs, ys, { logX, logY, xLabel = "", yLabel = "", bare } = {}) => {
    const key = JSON.stringify([width, height, xs, ys, xLabel, yLabel, logX, logY]);
    if (key === shown) return;
    shown = key;
    Object.assign(p, { width: width - p.left - 12, height: height - p.top - 36 });
    const scale = ([low, high], from, length, log) => {
      const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high];
      return [(v) => from + length * ((log ? Math.log(v) : v) - a) / (b - a), (pixel) => {
        const v = a + (b - a) * (pixel - from) / length;
        return log ? Math.exp(v) : v;
      }];
    };
    [p.X, p.fromX] = scale(xs, p.left, p.width, logX);
    [p.Y, p.fromY] = scale(ys, p.top + p.height, -p.height, logY);
    put(node, { width, height, viewBox: `0 0 ${width} ${height}` });
    put(hole, { x: p.left, y: p.top, width: p.width, height: p.height });
    axes.replaceChildren();
    const right = p.left + p.width, bottom = p.top + p.height;
    for (const v of ticks(...xs, p.width / 70, logX)) {
      if (!bare) s("path", { class: "grid", d: `M${p.X(v)} ${p.top}V${bottom}` }, axes);
      s("text", { x: p.X(v), y: bottom + 15, "text-anchor": "middle", class: "soft" }, axes, g(v));
    }
    for (const v of ticks(...ys, p.height / 34, logY)) {
      if (!bare) s("path", { class: "grid", d: `M${p.left} ${p.Y(v)}H${right}` }, axes);
      s("text", { x: p.left - 6, y: p.Y(v) + 4, "text-anchor": "end", class: "soft" }, axes, g(v));
    }
    s("text", { x: p.left + p.width / 2, y: height - 4, "text-anchor": "middle" }, axes, xLabel);
    s("text", { transform: `translate(11 ${p.top + p.height / 2}) rotate(-90)`, "text-anchor": "middle" }, axes, yLabel);
  };
  return p;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const KEYS = { ...ARROWS, Home: [-Infinity, 0], End: [Infinity, 0], PageUp: [0, 10], PageDown: [0, -10] };

/** Return how far a key moves a handle, to the right and upwards, and keep the page from scrolling; null for other keys. */
function keyed(event) {
  const way = KEYS[event.key];
  if (!way || event.ctrlKey || event.altKey || event.metaKey) return null;
  event.preventDefault();
  return event.shiftKey && ARROWS[event.key] ? way.map((part) => 10 * part) : way;
}

/** Let a pointer that goes down on `node` call `move` with its place in `area`, until it goes up. */
function drag(node, area, move) {
  let held = null;
  const to = (event) => {
    const place = area.getBoundingClientRect();
    move(event.clientX - place.left, event.clientY - place.top);
  };
  node.addEventListener("pointerdown", (event) => {
    // a finger scrolls the page, unless it is on a handle
    if (event.button || (event.pointerType === "touch" && !event.target.closest(".handle"))) return;
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    held = event.pointerId;
    (node.matches(".handle") ? node : node.querySelector(".handle"))?.focus({ preventScroll: true });
    to(event);
  });
  node.addEventListener("pointermove", (event) => { if (event.pointerId === held) to(event); });
  for (const type of ["pointerup", "pointercancel"]) node.addEventListener(type, () => { held = null; });
  node.addEventListener("click", (event) => { if (event.pointerType === "touch") to(event); });
}

/** Make a round handle. `step` gets whole numbers, to the right and upwards, from the keys; with Shift ten at once; Home and End: ±Infinity. */
function handle(parent, label, step, colour = "var(--ink)") {
  const node = s("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": label }, parent);
  s("circle", { class: "reach", r: 18 }, node);
  s("circle", { class: "knob", r: 7, fill: colour }, node);
  node.addEventListener("keydown", (event) => {
    const way = keyed(event);
    if (way) step(...way);
  });
  const at = (x, y, now, words) =>
    put(node, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, "aria-valuenow": now, "aria-valuetext": words });
  return { node, at };
}

/** Make a slider over whole numbers; `words` says what one of them means. */
function slider(parent, label, min, max, words, change) {
  const row = h("label", { class: "slider" }, parent);
  const name = h("span", {}, row, label), input = h("input", { type: "range", min, max, step: 1 }, row), out = h("output", {}, row);
  input.addEventListener("input", () => change(Number(input.value)));
  const show = (value, disabled = false, top = max, said = words(value)) => {
    put(input, { max: top, "aria-valuetext": said });
    input.value = value;
    input.disabled = disabled;
    row.classList.toggle("off", disabled);
    out.textContent = said;
  };
  return { row, name, input, show };
}

function button(parent, label, work) {
  const node = h("button", { type: "button" }, parent, label);
  node.addEventListener("click", work);
  return node;
}

function menu(parent, label, options, change) {
  const row = h("label", { class: "row" }, parent);
  h("span", {}, row, label);
  const node = h("select", {}, row);
  for (const option of options) h("option", { value: option }, node, option);
  node.addEventListener("change", () => change(node.value));
  return node;
}
