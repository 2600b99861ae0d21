/** Counts how often something happens, over the last few seconds. */
export class Rate {
  #times = [];
  #window;

  constructor(window = 5000) {
    this.#window = window;
  }

  add(now = performance.now()) {
    this.#times.push(now);
    this.#forget(now);
  }

  /** A second; over the time since the first, where that is less than the window. */
  value(now = performance.now()) {
    this.#forget(now);
    if (this.#times.length < 2) return 0;
    const span = Math.min(this.#window, Math.max(1000, now - this.#times[0]));
    return (this.#times.length * 1000) / span;
  }

  #forget(now) {
    let gone = 0;
    while (gone < this.#times.length && now - this.#times[gone] > this.#window) gone += 1;
    if (gone) this.#times.splice(0, gone);
  }
}
