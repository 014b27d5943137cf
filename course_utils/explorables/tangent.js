// A loss of one number, its tangent, and steps down; shared.js and FACTS stand before this text.

const { x: INPUT, b: BIAS, y: TARGET } = FACTS;
const loss = (w) => (INPUT * w + BIAS - TARGET) ** 2;
const slope = (w) => 2 * (INPUT * w + BIAS - TARGET) * INPUT;
const LOWEST = (TARGET - BIAS) / INPUT;

/** Return w at the start and after each step of gradient descent. It ends early where a number becomes too large. */
function descend(w, rate, steps) {
  const path = [w];
  for (let i = 0; i < steps && Math.abs(path[i]) < 1e9; i++) path.push(path[i] - rate * slope(path[i]));
  return path;
}

export const numbers = { loss, slope, descend, clean };

function clean({ w, rate, steps }) {
  if (!(typeof w === "number" && Math.abs(w) <= 1000)) throw Error(`w is ${w}. Type a number from -1000 to 1000.`);
  if (!(rate >= 0.001 && rate <= 1)) throw Error(`The rate is ${rate}. Choose a rate from 0.001 to 1.`);
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= 40)) throw Error(`steps is ${steps}. Choose a whole number from 1 to 40.`);
  return { w, rate, steps };
}

const RATES = Array.from({ length: 301 }, (_, i) => Number((10 ** (-3 + i / 100)).toPrecision(3)));
const notch = (rate) => clamp(Math.round(100 * (Math.log10(rate) + 3)), 0, 300);

// the part of the distance to the lowest point that one step leaves, from every start; where it is small, the rate is found
const GROWS = 2 * INPUT * INPUT, NEAR = 0.05;
const left = (rate) => 1 - GROWS * rate;
const exactly = (factor) => (Math.abs(factor) < 1e-9 ? "" : "almost ");

/** Say what the steps do, from what the first one makes of the distance to the lowest point. */
function describe(path, rate) {
  if (path[0] === LOWEST) return "Here the slope is 0, so no step moves w.";
  const factor = left(rate);
  if (Math.abs(factor) < NEAR) return `One step lands ${exactly(factor)}in the lowest point.`;
  if (factor > 0) return "Each step stays on this side of the lowest point, and comes closer.";
  if (factor > -0.999) return "Each step jumps over the lowest point, and still comes closer.";
  return factor > -1.001 ? "Each step jumps to the other side, and comes no closer." : "Each step jumps over the lowest point, and farther away: the rate is too large.";
}

