// Numbers, times and words as the page writes them. A dash stands for what is not known.

const NONE = "–";

export function percent(fraction, digits = 1) {
  if (fraction === null || fraction === undefined) return NONE;
  if (fraction > 0 && fraction * 100 < 10 ** -digits) return `< ${(10 ** -digits).toFixed(digits)} %`;
  return `${(fraction * 100).toFixed(digits)} %`;
}

export function decimal(value, digits = 2) {
  return value === null || value === undefined || Number.isNaN(value) ? NONE : value.toFixed(digits);
}

export function count(value) {
  return value === null || value === undefined ? NONE : value.toLocaleString("en");
}

export function milliseconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 || scaled >= 99.95 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`;
}

/** A length of time in its largest unit or two: 4 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return NONE;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const [large, small, names] = whole < 3600 ? [60, 1, ["min", "s"]]
    : whole < 86400 ? [3600, 60, ["h", "min"]]
    : [86400, 3600, ["d", "h"]];
  const rest = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${names[0]}${rest ? ` ${rest} ${names[1]}` : ""}`;
}

/** How long ago, in the largest unit. */
export function ago(time, now) {
  if (time === null || time === undefined) return NONE;
  return now - time < 1500 ? "now" : `${duration((now - time) / 1000).match(/^\d+ \w+/)[0]} ago`;
}

const DAY = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** The clock's time where this machine is; with tenths on request. */
export function clock(time, tenths = false) {
  if (time === null || time === undefined) return NONE;
  return CLOCK.format(time) + (tenths ? `.${Math.floor((time % 1000) / 100)}` : "");
}

/** Day and clock's time. */
export function moment(time) {
  return time === null || time === undefined ? NONE : `${DAY.format(time)} ${CLOCK.format(time)}`;
}

/** The end of a UUIDv7, which is chance; its beginning is the time, and much alike for sessions of one hour. */
export function brief(id) {
  return id.slice(-6);
}

/** Degrees as a chart has them: 49.4912° N. */
export function degrees(value, positive, negative, digits = 4) {
  const sides = value === 0 || Math.abs(value) === 180 ? "" : ` ${value < 0 ? negative : positive}`;
  return `${Math.abs(value).toFixed(digits)}°${sides}`;
}

const REASONS = {
  client: "reset was asked for",
  restart: "the server was restarted",
  idle: "was idle, and what it had stored is gone",
  gap: "too long without a frame",
  size: "frames of another size",
  registration: "registration lost",
  "registration-identity": "registration lost, taken as standing still",
  late: "came late",
  "propagation-none": "each frame alone",
  resume: "continued from stored frames",
};

/** A reason of the interface in words. */
export function reason(name) {
  return REASONS[name] ?? name ?? "";
}
