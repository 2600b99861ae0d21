// One session's row in the fleet's table.

import { serverNow } from "./api.js";
import { h, mark, say } from "./dom.js";
import { ago, brief, count, decimal, moment, reason } from "./format.js";
import { sparkline } from "./sparkline.js";

const CELLS = ["session", "state", "rate", "seen", "frames", "similarity", "resets", "dropped"];

/** A row with a picture at its beginning; `parts` are its cells. */
export function fleetRow({ id, session }, picture) {
  const head = h("th", { scope: "row", class: "c-drone" },
    h("a", { href: `#/session/${id}` }, session.drone_id ?? "no name"), h("small", {}, session.mission_id ?? ""));
  const parts = Object.fromEntries(CELLS.map((name) => [name, h("td", { class: `c-${name}` })]));
  parts.session.append(h("code", { title: id }, brief(id)), h("small", {}, session.model));
  parts.state.append(h("span", { class: "pill" }));
  parts.similarity.append(h("span"), h("canvas", { class: "spark", "aria-hidden": "true" }));
  return Object.assign(h("tr", {}, h("td", { class: "c-picture" }, picture), head, Object.values(parts)),
    { parts, drawn: null });
}

/** Brings a row up to what is known now. */
export function updateRow(row, craft) {
  const { parts } = row;
  const now = serverNow();
  const state = craft.state(now);
  say(parts.state.firstChild, state);
  mark(parts.state.firstChild, "data-state", state);
  say(parts.rate, state === "live" ? decimal(craft.rate.value(), 1) : "–");
  say(parts.seen, ago(craft.seen, now));
  mark(parts.seen, "title", moment(craft.seen));
  say(parts.frames, count(craft.frames));
  say(parts.similarity.firstChild, craft.last ? decimal(craft.last.similarity_mean) : "–");
  // A curve is drawn when there is something new, not whenever a second has passed.
  if (row.drawn !== craft.last) sparkline(parts.similarity.lastChild, craft.trace, craft.capacity);
  row.drawn = craft.last;
  say(parts.resets, count(craft.epoch));
  mark(parts.resets, "title",
    Object.entries(craft.resets).map(([name, times]) => `${times} × ${reason(name)}`).join("\n") || null);
  say(parts.dropped, count(craft.dropped));
  mark(parts.dropped, "class", craft.dropped ? "c-dropped some" : "c-dropped");
}
