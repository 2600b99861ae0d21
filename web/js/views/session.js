// One session: what it sees, live or at any time of its past.

import { classes } from "../api.js";
import { Conditions } from "../conditions.js";
import { Transport, pictureTools } from "../controls.js";
import { calmly, h, mark, say } from "../dom.js";
import { brief, clock, count, decimal, milliseconds, reason } from "../format.js";
import { Incidents } from "../incidents.js";
import { Legend } from "../legend.js";
import { Overview } from "../overview.js";
import { Playback } from "../playback.js";
import { Stage } from "../stage.js";
import { Survey } from "../survey.js";
import { theme } from "../theme.js";
import { Timelines } from "../timelines.js";

/** Files of all its frames: what of the server's exports, name, explanation. */
const exports = [
  ["frames.csv", "CSV", "A row for each frame: what was measured and seen"],
  ["frames.geojson", "GeoJSON", "Footprints on the ground, or positions, for QGIS and the like"],
  ["coco.zip", "COCO", "Images and masks, for CVAT and for training"],
];

export class SessionView {
  #fleet;
  #connection;
  #id;
  #frame;
  #classes = [];
  #closed = new AbortController();
  #playback;
  #survey;
  #stage = new Stage();
  #legend = new Legend((off) => { this.#stage.off = this.#timelines.off = off; });
  #timelines = new Timelines((record) => this.#playback.choose(record));
  #incidents = new Incidents((record) => this.#playback.seek(record.time));
  #conditions;
  #overview;
  #transport;
  #title = h("h1", { tabindex: "-1" }, "Session");
  #pill = h("span", { class: "pill" });
  #facts = h("span", { class: "facts" });
  #caption = h("p", { class: "caption" });
  #pointer = h("p", { class: "pointer" });
  #note = h("p", { class: "empty", role: "status" });
  #body;
  #draw = calmly(60, () => this.#render());
  #heading = calmly(500, () => this.#head());
  #clock = setInterval(() => this.#heading(), 1000);

