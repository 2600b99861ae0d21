// How the server is: readiness, memory, the store, where time goes.

import { text } from "../api.js";
import { h, mark, reconcile, say } from "../dom.js";
import { bytes, clock, count, milliseconds, percent, reason } from "../format.js";
import { between, histograms, parse, quantile, sumBy, value } from "../metrics.js";

const EVERY = 2000;
/** Readings that "lately" reaches back over. */
const LATELY = 15;
const RECENT = "of the last half minute, or where nothing came, all";
const STAGES = ["queue", "decode", "prepare", "image", "register", "similarity", "fuse", "mask", "encode", "state"];

export class ServerView {
  #connection;
  #abort = new AbortController();
  #readings = [];
  #tiles = h("dl", { class: "tiles" });
  #modes = h("tbody");
  #stages = h("tbody");
  #routes = h("tbody");
  #readAt = h("span", { class: "facts" });
  #timer = setInterval(() => this.#read(), EVERY);

  constructor({ connection }) {
    this.#connection = connection;
    const times = ["Times", "Mean", "Median", "95 %"];
    this.element = h("div", { class: "view server" },
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Server"), this.#readAt),
      this.#tiles,
      h("div", { class: "tables" },
        h("div", {},
          table("Frames and resets", "since the server began", ["Kind", "Count", "Share"], this.#modes),
          table("Stages of a frame", RECENT, ["Stage", ...times], this.#stages)),
        table("Requests", RECENT, ["Route", ...times], this.#routes)));
    connection.addEventListener("state", () => this.#read(), { signal: this.#abort.signal });
    this.#read();
  }

  close() {
    clearInterval(this.#timer);
    this.#abort.abort();
  }

  async #read() {
    if (document.hidden) return;
    try {
      const samples = parse(await text("metrics", { signal: this.#abort.signal }));
      this.#readings = [...this.#readings, samples].slice(-LATELY);
      say(this.#readAt, `read at ${clock(Date.now())}`);
      this.#render(samples);
    } catch (problem) {
      if (this.#abort.signal.aborted) return;
      if (problem.status === 403) say(this.#readAt, "your key sees some drones only, and these figures are of all");
      else this.#connection.retry();
    }
    this.#showTiles();
  }

  #showTiles() {
    const now = this.#readings.at(-1) ?? [];
    const get = (name) => value(now, name);
    const [used, budget] = [get("windhover_state_bytes"), get("windhover_state_budget_bytes")];
    const commits = get("windhover_store_commit_seconds_count");
    const states = { ready: "Ready", stopping: "Stopping", full: "Disk full", gone: "Not reachable",
      locked: "Key needed", wait: "…" };
    const [free, disk] = [get("windhover_disk_free_bytes"), get("windhover_disk_total_bytes")];
    const tiles = [
      ["Readiness", states[this.#connection.state], null, this.#connection.state],
      ["Sessions in memory", count(get("windhover_sessions"))],
      ["Frames in flight", count(get("windhover_frames_in_flight"))],
      ["Temporal state", bytes(used), budget ? [used / budget, `of ${bytes(budget)}`] : null],
      ["Resident memory", bytes(get("process_resident_memory_bytes"))],
      ["Database", bytes(get("windhover_store_database_bytes")), null],
      ["Free on the disk", bytes(free), disk ? [free / disk, `of ${bytes(disk)}`] : null],
      ["Write-ahead log", bytes(get("windhover_store_wal_bytes"))],
      ["Changes waiting", count(get("windhover_store_queue_length"))],
      ["Mean commit", milliseconds(commits ? (1000 * get("windhover_store_commit_seconds_sum")) / commits : null)],
    ];
    reconcile(this.#tiles, tiles, ([name]) => name, ([name]) => h("div", { class: "tile panel" }, h("dt", {}, name),
      h("dd", {}, h("span"), h("small"), h("span", { class: "bar", hidden: true }))),
      (element, [, shown, share, state]) => {
        const [main, small, bar] = element.lastChild.children;
        say(main, shown);
        mark(element, "data-state", state);
        say(small, share?.[1] ?? "");
        bar.hidden = !share;
        if (share) bar.style.setProperty("--share", share[0]);
      });
  }

  #render(now) {
    const frames = [...sumBy(now, "windhover_frames_total", "mode")];
    const whole = frames.reduce((sum, [, times]) => sum + times, 0);
    const resets = [...sumBy(now, "windhover_resets_total", "reason")];
    const rows = [...frames.map(([mode, times]) => [`frames ${mode}`, times]),
      ...resets.map(([why, times]) => [`resets: ${reason(why)}`, times])];
    fill(this.#modes, rows.map(([name, times]) => [name, [count(times), whole ? percent(times / whole) : "–"]]));
    fill(this.#stages, this.#times("windhover_stage_seconds", ["stage"])
      .sort(([a], [b]) => STAGES.indexOf(a) - STAGES.indexOf(b)));
    fill(this.#routes, this.#times("http_server_request_duration_seconds", ["method", "route"])
      .sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Rows of a histogram: of what came lately, or since the beginning where nothing did. */
  #times(name, labels) {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)]
      .map((samples) => histograms(samples, name, labels));
    return [...last].map(([key, whole]) => {
      const recent = this.#readings.length > 1 ? between(first.get(key), whole) : whole;
      const shown = recent.count ? recent : whole;
      const times = (share) => milliseconds(quantile(shown, share) * 1000);
      const mean = shown.count ? milliseconds((1000 * shown.sum) / shown.count) : "–";
      return [key, [count(shown.count), mean, times(0.5), times(0.95)]];
    });
  }
}

function table(title, note, heads, body) {
  return h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, title), h("small", {}, note)),
    h("table", {}, h("caption", { class: "hidden" }, title),
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), body));
}

function fill(body, rows) {
  reconcile(body, rows, ([name]) => name, ([name, cells]) => h("tr", {}, h("th", { scope: "row" }, name),
    cells.map(() => h("td"))),
    (row, [, cells]) => cells.forEach((text, index) => say(row.children[index + 1], text)));
}
