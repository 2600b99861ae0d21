// The pictures of one frame, put together here: so opacity and classes change at once, and nothing is asked for twice.

import { Problem, bytes, picture } from "./api.js";
import { h, reconcile, say } from "./dom.js";
import { decodeMask, paint, pixel } from "./mask.js";
import { colourise } from "./ramp.js";
import { classColour } from "./theme.js";

/** What each pane of a view shows: the frame (image), and what lies over it. */
const VIEWS = {
  overlay: [{ name: "overlay", image: true, mask: true }],
  image: [{ name: "image", image: true }],
  mask: [{ name: "mask", mask: true, solid: true }],
  similarity: [{ name: "similarity", image: true, similarity: true }],
  side: [{ name: "image", image: true }, { name: "overlay", image: true, mask: true }],
};

const MISSING = {
  image: "The session does not store frames (store_images: none).",
  mask: "The session does not store masks.",
  similarity: "Nothing was propagated into this frame, so there is no similarity.",
};

/** Null where the server says that there is no such picture any more; throws where it does not answer. */
async function optional(work) {
  try {
    return await work;
  } catch (problem) {
    if (problem instanceof Problem && [404, 410].includes(problem.status)) return null;
    throw problem;
  }
}

export class Stage {
  element = h("div", { class: "stage" });
  opacity = 0.5;
  #view = "overlay";
  #classes = [];
  #off = new Set();
  #shown = null;
  #wanted = null;
  #busy = false;
  #sheet = new OffscreenCanvas(1, 1);
  #similar = new OffscreenCanvas(1, 1);
  #resized = new ResizeObserver(() => this.draw());

  constructor() {
    this.#resized.observe(this.element);
  }

  close() {
    this.#resized.disconnect();
    this.#wanted = null;
  }

  set classes(classes) {
    this.#classes = classes;
    this.#repaint();
  }

  /** Values of classes that are not shown. */
  set off(values) {
    this.#off = values;
    this.#repaint();
  }

  set view(name) {
    this.#view = name;
    if (this.#shown) this.show(this.#shown.record);
  }

  /** Shows a frame; of those asked for while another loads, only the last. */
  async show(record) {
    if (!this.#busy && this.#shown?.record.id === record.id && this.#shown.view === this.#view) return;
    this.#wanted = record;
    if (this.#busy) return;
    this.#busy = true;
    this.element.ariaBusy = "true";
    while (this.#wanted) {
      const next = this.#wanted;
      this.#wanted = null;
      try {
        this.#shown = await this.#load(next);
        this.#repaint();
      } catch (problem) {
        // Where the server is gone, what is shown stays.
        if (!(problem instanceof Problem)) reportError(problem);
      }
    }
    this.#busy = false;
    this.element.ariaBusy = "false";
  }

  /** The class at a point of the frame, both from 0 to 1; null outside, or without a mask. */
  classAt(x, y) {
    const mask = this.#shown?.mask;
    if (!mask || x < 0 || y < 0 || x >= 1 || y >= 1) return null;
    return mask.values[Math.floor(y * mask.height) * mask.width + Math.floor(x * mask.width)];
  }

  async #load(record) {
    const old = this.#shown?.record.id === record.id ? this.#shown : null;
    const view = this.#view;
    const panes = VIEWS[view];
    const path = `v1/frames/${record.id}`;
    // A record has links to what is stored, so nothing is asked for in vain.
    const stored = { image: record.links.image ?? record.links.overlay, mask: record.links.mask,
      similarity: record.links.similarity };
    const need = (layer, work) => {
      if (old?.[layer] || !panes.some((pane) => pane[layer])) return old?.[layer];
      return stored[layer] ? optional(work()) : null;
    };
    const [image, mask, similarity] = await Promise.all([
      need("image", () => picture(`${path}/image`)),
      need("mask", async () => decodeMask(await bytes(`${path}/mask`))),
      need("similarity", () => picture(`${path}/similarity`)),
    ]);
    if (!old) for (const layer of ["image", "similarity"]) this.#shown?.[layer]?.close();
    if (similarity && similarity !== old?.similarity) this.#colour(similarity);
    return { view, record, image, mask, similarity };
  }

  #colour(bitmap) {
    // The map is as coarse as the features are; colouring every pixel of the frame would gain nothing.
    const width = Math.min(480, bitmap.width);
    const height = Math.max(1, Math.round((bitmap.height * width) / bitmap.width));
    Object.assign(this.#similar, { width, height });
    const context = this.#similar.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0, width, height);
    context.putImageData(colourise(context.getImageData(0, 0, width, height)), 0, 0);
  }

  #repaint() {
    const mask = this.#shown?.mask;
    if (mask) {
      const tint = (value) => (this.#off.has(value) ? 0 : pixel(classColour(this.#classes, value)));
      const pixels = Uint32Array.from({ length: 256 }, (_, value) => tint(value));
      Object.assign(this.#sheet, { width: mask.width, height: mask.height });
      this.#sheet.getContext("2d").putImageData(paint(mask, pixels), 0, 0);
    }
    this.draw();
  }

  draw() {
    if (!this.#shown) return;
    const panes = VIEWS[this.#view];
    const { record } = this.#shown;
    this.element.style.setProperty("--panes", panes.length);
    this.element.style.setProperty("--ratio", record.width / record.height);
    reconcile(this.element, panes, (pane) => pane.name, () => this.#pane(),
      (element, pane) => this.#drawPane(element, pane));
  }

  #pane() {
    const canvas = h("canvas", { role: "img" });
    const ends = [h("span", {}, "new"), h("span", { class: "colours" }), h("span", {}, "as before")];
    const pane = h("div", { class: "pane" }, canvas, h("p", { class: "note" }), h("p", { class: "ramp" }, ends));
    return Object.assign(pane, { canvas });
  }

  #drawPane({ canvas, children: [, note, key] }, pane) {
    const { record, image, mask, similarity } = this.#shown;
    const scale = devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.globalAlpha = 1;
    context.clearRect(0, 0, width, height);
    if (pane.image && image) context.drawImage(image, 0, 0, width, height);
    const alone = pane.solid || !image;
    context.globalAlpha = alone ? 1 : this.opacity;
    context.imageSmoothingEnabled = !pane.mask || width < record.width;
    if (pane.mask && mask) context.drawImage(this.#sheet, 0, 0, width, height);
    if (pane.similarity && similarity) context.drawImage(this.#similar, 0, 0, width, height);
    const missing = ["similarity", "mask", "image"].find((layer) => pane[layer] && this.#shown[layer] === null);
    say(note, missing ? MISSING[missing] : "");
    note.hidden = !missing;
    key.hidden = !pane.similarity || !similarity;
    canvas.setAttribute("aria-label", `Frame ${record.sequence}, ${pane.name}`);
    canvas.dataset.frame = record.id;
  }
}
