// Which frame of a session is shown, and which are around it: the newest as they come, or any of the past.

import { json } from "./api.js";
import { after, around, firstTime, nearest, timeOf, until } from "./frames.js";

/** Frames that the charts reach over. */
const WINDOW = 300;
const PLAY_EVERY = 100;

/** Fires `change` when the frames or the chosen one are others, `fault` (`problem`) when the server refuses. */
export class Playback extends EventTarget {
  /** Frames in order of capture. */
  records = [];
  chosen = null;
  following = true;
  playing = false;
  /** Times of the session's first and newest frame; null where there is none yet. */
  range = null;
  #session;
  #abort = new AbortController();
  #asked = null;
  #busy = false;
  #timer = null;

  constructor(session) {
    super();
    this.#session = session;
  }

  close() {
    this.pause();
    this.#abort.abort();
  }

  /** Reads what is needed to begin: the newest frames, or those around one. */
  async open(frame = null) {
    const signal = this.#abort.signal;
    const newest = await until(this.#session, null, frame ? 1 : WINDOW, signal);
    if (newest.length === 0) return;
    const last = newest.at(-1).time;
    if (frame) {
      const record = await json(`v1/frames/${frame}`, { signal });
      this.following = false;
      this.range = [timeOf(record), last];
      await this.#load(timeOf(record));
    } else this.#set(newest, newest.at(-1));
    const first = newest.length < WINDOW && !frame ? newest[0].time : await firstTime(this.#session, last, signal);
    // What came meanwhile has moved the end.
    this.range = [first, Math.max(last, this.range[1])];
    this.#tell();
  }

  /** A frame has come. */
  add(record) {
    record.time = timeOf(record);
    this.range = [Math.min(this.range?.[0] ?? record.time, record.time),
      Math.max(this.range?.[1] ?? record.time, record.time)];
    // Late ones, and those that a stream repeats, have their place already or get it when it is looked at.
    if (!this.following || record.time <= (this.records.at(-1)?.time ?? -Infinity)) return this.#tell();
    this.#set([...this.records, record].slice(-WINDOW), record);
  }

  /** Events may have been missed: what is newest is asked for anew. */
  async refresh() {
    if (this.following) await this.live();
  }

  async live() {
    this.pause();
    this.following = true;
    await this.#guard(async () => {
      const newest = await until(this.#session, null, WINDOW, this.#abort.signal);
      if (this.following && newest.length) this.#set(newest, newest.at(-1));
    });
  }

  /** Shows the frame nearest to a time; of the times asked for while frames load, only the last. */
  async seek(time) {
    if (!this.range) return;
    this.pause();
    this.following = false;
    const inside = this.records.length && time >= this.records[0].time && time <= this.records.at(-1).time;
    if (inside) {
      this.#asked = null;
      return this.choose(this.records[nearest(this.records, time)]);
    }
    this.#asked = time;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#asked !== null) {
      const next = this.#asked;
      this.#asked = null;
      await this.#guard(() => this.#load(next));
    }
    this.#busy = false;
  }

  /** Shows one of the frames that are here. */
  choose(record) {
    this.pause();
    this.following = false;
    this.#set(this.records, record);
  }

  /** So many frames on, or back. */
  async step(frames) {
    this.pause();
    await this.#walk(frames);
  }

  async #walk(frames) {
    if (!this.chosen) return;
    this.following = false;
    const place = this.records.indexOf(this.chosen) + frames;
    if (this.records[place]) this.#set(this.records, this.records[place]);
    else await this.#guard(() => this.#turn(frames));
  }

  async home() {
    if (this.range) await this.seek(this.range[0]);
  }

  /** Shows frame after frame; from the first, if the newest is shown. */
  async play() {
    if (!this.range) return;
    if (this.chosen.time >= this.range[1]) await this.home();
    this.playing = true;
    let walking = false;
    this.#timer = setInterval(async () => {
      if (walking) return;
      if (this.chosen.time >= this.range[1]) return this.pause();
      walking = true;
      await this.#walk(1);
      walking = false;
    }, PLAY_EVERY);
    this.#tell();
  }

  pause() {
    clearInterval(this.#timer);
    if (!this.playing) return;
    this.playing = false;
    this.#tell();
  }

  /** Beyond the window's end: the next window, if there is one. */
  async #turn(frames) {
    const { time } = this.chosen;
    const signal = this.#abort.signal;
    const more = frames > 0 ? await after(this.#session, time, frames, this.range[1], signal)
      : await until(this.#session, time, 1 - frames, signal);
    const target = frames > 0 ? more.at(-1) : more[0];
    if (target && target.id !== this.chosen.id) await this.#load(target.time);
  }

  async #load(time) {
    const records = await around(this.#session, time, WINDOW / 2, this.range[1], this.#abort.signal);
    if (records.length && !this.following) this.#set(records, records[nearest(records, time)]);
  }

  async #guard(work) {
    try {
      await work();
    } catch (problem) {
      if (!this.#abort.signal.aborted) this.dispatchEvent(Object.assign(new Event("fault"), { problem }));
    }
  }

  #set(records, chosen) {
    this.records = records;
    this.chosen = chosen;
    this.range ??= [records[0].time, records.at(-1).time];
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
