// Shows the explorables of a page without Python: every <div data-explorable="playground" data-state='{"surface": "beale"}'>.

/** Make what stands for Python's side: a state that can be read, set and listened to. */
export function model(value = {}) {
  const state = { value }, heard = new Map();
  return {
    get: (name) => state[name],
    set(name, now) {
      state[name] = now;
      for (const listener of [...(heard.get(`change:${name}`) ?? [])]) listener();
    },
    on: (event, listener) => heard.set(event, [...(heard.get(event) ?? []), listener]),
    off: (event, listener) => heard.set(event, (heard.get(event) ?? []).filter((other) => other !== listener)),
    save_changes() {},
  };
}

/** Show one explorable in an element, and return the function that takes it away. */
export async function show(el) {
  const module = await import(new URL(`./${el.dataset.explorable}.js`, import.meta.url));
  el.replaceChildren();
  return module.default.render({ model: model(JSON.parse(el.dataset.state ?? "{}")), el });
}

for (const el of document.querySelectorAll("[data-explorable]")) show(el);
