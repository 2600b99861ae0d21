// Frames of one session from the log. The server lists them newest first, a page at most a thousand; a session may have
// a hundred thousand. So no more is read than is shown: a window around a time, and samples of the whole.

import { json } from "./api.js";

/** A record's time of capture in milliseconds, to the microsecond. */
export function timeOf(record) {
  return Date.parse(record.captured_at) + Number(record.captured_at.slice(23, -1) || 0) / 1000;
}

/** A time in milliseconds as the interface writes it, to the microsecond. */
export function stamp(time) {
  const micros = Math.round(time * 1000);
  const rest = ((micros % 1000) + 1000) % 1000;
  return `${new Date((micros - rest) / 1000).toISOString().slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

const TICK = 0.001;

async function list(session, query, signal) {
  const page = await json("v1/frames", { query: { session, ...query }, signal });
  for (const record of page.items) record.time = timeOf(record);
  return { items: page.items.reverse(), more: page.next_cursor !== null };
}

/** The last frames taken at a time or before, oldest first; without a time the newest there are. */
export async function until(session, time, limit, signal) {
  return (await list(session, { to: time === null ? null : stamp(time + TICK), limit }, signal)).items;
}

/** The next frames taken after a time, oldest first. `last` is the time of the newest. */
export async function after(session, time, limit, last, signal) {
  let span = 5000;
  while (time < last) {
    const end = Math.min(time + span, last);
    const page = await list(session, { from: stamp(time + TICK), to: stamp(end + TICK), limit: 1000 }, signal);
    if (page.more) span /= 4;
    else if (page.items.length === 0 && end < last) span *= 8;
    else return page.items.slice(0, limit);
  }
  return [];
}

/** About `half` frames on either side of a time, oldest first. */
export async function around(session, time, half, last, signal) {
  const sides = [until(session, time, half, signal), after(session, time, half, last, signal)];
  return (await Promise.all(sides)).flat();
}

/** The time of the first frame, found by halving: nothing lists oldest first. Null where there is no frame. */
export async function firstTime(session, newest, signal) {
  let known = newest;
  let empty = null;
  for (let step = 4096; ; ) {
    const probe = empty === null ? known - step : (known + empty) / 2;
    const [found] = await until(session, probe, 1, signal);
    if (found) known = found.time;
    else empty = probe;
    if (empty === null) step *= 4;
    // What is left to halve is a page.
    else if (known - empty <= Math.max(1, (newest - known) / 4000)) break;
  }
  const { items } = await list(session, { from: stamp(empty), to: stamp(known), limit: 1000 }, signal);
  return items[0]?.time ?? known;
}

/** The order in which to sample: the ends, the middle, the quarters, …: the whole is seen early, then ever finer. */
export function spreadOrder(count) {
  const order = [0, count - 1];
  const seen = new Set(order);
  for (let parts = 2; seen.size < count; parts *= 2) {
    for (let index = 1; index < parts; index += 2) {
      const place = Math.round((index * (count - 1)) / parts);
      if (!seen.has(place)) order.push(place);
      seen.add(place);
    }
  }
  return [...new Set(order)];
}

/** Reads frames spread evenly over a time, at most so many, and calls with each once. */
export async function sample(session, [first, last], count, signal, each) {
  const queue = spreadOrder(count);
  const seen = new Set();
  const work = async () => {
    while (queue.length && !signal.aborted) {
      const place = queue.shift();
      const [record] = await until(session, first + ((last - first) * place) / (count - 1), 1, signal);
      if (record && !seen.has(record.id)) each(record);
      if (record) seen.add(record.id);
    }
  };
  // Two at a time: pictures and events need connections too.
  await Promise.all([work(), work()]);
}

/** Frames that began anew, with the reason; the newest thousand of each kind, oldest first. */
export async function breaks(session, signal) {
  const pages = await Promise.all(["reset", "cold"].map((mode) => list(session, { mode, limit: 1000 }, signal)));
  return pages.flatMap((page) => page.items).sort((a, b) => a.time - b.time);
}

/** The place of the record nearest to a time, among records in order. */
export function nearest(records, time) {
  let [low, high] = [0, records.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (records[middle].time < time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time - records[low - 1].time < records[low].time - time ? low - 1 : low;
}
