// Frames that have positions, on a map of our own making.

import { calmly, h, mark, reconcile, say } from "../dom.js";
import { brief, count, degrees, moment, reason } from "../format.js";
import { droneColour, paintFurniture, paintGround, paintTrack } from "../map-painter.js";
import { fit, toScreen, zoom } from "../projection.js";
import { theme } from "../theme.js";
import { Tracks } from "../tracks.js";

/** Sessions whose tracks are read unasked: the newest. */
const FIRST = 12;
const NEAR = 14;

export class MapView {
  #fleet;
  #tracks = new Tracks();
  #chosen = new Set();
  #known = new Set();
  #view = null;
  #held = false;
  #laid = [];
  #canvas = h("canvas", { tabindex: "0", role: "application", "aria-label": "Map of positions", "aria-describedby": "map-keys" });
  #told = h("p", { class: "pointer", role: "status" });
  #list = h("ul");
  #note = h("p", { class: "empty" });
  #drag = null;
  #draw = calmly(60, () => this.#render());
  #resized = new ResizeObserver(() => this.#draw());

  constructor({ fleet }) {
    this.#fleet = fleet;
    const button = (text, label, click) => h("button", { click, "aria-label": label, title: label }, text);
    this.element = h("div", { class: "view map" },
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Map"), this.#told),
      h("div", { class: "map-grid" },
        h("div", { class: "sheet" }, this.#canvas, this.#note,
          h("div", { class: "zoom", role: "group", "aria-label": "Section" },
            button("+", "Nearer", () => this.#zoom(1.6)), button("−", "Farther", () => this.#zoom(1 / 1.6)), button("⤢", "Show all", () => this.#fit()))),
        h("section", { class: "panel tracks", "aria-labelledby": "tracks-title" }, h("div", { class: "panel-head" }, h("h2", { id: "tracks-title" }, "Tracks")),
          this.#list, h("p", { class: "quiet", id: "map-keys" }, "On the map: arrow keys move, + and − zoom, 0 shows all. A click on a point opens its frame."))));
    this.#wire();
    fleet.addEventListener("change", this.#choose);
    fleet.addEventListener("event", this.#event);
    this.#tracks.addEventListener("change", this.#draw);
    theme.addEventListener("change", this.#draw);
    this.#resized.observe(this.#canvas);
    this.#choose();
  }

  close() {
    this.#tracks.close();
    this.#resized.disconnect();
    this.#fleet.removeEventListener("change", this.#choose);
    this.#fleet.removeEventListener("event", this.#event);
    theme.removeEventListener("change", this.#draw);
  }

  #event = ({ name, data }) => name === "frame" && this.#tracks.add(data);

  /** Of the sessions there are: the newest at first, and later those that begin. */
  #choose = () => {
    const crafts = [...this.#fleet.crafts.values()].filter((craft) => craft.frames > 0).sort((a, b) => (b.seen ?? 0) - (a.seen ?? 0));
    const opening = this.#known.size === 0;
    crafts.forEach((craft, index) => {
      if (this.#known.has(craft.id)) return;
      this.#known.add(craft.id);
      if (!opening || index < FIRST) this.#turn(craft, true);
    });
    this.#draw();
  };

  #turn(craft, on) {
    if (on) {
      this.#chosen.add(craft.id);
      this.#tracks.read(craft).catch(() => this.#known.delete(craft.id));
    } else this.#chosen.delete(craft.id);
    this.#draw();
  }

  #size() {
    return [this.#canvas.clientWidth, this.#canvas.clientHeight];
  }

  #fit() {
    this.#held = false;
    this.#draw();
  }

  #zoom(factor, left, top) {
    const [width, height] = this.#size();
    this.#held = true;
    this.#view = zoom(this.#view, factor, left ?? width / 2, top ?? height / 2, width, height);
    this.#draw();
  }

  #move(right, down) {
    this.#held = true;
    this.#view = { ...this.#view, x: this.#view.x - right / this.#view.scale, y: this.#view.y + down / this.#view.scale };
    this.#draw();
  }

  #wire() {
    const canvas = this.#canvas;
    const keys = { ArrowLeft: () => this.#move(60, 0), ArrowRight: () => this.#move(-60, 0), ArrowUp: () => this.#move(0, 60), ArrowDown: () => this.#move(0, -60),
      "+": () => this.#zoom(1.4), "=": () => this.#zoom(1.4), "-": () => this.#zoom(1 / 1.4), 0: () => this.#fit() };
    canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#drag = { x: event.clientX, y: event.clientY, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#drag) return this.#hover(event);
      const [right, down] = [event.clientX - this.#drag.x, event.clientY - this.#drag.y];
      if (!this.#drag.moved && Math.hypot(right, down) < 4) return;
      this.#drag = { x: event.clientX, y: event.clientY, moved: true };
      this.#move(right, down);
    });
    canvas.addEventListener("pointerup", (event) => {
      const found = this.#drag && !this.#drag.moved ? this.#near(event) : null;
      this.#drag = null;
      if (found) location.hash = `#/session/${found.session}/frame/${found.id}`;
    });
  }

  /** The point under the pointer. */
  #near(event) {
    const [width, height] = this.#size();
    let [best, least] = [null, NEAR];
    for (const [, points] of this.#laid) {
      for (const point of points) {
        const [x, y] = toScreen(this.#view, point, width, height);
        const apart = Math.hypot(x - event.offsetX, y - event.offsetY);
        if (apart < least) [best, least] = [point, apart];
      }
    }
    return best;
  }

  #hover(event) {
    const found = this.#near(event);
    mark(this.#canvas, "data-near", found ? "true" : null);
    if (!found) return say(this.#told, "");
    const drone = this.#fleet.crafts.get(found.session)?.drone || brief(found.session);
    say(this.#told, `${drone}, frame ${found.sequence}, ${moment(found.time)}, ${degrees(found.lat, "N", "S")} ${degrees(found.lon, "E", "W")}${found.anew ? `, began anew: ${reason(found.reason)}` : ""}`);
  }

  #render() {
    const [width, height] = this.#size();
    if (!width) return;
    const crafts = [...this.#known].map((id) => this.#fleet.crafts.get(id)).filter(Boolean).sort((a, b) => (b.seen ?? 0) - (a.seen ?? 0));
    const drones = [...new Set(crafts.map((craft) => craft.drone || craft.id))].sort();
    const tint = (craft) => droneColour(drones.indexOf(craft.drone || craft.id));
    this.#laid = this.#tracks.plane([...this.#chosen]);
    if (!this.#held || !this.#view) this.#view = fit(this.#laid.flatMap(([, points]) => points), width, height);
    const scale = devicePixelRatio;
    Object.assign(this.#canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const context = this.#canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paintGround(context, this.#view, width, height);
    for (const [id, points] of this.#laid) {
      const craft = this.#fleet.crafts.get(id);
      paintTrack(context, points, tint(craft), this.#view, width, height, craft.state() === "live");
    }
    paintFurniture(context, this.#view, width, height);
    this.#note.hidden = this.#laid.length > 0;
    say(this.#note, crafts.length ? "None of these frames has a position." : "No frame yet.");
    mark(this.#canvas, "aria-label", `Map of ${this.#laid.length} tracks, ${count(this.#laid.reduce((sum, [, points]) => sum + points.length, 0))} positions`);
    reconcile(this.#list, crafts, (craft) => craft.id, (craft) => this.#row(craft), (row, craft) => this.#update(row, craft, tint(craft)));
  }

  #row(craft) {
    const parts = {
      box: h("input", { type: "checkbox", change: (event) => this.#turn(craft, event.target.checked) }),
      swatch: h("span", { class: "swatch", "aria-hidden": "true" }),
      points: h("span", { class: "share" }),
      last: h("a", { href: `#/session/${craft.id}` }, "open"),
    };
    parts.last.setAttribute("aria-label", `Open ${craft.drone || brief(craft.id)}, session ${brief(craft.id)}`);
    const name = h("span", { class: "name" }, craft.drone || "no name", " ", h("small", {}, brief(craft.id)));
    return Object.assign(h("li", {}, h("label", {}, parts.box, parts.swatch, name, parts.points), parts.last), { parts });
  }

  #update({ parts }, craft, tint) {
    parts.box.checked = this.#chosen.has(craft.id);
    parts.swatch.style.setProperty("--class", tint);
    const points = this.#tracks.bySession.get(craft.id);
    say(parts.points, !points ? "" : points.length ? `${count(points.length)} ${points.length === 1 ? "position" : "positions"}` : "no positions");
  }
}
