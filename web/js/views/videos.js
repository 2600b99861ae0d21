// Video files: choose or drop one, see how far each is, cancel it, and go to what became of it.

import { json, write, writeWith } from "../api.js";
import { calmly, h, reconcile, say } from "../dom.js";
import { upload } from "../upload.js";
import { isOver, updateVideoRow, videoRow } from "../video-row.js";

const LOOK_EVERY = 2000;

export class VideosView {
  #connection;
  #abort = new AbortController();
  #videos = [];
  #older = null;
  #pages = 1;
  #body = h("tbody");
  #empty = h("p", { class: "empty", role: "status" }, "Asking the server …");
  #fault = h("p", { class: "fault", role: "alert" });
  #more = h("button", { class: "quiet", hidden: true, click: () => { this.#pages += 1; this.#read(); } },
    "Load older videos");
  #file = h("input", { type: "file", id: "video-file", accept: "video/mp4,video/quicktime,video/x-matroska,.mkv",
    change: () => this.#take([...this.#file.files]) });
  #drone = h("input", { type: "text", id: "video-drone", maxLength: 200 });
  #mission = h("input", { type: "text", id: "video-mission", maxLength: 200 });
  #overlay = h("input", { type: "checkbox", id: "video-overlay" });
  #key = h("input", { type: "password", id: "video-key", autocomplete: "current-password",
    change: () => writeWith(this.#key.value) });
  #keyField = h("div", { class: "field", hidden: true },
    h("label", { for: "video-key" }, "Key, which changing something needs"), this.#key);
  #draw = calmly(500, () => this.#read());
  #timer = setInterval(() => { if (this.#videos.some((video) => !isOver(video))) this.#draw(); }, LOOK_EVERY);

  constructor({ connection }) {
    this.#connection = connection;
    const { signal } = this.#abort;
    connection.addEventListener("again", () => this.#draw(), { signal });
    connection.addEventListener("event", ({ name }) => { if (name === "video") this.#draw(); }, { signal });
    this.element = h("div", { class: "view videos" },
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "Videos")),
      this.#form(), this.#fault,
      h("div", { class: "scroll", role: "region", "aria-label": "Video files", tabindex: "0" },
        h("table", {}, h("caption", { class: "hidden" }, "Video files, the newest first"),
          h("thead", {}, h("tr", {}, ["File", "State", "Progress", "Came", "See", "End"].map((text) =>
            h("th", { scope: "col" }, text)))),
          this.#body), this.#empty),
      this.#more);
    this.#read();
  }

  /** What is on its way goes on: whoever looks at something else has not changed their mind. */
  close() {
    clearInterval(this.#timer);
    this.#abort.abort();
  }

  #form() {
    const zone = h("div", { class: "drop panel" },
      h("div", { class: "field" },
        h("label", { for: "video-file" }, "An MP4, MOV or MKV file; or drop it here"), this.#file),
      h("div", { class: "field" }, h("label", { for: "video-drone" }, "Drone"), this.#drone),
      h("div", { class: "field" }, h("label", { for: "video-mission" }, "Mission"), this.#mission),
      h("label", { class: "check" }, this.#overlay, h("span", {}, "Make an overlay")),
      this.#keyField);
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      this.#take([...event.dataTransfer.files]);
    });
    return zone;
  }

  async #take(files) {
    say(this.#fault, "");
    for (const file of files) {
      const query = { name: file.name.slice(0, 60), drone: this.#drone.value.trim() || null,
        mission: this.#mission.value.trim() || null, overlay: this.#overlay.checked || null };
      try {
        await upload(file, query, { begun: () => this.#draw(), came: () => this.#draw() });
      } catch (problem) {
        this.#complain(problem, file.name);
      }
    }
    // The same file can be chosen again.
    this.#file.value = "";
    this.#draw();
  }

  async #end(video) {
    say(this.#fault, "");
    try {
      await write("DELETE", `v1/videos/${video.id}`);
    } catch (problem) {
      if (problem.status !== 404) this.#complain(problem, video.name ?? video.id);
    }
    this.#draw();
  }

  #complain(problem, name) {
    if (problem.status === 401) {
      this.#keyField.hidden = false;
      this.#key.focus();
    }
    say(this.#fault, `${name}: ${problem.message}`);
  }

  async #read() {
    if (this.#abort.signal.aborted) return;
    try {
      let [items, cursor] = [[], null];
      for (let page = 0; page < this.#pages && (page === 0 || cursor); page += 1) {
        const answer = await json("v1/videos", { query: { limit: 50, cursor }, signal: this.#abort.signal });
        items = items.concat(answer.items);
        cursor = answer.next_cursor;
      }
      [this.#videos, this.#older] = [items, cursor];
    } catch (problem) {
      if (this.#abort.signal.aborted) return;
      say(this.#empty, problem.message);
      return this.#connection.retry();
    }
    reconcile(this.#body, this.#videos, (video) => video.id, (video) => videoRow(video, (item) => this.#end(item)),
      updateVideoRow);
    this.#more.hidden = !this.#older;
    say(this.#empty, this.#videos.length ? "" : "No video file yet.");
  }
}
