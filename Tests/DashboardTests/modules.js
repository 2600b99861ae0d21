// Tests of the page's modules that need no server, run within the page. Each fault is a line of what `run` returns.

const load = (name) => import(new URL(`js/${name}.js`, document.baseURI));
const faults = [];

function same(found, wanted, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) faults.push(`${what}: ${a}, not ${b}`);
}

function near(found, wanted, within, what) {
  if (!(Math.abs(found - wanted) <= within)) faults.push(`${what}: ${found}, not ${wanted}`);
}

async function scales() {
  const { ticks, niceCeiling, niceStep, graticuleStep } = await load("scale");
  same(ticks(0, 1, 2), [0, 0.5, 1], "ticks from 0 to 1");
  same(ticks(0, 0.3, 4), [0, 0.1, 0.2, 0.3], "ticks do not drift");
  same(ticks(-5, 5, 2), [-5, 0, 5], "ticks on both sides of 0");
  same(ticks(3, 3), [3], "ticks of no range");
  same([niceCeiling(0), niceCeiling(7.2), niceCeiling(0.031), niceCeiling(100)], [1, 8, 0.035, 100], "ends of axes");
  same([niceStep(0.9), niceStep(2), niceStep(49)], [0.5, 2, 20], "steps");
  same([graticuleStep(360, 4), graticuleStep(0.01, 4)], [45, 0.002], "steps of a graticule");
}

async function videos() {
  const { share, words } = await load("video-row");
  const video = { state: "running", phase: "frames", frames: 300, frames_total: 1200, overlay_frames: null,
    rate: 29.96, seconds_left: 30.04, offset: 0, length: 2048 };
  same([share(video), words(video)], [0.25, "300 of 1,200 frames · 30.0 a second · 30 s left"], "frames of a video");
  const overlay = { ...video, phase: "overlay", overlay_frames: 150, rate: null, seconds_left: null };
  same([share(overlay), words(overlay)], [0.5, "overlay, 150 frames"], "overlay of a video");
  const unknown = { ...video, frames_total: null, rate: null, seconds_left: null };
  same([share(unknown), words(unknown)], [null, "300 frames"], "a video of unknown length");
  const upload = { ...video, state: "uploading", offset: 1024 };
  same([share(upload), words(upload)], [0.5, "1.0 KiB of 2.0 KiB"], "upload of a video");
  same([share({ ...video, state: "done" }), words({ ...video, state: "done" })], [1, "300 frames"], "a video that is done");
}

async function projections() {
  const projection = await load("projection");
  const { cut, fit, latitudeOf, mercator, metresPerPixel, toPlane, toScreen, unroll, wrap, zoom } = projection;
  for (const latitude of [-80, -33.9, 0, 49.49, 84]) {
    near(latitudeOf(mercator(latitude)), latitude, 1e-9, `there and back at ${latitude}°`);
  }
  near(mercator(90), mercator(85.05), 1e-9, "the pole is not infinitely far");
  same([wrap(190), wrap(-190), wrap(180), wrap(540)], [-170, 170, -180, -180], "longitudes within the globe");
  const across = [179.99, -179.99, 179.995];
  const start = cut(across);
  same(start, 179.99, "the cut is not where the tracks are");
  const rolled = across.map((longitude) => unroll(longitude, start));
  near(rolled[1] - rolled[0], 0.02, 1e-9, "neighbours across the antimeridian are neighbours");
  same(cut([]), -180, "a cut for nobody");
  const [width, height] = [800, 500];
  const one = fit([{ x: 8.47, y: mercator(49.49) }], width, height);
  near(metresPerPixel(one) * 404, 120, 1, "a single point has a map of 120 m around it");
  const points = rolled.map((x) => ({ x, y: mercator(10) }));
  const view = fit(points, width, height);
  const [first, second] = points.map((point) => toScreen(view, point, width, height));
  near(first[0], 48, 1e-6, "the westernmost point stands at the margin");
  near(second[0], width - 48, 1e-6, "the easternmost, too");
  const before = toPlane(view, 200, 100, width, height);
  const after = toPlane(zoom(view, 3, 200, 100, width, height), 200, 100, width, height);
  near(before.x, after.x, 1e-9, "zooming holds what is below the pointer (x)");
  near(before.y, after.y, 1e-9, "zooming holds what is below the pointer (y)");
}

