// A loss and its slope over the prediction; shared.js and FACTS stand before this text.

const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Return the loss of a prediction and its slope, as PyTorch computes them. For CrossEntropyLoss the scores are x, 0 and 1. */
function measure(loss, x, target) {
  const e = x - target;
  switch (loss) {
    case "MSELoss": return [e * e, 2 * e];
    case "L1Loss": return [Math.abs(e), Math.sign(e)];
    case "HuberLoss": return Math.abs(e) < 1 ? [0.5 * e * e, e] : [Math.abs(e) - 0.5, Math.sign(e)];
    case "BCELoss": // PyTorch keeps the logarithms above -100, and the divisor above 1e-12 of float32
      return [-target * Math.max(Math.log(x), -100) - (1 - target) * Math.max(Math.log1p(-x), -100), e / Math.max((1 - x) * x, Math.fround(1e-12))];
    case "BCEWithLogitsLoss": return [(1 - target) * x + Math.log1p(Math.exp(-Math.abs(x))) + Math.max(-x, 0), sigmoid(x) - target];
    case "CrossEntropyLoss": {
      const most = Math.max(x, 1), sum = Math.exp(x - most) + Math.exp(-most) + Math.exp(1 - most);
      return [-([x, 0, 1][target] - most - Math.log(sum)), Math.exp(x - most) / sum - (target === 0)];
    }
    default: return [-Math.log(x), -1 / x]; // of the probability of the right class
  }
}

export const numbers = { measure, clean };

const LOG = "−ln p", LOSSES = [...FACTS.losses, LOG], isChance = (loss) => loss === "BCELoss" || loss === LOG;
const ends = (loss) => (isChance(loss) ? [0, 1] : [-8, 8]);
const reach = (loss) => (isChance(loss) ? [0.001, 0.999] : [-8, 8]); // at 0 and 1, PyTorch cuts the loss off
const STEEP = 100;

function clean({ loss, prediction, target }) {
  if (!LOSSES.includes(loss)) throw Error(`'${loss}' is not one of ${FACTS.losses.join(", ")}.`);
  if (target !== 0 && target !== 1) throw Error(`The target is ${target}. Choose 0 or 1.`);
  const [low, high] = ends(loss);
  if (!(prediction >= low && prediction <= high)) {
    throw Error(`The prediction is ${prediction}. ${loss} takes ${isChance(loss) ? "a probability" : "a number"} from ${g(low)} to ${g(high)} here.`);
  }
  return { loss, prediction: clamp(prediction, ...reach(loss)), target };
}

