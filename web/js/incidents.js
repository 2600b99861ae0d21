// Where a session began anew, lost the ground, and why; and where its conditions were raised.

import { h, reconcile, say } from "./dom.js";
import { clock, duration, reason } from "./format.js";

/** What happened at a frame, in a sentence; null where nothing did. */
export function incident(record, first) {
  const { mode, reason: why, registration, gap_ms: gap } = record;
  const points = registration ? `: ${registration.inliers} of ${registration.matches} points agreed` : "";
  if (why === "registration" || why === "registration-identity") return `${reason(why)}${points}`;
  if (why === "gap") return `${reason(why)}: ${duration(gap / 1000)}`;
  if (why === "late" || why === "propagation-none") return null;
  if (why) return reason(why);
  return mode === "cold" || mode === "reset" ? (first ? "the session began" : "began anew") : null;
}

export class Incidents {
  #title = h("h2", { id: "incidents-title" });
  #list = h("ol", { reversed: true });
  #none = h("p", { class: "quiet" }, "None so far.");
  #picked;

  constructor(picked) {
    this.#picked = picked;
    this.element = h("section", { class: "incidents panel", "aria-labelledby": "incidents-title" },
      h("div", { class: "panel-head" }, this.#title), this.#none, this.#list);
  }

  /** Records in order, and what conditions told; the newest is shown first. */
  show(records, raised) {
    const began = records.map((record, index) => [record, incident(record, index === 0)]).filter(([, words]) => words);
    const told = [...began, ...raised.map((item) => [item, `condition raised: ${item.name}`])]
      .sort(([a], [b]) => b.time - a.time);
    say(this.#title, raised.length ? "Resets and conditions" : "Resets");
    this.#none.hidden = told.length > 0;
    reconcile(this.#list, told.slice(0, 200), ([record]) => record.id, ([record]) => this.#row(record),
      ({ words }, [, text]) => say(words, text));
  }

  #row(record) {
    const words = h("span", { class: "why" });
    const button = h("button", { click: () => this.#picked(record) }, h("span", { class: "when" }, clock(record.time)),
      h("span", { class: "number" }, `#${record.sequence}`), words);
    return Object.assign(h("li", {}, button), { words });
  }
}
