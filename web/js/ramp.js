// Colours of the similarity map: warm where the previous prediction was not believed, cool where it was. Even in
// lightness, so that it reads without colour too.

const STOPS = [[0, [255, 214, 102]], [0.25, [240, 140, 80]], [0.5, [190, 84, 110]], [0.75, [84, 74, 140]],
  [1, [14, 44, 82]]];

/** Red, green, blue at a value from 0 to 1. */
export function ramp(value) {
  const upper = Math.max(1, STOPS.findIndex(([at]) => at >= value));
  const [[from, low], [to, high]] = [STOPS[upper - 1], STOPS[upper]];
  const share = (value - from) / (to - from);
  return low.map((part, index) => Math.round(part + (high[index] - part) * share));
}

const TABLE = Uint32Array.from({ length: 256 }, (_, grey) => {
  const [red, green, blue] = ramp(grey / 255);
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
});

/** Colours a grey picture in place. */
export function colourise(image) {
  const out = new Uint32Array(image.data.buffer);
  for (let index = 0; index < out.length; index += 1) out[index] = TABLE[out[index] & 0xff];
  return image;
}
