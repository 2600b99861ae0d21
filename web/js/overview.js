// The whole of a session as a strip, from its first frame to its newest, and the slider on it.

import { h, mark, say } from "./dom.js";
import { clock, moment } from "./format.js";
import { classColour, colour } from "./theme.js";

/** Heights: of the marks where a frame began anew or a condition was raised, and of the bar that says what the charts reach over. */
const TICK = 7;
const BAR = 3;

export class Overview {
  #records = [];
  #breaks = [];
  #raised = [];
  #range = null;
  #window = null;
  #classes = [];
  #canvas = h("canvas", { "aria-hidden": "true" });
  #slider = h("input", { type: "range", min: "0", max: "1", step: "any", value: "1",
    "aria-label": "Time in the session" });
  #start = h("span");
  #end = h("span");
  #resized = new ResizeObserver(() => this.draw());

  constructor(playback) {
    this.element = h("div", { class: "overview" }, h("div", { class: "strip" }, this.#canvas, this.#slider),
      h("div", { class: "ends" }, this.#start, this.#end));
    this.#resized.observe(this.#canvas);
    this.#slider.addEventListener("input", () => this.#range && playback.seek(this.#time(Number(this.#slider.value))));
    const [back, on] = [() => playback.step(-1), () => playback.step(1)];
    const keys = { ArrowLeft: back, ArrowDown: back, ArrowRight: on, ArrowUp: on, PageDown: () => playback.step(-10),
      PageUp: () => playback.step(10), Home: () => playback.home(), End: () => playback.live() };
    this.#slider.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  close() {
    this.#resized.disconnect();
  }

  set classes(classes) {
    this.#classes = classes;
  }

  /**
   * `range`: the session's first and last time; `records`: frames of all over it; `breaks`: those that began anew;
   * `raised`: where conditions were; `chosen`: the frame that is shown; `window`: from when to when the charts reach.
   */
  show({ range, records, breaks, raised, chosen, window }) {
    this.#range = range;
    this.#records = [...records].sort((a, b) => a.time - b.time);
    this.#breaks = breaks;
    this.#raised = raised;
    this.#window = window;
    const sameDay = new Date(range[0]).toDateString() === new Date(range[1]).toDateString();
    say(this.#start, moment(range[0]));
    say(this.#end, sameDay ? clock(range[1]) : moment(range[1]));
    // While it is dragged the slider leads, and the frame follows.
    if (!this.#slider.matches(":active")) this.#slider.value = this.#place(chosen.time);
    mark(this.#slider, "aria-valuetext", `Frame ${chosen.sequence}, ${moment(chosen.time)}`);
    this.draw();
  }

  #place(time) {
    const [first, last] = this.#range;
    return last > first ? (time - first) / (last - first) : 1;
  }

  #time(place) {
    const [first, last] = this.#range;
    return first + (last - first) * place;
  }

  draw() {
    const scale = devicePixelRatio;
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    if (!width || !this.#range) return;
    Object.assign(this.#canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const context = this.#canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#records.forEach((record, index) => {
      const from = this.#place(record.time) * width;
      const next = this.#records[index + 1];
      // A frame is drawn until the next one: what lies between is not known, or is alike.
      const to = next ? this.#place(next.time) * width : width;
      let y = height - BAR - 1;
      for (const item of record.classes) {
        const part = item.fraction * (height - TICK - BAR - 2);
        context.fillStyle = classColour(this.#classes, item.value);
        context.fillRect(from, y - part, to - from + 0.5, part);
        y -= part;
      }
    });
    context.fillStyle = colour("warn");
    for (const record of this.#breaks) {
      if (record.time > this.#range[0]) context.fillRect(this.#place(record.time) * width - 0.75, 0, 2, TICK);
    }
    context.fillStyle = colour("bad");
    for (const { time } of this.#raised) context.fillRect(this.#place(time) * width - 0.75, 0, 2, TICK);
    if (!this.#window) return;
    context.fillStyle = colour("accent");
    const [from, to] = this.#window.map((time) => this.#place(time) * width);
    context.fillRect(Math.min(from, width - 4), height - BAR, Math.max(4, to - from), BAR);
  }
}
