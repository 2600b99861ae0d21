// Frames that have positions, on a map of our own making.

import { calmly, h, reconcile, say } from "../dom.js";
import { brief, count, degrees, moment, reason } from "../format.js";
import { droneColour } from "../map-painter.js";
import { MapSheet } from "../map-sheet.js";
import { theme } from "../theme.js";
import { Tracks } from "../tracks.js";

/** Sessions whose tracks are read unasked: the newest. */
const FIRST = 12;

export class MapView {
  #fleet;
  #closed = new AbortController();
  #tracks = new Tracks();
  #chosen = new Set();
  #known = new Set();
  #told = h("p", { class: "pointer", role: "status" });
  #list = h("ul");
  #note = h("p", { class: "empty" });
  #sheet = new MapSheet({ pointed: (point) => this.#tell(point),
    opened: (point) => { location.hash = `#/session/${point.session}/frame/${point.id}`; } });
  #draw = calmly(60, () => this.#render());

  constructor({ fleet }) {
    this.#fleet = fleet;
    this.#sheet.element.append(this.#note);
    this.element = h("div", { class: "view map" },
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Map"), this.#told),
      h("div", { class: "map-grid" }, this.#sheet.element,
        h("section", { class: "panel tracks", "aria-labelledby": "tracks-title" },
          h("div", { class: "panel-head" }, h("h2", { id: "tracks-title" }, "Tracks")),
          this.#list, h("p", { class: "quiet", id: "map-keys" },
            "On the map: arrow keys move, + and − zoom, 0 shows all. A click on a point opens its frame."))));
    const on = (target, name, work) => target.addEventListener(name, work, { signal: this.#closed.signal });
    on(fleet, "change", () => this.#choose());
    on(fleet, "event", ({ name, data }) => name === "frame" && this.#tracks.add(data));
    on(this.#tracks, "change", this.#draw);
    on(theme, "change", () => this.#sheet.draw());
    this.#choose();
  }

  close() {
    this.#closed.abort();
    this.#tracks.close();
    this.#sheet.close();
  }

  /** Of the sessions there are: the newest at first, and later those that begin. */
  #choose() {
    const opening = this.#known.size === 0;
    const crafts = [...this.#fleet.crafts.values()].filter((craft) => craft.frames > 0);
    crafts.sort((a, b) => (b.seen ?? 0) - (a.seen ?? 0)).forEach((craft, index) => {
      if (this.#known.has(craft.id)) return;
      this.#known.add(craft.id);
      if (!opening || index < FIRST) this.#turn(craft, true);
    });
    this.#draw();
  }

  /** By name, and a drone's newest session first: an order that frames do not disturb. */
  #crafts() {
    return [...this.#known].map((id) => this.#fleet.crafts.get(id)).filter(Boolean)
      .sort((a, b) => a.drone.localeCompare(b.drone) || (a.id < b.id ? 1 : -1));
  }

  #turn(craft, on) {
    if (on) {
      this.#chosen.add(craft.id);
      this.#tracks.read(craft).catch(() => this.#known.delete(craft.id));
    } else this.#chosen.delete(craft.id);
    this.#draw();
  }

  #tell(point) {
    if (!point) return say(this.#told, "");
    const drone = this.#fleet.crafts.get(point.session)?.drone || brief(point.session);
    const parts = [drone, `frame ${point.sequence}`, moment(point.time),
      `${degrees(point.lat, "N", "S")} ${degrees(point.lon, "E", "W")}`,
      point.anew ? `began anew: ${reason(point.reason)}` : null];
    say(this.#told, parts.filter(Boolean).join(", "));
  }

  #render() {
    const crafts = this.#crafts();
    const drones = [...new Set(crafts.map((craft) => craft.drone || craft.id))].sort();
    const tint = (craft) => droneColour(drones.indexOf(craft.drone || craft.id));
    const laid = this.#tracks.plane([...this.#chosen]).map(([id, points]) => {
      const craft = this.#fleet.crafts.get(id);
      return { points, tint: tint(craft), live: craft.state() === "live" };
    });
    const positions = laid.reduce((sum, { points }) => sum + points.length, 0);
    this.#sheet.show(laid, `Map of ${counted(laid.length, "track")}, ${counted(positions, "position")}`);
    this.#note.hidden = laid.length > 0;
    const nothing = this.#fleet.older === undefined ? "Asking the server …" : "No frame yet.";
    say(this.#note, crafts.length ? "None of these frames has a position." : nothing);
    reconcile(this.#list, crafts, (craft) => craft.id, (craft) => this.#row(craft),
      (row, craft) => this.#update(row, craft, tint(craft)));
  }

  #row(craft) {
    const parts = {
      box: h("input", { type: "checkbox", change: (event) => this.#turn(craft, event.target.checked) }),
      swatch: h("span", { class: "swatch", "aria-hidden": "true" }),
      points: h("span", { class: "share" }),
    };
    const name = h("span", { class: "name" }, craft.drone || "no name", " ", h("small", {}, brief(craft.id)));
    const open = h("a", { href: `#/session/${craft.id}`,
      "aria-label": `Open ${craft.drone || "session"} ${brief(craft.id)}` }, "open");
    return Object.assign(h("li", {}, h("label", {}, parts.box, parts.swatch, name, parts.points), open), { parts });
  }

  #update({ parts }, craft, tint) {
    parts.box.checked = this.#chosen.has(craft.id);
    parts.swatch.style.setProperty("--class", tint);
    const points = this.#tracks.bySession.get(craft.id);
    say(parts.points, !points ? "" : points.length ? counted(points.length, "position") : "no positions");
  }
}

function counted(number, what) {
  return `${count(number)} ${what}${number === 1 ? "" : "s"}`;
}
