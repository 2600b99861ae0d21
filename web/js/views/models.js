// What is loaded, and what it sees.

import { json } from "../api.js";
import { h, say } from "../dom.js";
import { bytes } from "../format.js";

export class ModelsView {
  #list = h("div", { class: "cards" });
  #note = h("p", { class: "empty", role: "status" }, "Asking the server …");
  #abort = new AbortController();
  #connection;

  constructor({ connection }) {
    this.#connection = connection;
    this.element = h("div", { class: "view models" }, h("div", { class: "head" },
      h("h1", { tabindex: "-1" }, "Models")), this.#note, this.#list);
    // A restarted server may have others.
    connection.addEventListener("again", () => this.#read(), { signal: this.#abort.signal });
    this.#read();
  }

  close() {
    this.#abort.abort();
  }

  async #read() {
    try {
      const { items } = await json("v1/models", { signal: this.#abort.signal });
      say(this.#note, "");
      this.#list.replaceChildren(...items.map(card));
    } catch (problem) {
      if (this.#abort.signal.aborted) return;
      say(this.#note, problem.message);
      this.#connection.retry();
    }
  }
}

function card(model) {
  const { propagation, input } = model;
  const similarity = propagation.similarity === "conv" ? "learned similarity" : "cosine similarity";
  const ssp = propagation.method === "ssp";
  const method = ssp ? `SSP, ${similarity}, ${propagation.upsampling}` : "none: each frame alone";
  const facts = [
    ["Input", `${input.width} × ${input.height} pixels`],
    ["Propagation", method],
    ["Memory a session", bytes(model.state_bytes)],
    ["Licence", model.licence],
    ["SHA-256", h("code", { class: "hash" }, model.sha256)],
  ];
  return h("article", { class: "panel card" },
    h("div", { class: "panel-head" }, h("h2", {}, model.name, " ", h("small", {}, `version ${model.version}`)),
      model.default ? h("span", { class: "pill", "data-state": "live" }, "default") : null),
    h("p", {}, model.description),
    h("ul", { class: "swatches", "aria-label": "Classes" }, model.classes.map((item) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.setProperty("--class", item.color);
      return h("li", {}, swatch, item.name);
    })),
    h("dl", { class: "facts-list" },
      facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}
