// The map as a thing to look at: its section is moved and zoomed, its points are pointed at.

import { calmly, h, mark } from "./dom.js";
import { paintFootprints, paintFurniture, paintGround, paintTrack } from "./map-painter.js";
import { fit, toScreen, zoom } from "./projection.js";

/** Pixels from a point within which the pointer means it. */
const NEAR = 14;
const STEP = 60;

export class MapSheet {
  #tracks = [];
  #view = null;
  /** Whether the section was chosen by hand, and must not follow the tracks. */
  #held = false;
  #drag = null;
  #canvas = h("canvas", { tabindex: "0", role: "application", "aria-describedby": "map-keys" });
  #pointed;
  #opened;
  #resized = new ResizeObserver(() => this.draw());
  /** Draws as soon as the last drawing is a while ago. */
  draw = calmly(60, () => this.#paint());

  /** Calls `pointed` with the point under the pointer, or null, and `opened` with one that was clicked. */
  constructor({ pointed, opened }) {
    this.#pointed = pointed;
    this.#opened = opened;
    const button = (text, label, click) => h("button", { click, "aria-label": label, title: label }, text);
    this.element = h("div", { class: "sheet" }, this.#canvas,
      h("div", { class: "zoom", role: "group", "aria-label": "Section" },
        button("+", "Nearer", () => this.#zoom(1.6)), button("−", "Farther", () => this.#zoom(1 / 1.6)),
        button("⤢", "Show all", () => this.#fit())));
    this.#wireKeys();
    this.#wirePointer();
    this.#resized.observe(this.#canvas);
  }

  close() {
    this.#resized.disconnect();
  }

  /** Tracks: `points` on the plane, `tint`, and whether it is `live`. */
  show(tracks, label) {
    this.#tracks = tracks;
    mark(this.#canvas, "aria-label", label);
    this.draw();
  }

  #size() {
    return [this.#canvas.clientWidth, this.#canvas.clientHeight];
  }

  #fit() {
    this.#held = false;
    this.draw();
  }

  #zoom(factor, left, top) {
    const [width, height] = this.#size();
    this.#hold(zoom(this.#view, factor, left ?? width / 2, top ?? height / 2, width, height));
  }

  #move(right, down) {
    const { x, y, scale } = this.#view;
    this.#hold({ x: x - right / scale, y: y + down / scale, scale });
  }

  #hold(view) {
    this.#held = true;
    this.#view = view;
    this.draw();
  }

  #wireKeys() {
    const keys = { ArrowLeft: () => this.#move(STEP, 0), ArrowRight: () => this.#move(-STEP, 0),
      ArrowUp: () => this.#move(0, STEP), ArrowDown: () => this.#move(0, -STEP),
      "+": () => this.#zoom(1.4), "=": () => this.#zoom(1.4), "-": () => this.#zoom(1 / 1.4), 0: () => this.#fit() };
    this.#canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  #wirePointer() {
    const on = (name, work, options) => this.#canvas.addEventListener(name, work, options);
    on("wheel", (event) => {
      event.preventDefault();
      this.#zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, { passive: false });
    on("pointerdown", (event) => {
      this.#canvas.setPointerCapture(event.pointerId);
      this.#drag = { x: event.clientX, y: event.clientY, moved: false };
    });
    on("pointermove", (event) => {
      if (!this.#drag) return this.#point(event);
      const [right, down] = [event.clientX - this.#drag.x, event.clientY - this.#drag.y];
      if (!this.#drag.moved && Math.hypot(right, down) < 4) return;
      this.#drag = { x: event.clientX, y: event.clientY, moved: true };
      this.#move(right, down);
    });
    on("pointerup", (event) => {
      const found = this.#drag && !this.#drag.moved ? this.#near(event) : null;
      this.#drag = null;
      if (found) this.#opened(found);
    });
    on("pointercancel", () => { this.#drag = null; });
  }

  #point(event) {
    const found = this.#near(event);
    mark(this.#canvas, "data-near", found ? "true" : null);
    this.#pointed(found);
  }

  #near({ offsetX, offsetY }) {
    const [width, height] = this.#size();
    let [best, least] = [null, NEAR];
    for (const point of this.#tracks.flatMap(({ points }) => points)) {
      const [x, y] = toScreen(this.#view, point, width, height);
      const apart = Math.hypot(x - offsetX, y - offsetY);
      if (apart < least) [best, least] = [point, apart];
    }
    return best;
  }

  #paint() {
    const [width, height] = this.#size();
    if (!width) return;
    if (!this.#held || !this.#view) {
      const newest = this.#tracks.map(({ points }) => points.findLast((point) => point.ground)?.ground.flat() ?? []);
      this.#view = fit([...this.#tracks.flatMap(({ points }) => points), ...newest.flat()], width, height);
    }
    const scale = devicePixelRatio;
    Object.assign(this.#canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const context = this.#canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paintGround(context, this.#view, width, height);
    for (const track of this.#tracks) paintFootprints(context, track, this.#view, width, height);
    for (const track of this.#tracks) paintTrack(context, track, this.#view, width, height);
    paintFurniture(context, this.#view, width, height);
  }
}
