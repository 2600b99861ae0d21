// What every view makes its elements with. Nothing here takes markup: text is text.

/** An element. Attributes that are functions become listeners, `class` and `data-…` go where they belong. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets an element's text, touching the page only if it is another. */
export function say(element, text) {
  const string = String(text);
  if (element.textContent !== string) element.textContent = string;
}

/** Sets or removes an attribute, touching the page only if it is another. */
export function mark(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * Makes a parent's children stand for items, in their order.
 *
 * Elements live as long as their item's key, so focus, selection and pictures survive; one that stands right is not
 * moved.
 */
export function reconcile(parent, items, key, make, update) {
  const known = parent.known ??= new Map();
  const wanted = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    wanted.add(name);
    let element = known.get(name);
    if (!element) known.set(name, (element = make(item)));
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    update(element, item);
  }
  for (const [name, element] of known) {
    if (wanted.has(name)) continue;
    element.remove();
    known.delete(name);
  }
}

/** A group of radio buttons that look like one switch. */
export function choice(label, options, chosen, changed) {
  const name = `choice-${choice.count = (choice.count ?? 0) + 1}`;
  return h("fieldset", { class: "choice" }, h("legend", { class: "hidden" }, label),
    options.map(([value, text]) => h("label", {},
      h("input", { type: "radio", name, value, checked: value === chosen, change: () => changed(value) }),
      h("span", {}, text))));
}

/** Calls at most once in so many milliseconds; the last call is never lost. */
export function calmly(milliseconds, work) {
  let timer = null;
  let last = 0;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      last = performance.now();
      work();
    }, Math.max(0, last + milliseconds - performance.now()));
  };
}

const PATHS = {
  first: "M2 2h2v10H2zM12 2v10L5 7z",
  back: "M9 2h2v10H9zM8 2v10L2 7z",
  play: "M3 2v10l9-5z",
  pause: "M3 2h3v10H3zM8 2h3v10H8z",
  on: "M3 2h2v10H3zM6 2v10l6-5z",
};

/** A sign for a button, whose label says what it means. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const attributes = { class: "icon", viewBox: "0 0 14 14", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
