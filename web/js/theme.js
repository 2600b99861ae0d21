// Light or dark: the system's choice until one is made here; and the colours of the style sheet for canvases.

const root = document.documentElement;

/** Fires `change` when colours are others than they were. */
export const theme = new EventTarget();

export function wireTheme(select) {
  select.value = root.dataset.theme;
  select.addEventListener("change", () => {
    root.dataset.theme = select.value;
    localStorage.setItem("windhover.theme", select.value);
    theme.dispatchEvent(new Event("change"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme.dispatchEvent(new Event("change")));
}

/** The value of a custom property that base.css registers as a colour. */
export function colour(name) {
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}

const SPARE = ["#4f9cd9", "#d98a4f", "#6fb56a", "#b56ab0", "#c9b84a", "#5bb8ad", "#d96a7a", "#8a8ad6"];

/** The colour of a class: its model's, or one of our own where the model is no longer there. */
export function classColour(classes, value) {
  return classes.find((item) => item.value === value)?.color ?? SPARE[value % SPARE.length];
}