function render({ model, el }) {
  const question = "Drag the dot: above is the loss with its tangent, below the slope. Which slopes stay between -1 and 1? "
    + `To find: a loss and a place where the slope is steeper than ${STEEP}.`;
  const page = frame(model, el, { title: "Losses and their slopes", question, clean, draw });
  const { box } = page, state = () => page.state;
  const bar = h("div", { class: "row" }, box);
  const losses = menu(bar, "loss", LOSSES, (loss) => {
    const was = isChance(state().loss), is = isChance(loss);
    const prediction = was === is ? clamp(state().prediction, ...reach(loss)) : is ? 0.02 : -5;
    page.set({ loss, prediction });
  });
  const targets = menu(bar, "target", ["1", "0"], (target) => page.set({ target: Number(target) }));
  const notches = () => (isChance(state().loss) ? 1000 : 100), tidy = (x) => Math.round(x * notches()) / notches();
  const move = (x) => page.set({ prediction: clamp(tidy(x), ...reach(state().loss)) });
  const amount = slider(bar, "prediction", 0, 1600, () => g(state().prediction), (i) => move(reach(state().loss)[0] + i / notches()));
  const plots = ["the loss over the prediction", "the slope over the prediction"].map((label) => plot(h("div", {}, box), label));
  const curves = plots.map((p, i) => s("path", { class: "curve", stroke: page.colour(i), "stroke-dasharray": DASHES[i] }, p.inside));
  const bounds = s("rect", { fill: page.colour(2), opacity: 0.15 });
  plots[1].inside.prepend(bounds);
  const line = s("path", { class: "curve", stroke: page.colour(1), "stroke-dasharray": DASHES[1] }, plots[0].inside);
  const posts = plots.map((p) => s("path", { stroke: "var(--soft)", "stroke-dasharray": "2 3" }, p.inside));
  const dots = plots.map((p, i) => {
    drag(p.node, p.node, (px) => move(p.fromX(px)));
    return handle(p.front, i ? "prediction, on the slope" : "prediction, on the loss", (dx, dy) => move(state().prediction + 10 * (dx + dy) / notches()));
  });
  const off = plots.map((p) => s("text", { "text-anchor": "middle", style: "font-weight: 700" }, p.front));

  function draw({ loss, prediction, target }) {
    const [low, high] = ends(loss), chance = isChance(loss), height = clamp(Math.round(page.width * 0.26), 170, 250);
    const edge = chance ? 0.01 : 0, points = Array.from({ length: 321 }, (_, i) => low + edge + (high - low - 2 * edge) * i / 320);
    const values = points.map((x) => measure(loss, x, target)), now = measure(loss, prediction, target);
    const label = chance ? "probability p" : loss === "CrossEntropyLoss" ? "score of class 0" : "prediction";
    for (const i of [0, 1]) {
      const all = values.map((pair) => pair[i]), least = Math.min(...all), most = Math.max(...all), room = 0.08 * (most - least || 1);
      const p = plots[i];
      p.size(page.width, height, [low, high], [least - room, most + room], { xLabel: label, yLabel: i ? "slope" : "loss" });
      put(curves[i], { d: points.map((x, k) => `${k ? "L" : "M"}${p.X(x).toFixed(1)} ${p.Y(all[k]).toFixed(1)}`).join("") });
      const x = p.X(prediction), y = p.Y(clamp(now[i], least - room, most + room)), beyond = now[i] > most + room ? "▲" : now[i] < least - room ? "▼" : "";
      dots[i].at(x, y, g(prediction), `${label} ${g(prediction)}, ${i ? "slope" : "loss"} ${g(now[i])}`);
      put(posts[i], { d: `M${x} ${y}V${p.top + p.height}` });
      off[i].textContent = beyond && `${beyond} ${g(now[i])}`;
      put(off[i], { x: clamp(x, 90, page.width - 60), y: beyond === "▲" ? p.top + 22 : p.top + p.height - 12 });
    }
    const [p, q] = plots, [value, slope] = now, far = Math.min(high - low, 40 / (Math.abs(slope) || 1));
    put(line, { d: `M${p.X(prediction - far)} ${p.Y(value - slope * far)}L${p.X(prediction + far)} ${p.Y(value + slope * far)}` });
    const top = clamp(q.Y(1), q.top, q.top + q.height), foot = clamp(q.Y(-1), q.top, q.top + q.height);
    put(bounds, { x: q.left, y: top, width: q.width, height: foot - top });
    losses.value = loss;
    targets.value = target;
    targets.disabled = loss === LOG;
    const [least, most] = reach(loss), steepest = Math.max(...[least, most].map((x) => Math.abs(measure(loss, x, target)[1])));
    amount.show(Math.round((prediction - least) * notches()), false, Math.round((most - least) * notches()));
    page.found(Math.abs(slope) > STEEP ? `Found: at ${g(prediction)} the slope of ${loss} is ${g(slope)}.` : "");
    const kind = loss === LOG ? "p is the probability of the right class" : `target ${target}`;
    page.say(`${loss}, ${kind}: at ${label} ${g(prediction)}, the loss is ${g(value)} and the slope ${g(slope)}. `
      + (Math.abs(slope) <= 1 ? "This slope is between -1 and 1." : "This slope is not between -1 and 1.")
      + (steepest > STEEP ? "" : ` With ${loss}, no slope here is steeper than ${STEEP}: choose another loss.`));
  }

  return page.begin();
}

export default { render };
