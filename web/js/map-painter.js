// Draws a map without tiles: graticule, scale, north, tracks, the ground that frames show.

import { degrees } from "./format.js";
import { latitudeOf, mercator, metresPerPixel, toPlane, toScreen, wrap } from "./projection.js";
import { graticuleStep, niceStep } from "./scale.js";
import { colour } from "./theme.js";

/** Colours of drones, told apart on light and dark, and by most who see few colours. */
const DRONES = ["#2f8fd0", "#e08a2e", "#35a37a", "#c4559a", "#8a78d8", "#b59a1f", "#d65a4a", "#4aa5b8"];

/** Frames between two points beyond which they are joined by no more than a hint. */
const APART = 30;

export function droneColour(index) {
  return DRONES[index % DRONES.length];
}

export function paintGround(context, view, width, height) {
  context.fillStyle = colour("ground-2");
  context.fillRect(0, 0, width, height);
  const [corner, other] = [toPlane(view, 0, height, width, height), toPlane(view, width, 0, width, height)];
  const step = graticuleStep(((other.x - corner.x) * 160) / width, 1);
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  context.strokeStyle = colour("line");
  context.fillStyle = colour("ink-3");
  context.lineWidth = 1;
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = "bottom";
  context.textAlign = "left";
  const line = (fromX, fromY, toX, toY) => {
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  };
  for (let index = Math.ceil(corner.x / step); index * step <= other.x; index += 1) {
    const x = Math.round(toScreen(view, { x: index * step, y: 0 }, width, height)[0]) + 0.5;
    line(x, 0, x, height);
    context.fillText(degrees(wrap(index * step), "E", "W", digits), x + 4, height - 4);
  }
  const [south, north] = [latitudeOf(corner.y), latitudeOf(other.y)];
  for (let index = Math.ceil(south / step); index * step <= north; index += 1) {
    const y = Math.round(toScreen(view, { x: 0, y: mercator(index * step) }, width, height)[1]) + 0.5;
    line(0, y, width, y);
    if (y > 72 && y < height - 24) context.fillText(degrees(index * step, "N", "S", digits), 6, y - 2);
  }
}

/** The ground that a track's frames show, where it is known: a veil, and the newest one's outline. */
export function paintFootprints(context, { points, tint }, view, width, height) {
  const seen = points.filter((point) => point.ground);
  context.save();
  context.fillStyle = tint;
  context.strokeStyle = tint;
  context.lineWidth = 1;
  for (const point of seen) {
    context.beginPath();
    for (const outline of point.ground) {
      outline.forEach((corner, index) => {
        const place = toScreen(view, corner, width, height);
        if (index === 0) context.moveTo(...place);
        else context.lineTo(...place);
      });
    }
    context.globalAlpha = Math.max(0.02, 0.2 / Math.sqrt(seen.length));
    context.fill();
    if (point !== seen.at(-1)) continue;
    context.globalAlpha = 0.8;
    context.stroke();
  }
  context.restore();
}

/** A track: its points on the plane, its tint, and whether the drone flies now (`live`). */
export function paintTrack(context, { points, tint, live }, view, width, height) {
  const places = points.map((point) => toScreen(view, point, width, height));
  context.strokeStyle = tint;
  context.fillStyle = tint;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.beginPath();
  places.forEach((place, index) => (leapt(points, index) ? context.moveTo(...place) : context.lineTo(...place)));
  context.stroke();
  leaps(context, places, points);
  let [shownX, shownY] = [-Infinity, -Infinity];
  places.forEach(([x, y], index) => {
    if (points[index].anew) {
      context.fillStyle = colour("warn");
      disc(context, x, y, 4.5);
      context.fillStyle = tint;
    } else if (Math.hypot(x - shownX, y - shownY) > 9) {
      disc(context, x, y, 2.6);
      [shownX, shownY] = [x, y];
    }
  });
  craft(context, places.at(-1), points.at(-1).heading, tint, live);
}

/** Whether it is not known how the drone came to a point: it began anew there, or frames before it were not read. */
function leapt(points, index) {
  return index === 0 || points[index].anew || points[index].sequence - points[index - 1].sequence > APART;
}

function leaps(context, places, points) {
  context.save();
  context.lineWidth = 1;
  context.setLineDash([2, 4]);
  context.beginPath();
  for (let index = 1; index < places.length; index += 1) {
    if (!leapt(points, index)) continue;
    context.moveTo(...places[index - 1]);
    context.lineTo(...places[index]);
  }
  context.stroke();
  context.restore();
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** The newest position: an arrow where it heads, or a ring. */
function craft(context, [x, y], heading, tint, live) {
  context.save();
  context.translate(x, y);
  context.fillStyle = live ? tint : colour("ground-2");
  context.strokeStyle = live ? colour("ink") : tint;
  context.lineWidth = 1.5;
  context.beginPath();
  if (typeof heading === "number") {
    context.rotate((heading * Math.PI) / 180);
    for (const corner of [[0, -11], [7, 8], [0, 4], [-7, 8]]) context.lineTo(...corner);
    context.closePath();
  } else context.arc(0, 0, 6, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.restore();
}

/** The scale bar at the lower right, the north arrow at the upper left. */
export function paintFurniture(context, view, width, height) {
  const scale = metresPerPixel(view);
  const metres = niceStep(scale * 140);
  const length = metres / scale;
  const [right, bottom] = [width - 18, height - 24];
  context.strokeStyle = colour("ink-2");
  context.fillStyle = colour("ink-2");
  context.lineWidth = 1.5;
  context.beginPath();
  const left = right - length;
  for (const corner of [[left, bottom - 5], [left, bottom], [right, bottom], [right, bottom - 5]]) {
    context.lineTo(...corner);
  }
  context.stroke();
  context.textAlign = "right";
  context.textBaseline = "bottom";
  const rounded = Number(metres.toPrecision(1));
  const [unit, factor] = rounded >= 1000 ? ["km", 0.001] : rounded >= 1 ? ["m", 1] : ["cm", 100];
  context.fillText(`${Math.round(rounded * factor)} ${unit}`, right, bottom - 6);
  context.beginPath();
  for (const corner of [[-6, 12], [0, -10], [6, 12], [0, 7]]) context.lineTo(26 + corner[0], 26 + corner[1]);
  context.closePath();
  context.fill();
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText("N", 26, 41);
}
