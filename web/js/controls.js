// What a session's picture and place in time are chosen with.

import { choice, h, icon, mark } from "./dom.js";

const PICTURES = [["overlay", "Overlay"], ["side", "Side by side"], ["image", "Frame"], ["mask", "Mask"],
  ["similarity", "Similarity"]];

/** Which picture, and how opaque what lies over the frame is. */
export function pictureTools(stage) {
  const opacity = h("input", { type: "range", min: "0", max: "100", value: "50", id: "opacity", input: () => {
    stage.opacity = Number(opacity.value) / 100;
    mark(opacity, "aria-valuetext", `${opacity.value} %`);
    stage.draw();
  } });
  return h("div", { class: "tools" },
    choice("Picture", PICTURES, "overlay", (view) => { stage.view = view; }),
    h("div", { class: "opacity" }, h("label", { for: "opacity" }, "Opacity"), opacity));
}

/** Buttons that move along a playback. */
export class Transport {
  #play;
  #live;

  constructor(playback) {
    const button = (sign, label, click) => h("button", { click, "aria-label": label, title: label }, sign);
    this.#play = button(icon("play"), "Play", () => (playback.playing ? playback.pause() : playback.play()));
    this.#live = button("Live", "Live: follow the newest frame", () => playback.live());
    this.element = h("div", { class: "transport", role: "group", "aria-label": "Frames" },
      button(icon("first"), "First frame", () => playback.home()),
      button(icon("back"), "Previous frame", () => playback.step(-1)),
      this.#play, button(icon("on"), "Next frame", () => playback.step(1)), this.#live,
      h("span", { class: "hint" }, "Arrow keys on the strip step a frame, Page Up and Down ten"));
  }

  show({ following, playing }) {
    mark(this.#live, "aria-pressed", following ? "true" : "false");
    mark(this.#play, "aria-pressed", playing ? "true" : "false");
    if (this.playing !== playing) this.#play.replaceChildren(icon(playing ? "pause" : "play"));
    this.playing = playing;
  }
}
