// A chart of frames in a row: one curve, or several stacked. A frame is a step to the right, whatever time passed
// between; where a frame began anew stands a mark.

import { h, say } from "./dom.js";
import { clock } from "./format.js";
import { niceCeiling, ticks } from "./scale.js";
import { colour } from "./theme.js";

/** How far an axis reaches: to the highest value, unless a few stand far above all others. Those are cut off. */
export function reach(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const [most, usual] = [sorted.at(-1) ?? 0, sorted[Math.floor(sorted.length * 0.97)] ?? 0];
  return usual > 0 && most > 3 * usual ? 1.5 * usual : most;
}

const MARGIN = { left: 36, right: 8, top: 6, bottom: 16 };

function key([name, tint]) {
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.setProperty("--class", `var(--${tint})`);
  return h("li", {}, swatch, name);
}

/**
 * `series`: name, colour() and value(record), null where there is none. `top`: the axis' end, or null to fit it.
 * `tell(record)`: the readout. `keys`: names and custom properties of colours, where nothing else explains them. Calls
 * `picked` with a record that was clicked, `hovered` with one under the pointer, or null.
 */
export class Chart {
  #options;
  #records = [];
  #chosen = null;
  #canvas = h("canvas", { role: "img" });
  #value = h("span", { class: "readout" });
  #resized = new ResizeObserver(() => this.draw());

  constructor(options) {
    this.#options = options;
    this.element = h("figure", { class: "chart" },
      h("figcaption", {}, h("span", { class: "title" }, options.title), this.#value), this.#canvas,
      options.keys ? h("ul", { class: "keys" }, options.keys.map(key)) : null);
    this.#resized.observe(this.#canvas);
    this.#canvas.addEventListener("pointermove", (event) => options.hovered(this.#at(event)));
    this.#canvas.addEventListener("pointerleave", () => options.hovered(null));
    this.#canvas.addEventListener("click", (event) => {
      const record = this.#at(event);
      if (record) options.picked(record);
    });
  }

  close() {
    this.#resized.disconnect();
  }

  /** Records in order, and the one that the readout is about. */
  show(records, chosen) {
    this.#records = records;
    this.#chosen = chosen;
    say(this.#value, chosen ? this.#options.tell(chosen) : "");
    this.draw();
  }

  #x(index, width) {
    const inner = width - MARGIN.left - MARGIN.right;
    // At least so many places: a session of three frames is no saw.
    return MARGIN.left + (inner * index) / Math.max(this.#records.length - 1, 20);
  }

  #at(event) {
    const box = this.#canvas.getBoundingClientRect();
    const step = this.#x(1, box.width) - this.#x(0, box.width);
    const index = Math.round((event.clientX - box.left - MARGIN.left) / step);
    return this.#records[Math.min(this.#records.length - 1, Math.max(0, index))] ?? null;
  }

  /** Heights of every series at every record: from, to; null where there is no value. */
  #layers() {
    const { series, stacked } = this.#options;
    const base = new Float64Array(this.#records.length);
    return series.map(({ value }) => this.#records.map((record, index) => {
      const own = value(record);
      if (own === null || own === undefined) return null;
      const from = stacked ? base[index] : 0;
      if (stacked) base[index] += own;
      return [from, from + own];
    }));
  }

  draw() {
    const canvas = this.#canvas;
    const scale = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const size = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const layers = this.#layers();
    const top = this.#options.top ?? niceCeiling(reach(layers.at(-1).map((pair) => pair?.[1] ?? 0)));
    const y = (value) => height - MARGIN.bottom - ((height - MARGIN.top - MARGIN.bottom) * Math.min(value, top)) / top;
    this.#grid(context, width, height, top, y);
    layers.forEach((layer, index) => this.#curve(context, width, layer, this.#options.series[index].colour(), y));
    this.#marks(context, width, height);
    canvas.setAttribute("aria-label", this.#options.describe(this.#records));
  }

  #grid(context, width, height, top, y) {
    context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
    context.strokeStyle = colour("line");
    context.fillStyle = colour("ink-3");
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(0, top, 2)) {
      const line = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(MARGIN.left, line);
      context.lineTo(width - MARGIN.right, line);
      context.stroke();
      context.fillText(this.#options.axis(value), MARGIN.left - 5, line);
    }
    context.textBaseline = "alphabetic";
    if (this.#records.length === 0) return;
    const end = this.#x(this.#records.length - 1, width);
    context.textAlign = "left";
    context.fillText(clock(this.#records[0].time), MARGIN.left, height - 3);
    context.textAlign = "right";
    if (end > MARGIN.left + 110) context.fillText(clock(this.#records.at(-1).time), end, height - 3);
  }

  #curve(context, width, layer, tint, y) {
    const { stacked } = this.#options;
    context.fillStyle = tint;
    context.strokeStyle = tint;
    context.lineWidth = stacked ? 1 : 1.5;
    context.lineJoin = "round";
    for (let start = 0; start < layer.length; start += 1) {
      if (layer[start] === null) continue;
      let end = start;
      while (end + 1 < layer.length && layer[end + 1] !== null) end += 1;
      context.beginPath();
      for (let index = start; index <= end; index += 1) context.lineTo(this.#x(index, width), y(layer[index][1]));
      if (stacked) {
        for (let index = end; index >= start; index -= 1) context.lineTo(this.#x(index, width), y(layer[index][0]));
        context.fill();
      } else if (start === end) context.fillRect(this.#x(start, width) - 1, y(layer[start][1]) - 1, 2, 2);
      else context.stroke();
      start = end;
    }
  }

  #marks(context, width, height) {
    context.fillStyle = colour("warn");
    this.#records.forEach((record, index) => {
      if (record.mode === "reset" || (record.mode === "cold" && index > 0)) {
        context.fillRect(Math.round(this.#x(index, width)) - 0.5, MARGIN.top, 1.5, height - MARGIN.top - MARGIN.bottom);
      }
    });
    const index = this.#records.indexOf(this.#chosen);
    if (index < 0) return;
    context.fillStyle = colour("ink");
    context.fillRect(Math.round(this.#x(index, width)) - 0.5, MARGIN.top - 3, 1,
      height - MARGIN.top - MARGIN.bottom + 5);
  }
}
