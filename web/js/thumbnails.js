// Small pictures of what sessions see now: one asked for at a time, and only for those on the screen.

import { picture } from "./api.js";
import { h } from "./dom.js";

const PAUSE = 400;

/** Canvases, because a picture that is exchanged in one does not flicker. */
export class Thumbnails {
  #canvases = new Map();
  #visible = new Set();
  #shown = new Map();
  #wanted = [];
  #next = 0;
  #timer = setInterval(() => this.#step(), PAUSE);
  #busy = false;
  #watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target.dataset.id);
      else this.#visible.delete(target.dataset.id);
    }
  });

  make(id) {
    const canvas = h("canvas", { class: "thumb", width: 128, height: 72, "data-id": id, "aria-hidden": "true" });
    this.#canvases.set(id, canvas);
    this.#watch.observe(canvas);
    return canvas;
  }

  /** The sessions there are now. */
  want(crafts) {
    this.#wanted = crafts;
  }

  close() {
    clearInterval(this.#timer);
    this.#watch.disconnect();
  }

  async #step() {
    if (this.#busy || document.hidden) return;
    const due = this.#wanted.filter(({ id, frames, session: { options } }) => frames > 0 && this.#visible.has(id)
      && this.#shown.get(id) !== frames && options.store_masks && options.store_images !== "none");
    if (due.length === 0) return;
    const craft = due.find(({ id }) => !this.#shown.has(id)) ?? due[this.#next++ % due.length];
    this.#busy = true;
    this.#shown.set(craft.id, craft.frames);
    try {
      const bitmap = await picture(`v1/sessions/${craft.id}/latest.jpg`, { query: { legend: false, alpha: 0.5 } });
      const canvas = this.#canvases.get(craft.id);
      const context = canvas.getContext("2d");
      const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, (canvas.width - bitmap.width * scale) / 2, (canvas.height - bitmap.height * scale) / 2,
        bitmap.width * scale, bitmap.height * scale);
      bitmap.close();
    } catch {
      // Not stored, or the server is gone: the place stays as it is.
    }
    this.#busy = false;
    // An empty place is filled at once, a picture that is there can wait.
    if (due.some(({ id }) => !this.#shown.has(id))) this.#step();
  }
}
