// The server's interface as this page uses it: reading, but for video files. Paths are relative to the page, so that a proxy may
// put the whole service below a prefix.

/** What the server answered instead of what was asked for; status 0 where it did not answer. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.status = status;
    this.slug = (body.type ?? "").split(":").pop();
  }
}

/** Told of every answer 401; set by the page's login. */
export const unauthenticated = new EventTarget();

/** A path with a query; members that are null or undefined are left out. */
export function address(path, query = {}) {
  const url = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

/** Milliseconds that an answer may take. */
const PATIENCE = 15000;

/** Asks, and reads the answer in one of fetch's ways; it may be cut short as well as stay away. */
async function ask(how, path, { query, signal } = {}) {
  const limit = AbortSignal.timeout(PATIENCE);
  try {
    const response = await fetch(address(path, query), { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (response.ok) return await response[how]();
    if (response.status === 401) unauthenticated.dispatchEvent(new Event("401"));
    throw new Problem(response.status, await response.json().catch(() => ({})));
  } catch (error) {
    if (error instanceof Problem || signal?.aborted) throw error;
    throw new Problem(0, { detail: "The server does not answer." });
  }
}

export const json = (path, options) => ask("json", path, options);
export const text = (path, options) => ask("text", path, options);
export const bytes = (path, options) => ask("arrayBuffer", path, options);

/** A picture, decoded beside the page's own thread. */
export const picture = async (path, options) => createImageBitmap(await ask("blob", path, options));

let key = null;

/** What shall be shown with requests that change something: the cookie is good for reading only. */
export function writeWith(text) {
  key = text || null;
}

/** A request that changes something, or asks about an upload; there is no limit to how long it takes. */
export async function write(method, path, { query, headers = {}, body, signal } = {}) {
  const shown = key ? { Authorization: `Bearer ${key}` } : {};
  let response;
  try {
    response = await fetch(address(path, query), { method, headers: { ...shown, ...headers }, body, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { detail: "The server does not answer." });
  }
  if (response.ok) return response;
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

/** Whether a key is right. If so, a cookie stands for it from here on. */
export async function login(key) {
  const response = await fetch(address("v1/login"), { method: "POST", headers: { Authorization: `Bearer ${key}` } });
  return response.ok;
}

let skew = 0;

/** The server's time, as near as its answers' dates tell; its clock need not be ours. */
export function serverNow() {
  return Date.now() + skew;
}

function compareClocks(response) {
  const theirs = Date.parse(response.headers.get("Date") ?? "");
  const apart = theirs + 500 - Date.now();
  // The header counts whole seconds.
  skew = Number.isNaN(apart) || Math.abs(apart) < 2000 ? 0 : apart;
}

/** What /readyz says: ready, stopping (it answers, but takes no frames) or gone. */
export async function readiness() {
  try {
    const response = await fetch(address("readyz"), { cache: "no-store", signal: AbortSignal.timeout(4000) });
    compareClocks(response);
    return response.ok ? "ready" : response.status === 503 ? "stopping" : "gone";
  } catch {
    return "gone";
  }
}

const models = new Map();

/** The classes of a model, by value; asked for once. Sessions outlive models: without it there are no colours. */
export async function classes(name) {
  if (!models.has(name)) {
    const asked = json(`v1/models/${encodeURIComponent(name)}`).then((model) => model.classes);
    models.set(name, asked.catch((problem) => {
      models.delete(name);
      if (problem.status === 404) return [];
      throw problem;
    }));
  }
  return models.get(name);
}
