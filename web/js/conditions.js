// What a session is to tell of, how far that has come, and when it told.

import { Problem, json } from "./api.js";
import { calmly, h, mark, reconcile, say } from "./dom.js";
import { clock } from "./format.js";

const NAMES = {
  fraction: "fraction", pixels: "pixels", changed_fraction: "changed fraction", similarity_mean: "similarity",
  inliers: "inliers", gap_ms: "gap in ms", gap_frames: "numbers skipped",
};

/** An expression as one reads it: "person fraction > 0.001 for 1 s". */
export function inWords({ for_s: time, class: name, ...what }) {
  const [[key, value]] = Object.entries(what);
  const several = (word) => (value.length === 1 ? inWords(value[0]) : `(${value.map(inWords).join(` ${word} `)})`);
  const words = key === "all" ? several("and") : key === "any" ? several("or") : key === "not" ? `not ${inWords(value)}`
    : NAMES[key] ? [name, NAMES[key], Object.entries(value).map((bound) => bound.join(" ")).join(" and ")]
      .filter(Boolean).join(" ")
    : `${key} ${[value].flat().join(" or ")}`;
  return time ? `${words} for ${time} s` : words;
}

/** How often the states are asked for while frames come: that something is no longer raised need not be told. */
const ASK_EVERY = 2000;

/** Fires `change` when something was told, `fault` when the server refuses. */
export class Conditions extends EventTarget {
  /** What was raised, as far as it is known: of each condition the last time, and all since the page is open. */
  raised = [];
  #path;
  #abort = new AbortController();
  #list = h("ul");
  #known = false;
  #ask = calmly(ASK_EVERY, () => this.read());

  constructor(session) {
    super();
    this.#path = `v1/sessions/${session}/conditions`;
    this.element = h("section", { class: "conditions panel", hidden: true, "aria-labelledby": "conditions-title" },
      h("div", { class: "panel-head" }, h("h2", { id: "conditions-title" }, "Conditions")), this.#list);
  }

  close() {
    this.#abort.abort();
  }

  async read() {
    try {
      const { conditions, states } = await json(this.#path, { signal: this.#abort.signal });
      this.#known = conditions.length > 0;
      this.#show(conditions.map((condition, index) => ({ condition, state: states[index] })));
      for (const { name, raised_at: at, raised_sequence: sequence } of states) if (at) this.#put(name, at, sequence);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.dispatchEvent(new Event("fault"));
    }
  }

  /** An event of the session. */
  event({ name, data }) {
    if (name === "condition-raised" && data.captured_at) this.#put(data.condition, data.captured_at, data.sequence);
    // One may have been raised that was set after the page was opened.
    if (name.startsWith("condition-") || this.#known) this.#ask();
  }

  #put(name, at, sequence) {
    const id = `${sequence} ${name}`;
    if (this.raised.some((item) => item.id === id)) return;
    this.raised = [...this.raised, { id, name, sequence, time: Date.parse(at) }].slice(-500);
    this.dispatchEvent(new Event("change"));
  }

  #show(items) {
    this.element.hidden = items.length === 0;
    reconcile(this.#list, items, ({ condition }) => condition.name, () => this.#row(), (row, { condition, state }) => {
      say(row.parts.name, condition.name);
      say(row.parts.words, inWords(condition.when));
      say(row.parts.pill, state.raised ? "raised" : "quiet");
      mark(row.parts.pill, "data-state", state.raised ? "raised" : "quiet");
      const last = state.raised_at ? `last raised ${clock(Date.parse(state.raised_at))}, frame ${state.raised_sequence}`
        : "not raised so far";
      say(row.parts.last, state.webhook ? `${last} · calls ${new URL(state.webhook).host}` : last);
    });
  }

  #row() {
    const parts = { name: h("strong"), pill: h("span", { class: "pill" }), words: h("span", { class: "words" }),
      last: h("span", { class: "quiet" }) };
    return Object.assign(h("li", {}, parts.name, parts.pill, parts.words, parts.last), { parts });
  }
}
