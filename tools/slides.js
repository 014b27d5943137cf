// Lay out the slides: each section is a row of blocks; fill one slide after the other, and never make anything smaller.
const WIDTH = 1184, HEIGHT = 720, ABOVE = 22, BELOW = 52, GAP = 14;

// The parts of a block that may stand on two slides: lines of code or output, rows of a table, items of a list.
function pieces(block) {
  for (const parts of ["pre > .line", "tbody > tr", "ul > li, ol > li"]) {
    const found = [...block.querySelectorAll(parts)];
    if (found.length > 1) return found;
  }
  return [];
}

// Take as much of a block as has room, in a new block, and leave the rest; where a statement begins is the best place to cut.
function cut(block, room) {
  const parts = pieces(block), heights = parts.map(part => part.getBoundingClientRect().height);
  const all = heights.reduce((sum, height) => sum + height, 0), rest = block.getBoundingClientRect().height - all;
  const slides = Math.ceil(all / (room - rest)), wanted = all / slides;
  let best = 0, sum = 0, score = Infinity;
  for (let n = 1; n < parts.length; n++) {
    sum += heights[n - 1];
    if (sum + rest > room) break;
    const miss = Math.abs(sum - wanted) + ("start" in parts[n].dataset || !parts[n].matches(".line") ? 0 : wanted / 2);
    if (miss <= score) [best, score] = [n, miss];
  }
  if (!best) return null;
  const first = block.cloneNode(true);
  pieces(first).slice(best).forEach(part => part.remove());
  parts.slice(0, best).forEach(part => part.remove());
  const list = block.querySelector("ol");
  if (list) list.start += best;
  delete block.dataset.fresh;
  return first;
}

// A tall figure would be shown smaller than in the notebook: return its upper and its lower half, which share a fifth.
function halves(figure, room) {
  const image = figure.querySelector("img"), { naturalWidth: width, naturalHeight: height } = image;
  if (figure.matches(".film") || room / height >= 1) return [figure];
  const scale = Math.min(WIDTH / width, room / (0.6 * height)), lower = figure.cloneNode(true);
  for (const [half, end] of [[figure, "top"], [lower, "bottom"]])
    half.querySelector("img").style = `width: ${width * scale}px; height: ${0.6 * height * scale}px; object-fit: cover; object-position: ${end}`;
  return [figure, lower];
}

// Group the blocks of a section into slides; each slide is {blocks, label, continued}.
function paginate(section, room) {
  const slides = [];
  let left = 0;
  const height = block => block.getBoundingClientRect().height;
  const total = blocks => blocks.reduce((sum, block) => sum + height(block) + GAP, -GAP);
  function turn(block, continued) {
    slides.push({ blocks: [], label: block.dataset.label ?? "", continued });
    left = room;
  }
  function put(block) {
    const slide = slides.at(-1);
    left -= height(block) + GAP;
    slide.blocks.push(block);
    slide.label ||= block.dataset.label ?? "";
  }
  const waiting = [...section.querySelectorAll(":scope > .block")];
  while (waiting.length) {
    let run = [waiting.shift()];
    while ("keep" in run.at(-1).dataset && waiting.length && !("fresh" in waiting[0].dataset)) run.push(waiting.shift());
    const fresh = !slides.length || "fresh" in run[0].dataset;
    if (run[0].matches(".figure, .film")) {
      for (const [n, half] of halves(run[0], room).entries()) {
        turn(half, n > 0);
        slides.at(-1).blocks.push(half);
      }
      left = 0;
      continue;
    }
    if (run[0].matches(".again") && total(run) > room) run.shift().remove();
    if (fresh || (total(run) > left && total(run) <= room)) turn(run[0], !fresh);
    for (let block of run) {
      while (height(block) > left) {
        // only what no slide can hold is cut, and a little of it at the end of a slide helps nobody
        const part = height(block) > room && left > room / 3 ? cut(block, left) : null;
        if (part) {
          block.before(part);
          put(part);
        }
        if (!part && left === room) break;  // it cannot be cut: the tests find it
        turn(block, true);
      }
      put(block);
    }
  }
  // a slide that begins something new is no continuation
  slides.forEach((slide, n) => slide.continued &&= slide.label === slides[n - 1].label);
  return slides;
}

// Replace a section by a column of slides.
function build(section) {
  const timing = section.dataset.timing;
  const head = document.createElement("div");
  head.className = "head";
  head.append(section.querySelector("h1, h2"), Object.assign(document.createElement("span"), { className: "part" }));
  head.lastChild.textContent = "Exercise 8 … continued";  // room for the longest
  section.prepend(head);
  const room = HEIGHT - ABOVE - BELOW - GAP - head.getBoundingClientRect().height;
  const slides = paginate(section, room);
  if (!slides.length) slides.push({ blocks: [], label: "", continued: false });
  const column = document.createElement("section");
  for (const { blocks, label, continued } of slides) {
    const page = document.createElement("section"), slide = document.createElement("div");
    const notes = document.createElement("aside");
    slide.className = "slide";
    slide.append(head.cloneNode(true));
    slide.querySelector(".part").textContent = `${label}${continued ? " … continued" : ""}`.trim();
    slide.append(...blocks);
    notes.className = "notes";
    for (const note of [timing, ...blocks.map(block => block.dataset.note)].filter(Boolean))
      notes.append(Object.assign(document.createElement("p"), { textContent: note }));
    // without a question, the output comes with the next key
    const output = slide.querySelector(".code + .output");
    if (output) output.classList.add("fragment");
    page.append(slide, notes);
    column.append(page);
  }
  section.replaceWith(column);
}

// The film on the slide that is shown begins; the others rest.
function play({ currentSlide }) {
  for (const image of document.querySelectorAll(".film img")) {
    const film = window[image.id.replace("_anim_img", "anim")];
    film.pause_animation();
    if (!currentSlide.contains(image)) continue;
    film.first_frame();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) film.play_animation();
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.classList.toggle("dark", dark);
window.addEventListener("load", () => MathJax.startup.promise.then(() => document.fonts.ready).then(() => {
  const sections = [...document.querySelectorAll(".slides > section")];
  for (const section of sections) section.classList.add("column");
  for (const section of sections) build(section);
  document.body.classList.remove("preparing");
  Reveal.on("ready", play);
  Reveal.on("slidechanged", play);
  // D changes between the light and the dark page
  const keyboard = { 68: () => document.documentElement.classList.toggle("dark") };
  Reveal.initialize({ width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "c/t", progress: false,
                      controlsTutorial: false, keyboard, transition: "none", plugins: [RevealNotes] });
}));