async function frames() {
  const { nearest, spreadOrder, stamp, timeOf } = await load("frames");
  const written = "2026-06-01T08:00:00.100012Z";
  same(stamp(timeOf({ captured_at: written })), written, "microseconds there and back");
  same(stamp(Date.parse("1969-12-31T23:59:59.999Z")), "1969-12-31T23:59:59.999000Z", "a time before 1970");
  const records = [1, 2, 4, 8].map((time) => ({ time }));
  same([0, 2.9, 3, 3.1, 100].map((time) => nearest(records, time)), [0, 1, 2, 2, 3], "nearest records");
  for (const count of [2, 3, 7, 160]) {
    const sorted = spreadOrder(count).sort((a, b) => a - b);
    same(sorted, [...Array(count).keys()], `a spread of ${count} has each place once`);
  }
  same(spreadOrder(5), [0, 4, 2, 1, 3], "the whole comes before the details");
}

async function tracks() {
  const { Tracks } = await load("tracks");
  const flown = new Tracks();
  flown.bySession.set("a", []);
  const record = (sequence, position) => (
    { id: `${sequence}`, session_id: "a", sequence, time: sequence, mode: "cold", position });
  flown.add(record(1, { lat: 49, lon: 8 }));
  flown.add(record(0, { lat: 49, lon: 8.1 }));
  flown.add(record(2, null));
  const [[, points]] = flown.plane(["a", "unknown"]);
  same(points.map(({ sequence }) => sequence), [0, 1], "positions in the order of time");
  flown.add(record(3, { lat: 49, lon: 8.2 }));
  same(points.every(({ x, y }) => Number.isFinite(x + y)), true, "what comes later is not among what is laid");

  // Cut by the antimeridian, the ground lies beside its camera.
  const square = (west, east) => [[[west, 1], [west, -1], [east, -1], [east, 1], [west, 1]]];
  const footprint = { type: "MultiPolygon", coordinates: [square(179, 180), square(-180, -178)] };
  flown.bySession.set("b", []);
  flown.add({ ...record(4, { lat: 0, lon: -179.5 }), session_id: "b", telemetry: { footprint } });
  flown.add({ ...record(5, { lat: 0, lon: 170 }), session_id: "b", telemetry: { footprint: null } });
  const [[, [seeing, blind]]] = flown.plane(["b"]);
  same(seeing.ground.map((outline) => outline.map(({ x }) => x - seeing.x)),
    [[-1.5, -1.5, -0.5, -0.5, -1.5], [-0.5, -0.5, 1.5, 1.5, -0.5]], "ground beyond the antimeridian");
  same(blind.ground ?? null, null, "no ground where none is known");
}

async function metrics() {
  const { between, histograms, parse, quantile, sumBy, value } = await load("metrics");
  const samples = parse(['# TYPE a gauge', 'a 3', 'b_total{mode="cold",x="q\\"\\n"} 2', 'b_total{mode="cold"} 5',
    'c_bucket{le="1.0"} 4', 'c_bucket{le="2.0"} 8',
    'c_bucket{le="+Inf"} 10', 'c_sum 15', 'c_count 10', ""].join("\n"));
  same([value(samples, "a"), value(samples, "none")], [3, null], "values");
  same([...sumBy(samples, "b_total", "mode")], [["cold", 7]], "sums");
  same(samples[1].labels.x, 'q"\n', "escapes in labels");
  const whole = histograms(samples, "c", []).get("");
  same([quantile(whole, 0.2), quantile(whole, 0.5), quantile(whole, 0.99)], [0.5, 1.25, 2], "quantiles");
  const earlier = { count: 4, sum: 5, buckets: [[1, 4], [2, 4], [Infinity, 4]] };
  same(between(earlier, whole).buckets.map(([, upTo]) => upTo), [0, 4, 6], "what came in between");
  same(between({ count: 11, sum: 0, buckets: [] }, whole), whole, "a server that began anew");
  same(quantile({ count: 0, buckets: [] }, 0.5), null, "nothing has no quantile");
}

