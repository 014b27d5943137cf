// Two shapes laid over each other, and what they broadcast to; shared.js and FACTS stand before this text.

const short = (text) => (text.length <= 20 ? text : `${text.slice(0, 20)}…`);
const shaped = (sizes) => `(${sizes.join(", ")}${sizes.length === 1 ? "," : ""})`;

/** Read a shape that somebody typed, or throw an error with one sentence, as parse_shape of the Python side does. */
function parse(given) {
  const text = `${given}`.split(/[\s\u001c-\u001f\u0085]+/).filter(Boolean).join(" "), { example, largest, most } = FACTS;
  let inner = text.replace(/^torch\.Size/, "").trim();
  while (["()", "[]"].includes(inner.slice(0, 1) + inner.slice(-1))) {
    inner = inner.slice(1, -1).trim();
    if (!inner) return [];
  }
  if (!inner) throw Error(`The shape is empty. ${example}`);
  const parts = inner.replace(/,$/, "").split(",").map((part) => part.trim().split(" ").filter(Boolean));
  if (parts.some((part) => !part.length)) throw Error(`A size is missing beside a comma in '${short(text)}'. ${example}`);
  const words = parts.flat();
  for (const word of words) {
    const digits = word.replace(/^-/, "");
    if (!/^[0-9]+$/.test(digits)) throw Error(`'${short(word)}' is not a whole number. ${example}`);
    if (digits !== word) throw Error(`A size cannot be negative, and ${short(word)} is. ${example}`);
    if (digits.replace(/^0+/, "").length > `${largest}`.length) throw Error(`The size ${short(word)} is too large for this picture. Use sizes up to ${largest}.`);
  }
  if (words.length > most) throw Error(`${words.length} dimensions are too many for this picture. Use at most ${most}.`);
  return words.map(Number);
}

/** Align two shapes at the right: for each dimension the two sizes (null where one is too short) and the result's (null: no fit). */
function align(a, b) {
  const length = Math.max(a.length, b.length), at = (sizes, i) => sizes[i - length + sizes.length] ?? null;
  return Array.from({ length }, (_, i) => {
    const [left, right] = [at(a, i), at(b, i)], m = left ?? 1, n = right ?? 1;
    return [left, right, m === 1 ? n : n === 1 || n === m ? m : null];
  });
}

/** Return the shape that two shapes broadcast to, or throw an error that names the dimension. */
function broadcast(a, b) {
  const columns = align(a, b);
  for (let i = columns.length - 1; i >= 0; i--) {
    const [m, n, size] = columns[i];
    if (size === null) throw Error(`Dimension -${columns.length - i} does not fit: ${m} and ${n} differ, and neither is 1.`);
  }
  return columns.map((column) => column[2]);
}

const MOST = 8; // the largest size of which the elements are drawn

export const numbers = { parse, align, broadcast, clean };

function clean({ a, b, row = 0, column = 0 }) {
  parse(a);
  parse(b);
  if (![row, column].every(Number.isInteger)) throw Error(`The element is ${row}, ${column}. Give two whole numbers.`);
  return { a: `${a}`, b: `${b}`, row, column };
}

