// The whole of a session, as far as a strip can show it: all frames if they are few, else samples; and where it began
// anew.

import { breaks, sample, until } from "./frames.js";
import { incident } from "./incidents.js";

/** Of a session of more frames than this, samples are read. */
const WHOLE = 400;
const SAMPLES = 160;

/** Fires `change`. */
export class Survey extends EventTarget {
  /** Frames that began anew, oldest first. */
  breaks = [];
  #session;
  #abort = new AbortController();
  #samples = new Map();

  constructor(session) {
    super();
    this.#session = session;
  }

  close() {
    this.#abort.abort();
  }

  /** Frames of all over the session. */
  get records() {
    return [...this.#samples.values()];
  }

  /** Reads a session of so many frames from its first to its last time; what has been read is not read again. */
  async read(frames, range) {
    const signal = this.#abort.signal;
    this.breaks = await breaks(this.#session, signal);
    this.#changed();
    if (this.#samples.size) return;
    const put = (record) => {
      this.#samples.set(record.id, record);
      this.#changed();
    };
    if (frames <= WHOLE) (await until(this.#session, null, WHOLE, signal)).forEach(put);
    else await sample(this.#session, range, SAMPLES, signal, put);
  }

  /** A frame has come. The strip needs no more of them than it has pixels. */
  add(record, [first, last]) {
    if (incident(record, false)) this.breaks = [...this.breaks, record];
    const newest = this.records.at(-1);
    if (newest && record.time > newest.time + (last - first) / (2 * WHOLE)) this.#samples.set(record.id, record);
  }

  /** Breaks of the whole session, and what else happened among some frames; oldest first. */
  told(records) {
    const all = [...this.breaks, ...records.filter((record) => incident(record, false))];
    return [...new Map(all.map((record) => [record.id, record])).values()].sort((a, b) => a.time - b.time);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
