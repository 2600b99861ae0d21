// A file's way to the server, in pieces (tus 1.0.0): what breaks off goes on, and nothing is held but the piece.

import { Problem, write } from "./api.js";

const PIECE = 4 << 20;
const ATTEMPTS = 8;
const VERSION = { "Tus-Resumable": "1.0.0" };

const pause = (milliseconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(signal.reason);
  }, { once: true });
});

/** Whether trying again may help. */
function passes(problem) {
  return problem instanceof Problem && (problem.status === 0 || problem.status === 503 || problem.status === 409);
}

/**
 * Uploads a file and gives the video's id. `begun(id)` is told when the server knows of it, `came(bytes)` how much of it
 * is there.
 */
export async function upload(file, query, { signal, begun = () => {}, came = () => {} } = {}) {
  const headers = { ...VERSION, "Upload-Length": String(file.size) };
  const { id } = await (await write("POST", "v1/videos", { query, headers, signal })).json();
  begun(id);
  let offset = 0;
  for (let failures = 0; offset < file.size;) {
    try {
      const piece = file.slice(offset, offset + PIECE);
      const answer = await write("PATCH", `v1/videos/${id}`, {
        body: piece, signal,
        headers: { ...VERSION, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" },
      });
      offset = Number(answer.headers.get("Upload-Offset"));
      failures = 0;
    } catch (problem) {
      if (!passes(problem) || ++failures >= ATTEMPTS) throw problem;
      await pause(Math.min(250 * 2 ** failures, 8000), signal);
      // The server knows what it has.
      const standing = await write("HEAD", `v1/videos/${id}`, { signal }).catch(() => null);
      if (standing) offset = Number(standing.headers.get("Upload-Offset"));
    }
    came(offset);
  }
  return id;
}