async function masks() {
  const { paint, pixel, unfilter } = await load("mask");
  const rows = Uint8Array.from([0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 2, 2, 2, 4, 1, 1, 1]);
  same([...unfilter(rows, 3, 5)], [1, 2, 3, 1, 2, 3, 2, 3, 4, 3, 5, 6, 4, 6, 7], "each of PNG's filters");
  same(pixel("#0080ff"), 0xffff8000, "a colour as a pixel");
  const image = paint({ width: 2, height: 1, values: Uint8Array.from([1, 0]) },
    Uint32Array.from([0, pixel("#102030")]));
  same([...image.data], [16, 32, 48, 255, 0, 0, 0, 0], "painted, and left clear");
}

async function words() {
  const { ago, bytes, degrees, duration, milliseconds, percent } = await load("format");
  same([0.1234, 0.0001, 0, null].map((part) => percent(part)), ["12.3 %", "< 0.1 %", "0.0 %", "–"], "fractions");
  same([0, 59.4, 60, 3725, 90000].map(duration), ["0 s", "59 s", "1 min", "1 h 2 min", "1 d 1 h"], "lengths of time");
  same([bytes(0), bytes(1023), bytes(1536), bytes(200 * 2 ** 20)], ["0 B", "1023 B", "1.5 KiB", "200 MiB"], "sizes");
  same([milliseconds(0.25), milliseconds(12.4), milliseconds(2345)], ["0.3 ms", "12 ms", "2.3 s"], "milliseconds");
  same([ago(null, 0), ago(1000, 1500), ago(0, 61000)], ["–", "now", "1 min ago"], "times past");
  same([degrees(-8.5, "E", "W", 1), degrees(-180, "E", "W", 0)], ["8.5° W", "180°"], "degrees");
  const { incident } = await load("incidents");
  const lost = { mode: "reset", reason: "registration", registration: { inliers: 3, matches: 40 } };
  same(incident(lost, false), "registration lost: 3 of 40 points agreed", "a lost registration");
  same(incident({ mode: "propagated", reason: null }, false), null, "nothing happened");
  const { reach } = await load("chart");
  same([reach([]), reach([1, 2, 3])], [0, 3], "an axis reaches to the highest value");
  same(reach([...Array(99).fill(2), 90]), 3, "but not to a lone one far above");
}

async function conditions() {
  const { inWords } = await load("conditions");
  const told = (when) => inWords(when);
  same(told({ class: "person", fraction: { ">": 0.001 }, for_s: 1 }), "person fraction > 0.001 for 1 s", "a class");
  same(told({ gap_ms: { ">=": 200, "<": 900 } }), "gap in ms >= 200 and < 900", "two bounds");
  same(told({ registration: "lost", for_s: 2 }), "registration lost for 2 s", "a time");
  same(told({ any: [{ mode: ["reset", "cold"] }, { not: { all: [{ reason: ["gap"] }] } }] }),
    "(mode reset or cold or not reason gap)", "a combination");
}

async function rates() {
  const { Rate } = await load("rate");
  const rate = new Rate(5000);
  same(rate.value(0), 0, "no rate of nothing");
  for (let at = 0; at <= 10000; at += 100) rate.add(at);
  near(rate.value(10000), 10, 0.3, "ten a second");
  same(rate.value(20000), 0, "what was long ago does not count");
}

async function lists() {
  const { h, reconcile } = await load("dom");
  const parent = h("ul");
  const draw = (names) => reconcile(parent, names, (name) => name, (name) => h("li", {}, name), () => {});
  draw(["a", "b", "c"]);
  const b = parent.children[1];
  draw(["c", "b", "d"]);
  same([...parent.children].map((item) => item.textContent), ["c", "b", "d"], "the order of a list");
  same(parent.children[1] === b, true, "an element lives as long as its item");
}

(async () => {
  for (const test of [scales, projections, frames, tracks, metrics, masks, words, conditions, rates, lists, videos]) {
    await test().catch((error) => faults.push(`${test.name}: ${error.stack}`));
  }
  return faults;
})();
