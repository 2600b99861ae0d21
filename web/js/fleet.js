// What is known of all sessions: read from the server, then kept up by its events.

import { Problem, json, serverNow } from "./api.js";
import { Rate } from "./rate.js";

/** Milliseconds without a frame after which an active session counts as silent. */
const SILENT = 5000;
/** Frames whose similarity is kept for the small curve. */
const TRACE = 60;

/** One session as the page knows it. */
export class Craft {
  rate = new Rate();
  /** The last values of similarity_mean, null for frames that nothing was propagated into. */
  trace = [];
  capacity = TRACE;
  last = null;

  constructor(session) {
    this.update(session);
  }

  update(session) {
    this.id = session.id;
    this.session = session;
    // An answer may be older than the events that came while it was on its way.
    this.frames = Math.max(this.frames ?? 0, session.frames);
    this.dropped = session.dropped;
    /** Resets by reason, since the session is in the server's memory; the epoch counts them all. */
    this.resets = { ...session.resets };
    this.epoch = Math.max(this.epoch ?? 0, session.epoch);
    this.seen = session.last_frame_at ? Date.parse(session.last_frame_at) : null;
    /** Up to here the counts above are the server's. What a stream repeats from before must not be counted again. */
    this.counted = session.last_frame_at ?? session.created_at;
  }

  get drone() {
    return this.session.drone_id ?? "";
  }

  /** live, silent, idle or ended. */
  state(now = serverNow()) {
    if (this.session.state !== "active") return this.session.state;
    return this.seen !== null && now - this.seen < SILENT ? "live" : "silent";
  }

  frame(record) {
    this.last = record;
    this.epoch = Math.max(this.epoch, record.epoch);
    if (record.received_at > this.counted) this.frames += 1;
    this.seen = Math.max(this.seen ?? 0, Date.parse(record.received_at));
    this.session.state = "active";
    this.rate.add();
    this.trace.push(record.similarity_mean);
    if (this.trace.length > TRACE) this.trace.shift();
  }

  drop({ at, count }) {
    if (at > this.counted) this.dropped += count;
  }

  reset({ at, reason }) {
    if (at > this.counted) this.resets[reason] = (this.resets[reason] ?? 0) + 1;
  }
}

/** Fires `change` when anything is another, and passes each `frame` on (`record`). */
export class Fleet extends EventTarget {
  crafts = new Map();
  /** Cursor of older sessions; null when all are here, undefined before the first answer. */
  older = undefined;
  #connection;
  #asked = new Set();

  constructor(connection) {
    super();
    this.#connection = connection;
    connection.addEventListener("again", () => this.load());
    connection.addEventListener("event", (event) => this.#apply(event));
  }

  /** The newest hundred sessions, and every other that is active. */
  async load() {
    try {
      const queries = [{}, { state: "active", limit: 1000 }];
      const pages = await Promise.all(queries.map((query) => json("v1/sessions", { query })));
      if (this.older === undefined) this.older = pages[0].next_cursor;
      for (const session of pages.flatMap((page) => page.items)) this.#put(session);
      this.#changed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#connection.retry();
    }
  }

  async loadOlder() {
    const page = await json("v1/sessions", { query: { cursor: this.older } });
    this.older = page.next_cursor;
    for (const session of page.items) this.#put(session);
    this.#changed();
  }

  async read(id) {
    this.#put(await json(`v1/sessions/${id}`));
    this.#changed();
    return this.crafts.get(id);
  }

  #put(session) {
    const craft = this.crafts.get(session.id);
    if (craft) craft.update(session);
    else this.crafts.set(session.id, new Craft(session));
  }

  #apply({ name, data }) {
    const craft = this.crafts.get(data.session_id);
    if (!craft) this.#readOnce(data.session_id);
    else if (name === "frame") craft.frame(data);
    else if (name === "drop") craft.drop(data);
    else if (name === "reset") craft.reset(data);
    else if (name === "session-idle") craft.session.state = "idle";
    else if (name === "session-resumed") craft.session.state = "active";
    else if (name === "session-ended") {
      craft.session.state = "ended";
      craft.session.end_reason = data.reason;
    }
    this.dispatchEvent(Object.assign(new Event("event"), { name, data }));
    this.#changed();
  }

  async #readOnce(id) {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    await this.read(id).catch(() => {});
    this.#asked.delete(id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
