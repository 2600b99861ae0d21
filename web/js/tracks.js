// Where sessions flew: positions of their frames, as many as a map can show.

import { breaks, firstTime, sample, timeOf, until } from "./frames.js";
import { cut, mercator, unroll, wrap } from "./projection.js";

const WHOLE = 400;
const SAMPLES = 80;
/** Points of one session; beyond, every other one is given up. */
const MOST = 2000;

/** The least of a frame that a map needs; null without a position. */
function point(record) {
  const { lat, lon, heading_deg: heading } = record.position ?? {};
  if (typeof lat !== "number" || typeof lon !== "number") return null;
  return { id: record.id, session: record.session_id, sequence: record.sequence, time: record.time ?? timeOf(record),
    lat, lon, heading, outlines: outlines(record.telemetry?.footprint),
    anew: record.mode === "reset", reason: record.reason };
}

/** The outlines of the ground in view: two where the antimeridian cuts it, null where it is not known. */
function outlines(geometry) {
  if (!geometry) return null;
  return geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((part) => part[0]);
}

/** Fires `change`. */
export class Tracks extends EventTarget {
  /** Points in order, by session. */
  bySession = new Map();
  #abort = new AbortController();

  close() {
    this.#abort.abort();
  }

  /** Reads a session's track, unless it is there. */
  async read({ id, frames }) {
    if (this.bySession.has(id)) return;
    const found = [];
    this.bySession.set(id, found);
    const signal = this.#abort.signal;
    try {
      const newest = await until(id, null, frames <= WHOLE ? WHOLE : 1, signal);
      for (const record of newest) this.#put(found, record);
      if (newest.length === 0 || frames <= WHOLE) return;
      const last = newest.at(-1).time;
      for (const record of await breaks(id, signal)) this.#put(found, record);
      await sample(id, [await firstTime(id, last, signal), last], SAMPLES, signal,
        (record) => this.#put(found, record));
    } catch (problem) {
      this.bySession.delete(id);
      if (!signal.aborted) throw problem;
    }
  }

  /** A frame has come. */
  add(record) {
    const points = this.bySession.get(record.session_id);
    if (points) this.#put(points, record);
  }

  #put(points, record) {
    const found = point(record);
    if (!found || points.some((other) => other.id === found.id)) return;
    let place = points.length;
    while (place > 0 && points[place - 1].time > found.time) place -= 1;
    points.splice(place, 0, found);
    if (points.length > MOST) {
      points.splice(0, points.length, ...points.filter((_, index) => index % 2 === 0 || index === points.length - 1));
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Lays the points of some sessions on the plane (`x`, `y`), all cut open at the same place. */
  plane(sessions) {
    // Copies: a frame that comes before the map is drawn has no place on the plane yet.
    const all = sessions.map((id) => [id, [...(this.bySession.get(id) ?? [])]]);
    const chosen = all.filter(([, points]) => points.length);
    const start = cut(chosen.flatMap(([, points]) => points.map((item) => item.lon)));
    for (const item of chosen.flatMap(([, points]) => points)) {
      Object.assign(item, { x: unroll(item.lon, start), y: mercator(item.lat) });
      // Beside its camera, wherever the globe is cut open.
      item.ground = item.outlines?.map((outline) => outline.map(([lon, lat]) => (
        { x: item.x + wrap(lon - item.lon), y: mercator(lat) })));
    }
    return chosen;
  }
}
