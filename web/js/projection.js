// Positions on a plane: Mercator's, so that angles are right. One unit is a degree of longitude, y grows to the north.

const RADIANS = Math.PI / 180;
const METRES_A_DEGREE = 111319.49;
const POLE = 85.05;
/** Metres that a map shows at least: one position alone has no extent. */
const LEAST = 120;

export function mercator(latitude) {
  const clamped = Math.max(-POLE, Math.min(POLE, latitude));
  return Math.log(Math.tan(Math.PI / 4 + (clamped * RADIANS) / 2)) / RADIANS;
}

export function latitudeOf(y) {
  return (2 * Math.atan(Math.exp(y * RADIANS)) - Math.PI / 2) / RADIANS;
}

/** A longitude within −180…180. */
export function wrap(longitude) {
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

/**
 * Where to cut the globe open: behind the widest gap between longitudes, so that what lies together stays together,
 * across the antimeridian, too. From the cut on, eastwards, longitudes rise.
 */
export function cut(longitudes) {
  const sorted = [...new Set(longitudes.map(wrap))].sort((a, b) => a - b);
  if (sorted.length === 0) return -180;
  let [start, widest] = [sorted[0], sorted[0] + 360 - sorted.at(-1)];
  for (let index = 1; index < sorted.length; index += 1) {
    const gap = sorted[index] - sorted[index - 1];
    if (gap > widest) [start, widest] = [sorted[index], gap];
  }
  return start;
}

/** A longitude on the plane that is cut open at `start`. */
export function unroll(longitude, start) {
  return start + ((((longitude - start) % 360) + 360) % 360);
}

/** The view that shows all points of the plane: its centre, and pixels a unit. */
export function fit(points, width, height, margin = 48) {
  if (points.length === 0) return { x: 0, y: 0, scale: Math.min(width, height) / 360 };
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const y = (south + north) / 2;
  const least = LEAST / (METRES_A_DEGREE * Math.cos(latitudeOf(y) * RADIANS));
  const scale = Math.min((width - 2 * margin) / Math.max(east - west, least),
    (height - 2 * margin) / Math.max(north - south, least));
  return { x: (west + east) / 2, y, scale };
}

export function toScreen(view, point, width, height) {
  return [width / 2 + (point.x - view.x) * view.scale, height / 2 - (point.y - view.y) * view.scale];
}

export function toPlane(view, left, top, width, height) {
  return { x: view.x + (left - width / 2) / view.scale, y: view.y - (top - height / 2) / view.scale };
}

export function metresPerPixel(view) {
  return (METRES_A_DEGREE * Math.cos(latitudeOf(view.y) * RADIANS)) / view.scale;
}

/** The view with the plane's point below a place of the screen kept there. */
export function zoom(view, factor, left, top, width, height) {
  const held = toPlane(view, left, top, width, height);
  const scale = Math.min(2e8, Math.max(0.5, view.scale * factor));
  return { x: held.x - (left - width / 2) / scale, y: held.y + (top - height / 2) / scale, scale };
}
