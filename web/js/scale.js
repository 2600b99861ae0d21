// Where ticks stand on an axis.

/** 1, 2 or 5 times a power of ten, the largest not above a value. */
export function niceStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return (digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * power;
}

/** Multiples of a nice step within a range, no more steps than asked for. */
export function ticks(low, high, most = 4) {
  if (!(high > low)) return [low];
  let step = niceStep((high - low) / most);
  if ((high - low) / step > most + 1e-9) step = niceStep(step * 2.5);
  const first = Math.ceil(low / step - 1e-9);
  const found = [];
  // Multiples, not sums: sums drift.
  for (let index = first; index * step <= high + step * 1e-9; index += 1) {
    found.push(Number((index * step).toPrecision(12)));
  }
  return found;
}

/** The least nice number not below a value; 1 for nothing. */
export function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const step = niceStep(value / 4);
  return Number((Math.ceil(value / step - 1e-9) * step).toPrecision(12));
}

/** Steps of latitude and longitude, in degrees: decimal ones, as positions are given. */
export function graticuleStep(span, about = 4) {
  return Math.min(45, Math.max(1e-6, niceStep(span / about)));
}