  constructor({ fleet, connection, parameters: [id, frame] }) {
    this.#fleet = fleet;
    this.#connection = connection;
    this.#id = id;
    this.#frame = frame ?? null;
    this.#playback = new Playback(id);
    this.#survey = new Survey(id);
    this.#conditions = new Conditions(id);
    this.#overview = new Overview(this.#playback);
    this.#transport = new Transport(this.#playback);
    this.#body = h("div", { class: "session-grid", hidden: true },
      h("div", { class: "left" }, pictureTools(this.#stage), this.#stage.element,
        h("div", { class: "under" }, this.#caption, this.#pointer),
        this.#overview.element, this.#transport.element, this.#incidents.element),
      h("div", { class: "right" }, this.#legend.element, this.#conditions.element, this.#timelines.element));
    this.element = h("div", { class: "view session" },
      h("div", { class: "head" }, this.#title, this.#pill, this.#facts,
        h("nav", { class: "files", "aria-label": "This session elsewhere" },
          h("a", { href: `v1/sessions/${id}/live.mjpeg`, target: "_blank",
            title: "The overlay as a stream of pictures, for VLC and the like" }, "live.mjpeg"),
          ...exports.map(([file, text, title]) =>
            h("a", { href: `v1/exports/${file}?session=${id}`, download: "", title }, text)))),
      this.#note, this.#body);
    this.#listen();
    this.#open();
  }

  close() {
    clearInterval(this.#clock);
    this.#closed.abort();
    for (const part of [this.#playback, this.#survey, this.#conditions, this.#stage, this.#timelines, this.#overview]) part.close();
  }

  #listen() {
    const on = (target, name, work) => target.addEventListener(name, work, { signal: this.#closed.signal });
    on(this.#playback, "change", this.#draw);
    on(this.#playback, "fault", () => this.#connection.retry());
    on(this.#survey, "change", this.#draw);
    on(this.#conditions, "change", this.#draw);
    on(this.#conditions, "fault", () => this.#connection.retry());
    on(this.#fleet, "event", (event) => this.#event(event));
    on(this.#fleet, "change", this.#heading);
    on(this.#connection, "again", () => this.#again());
    on(theme, "change", () => {
      this.#timelines.redraw();
      this.#overview.draw();
    });
    on(this.#stage.element, "pointermove", (event) => this.#point(event));
    on(this.#stage.element, "pointerleave", () => say(this.#pointer, ""));
  }

  #event({ name, data }) {
    if (data.session_id !== this.#id) return;
    this.#conditions.event({ name, data });
    if (name !== "frame") return;
    const begins = this.#playback.range === null;
    this.#playback.add(data);
    if (begins) this.#read();
    else this.#survey.add(data, this.#playback.range);
  }

  /** Events may have been missed. */
  #again() {
    this.#playback.refresh();
    this.#conditions.read();
    this.#read();
  }

  async #open() {
    try {
      const craft = this.#fleet.crafts.get(this.#id) ?? await this.#fleet.read(this.#id);
      this.#head();
      this.#classes = await classes(craft.session.model);
      this.#stage.classes = this.#timelines.classes = this.#overview.classes = this.#classes;
      await this.#playback.open(this.#frame);
      this.#draw();
      await Promise.all([this.#conditions.read(), this.#read()]);
    } catch (problem) {
      if (this.#closed.signal.aborted) return;
      if (problem.status === 404) return say(this.#note, `There is no such session${this.#frame ? " or frame" : ""}.`);
      say(this.#note, problem.message);
      this.#connection.retry();
      this.#connection.addEventListener("again", () => this.#open(), { once: true, signal: this.#closed.signal });
    }
  }

  async #read() {
    const craft = this.#fleet.crafts.get(this.#id);
    if (!craft || !this.#playback.range) return;
    await this.#survey.read(craft.frames, this.#playback.range).catch(() => {
      if (!this.#closed.signal.aborted) this.#connection.retry();
    });
  }

  #head() {
    const craft = this.#fleet.crafts.get(this.#id);
    if (!craft) return;
    const { session } = craft;
    say(this.#title, session.drone_id ?? `Session ${brief(this.#id)}`);
    document.title = `${this.#title.textContent} · Windhover`;
    say(this.#pill, craft.state());
    mark(this.#pill, "data-state", craft.state());
    const rate = craft.rate.value();
    const facts = [session.mission_id, session.model, `${count(craft.frames)} frames`,
      rate ? `${decimal(rate, 1)} a second` : null, `${count(craft.epoch)} ${craft.epoch === 1 ? "reset" : "resets"}`,
      craft.dropped ? `${count(craft.dropped)} dropped` : null, session.end_reason];
    say(this.#facts, facts.filter(Boolean).join(" · "));
    mark(this.#facts, "title",
      Object.entries(craft.resets).map(([name, times]) => `${times} × ${reason(name)}`).join("\n") || null);
  }

  #render() {
    const { records, chosen, range } = this.#playback;
    this.#body.hidden = !chosen;
    if (!chosen) return say(this.#note, "No frame has come yet.");
    say(this.#note, "");
    this.#timelines.prepare(chosen);
    this.#stage.show(chosen);
    this.#legend.show(chosen, this.#classes);
    this.#timelines.show(records, chosen);
    this.#overview.show({ range, records: this.#survey.records, breaks: this.#survey.breaks, raised: this.#conditions.raised,
      chosen, window: [records[0].time, records.at(-1).time] });
    this.#incidents.show(this.#survey.told(records), this.#conditions.raised);
    this.#transport.show(this.#playback);
    this.#tell(chosen);
  }

  #tell(record) {
    const { registration, mode, gap_ms: gap } = record;
    const parts = [`Frame ${record.sequence}`, clock(record.time, true),
      mode + (record.reason ? `: ${reason(record.reason)}` : ""),
      registration && `${registration.method} ${registration.inliers}/${registration.matches} points`,
      gap === null ? null : `${milliseconds(gap)} after the last`];
    say(this.#caption, parts.filter(Boolean).join(" · "));
  }

  /** Says which class is under the pointer. */
  #point(event) {
    const canvas = event.target.closest("canvas");
    if (!canvas || !this.#playback.chosen) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const value = this.#stage.classAt(x, y);
    const { width, height, classes: named } = this.#playback.chosen;
    if (value === null) return say(this.#pointer, "");
    say(this.#pointer, `${Math.floor(x * width)}, ${Math.floor(y * height)}: ${named[value]?.name ?? value}`);
  }
}
