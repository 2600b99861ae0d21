// One video file's row: what it is, how far it is, and what can be done with it.

import { h, mark, say } from "./dom.js";
import { bytes, count, decimal, duration, moment } from "./format.js";

const OVER = new Set(["done", "failed", "cancelled"]);

/** Whether nothing more will happen to a video. */
export const isOver = (video) => OVER.has(video.state);

/** What is done of what it does now, 0 to 1; null where that is not known. */
export function share(video) {
  if (video.state === "uploading") return video.length ? video.offset / video.length : null;
  if (video.state === "done") return 1;
  const [done, all] = video.phase === "overlay"
    ? [video.overlay_frames, video.frames] : [video.frames, video.frames_total];
  return all ? Math.min(1, (done ?? 0) / all) : null;
}

/** How far it is, in words. */
export function words(video) {
  if (video.state === "uploading") return `${bytes(video.offset)} of ${bytes(video.length)}`;
  const whole = video.frames_total === null ? "" : ` of ${count(video.frames_total)}`;
  const frames = `${count(video.frames)}${whole} frames`;
  if (video.state !== "running") return video.state === "done" ? `${count(video.frames)} frames` : frames;
  const doing = video.phase === "overlay" ? `overlay, ${count(video.overlay_frames ?? 0)} frames` : frames;
  const pace = video.rate ? ` · ${decimal(video.rate, 1)} a second` : "";
  return `${doing}${pace}${video.seconds_left === null ? "" : ` · ${duration(video.seconds_left)} left`}`;
}

/** A row; `end` is called when its button is pressed. */
export function videoRow(video, end) {
  const parts = {
    state: h("span", { class: "pill" }),
    bar: h("span", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }),
    words: h("span"), note: h("p", { class: "fault-note" }),
    session: h("a", {}, "Session"), overlay: h("a", {}, "Overlay"),
    end: h("button", { click: () => end(parts.video) }),
  };
  const name = video.name ?? video.id;
  mark(parts.bar, "aria-label", `Progress of ${name}`);
  return Object.assign(h("tr", {},
    h("th", { scope: "row", class: "c-name" }, name, h("small", {},
      [video.drone_id, video.mission_id, video.model].filter(Boolean).join(" · "))),
    h("td", { class: "c-state" }, parts.state),
    h("td", { class: "c-progress" }, parts.bar, parts.words, parts.note),
    h("td", {}, h("time", { datetime: video.created_at }, moment(Date.parse(video.created_at)))),
    h("td", { class: "c-links" }, parts.session, parts.overlay),
    h("td", {}, parts.end)), { parts });
}

const PILLS = { running: "live", done: "idle", failed: "silent" };

/** Brings a row up to what is known now. */
export function updateVideoRow(row, video) {
  const { parts } = row;
  parts.video = video;
  say(parts.state, video.state);
  mark(parts.state, "data-state", PILLS[video.state] ?? "ended");
  const part = share(video);
  parts.bar.hidden = part === null || video.state === "done";
  parts.bar.style.setProperty("--share", part ?? 0);
  mark(parts.bar, "aria-valuenow", Math.round(100 * (part ?? 0)));
  say(parts.words, words(video));
  say(parts.note, video.error ?? video.warning ?? "");
  parts.session.hidden = !video.session_id;
  mark(parts.session, "href", video.session_id ? `#/session/${video.session_id}` : null);
  parts.overlay.hidden = !video.links.overlay;
  mark(parts.overlay, "href", video.links.overlay?.slice(1));
  mark(parts.overlay, "target", "_blank");
  const word = isOver(video) ? "Remove" : "Cancel";
  say(parts.end, word);
  mark(parts.end, "aria-label", `${word} ${video.name ?? video.id}`);
}
