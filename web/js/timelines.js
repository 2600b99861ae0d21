// The charts of a session: classes, similarity, change, time.

import { Chart } from "./chart.js";
import { h } from "./dom.js";
import { decimal, milliseconds, percent } from "./format.js";
import { classColour, colour } from "./theme.js";

/** Stages as they are drawn. Registration runs beside the image model, so it is told but not stacked. */
const STAGES = [
  ["waiting", ["queue"], "stage-1"],
  ["decoding", ["decode", "prepare"], "stage-2"],
  ["image model", ["image"], "stage-3"],
  ["fusing", ["similarity", "fuse"], "stage-4"],
  ["storing", ["mask", "encode", "state"], "stage-5"],
];

const sum = (record, names) => names.reduce((total, name) => total + (record.stage_ms[name] ?? 0), 0);
const total = (record) => STAGES.reduce((whole, [, names]) => whole + sum(record, names), 0);

/** "last, lowest, highest" of a value, for those who do not see the curve. */
function inWords(records, what, value, write) {
  const values = records.map(value).filter((item) => item !== null && item !== undefined);
  if (values.length === 0) return `${what}: no values`;
  const [last, low, high] = [values.at(-1), Math.min(...values), Math.max(...values)].map((value) => write(value));
  return `${what} of ${records.length} frames: last ${last}, lowest ${low}, highest ${high}`;
}

export class Timelines {
  element = h("section", { class: "timelines", "aria-label": "Timelines" });
  #charts = [];
  #classes = [];
  #off = new Set();
  #records = [];
  #chosen = null;
  #hovered = null;
  #wires;

  constructor(picked) {
    this.#wires = { picked, hovered: (record) => this.#hover(record) };
  }

  close() {
    for (const chart of this.#charts) chart.close();
  }

  /** The model's classes, for their colours. */
  set classes(classes) {
    this.#classes = classes;
    this.redraw();
  }

  /** Makes the charts; the classes of a record say which curves there are. */
  prepare(example) {
    if (this.#charts.length) return;
    this.#charts = [this.#classChart(example), this.#similarityChart(), this.#changeChart(), this.#timeChart()];
    this.element.replaceChildren(...this.#charts.map((chart) => chart.element));
  }

  set off(values) {
    this.#off = values;
    this.#draw();
  }

  show(records, chosen) {
    this.#records = records;
    this.#chosen = chosen;
    this.#draw();
  }

  redraw() {
    for (const chart of this.#charts) chart.draw();
  }

  #hover(record) {
    if (record === this.#hovered) return;
    this.#hovered = record;
    this.#draw();
  }

  #draw() {
    for (const chart of this.#charts) chart.show(this.#records, this.#hovered ?? this.#chosen);
  }

  #chart(options) {
    return new Chart({ ...this.#wires, ...options });
  }

  #classChart(example) {
    return this.#chart({
      title: "Classes", stacked: true, top: 1, axis: (value) => `${value * 100} %`,
      series: example.classes.map((item, index) => ({
        colour: () => classColour(this.#classes, item.value),
        value: (record) => (this.#off.has(item.value) ? 0 : record.classes[index].fraction),
      })),
      tell: (record) => record.classes.filter((item) => !this.#off.has(item.value))
        .sort((a, b) => b.fraction - a.fraction)
        .slice(0, 2).map((item) => `${item.name} ${percent(item.fraction, 0)}`).join(", "),
      describe: (records) => `Classes of ${records.length} frames, stacked; the legend tells the numbers`,
    });
  }

  #similarityChart() {
    const value = (record) => record.similarity_mean;
    return this.#chart({
      title: "Similarity", top: 1, axis: (tick) => decimal(tick, 1),
      series: [{ colour: () => colour("accent"), value }],
      tell: (record) => decimal(value(record)), describe: (records) => inWords(records, "Similarity", value, decimal),
    });
  }

  #changeChart() {
    const value = (record) => record.changed_fraction;
    return this.#chart({
      title: "Changed", top: null, axis: (tick) => `${decimal(tick * 100, tick > 0 && tick < 0.01 ? 1 : 0)} %`,
      series: [{ colour: () => colour("accent-2"), value }],
      tell: (record) => percent(value(record)),
      describe: (records) => inWords(records, "Changed fraction", value, percent),
    });
  }

  #timeChart() {
    return this.#chart({
      title: "Time, ms", stacked: true, top: null, axis: (tick) => (tick < 1000 ? `${tick}` : `${tick / 1000} s`),
      keys: STAGES.map(([name, , tint]) => [name, tint]),
      series: STAGES.map(([, names, tint]) => ({ colour: () => colour(tint), value: (record) => sum(record, names) })),
      tell: (record) => `${milliseconds(total(record))}: ` + STAGES.map(([name, names]) => [name, sum(record, names)])
        .sort((a, b) => b[1] - a[1]).slice(0, 2).map(([name, value]) => `${name} ${Math.round(value)}`).join(", "),
      describe: (records) => inWords(records, "Milliseconds a frame", total, milliseconds),
    });
  }
}