function render({ model, el }) {
  const question = "Drag the dot along the loss, and see its tangent turn. Then choose a rate, and press One step. "
    + "To find: a rate with which one step lands almost in the lowest point. Does it depend on where you start?";
  const page = frame(model, el, { title: "The tangent and the step", question, clean, draw });
  const { box } = page, state = () => page.state;
  const bar = h("div", { class: "row" }, box);
  const rate = slider(bar, "learning rate", 0, 300, (i) => g(RATES[i], 3), (i) => page.set({ rate: RATES[i] }));
  const steps = slider(bar, "steps", 1, 40, (n) => `${n}`, (n) => page.set({ steps: n }));
  const buttons = h("div", { class: "row" }, box);
  const go = (count) => {
    const path = descend(state().w, state().rate, count), w = path.at(-1);
    if (Math.abs(w) > 1000) return page.wrong("w has left the numbers from -1000 to 1000. Choose a smaller rate, and go back to the start.");
    page.set({ w });
  };
  button(buttons, "One step", () => go(1));
  button(buttons, "All steps", () => go(state().steps));
  button(buttons, "Back to the start", () => page.set({ w: FACTS.start.w }));
  const picture = plot(h("div", {}, box), "the loss over w, its tangent, and the steps");
  const { inside } = picture;
  const curve = s("path", { class: "curve", stroke: page.colour(0) }, inside);
  const line = s("path", { class: "curve", stroke: page.colour(1), "stroke-dasharray": DASHES[1] }, inside);
  const run = s("path", { class: "curve", stroke: "var(--soft)", "stroke-width": 1.2 }, inside);
  const dots = s("path", { stroke: "var(--soft)", "stroke-width": 8, "stroke-linecap": "round" }, inside);
  const foot = s("path", { class: "curve", stroke: "var(--soft)", "stroke-dasharray": "2 3" }, inside);
  const arrow = s("path", { fill: "none", stroke: "var(--ink)", "stroke-width": 2.5 }, inside);
  const key = s("g", { "aria-hidden": "true" }, picture.front);
  for (const [i, name] of ["loss L(w)", "tangent"].entries()) {
    s("path", { class: "curve", stroke: page.colour(i), "stroke-dasharray": DASHES[i], d: `M0 ${20 + 18 * i}h28` }, key);
    s("text", { x: 34, y: 24 + 18 * i }, key, name);
  }
  s("path", { class: "curve", stroke: "var(--soft)", d: "M0 56h28" }, key);
  const counted = s("text", { x: 34, y: 60 }, key);
  const move = (w) => page.set({ w: Number(clamp(w, -1, 3).toFixed(3)) });
  const dot = handle(picture.front, "w", (dx, dy) => move(state().w + 0.01 * (dx + dy)));
  drag(picture.node, picture.node, (px) => move(picture.fromX(px)));

  function draw({ w, rate: eta, steps: n }) {
    const path = descend(w, eta, n), height = clamp(Math.round(page.width * 0.5), 260, 400), [low, high] = [-1, 3];
    picture.size(page.width, height, [low, high], [-8, 40], { xLabel: "w", yLabel: "L" });
    const { X, Y } = picture, X2 = (v) => X(clamp(v, -9, 11)), Y2 = (v) => Y(clamp(v, -300, 300));
    put(key, { transform: `translate(${Math.round(page.width / 2) - 40} 0)` });
    const points = Array.from({ length: 161 }, (_, i) => low + (high - low) * i / 160);
    put(curve, { d: points.map((v, i) => `${i ? "L" : "M"}${X(v).toFixed(1)} ${Y(loss(v)).toFixed(1)}`).join("") });
    const value = loss(w), k = slope(w), after = path[1];
    put(line, { d: `M${X(low)} ${Y(value + k * (low - w))}L${X(high)} ${Y(value + k * (high - w))}` });
    const places = path.map((v) => `${X2(v).toFixed(1)} ${Y2(loss(v)).toFixed(1)}`);
    put(run, { d: `M${places.join("L")}` });
    put(dots, { d: places.slice(1).map((place) => `M${place}h0`).join("") });
    put(foot, { d: `M${X2(w)} ${Y2(value)}V${Y(-4)}M${X2(after)} ${Y2(loss(after))}V${Y(-4)}` });
    const tip = X2(after), way = Math.sign(tip - X2(w)), head = Math.min(8, Math.abs(tip - X2(w)));
    put(arrow, { d: `M${X2(w)} ${Y(-4)}H${tip}` + (head > 1 ? `m${-way * head} ${-head * 0.6}L${tip} ${Y(-4)}l${-way * head} ${head * 0.6}` : "") });
    dot.at(X2(w), Y2(value), g(w), `w ${g(w)}, loss ${g(value)}, slope ${g(k)}`);
    rate.show(notch(eta), false, 300, g(eta, 3));
    steps.show(n);
    counted.textContent = `${n} step${n > 1 ? "s" : ""}`;
    const factor = left(eta), about = exactly(factor);
    page.found(Math.abs(factor) < NEAR
      ? `Found: from every start, one step lands ${about}in the lowest point. The rate is ${about && "about "}1 / ${GROWS}, and ${GROWS} is how fast the slope grows.` : "");
    const end = path.at(-1), ended = path.length <= n || Math.abs(end) > 1e6 ? "w is far away" : `w is ${g(end)}, the loss ${g(loss(end))}`;
    page.say(`L(w) = (${INPUT}w + ${BIAS} - ${TARGET})². At w = ${g(w)}, the loss is ${g(value)} and the slope ${g(k)}. `
      + `One step: ${g(w)} - ${g(eta, 3)} · ${k < 0 ? `(${g(k)})` : g(k)} = ${g(after)}. After ${n} step${n > 1 ? "s" : ""}, ${ended}. ${describe(path, eta)}`);
  }

  return page.begin();
}

export default { render };
