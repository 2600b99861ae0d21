// Puts the page together: connection, fleet, views by address, login, the sign that the server is gone.

import { login, unauthenticated } from "./api.js";
import { Connection } from "./connection.js";
import { say } from "./dom.js";
import { Fleet } from "./fleet.js";
import { clock } from "./format.js";
import { wireTheme } from "./theme.js";
import { FleetView } from "./views/fleet.js";
import { MapView } from "./views/map.js";
import { ModelsView } from "./views/models.js";
import { ServerView } from "./views/server.js";
import { SessionView } from "./views/session.js";
import { VideosView } from "./views/videos.js";

const element = (id) => document.getElementById(id);
const connection = new Connection();
const fleet = new Fleet(connection);

const VIEWS = [
  [/^#?\/?$/, FleetView, "Fleet", "#/"],
  [/^#\/session\/([\w-]+)(?:\/frame\/([\w-]+))?$/, SessionView, "Session", "#/"],
  [/^#\/map$/, MapView, "Map", "#/map"],
  [/^#\/videos$/, VideosView, "Videos", "#/videos"],
  [/^#\/models$/, ModelsView, "Models", "#/models"],
  [/^#\/server$/, ServerView, "Server", "#/server"],
];

let shown = null;

/** Shows what the address names. A view is an object with `element` and `close()`. */
function show({ first = false } = {}) {
  const found = VIEWS.map(([pattern, ...rest]) => [location.hash.match(pattern), ...rest]).find(([match]) => match);
  if (!found) return location.replace("#/");
  const [match, View, title, tab] = found;
  shown?.close();
  shown = new View({ fleet, connection, parameters: match.slice(1) });
  document.title = `${title} · Windhover`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === tab) link.setAttribute("aria-current", match[1] ? "true" : "page");
    else link.removeAttribute("aria-current");
  }
  element("main").replaceChildren(shown.element);
  // As after a page load: the keyboard goes on from here, and a screen reader says where that is.
  if (!first) {
    scrollTo(0, 0);
    shown.element.querySelector("h1")?.focus({ preventScroll: true });
  }
}

const WORDS = { wait: "Connecting", ready: "Connected", stopping: "Stopping", gone: "Not reachable",
  locked: "Key needed" };

function absence(state, since) {
  if (state === "stopping") return "The server is stopping: it answers, but takes no more frames.";
  if (since === null) return "The server does not answer. The page goes on by itself when it does.";
  return `The server does not answer since ${clock(since)}. The page shows what was known then, `
    + "and goes on by itself when the server is back.";
}

function showState() {
  const { state, since } = connection;
  element("link").dataset.state = state;
  say(element("link-text"), WORDS[state]);
  const away = state === "gone" || state === "stopping";
  element("banner").hidden = !away;
  document.body.classList.toggle("stale", state === "gone");
  say(element("banner"), away ? absence(state, since) : "");
}

function wireLogin() {
  const dialog = element("login");
  const input = element("login-key");
  unauthenticated.addEventListener("401", () => {
    connection.lock();
    if (!dialog.open) dialog.showModal();
  });
  // Without a key there is nothing behind the dialog.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    say(element("login-fault"), "");
    const right = await login(input.value).catch(() => null);
    const fault = right === null ? "The server does not answer." : "That is none of its keys.";
    if (!right) return say(element("login-fault"), fault);
    input.value = "";
    dialog.close();
    connection.unlock();
    await fleet.load();
    show();
  });
}

wireTheme(element("theme"));
wireLogin();
connection.addEventListener("state", showState);
addEventListener("hashchange", () => show());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  element("main").focus();
});
connection.start();
fleet.load();
show({ first: true });
