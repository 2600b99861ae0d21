// One session: what it sees, live or at any time of its past.

import { classes } from "../api.js";
import { calmly, choice, h, icon, mark, say } from "../dom.js";
import { brief, clock, count, decimal, milliseconds, reason } from "../format.js";
import { breaks, sample, until } from "../frames.js";
import { Incidents, incident } from "../incidents.js";
import { Legend } from "../legend.js";
import { Overview } from "../overview.js";
import { Playback } from "../playback.js";
import { Stage } from "../stage.js";
import { theme } from "../theme.js";
import { Timelines } from "../timelines.js";

const PICTURES = [["overlay", "Overlay"], ["side", "Side by side"], ["image", "Frame"], ["mask", "Mask"], ["similarity", "Similarity"]];
/** Of a session of more frames than this, the strip shows samples. */
const WHOLE = 400;
const SAMPLES = 160;

export class SessionView {
  #fleet;
  #connection;
  #id;
  #frame;
  #classes = [];
  #off = new Set();
  #abort = new AbortController();
  #stage = new Stage();
  #legend = new Legend((off) => this.#turnOff(off));
  #timelines = new Timelines((record) => this.#playback.choose(record));
  #incidents = new Incidents((record) => this.#playback.seek(record.time));
  #playback;
  #overview;
  #breaks = [];
  #samples = new Map();
  #title = h("h1", { tabindex: "-1" }, "Session");
  #pill = h("span", { class: "pill" });
  #facts = h("span", { class: "facts" });
  #caption = h("p", { class: "caption" });
  #pointer = h("p", { class: "pointer" });
  #note = h("p", { class: "empty", role: "status" });
  #buttons = {};
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
    const { seek, step, home, live } = Object.fromEntries(["seek", "step", "home", "live"].map((name) => [name, (value) => this.#move(name, value)]));
    this.#overview = new Overview({ seek, step, home, live });
    this.#body = h("div", { class: "session-grid", hidden: true },
      h("div", { class: "left" }, this.#tools(), this.#stage.element,
        h("div", { class: "under" }, this.#caption, this.#pointer), this.#overview.element, this.#transport(),
        this.#incidents.element),
      h("div", { class: "right" }, this.#legend.element, this.#timelines.element));
    this.element = h("div", { class: "view session" },
      h("div", { class: "head" }, this.#title, this.#pill, this.#facts,
        h("a", { class: "stream", href: `v1/sessions/${id}/live.mjpeg`, target: "_blank", title: "The overlay as a stream of pictures, for VLC and the like" }, "live.mjpeg")), this.#note, this.#body);
    this.#playback.addEventListener("change", this.#draw);
    this.#playback.addEventListener("fault", () => connection.retry());
    fleet.addEventListener("event", this.#event);
    fleet.addEventListener("change", this.#heading);
    connection.addEventListener("again", this.#again);
    theme.addEventListener("change", this.#repaint);
    this.#point();
    this.#open();
  }

  close() {
    clearInterval(this.#clock);
    this.#abort.abort();
    for (const part of [this.#playback, this.#stage, this.#timelines, this.#overview]) part.close();
    this.#fleet.removeEventListener("event", this.#event);
    this.#fleet.removeEventListener("change", this.#heading);
    this.#connection.removeEventListener("again", this.#again);
    theme.removeEventListener("change", this.#repaint);
  }

  #event = ({ name, data }) => {
    if (data.session_id !== this.#id || name !== "frame") return;
    const begins = this.#playback.range === null;
    this.#playback.add(data);
    if (begins) this.#survey().catch(() => {});
    if (incident(data, false)) this.#overview.breaks = this.#breaks = [...this.#breaks, data];
  };

  #again = () => {
    this.#playback.refresh();
    this.#survey().catch(() => {});
  };

  #repaint = () => {
    this.#timelines.redraw();
    this.#overview.draw();
  };

  #tools() {
    const opacity = h("input", { type: "range", min: "0", max: "100", value: "50", id: "opacity", input: () => {
      this.#stage.opacity = Number(opacity.value) / 100;
      mark(opacity, "aria-valuetext", `${opacity.value} %`);
      this.#stage.draw();
    } });
    return h("div", { class: "tools" },
      choice("Picture", PICTURES, "overlay", (view) => { this.#stage.view = view; }),
      h("div", { class: "opacity" }, h("label", { for: "opacity" }, "Opacity"), opacity));
  }

  #transport() {
    const button = (name, text, label, click) => (this.#buttons[name] = h("button", { click, "aria-label": label, title: label }, text));
    return h("div", { class: "transport", role: "group", "aria-label": "Frames" },
      button("first", icon("first"), "First frame", () => this.#move("home")),
      button("back", icon("back"), "Previous frame", () => this.#move("step", -1)),
      button("play", icon("play"), "Play", () => (this.#playback.playing ? this.#playback.pause() : this.#playback.play())),
      button("on", icon("on"), "Next frame", () => this.#move("step", 1)),
      button("live", "Live", "Follow the newest frame", () => this.#move("live")),
      h("span", { class: "hint" }, "Arrow keys on the strip step a frame, Page Up and Down ten"));
  }

  #move(name, value) {
    if (name !== "step" || this.#playback.playing) this.#playback.pause();
    this.#playback[name](value);
  }

  async #open() {
    try {
      const craft = this.#fleet.crafts.get(this.#id) ?? await this.#fleet.read(this.#id);
      this.#head();
      this.#classes = await classes(craft.session.model);
      this.#stage.classes = this.#classes;
      this.#overview.classes = this.#classes;
      await this.#playback.open(this.#frame);
      await this.#survey();
    } catch (problem) {
      if (this.#abort.signal.aborted) return;
      if (problem.status === 404) say(this.#note, this.#frame ? "There is no such session or frame." : "There is no such session.");
      else {
        say(this.#note, problem.message);
        this.#connection.retry();
        this.#connection.addEventListener("again", () => this.#open(), { once: true, signal: this.#abort.signal });
      }
    }
  }

  /** The whole of the session: all its frames if they are few, else samples; and where it began anew. */
  async #survey() {
    if (!this.#playback.range) return;
    const signal = this.#abort.signal;
    this.#breaks = await breaks(this.#id, signal);
    this.#overview.breaks = this.#breaks;
    this.#draw();
    if (this.#samples.size) return;
    const { frames } = this.#fleet.crafts.get(this.#id);
    const put = (record) => {
      this.#samples.set(record.id, record);
      this.#overview.records = [...this.#samples.values()];
      this.#draw();
    };
    if (frames <= WHOLE) (await until(this.#id, null, WHOLE, signal)).forEach((record) => this.#samples.set(record.id, record));
    else await sample(this.#id, this.#playback.range, SAMPLES, signal, put);
    this.#overview.records = [...this.#samples.values()];
    this.#draw();
  }

  #turnOff(off) {
    this.#off = off;
    this.#stage.off = off;
    this.#timelines.off = off;
  }

  #head() {
    const craft = this.#fleet.crafts.get(this.#id);
    if (!craft) return;
    const { session } = craft;
    say(this.#title, session.drone_id ?? `Session ${brief(this.#id)}`);
    document.title = `${session.drone_id ?? brief(this.#id)} · Windhover`;
    say(this.#pill, craft.state());
    mark(this.#pill, "data-state", craft.state());
    const facts = [session.mission_id, session.model, `${count(craft.frames)} frames`, craft.rate.value() ? `${decimal(craft.rate.value(), 1)} a second` : null,
      `${count(craft.resetCount)} ${craft.resetCount === 1 ? "reset" : "resets"}`, craft.dropped ? `${count(craft.dropped)} dropped` : null];
    say(this.#facts, facts.filter(Boolean).join(" · "));
    mark(this.#facts, "title", Object.entries(craft.resets).map(([name, times]) => `${times} × ${reason(name)}`).join("\n") || null);
  }

  #render() {
    const { records, chosen, following, playing, range } = this.#playback;
    this.#body.hidden = !chosen;
    if (!chosen) return say(this.#note, "No frame has come yet.");
    say(this.#note, "");
    this.#timelines.prepare(this.#classes, chosen);
    this.#stage.show(chosen);
    this.#legend.show(chosen, this.#classes);
    this.#timelines.show(records, chosen);
    this.#overview.range = range;
    if (following && this.#samples.size) this.#grow(records);
    this.#overview.point(chosen, [records[0].time, records.at(-1).time]);
    this.#incidents.show(this.#told(records));
    this.#tellFrame(chosen);
    mark(this.#buttons.live, "aria-pressed", following ? "true" : "false");
    mark(this.#buttons.play, "aria-pressed", playing ? "true" : "false");
    this.#buttons.play.replaceChildren(icon(playing ? "pause" : "play"));
  }

  /** What comes is part of the whole, too; the strip needs no more of it than it has pixels. */
  #grow(records) {
    const known = [...this.#samples.values()].at(-1);
    const apart = (this.#playback.range[1] - this.#playback.range[0]) / (2 * WHOLE);
    for (const record of records) {
      if (record.time > known.time + apart) this.#samples.set(record.id, record);
    }
    this.#overview.records = [...this.#samples.values()];
  }

  /** Breaks of the whole session, and what else happened within the window. */
  #told(records) {
    const all = new Map([...this.#breaks, ...records.filter((record) => incident(record, false))].map((record) => [record.id, record]));
    return [...all.values()].sort((a, b) => a.time - b.time);
  }

  #tellFrame(record) {
    const { registration } = record;
    const parts = [`Frame ${record.sequence}`, clock(record.time, true), record.mode + (record.reason ? `: ${reason(record.reason)}` : ""),
      registration && `${registration.method} ${registration.inliers}/${registration.matches} points`,
      record.gap_ms === null ? null : `${milliseconds(record.gap_ms)} after the last`];
    say(this.#caption, parts.filter(Boolean).join(" · "));
  }

  /** Says which class is under the pointer. */
  #point() {
    this.#stage.element.addEventListener("pointermove", (event) => {
      const canvas = event.target.closest("canvas");
      if (!canvas || !this.#playback.chosen) return;
      const box = canvas.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      const value = this.#stage.classAt(x, y);
      const { width, height, classes: named } = this.#playback.chosen;
      say(this.#pointer, value === null ? "" : `${Math.floor(x * width)}, ${Math.floor(y * height)}: ${named[value]?.name ?? value}`);
    });
    this.#stage.element.addEventListener("pointerleave", () => say(this.#pointer, ""));
  }
}
