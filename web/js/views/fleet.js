// All sessions, in a table that its events keep up.

import { serverNow } from "../api.js";
import { calmly, h, mark, reconcile, say } from "../dom.js";
import { fleetRow, updateRow } from "../fleet-row.js";
import { count, decimal } from "../format.js";
import { theme } from "../theme.js";
import { Thumbnails } from "../thumbnails.js";

const ORDER = { live: 0, silent: 1, idle: 2, ended: 3 };
const STATES = [["live", "Live"], ["silent", "Silent"], ["idle", "Idle"], ["ended", "Ended"]];

/**
 * Heading, what to sort by, and whether the first click shows the largest first. What changes with every frame is taken
 * roughly, or rows would never rest.
 */
const COLUMNS = [
  ["drone", "Drone", (craft) => craft.drone.toLowerCase(), false],
  ["session", "Session", (craft) => craft.id, true],
  ["state", "State", (craft) => ORDER[craft.state()], false],
  ["rate", "Frames/s", (craft) => Math.round(craft.rate.value()), true],
  ["seen", "Last seen", (craft) => (craft.state() === "live" ? Infinity : (craft.seen ?? 0)), true],
  ["frames", "Frames", (craft) => craft.frames, true],
  ["similarity", "Similarity", (craft) => Math.round((craft.last?.similarity_mean ?? -1) * 20), false],
  ["resets", "Resets", (craft) => craft.epoch, true],
  ["dropped", "Dropped", (craft) => craft.dropped, true],
];

/** When a session was last seen, as far as that does not change all the time. */
function resting(craft) {
  return craft.state() === "live" ? 0 : (craft.seen ?? 0);
}

export class FleetView {
  #fleet;
  #sort = ["state", false];
  #hidden = new Set();
  #words = "";
  #draw = calmly(250, () => this.#render());
  #clock = setInterval(() => this.#draw(), 1000);
  #thumbnails = new Thumbnails();
  #body = h("tbody");
  #heads = new Map();
  #sums = h("dl", { class: "sums" });
  #empty = h("div", { class: "empty" });
  #older = h("button", { class: "quiet", click: () => this.#loadOlder() }, "Load older sessions");

  constructor({ fleet }) {
    this.#fleet = fleet;
    fleet.addEventListener("change", this.#draw);
    theme.addEventListener("change", this.#repaint);
    for (const [name, text, , down] of COLUMNS) {
      const button = h("button", { click: () => this.#sortBy(name, down) }, text);
      this.#heads.set(name, h("th", { scope: "col", class: `c-${name}` }, button));
    }
    this.element = h("div", { class: "view fleet" },
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Fleet"), this.#sums, this.#filters()),
      h("div", { class: "scroll", role: "region", "aria-label": "Sessions", tabindex: "0" },
        h("table", {},
          h("caption", { class: "hidden" }, "Sessions; the headings sort"),
          h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "c-picture" },
            h("span", { class: "hidden" }, "Picture")), [...this.#heads.values()])),
          this.#body),
        this.#empty),
      this.#older);
    this.#render();
  }

  close() {
    clearInterval(this.#clock);
    this.#thumbnails.close();
    this.#fleet.removeEventListener("change", this.#draw);
    theme.removeEventListener("change", this.#repaint);
  }

  #repaint = () => {
    for (const row of this.#body.rows) row.drawn = null;
    this.#draw();
  };

  #filters() {
    const search = h("input", { type: "search", id: "fleet-words", placeholder: "drone, mission, session, model",
      input: () => { this.#words = search.value.trim().toLowerCase(); this.#render(); } });
    const boxes = STATES.map(([state, text]) => h("label", { class: `state ${state}` },
      h("input", { type: "checkbox", checked: true, change: (event) => {
        if (event.target.checked) this.#hidden.delete(state);
        else this.#hidden.add(state);
        this.#render();
      } }), h("span", {}, text)));
    return h("div", { class: "filters", role: "search" },
      h("label", { class: "hidden", for: "fleet-words" }, "Filter by drone, mission, session or model"), search,
      h("fieldset", { class: "states" }, h("legend", { class: "hidden" }, "States shown"), boxes));
  }

  #sortBy(name, down) {
    const [now, order] = this.#sort;
    this.#sort = [name, now === name ? !order : down];
    this.#render();
  }

  async #loadOlder() {
    this.#older.disabled = true;
    await this.#fleet.loadOlder().catch(() => {});
    this.#older.disabled = false;
  }

  #chosen() {
    const now = serverNow();
    const [name, down] = this.#sort;
    const value = COLUMNS.find(([column]) => column === name)[2];
    return [...this.#fleet.crafts.values()]
      .filter((craft) => !this.#hidden.has(craft.state(now)) && this.#matches(craft))
      .map((craft) => [value(craft), craft])
      .sort(([a, first], [b, second]) => ((a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1))
        || resting(second) - resting(first) || first.drone.localeCompare(second.drone)
        || (first.id < second.id ? 1 : -1))
      .map(([, craft]) => craft);
  }

  #matches({ session }) {
    return [session.drone_id, session.mission_id, session.id, session.model]
      .some((text) => text?.toLowerCase().includes(this.#words));
  }

  #render() {
    const all = [...this.#fleet.crafts.values()];
    const chosen = this.#chosen();
    for (const [name, head] of this.#heads) {
      mark(head, "aria-sort", this.#sort[0] === name ? (this.#sort[1] ? "descending" : "ascending") : null);
    }
    reconcile(this.#body, chosen, (craft) => craft.id, (craft) => fleetRow(craft, this.#thumbnails.make(craft.id)),
      updateRow);
    this.#thumbnails.want(chosen);
    this.#older.hidden = !this.#fleet.older;
    this.#empty.hidden = chosen.length > 0;
    if (chosen.length === 0) this.#explain(all.length);
    this.#summarise(all);
  }

  #summarise(all) {
    const now = serverNow();
    const live = all.filter((craft) => craft.state(now) === "live");
    const sums = [
      ["drones flying", count(new Set(live.map((craft) => craft.drone || craft.id)).size)],
      ["frames a second", decimal(live.reduce((sum, craft) => sum + craft.rate.value(), 0), 1)],
      ["sessions", count(all.length)],
    ];
    reconcile(this.#sums, sums, ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd")),
      (element, [, value]) => say(element.lastChild, value));
  }

  #explain(total) {
    if (total > 0) return say(this.#empty, "No session is like that. Change the filter above.");
    if (this.#fleet.older === undefined) return say(this.#empty, "Asking the server …");
    if (!this.#empty.querySelector("code")) {
      this.#empty.replaceChildren(h("p", {}, "No session yet. Send a video, or let a simulated drone fly:"),
        h("pre", {}, h("code", {}, "windhover simulate --drone kestrel-1 --live")));
    }
  }
}
