// The classes of a session: how much of the frame each takes, and which of them the overlay shows.

import { h, reconcile, say } from "./dom.js";
import { percent } from "./format.js";
import { classColour } from "./theme.js";

export class Legend {
  #off = new Set();
  #changed;
  #list = h("ul");
  #all = h("button", { class: "quiet", click: () => this.#toggleAll() }, "Hide all");

  /** Calls `changed` with the values of the classes that are turned off. */
  constructor(changed) {
    this.#changed = changed;
    this.element = h("section", { class: "legend panel", "aria-labelledby": "legend-title" },
      h("div", { class: "panel-head" }, h("h2", { id: "legend-title" }, "Classes"), this.#all), this.#list);
  }

  show(record, classes) {
    this.classes = classes;
    reconcile(this.#list, record.classes, (item) => item.value, (item) => this.#row(item, classes),
      ({ parts }, item) => {
        parts.box.checked = !this.#off.has(item.value);
        say(parts.share, percent(item.fraction));
        parts.bar.style.setProperty("--share", item.fraction);
        parts.swatch.style.setProperty("--class", classColour(classes, item.value));
      });
  }

  #row(item, classes) {
    const parts = {
      box: h("input", { type: "checkbox", change: (event) => this.#toggle(item.value, event.target.checked) }),
      swatch: h("span", { class: "swatch", "aria-hidden": "true" }),
      bar: h("span", { class: "bar", "aria-hidden": "true" }),
      share: h("span", { class: "share" }),
    };
    const name = h("span", { class: "name" }, item.name);
    return Object.assign(h("li", {}, h("label", {}, parts.box, parts.swatch, name, parts.bar, parts.share)), { parts });
  }

  #toggle(value, on) {
    if (on) this.#off.delete(value);
    else this.#off.add(value);
    this.#tell();
  }

  #toggleAll() {
    const boxes = [...this.#list.querySelectorAll("input")];
    const values = [...this.#list.known.keys()];
    const none = this.#off.size === 0;
    this.#off = new Set(none ? values : []);
    for (const box of boxes) box.checked = !none;
    this.#tell();
  }

  #tell() {
    say(this.#all, this.#off.size === 0 ? "Hide all" : "Show all");
    this.#changed(this.#off);
  }
}
