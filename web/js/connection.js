// The one stream of events that a page holds, and whether the server is there at all.
//
// Browsers allow six connections to a host over HTTP/1.1, tabs together: so there is one stream a tab, and none while
// the tab is hidden. A stream that begins again continues after the last event that was seen.

import { readiness } from "./api.js";

const NAMES = ["frame", "reset", "drop", "session-begun", "session-idle", "session-resumed", "session-ended",
  "condition", "video", "lost"];
const LOOK_EVERY = 3000;

/**
 * Fires `state` when its state changes: wait, ready, stopping, gone, locked; `event` for each of the server's events,
 * with `name` and `data`; and `again` whenever events may have been missed, and what is known is to be asked for anew.
 */
export class Connection extends EventTarget {
  state = "wait";
  /** When the server was last there. */
  since = null;
  #source = null;
  #cursor = null;
  #timer = null;

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#pause() : this.#look()));
    this.#look();
  }

  /** Asks at once instead of in a while: a request has failed, or a key was shown. */
  retry() {
    this.#look();
  }

  /** The server wants a key. */
  lock() {
    this.#close();
    this.#become("locked");
  }

  unlock() {
    this.#become("wait");
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    const found = await readiness();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), LOOK_EVERY);
    if (document.hidden || this.state === "locked") return;
    if (found === "gone") {
      this.#close();
    } else {
      this.since = Date.now();
      if (!this.#source || this.#source.readyState === EventSource.CLOSED) this.#open();
    }
    this.#become(found);
  }

  #open() {
    this.#close();
    const url = new URL("v1/events", document.baseURI);
    if (this.#cursor !== null) url.searchParams.set("after", this.#cursor);
    const source = new EventSource(url);
    this.#source = source;
    source.onopen = () => this.dispatchEvent(new Event("again"));
    source.onerror = () => {
      if (this.#source !== source) return;
      // One that was cut tries by itself. One that was refused ends, and asking anew finds out why.
      if (source.readyState === EventSource.CLOSED) this.dispatchEvent(new Event("again"));
      else this.#look();
    };
    for (const name of NAMES) {
      source.addEventListener(name, (message) => {
        this.#cursor = message.lastEventId || this.#cursor;
        this.#tell(name, JSON.parse(message.data));
      });
    }
  }

  #tell(name, data) {
    this.since = Date.now();
    if (name === "lost") {
      this.#cursor = null;
      this.dispatchEvent(new Event("again"));
    } else this.dispatchEvent(Object.assign(new Event("event"), { name, data }));
  }

  #pause() {
    clearTimeout(this.#timer);
    this.#close();
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
