// Reads Prometheus' text form, and what can be told from its histograms.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Samples in order: name, labels, value. */
export function parse(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const match = line.startsWith("#") ? null : line.match(LINE);
    if (!match) continue;
    const labels = {};
    for (const [, name, value] of (match[2] ?? "").matchAll(LABEL)) {
      labels[name] = value.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
    }
    samples.push({ name: match[1], labels, value: match[3] === "+Inf" ? Infinity : Number(match[3]) });
  }
  return samples;
}

/** The value of the first sample of a name; null where there is none. */
export function value(samples, name) {
  return samples.find((sample) => sample.name === name)?.value ?? null;
}

/** Sums of a name's samples by one label. */
export function sumBy(samples, name, label) {
  const sums = new Map();
  for (const sample of samples) {
    if (sample.name === name) sums.set(sample.labels[label], (sums.get(sample.labels[label]) ?? 0) + sample.value);
  }
  return sums;
}

/** Histograms of a name by the values of some labels: count, sum, and buckets [upper bound, how many up to it]. */
export function histograms(samples, name, labels) {
  const found = new Map();
  for (const sample of samples) {
    if (!sample.name.startsWith(`${name}_`)) continue;
    const key = labels.map((label) => sample.labels[label]).join(" ");
    const histogram = found.get(key) ?? found.set(key, { count: 0, sum: 0, buckets: [] }).get(key);
    const part = sample.name.slice(name.length + 1);
    const bound = sample.labels.le === "+Inf" ? Infinity : Number(sample.labels.le);
    if (part === "bucket") histogram.buckets.push([bound, sample.value]);
    else if (part in histogram) histogram[part] = sample.value;
  }
  return found;
}

/** What came between two readings of a histogram; the later one where there is no earlier or the server began anew. */
export function between(earlier, later) {
  if (!earlier || earlier.count > later.count) return later;
  return { count: later.count - earlier.count, sum: later.sum - earlier.sum,
    buckets: later.buckets.map(([bound, upTo], index) => [bound, upTo - earlier.buckets[index][1]]) };
}

/** A quantile of a histogram, evenly spread within its bucket; null of nothing. Above the last bound: that bound. */
export function quantile({ count, buckets }, share) {
  if (!count) return null;
  const wanted = share * count;
  let [lower, below] = [0, 0];
  for (const [bound, upTo] of buckets) {
    if (upTo >= wanted) {
      if (bound === Infinity) return lower;
      return upTo === below ? bound : lower + ((bound - lower) * (wanted - below)) / (upTo - below);
    }
    [lower, below] = [bound, upTo];
  }
  return lower;
}