function render({ model, el }) {
  const question = "Type two shapes, or drag a size. Then move the frame over the result, and see which element of a and of b it takes. "
    + "To find: with a = 3, 1, a shape b that gives the result (2, 3, 4). It needs a new dimension: type a third size.";
  const page = frame(model, el, { title: "Broadcasting two shapes", question, clean, draw, quiet: true });
  const { box } = page, state = () => page.state;
  const bar = h("div", { class: "row" }, box), fields = {};
  for (const name of ["a", "b"]) {
    const row = h("label", { class: "row" }, bar);
    h("span", {}, row, `shape ${name}`);
    const field = fields[name] = h("input", { type: "text", style: "width: 10em", autocomplete: "off", spellcheck: "false" }, row);
    field.addEventListener("input", () => change(name, field.value));
    field.addEventListener("blur", () => { field.value = state()[name]; page.wrong(""); });
  }
  const change = (name, text) => {
    try {
      parse(text);
      page.set({ [name]: text });
    } catch (error) {
      page.wrong(error.message);
    }
  };
  button(bar, "Back to the start", () => page.set(clean(FACTS.start)));
  const told = h("p", { style: "font-weight: 600" }, box);
  const table = s("svg", { role: "group", "aria-label": "the two shapes, aligned at the right, and the result" }, box);
  const notes = h("p", { class: "soft" }, box), art = s("svg", { role: "group", "aria-label": "the elements" }, box);
  const framed = h("p", {}, box);
  const cells = s("g", { "aria-hidden": "true" }, art), frames = ["a", "b"].map(() => s("rect", { fill: "none", stroke: "var(--ink)", "stroke-width": 3, "pointer-events": "none" }, art));
  const node = s("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": "element of the result" }, art);
  const own = s("rect", { class: "reach", stroke: "var(--ink)", "stroke-width": 3 }, node);
  const move = (row, column) => {
    const [, rows, columns] = grid.sizes;
    page.set({ row: clamp(row, 0, rows - 1), column: clamp(column, 0, columns - 1) });
  };
  node.addEventListener("keydown", (event) => {
    const way = keyed(event);
    if (way) move(state().row - way[1], state().column + way[0]);
  });
  let grid = null;
  drag(art, art, (px, py) => {
    if (!grid) return;
    const { size, spots } = grid, [x, y] = spots[2];
    move(Math.floor((py - y) / size), Math.floor((px - x) / size));
  });

  let sizeNodes = [], shownShapes = "";
  /** Draw the table of sizes. Each size of a and b is a handle: to the right and upwards is larger. */
  function list(a, b, columns) {
    const wide = Math.min(96, Math.floor((page.width - 58) / Math.max(4, columns.length))), tall = 38, key = [columns.length, a.length, b.length, wide].join();
    const at = (i) => 54 + i * wide, tops = [20, 64, 120];
    put(table, { width: page.width, height: 162 });
    if (table.dataset.key !== key) {
      table.dataset.key = key;
      table.replaceChildren();
      sizeNodes = [];
      for (const [j, name] of ["a", "b", "result"].entries()) {
        s("text", { x: 46, y: tops[j] + 24, "text-anchor": "end" }, table, name);
        const sizes = [a, b, columns][j], skip = columns.length - sizes.length;
        for (let i = 0; i < columns.length; i++) {
          if (!j) s("text", { x: at(i) + wide / 2, y: 12, "text-anchor": "middle", class: "soft" }, table, `dim ${i - columns.length}`);
          const mine = j < 2 && i >= skip;
          const group = s("g", mine ? { class: "handle", tabindex: 0, role: "slider", "aria-label": `size of ${name} in dim ${i - columns.length}` } : {}, table);
          const rect = s("rect", { x: at(i) + 2, y: tops[j], width: wide - 4, height: tall, rx: 3 }, group);
          const text = s("text", { x: at(i) + wide / 2, y: tops[j] + 24, "text-anchor": "middle" }, group);
          sizeNodes.push({ j, i, group, rect, text });
          if (!mine) continue;
          const set = (size, from) => { // larger than 8, no elements are drawn
            const shapes = parse(state()[name]);
            shapes[i - skip] = clamp(size, 0, Math.max(from, MOST));
            page.set({ [name]: shapes.join(", ") });
            fields[name].value = state()[name];
          };
          group.addEventListener("keydown", (event) => {
            const way = keyed(event), size = parse(state()[name])[i - skip];
            if (way) set(size + way[0] + way[1], size);
          });
          let from = null;
          group.addEventListener("pointerdown", (event) => {
            event.preventDefault();
            group.focus({ preventScroll: true });
            group.setPointerCapture(event.pointerId);
            from = [event.clientX - event.clientY, parse(state()[name])[i - skip]];
          });
          group.addEventListener("pointermove", (event) => { if (from) set(from[1] + Math.round((event.clientX - event.clientY - from[0]) / 14), from[1]); });
          for (const type of ["pointerup", "pointercancel"]) group.addEventListener(type, () => { from = null; });
        }
      }
    }
    const kinds = new Set();
    for (const { j, i, group, rect, text } of sizeNodes) {
      const size = columns[i][j], result = columns[i][2];
      let words = size === null ? "1" : `${size}`, kind = "size";
      if (result === null) { kind = "failed"; if (j === 2) words = "✗"; }
      else if (j < 2 && (size === null || size === 1)) {
        if (result !== 1) words += ` → ${result}`;
        kind = size === null ? "missing" : result === 1 ? "size" : "stretched";
      }
      kinds.add(kind);
      const fill = { size: "var(--own)", stretched: "var(--stretched)" }[kind] ?? "var(--panel)";
      put(rect, { fill, stroke: kind === "failed" ? "var(--bad)" : "var(--soft)", "stroke-width": kind === "failed" ? 3 : 1, "stroke-dasharray": kind === "missing" ? "4 3" : null });
      put(text, { style: words.length * 8 > wide ? "font-size: 10px" : "font-size: 14px" });
      if (text.textContent !== words) text.textContent = words;
      if (group.matches(".handle")) put(group, { "aria-valuenow": size, "aria-valuetext": `${size}` });
    }
    notes.textContent = [["stretched", "yellow"], ["missing", "dashed"], ["failed", "thick frame"]]
      .filter(([kind]) => kinds.has(kind)).map(([kind, look]) => `${look}: ${FACTS.notes[kind]}`).join("; ");
  }

  /** Draw the elements of a, b and the result; copies slide out of the element that they repeat. */
  function unfold(a, b, result) {
    const small = result && result.length <= 3 && result.every((n) => n >= 1 && n <= MOST);
    put(art, { visibility: small ? null : "hidden", width: page.width, height: small ? 10 : 1 });
    if (!small) { grid = null; shownShapes = ""; return; }
    const three = (sizes) => [...Array(3 - sizes.length).fill(1), ...sizes], sizes = three(result), [layers, rows, columns] = sizes;
    const shift = 9, beside = page.width >= 620, room = beside ? page.width / 3 - 24 : page.width - 20;
    const size = Math.floor(clamp((room - layers * shift) / columns, 8, 30)), deep = (layers - 1) * shift;
    const wide = columns * size + deep, tall = rows * size + deep, step = beside ? page.width / 3 : 0;
    const spots = [0, 1, 2].map((k) => [2 + k * step, 20 + deep + (beside ? 0 : k * (tall + 30))]);
    put(art, { width: page.width, height: beside ? tall + 30 : 3 * (tall + 30) });
    grid = { size, spots, sizes };
    const key = JSON.stringify([a, b, page.width]);
    if (key !== shownShapes) {
      shownShapes = key;
      cells.replaceChildren();
      const moving = [];
      for (const [k, shape] of [a, b, result].entries()) {
        const mine = three(shape), [left, top] = spots[k];
        s("text", { x: left, y: top - deep - 6 }, cells, `${["a", "b", "result"][k]} ${shaped(shape)}`);
        for (let l = layers - 1; l >= 0; l--) for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) {
          const source = [l, i, j].map((n, d) => (mine[d] === 1 ? 0 : n)), copy = source.some((n, d) => n !== [l, i, j][d]);
          const spot = ([z, y, x]) => `translate(${left + x * size + z * shift}px, ${top + y * size - z * shift}px)`;
          const rect = s("rect", { class: copy ? "moves" : null, width: size - 1, height: size - 1, stroke: "var(--soft)", "stroke-dasharray": copy ? "3 2" : null,
            fill: copy ? "var(--stretched)" : "var(--own)", style: `transform: ${spot(source)}` }, cells);
          if (copy) moving.push([rect, spot([l, i, j])]);
        }
      }
      if (moving.length) moving[0][0].getBoundingClientRect(); // so that the copies begin where their element is
      for (const [rect, place] of moving) rect.style.transform = place;
    }
    const row = clamp(state().row, 0, rows - 1), column = clamp(state().column, 0, columns - 1);
    for (const [k, shape] of [a, b].entries()) {
      const mine = three(shape), [left, top] = spots[k], i = mine[1] === 1 ? 0 : row, j = mine[2] === 1 ? 0 : column;
      put(frames[k], { x: left + j * size, y: top + i * size, width: size - 1, height: size - 1 });
    }
    put(own, { width: size - 1, height: size - 1 });
    const sources = [a, b].map((shape) => shaped(shape.map((n, d) => (n === 1 ? 0 : [0, row, column].slice(-shape.length)[d]))));
    const place = shaped([0, row, column].slice(3 - result.length)), words = `result ${place} takes a ${sources[0]} and b ${sources[1]}`;
    put(node, { transform: `translate(${spots[2][0] + column * size} ${spots[2][1] + row * size})`, "aria-valuenow": row * columns + column, "aria-valuetext": words });
    return words;
  }

  function draw(now) {
    const a = parse(now.a), b = parse(now.b), columns = align(a, b);
    box.style.setProperty("--own", page.dark ? "#21455E" : "#D5E7F3");
    box.style.setProperty("--stretched", page.dark ? "#66501A" : "#FBDFA6");
    let result = null;
    try {
      result = broadcast(a, b);
      told.textContent = `${shaped(a)} and ${shaped(b)} give ${shaped(result)}` + (result.includes(0) ? ": a size is 0, so no elements" : "");
    } catch (error) {
      told.textContent = error.message;
    }
    for (const name of ["a", "b"]) if (fields[name].getRootNode().activeElement !== fields[name]) fields[name].value = now[name];
    list(a, b, columns);
    const words = unfold(a, b, result);
    page.found(result && shaped(result) === "(2, 3, 4)" && shaped(a) === "(3, 1)"
      ? `Found: b = ${shaped(b)} brings a dimension -3 of its own; a has none there, so a is repeated for it.` : "");
    framed.textContent = words ? `The framed element: ${words}.` : !result || result.includes(0) ? "" : "The elements are drawn for up to 3 dimensions with sizes from 1 to " + MOST + ".";
    page.say(told.textContent.replace(/\.?$/, ".") + (words ? ` The framed element: ${words}.` : ""));
  }

  return page.begin();
}

export default { render };
