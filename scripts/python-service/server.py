"""What one would write in Windhover's place: SSP as a service of FastAPI, OpenVINO, OpenCV, NumPy and SQLite.

It takes the same bundles, answers the same requests (those that `compare` sends) and keeps the same promise: when a
frame is answered, its row, mask, similarity map and preview are on the disk. It is written to be fast: everything that
computes runs on threads in libraries that let go of the interpreter, registration runs beside the image model, the
next frame of a session is looked at while another has its turn, and one thread commits whatever waits in one
transaction. What of Windhover it leaves out: checking of bundles and requests, limits, restarts, search.
"""
import argparse
import asyncio
import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib
import queue
import sqlite3
import threading
import time
import uuid

import cv2
import fastapi
import numpy
import openvino
import orjson
import uvicorn

arguments = argparse.ArgumentParser()
arguments.add_argument("--models", type=pathlib.Path, default="models")
arguments.add_argument("--model", default="aerial-nano")
arguments.add_argument("--data", type=pathlib.Path, required=True)
arguments.add_argument("--port", type=int, default=8080)
arguments.add_argument("--precision", default="auto")
arguments.add_argument("--hint", default="latency", choices=["latency", "throughput"])
arguments.add_argument("--workers", type=int, default=4)
arguments.add_argument("--requests", type=int, default=2)
arguments = arguments.parse_args()

# Sessions run side by side; OpenCV's own threads would get in their way.
cv2.setNumThreads(1)


class Graph:
    """A compiled graph, and requests that are used again."""

    def __init__(self, core, file):
        properties = {"PERFORMANCE_HINT": arguments.hint.upper()}
        if arguments.precision not in ("auto", "int8"):
            properties["INFERENCE_PRECISION_HINT"] = arguments.precision
        self.compiled = core.compile_model(file, "CPU", properties)
        self.requests = queue.SimpleQueue()
        for _ in range(arguments.requests):
            self.requests.put(self.compiled.create_infer_request())

    def start(self, inputs):
        request = self.requests.get()
        request.start_async(inputs, share_inputs=True)
        return request

    def finish(self, request, names):
        request.wait()
        # Copied: the request goes to somebody else.
        outputs = [request.get_tensor(name).data.copy() for name in names]
        self.requests.put(request)
        return outputs


class Model:
    def __init__(self, folder):
        bundle = json.loads((folder / "model.json").read_text())
        self.width, self.height = bundle["input"]["width"], bundle["input"]["height"]
        self.mean = numpy.array(bundle["input"]["mean"], numpy.float32) * 255
        self.scale = 1 / (numpy.array(bundle["input"]["std"], numpy.float32) * 255)
        self.classes = [c["name"] for c in bundle["classes"]]
        self.names = bundle["image"]
        core = openvino.Core()
        kind = "int8" if arguments.precision in ("auto", "int8") else "file"
        self.image = Graph(core, folder / self.names.get(kind, self.names["file"]))
        similarity = bundle["propagation"]["similarity"]
        self.layer = Graph(core, folder / similarity.get(kind, similarity["file"]))
        self.planes = [numpy.full((self.height, self.width), c, numpy.uint8) for c in range(len(self.classes))]

    def start(self, frame):
        picture = cv2.resize(frame, (self.width, self.height), interpolation=cv2.INTER_AREA)
        # Three planes of (value / 255 - mean) / std.
        tensor = numpy.empty((1, 3, self.height, self.width), numpy.float32)
        for plane, channel, mean, scale in zip(tensor[0], cv2.split(picture)[::-1], self.mean, self.scale):
            cv2.addWeighted(channel, scale, channel, 0, -mean * scale, dtype=cv2.CV_32F, dst=plane)
        return self.image.start({self.names["input"]: tensor})

    def finish(self, request):
        logits, features = self.image.finish(request, [self.names["logits"], self.names["features"]])
        return logits[0], features


# MARK: Registration, with Windhover's parameters

@dataclasses.dataclass
class Keyframe:
    working: numpy.ndarray
    points: numpy.ndarray
    scale: numpy.ndarray
    small: numpy.ndarray


def keyframe(frame):
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    working = grey
    if width > 640:
        working = cv2.resize(grey, (640, round(height * 640 / width)), interpolation=cv2.INTER_AREA)
    sx, sy = working.shape[1] / width, working.shape[0] / height
    small = cv2.resize(working, (160, round(height * 160 / width)), interpolation=cv2.INTER_AREA)
    # The best corner of each of about 300 cells, at a quarter of the pixels. (A pyramid would be kept as well, but
    # OpenCV's Python does not let one be tracked with.)
    response = cv2.cornerMinEigenVal(cv2.pyrDown(working), 3)
    side = max(1, int((response.size / 300) ** 0.5))
    rows, columns = response.shape[0] // side, response.shape[1] // side
    tiles = response[:rows * side, :columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
    tiles = tiles.reshape(rows, columns, side * side)
    best = tiles.argmax(-1)
    y, x = numpy.nonzero(tiles.max(-1) > 0.01 * response.max())
    place = best[y, x]
    points = numpy.stack([x * side + place % side, y * side + place // side], -1).astype(numpy.float32) * 2
    scale = numpy.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5], [0, 0, 1]])
    return Keyframe(working, points[:, None], scale, small)


STOP = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 15, 0.03)


def register(before, now):
    """The homography from one frame to the next, and whether it is to be believed."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before.working, now.working, before.points, None, winSize=(17, 17), maxLevel=4, criteria=STOP)
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        now.working, before.working, there, before.points.copy(), winSize=(17, 17), maxLevel=1, criteria=STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW)
    miss = numpy.square(back - before.points).sum((1, 2))
    kept = (found[:, 0] == 1) & (again[:, 0] == 1) & (miss <= 0.7 ** 2)
    if kept.sum() < 12:
        return None
    matrix, inlier = cv2.findHomography(before.points[kept], there[kept], cv2.USAC_MAGSAC, 1.5, None, 2000, 0.999)
    if matrix is None or inlier.sum() < max(12, 0.25 * kept.sum()) or not correlates(before, now, matrix):
        return None
    whole = numpy.linalg.inv(now.scale) @ matrix @ now.scale
    return whole / whole[2, 2]


def correlates(before, now, matrix):
    """Whether two registered frames show the same."""
    shrink = before.small.shape[1] / before.working.shape[1]
    scale = numpy.array([[shrink, 0, 0.5 * shrink - 0.5], [0, shrink, 0.5 * shrink - 0.5], [0, 0, 1]])
    size = now.small.shape[::-1]
    motion = scale @ matrix @ numpy.linalg.inv(scale)
    warped = cv2.warpPerspective(before.small, motion, size)
    seen = cv2.warpPerspective(numpy.full_like(before.small, 255), motion, size, flags=cv2.INTER_NEAREST) > 0
    if seen.mean() < 0.1:
        return False
    return numpy.corrcoef(warped[seen], now.small[seen])[0, 1] >= 0.4


# MARK: SSP

@dataclasses.dataclass
class State:
    logits: list
    features: numpy.ndarray
    keyframe: Keyframe
    size: tuple


def rescaled(matrix, source, target):
    sx, sy = target[0] / source[0], target[1] / source[1]
    scale = numpy.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5], [0, 0, 1]])
    return scale @ matrix @ numpy.linalg.inv(scale)


def upsampled(model, logits):
    """Logits at the network's size, in groups of four classes: OpenCV warps no more channels at once."""
    groups = [cv2.merge(list(logits[i:i + 4])) for i in range(0, len(logits), 4)]
    size = (model.width, model.height)
    return [numpy.atleast_3d(cv2.resize(g, size, interpolation=cv2.INTER_CUBIC)) for g in groups]


def largest(model, groups):
    """The arg-max: OpenCV's comparing and copying of planes is seven times as fast as NumPy's argmax."""
    planes = [plane for group in groups for plane in cv2.split(group)]
    best, labels = planes[0], numpy.zeros(planes[0].shape, numpy.uint8)
    for plane, label in zip(planes[1:], model.planes[1:]):
        cv2.copyTo(label, cv2.compare(plane, best, cv2.CMP_GT), labels)
        best = cv2.max(best, plane)
    return labels


def fuse(model, logits, features, state, matrix):
    size = (model.width, model.height)
    motion = rescaled(matrix, state.size, size)
    rows, columns = features.shape[2:]
    stride = numpy.diag([round(model.width / columns), round(model.height / rows), 1.0])
    on_features = numpy.linalg.inv(stride) @ motion @ stride
    warped = numpy.stack([cv2.warpPerspective(f, on_features, (columns, rows)) for f in state.features[0]])[None]
    request = model.layer.start({"previous_features": warped, "features": features})
    # Beside the similarity layer.
    now = upsampled(model, logits)
    before = [numpy.atleast_3d(cv2.warpPerspective(group, motion, size)) for group in state.logits]
    labels_before = largest(model, before)
    known = cv2.warpPerspective(numpy.ones(size[::-1], numpy.float32), motion, size) > 0.5
    similarity = model.layer.finish(request, ["similarity"])[0][0, 0]
    weight = cv2.resize(similarity, size)
    for new, old in zip(now, before):
        weights = cv2.merge([weight] * new.shape[2])
        cv2.subtract(old, new, dst=old)
        cv2.multiply(old, weights, dst=old)
        cv2.add(new, old, dst=new)
    labels = largest(model, now)
    changed = numpy.count_nonzero((labels != labels_before) & known) / max(1, numpy.count_nonzero(known))
    return now, labels, similarity, float(weight.mean()), float(changed)


# MARK: The store

class Store:
    """One connection that writes: whatever waits goes into one transaction, and is answered when it is synced."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "frames.sqlite"
        self.waiting = queue.SimpleQueue()
        db = self.connect()
        db.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS frame (id TEXT PRIMARY KEY, session TEXT, sequence INTEGER, digest TEXT,
                captured_at TEXT, record TEXT, UNIQUE (session, sequence));
            CREATE TABLE IF NOT EXISTS picture (frame TEXT, kind TEXT, bytes BLOB, PRIMARY KEY (frame, kind));
        """)
        threading.Thread(target=self.write, daemon=True).start()

    def connect(self):
        db = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA synchronous = FULL")
        return db

    def write(self):
        db = self.connect()
        while True:
            group = [self.waiting.get()]
            while not self.waiting.empty():
                group.append(self.waiting.get())
            try:
                db.execute("BEGIN IMMEDIATE")
                for row, pictures, _ in group:
                    db.execute("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?)", row)
                    db.executemany("INSERT INTO picture VALUES (?, ?, ?)", pictures)
                db.execute("COMMIT")
            except sqlite3.Error as error:
                db.execute("ROLLBACK")
                for _, _, done in group:
                    done.set_exception(error)
            else:
                for _, _, done in group:
                    done.set_result(None)

    def commit(self, row, pictures):
        done = concurrent.futures.Future()
        self.waiting.put((row, pictures, done))
        done.result()

    def one(self, query, *values):
        reader = getattr(readers, "db", None)
        if reader is None:
            reader = readers.db = self.connect()
        return reader.execute(query, values).fetchone()


readers = threading.local()


# MARK: Frames

@dataclasses.dataclass
class Look:
    """What a frame shows by itself."""
    frame: numpy.ndarray
    logits: numpy.ndarray
    features: numpy.ndarray
    keyframe: Keyframe
    preview: bytes
    digest: str


class Session:
    def __init__(self):
        self.id = str(uuid.uuid4())
        self.turn = asyncio.Lock()
        # One frame has its turn, the next is looked at.
        self.looks = asyncio.Semaphore(2)
        self.state = None


def look(body):
    frame = cv2.imdecode(numpy.frombuffer(body, numpy.uint8), cv2.IMREAD_COLOR)
    if frame is None:
        raise fastapi.HTTPException(422, "not an image")
    request = model.start(frame)
    # Beside the image model.
    key = keyframe(frame)
    width = min(frame.shape[1], model.width)
    preview = cv2.resize(frame, (width, round(frame.shape[0] * width / frame.shape[1])), interpolation=cv2.INTER_AREA)
    preview = cv2.imencode(".jpg", preview, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    digest = hashlib.sha256(body).hexdigest()
    return Look(frame, *model.finish(request), key, preview, digest)


PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]


def run(session, sequence, captured_at, seen):
    stored = store.one("SELECT digest, record FROM frame WHERE session = ? AND sequence = ?", session.id, sequence)
    if stored:
        if stored[0] != seen.digest:
            raise fastapi.HTTPException(409, "another frame has this number")
        return stored[1]
    height, width = seen.frame.shape[:2]
    state, mode, matrix, similarity, mean, changed = session.state, "cold", None, None, None, None
    if state and state.size == (width, height):
        matrix = register(state.keyframe, seen.keyframe)
        mode = "reset" if matrix is None else "propagated"
    if matrix is not None:
        fused, labels, similarity, mean, changed = fuse(model, seen.logits, seen.features, state, matrix)
    else:
        fused = upsampled(model, seen.logits)
        labels = largest(model, fused)
    # Windhover interpolates logits at boundaries; enlarging labels is cheaper, and what one does in Python.
    mask = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
    pixels = cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel()[:len(model.classes)]
    id = str(uuid.uuid4())
    pictures = [(id, "mask", cv2.imencode(".png", mask, PNG)[1].tobytes()), (id, "preview", seen.preview)]
    if similarity is not None:
        grey = cv2.convertScaleAbs(similarity, alpha=255)
        pictures.append((id, "similarity", cv2.imencode(".png", grey, PNG)[1].tobytes()))
    record = orjson.dumps({
        "id": id, "session_id": session.id, "sequence": sequence, "mode": mode, "captured_at": captured_at,
        "received_at": time.time(), "width": width, "height": height,
        "registration": {"method": "klt", "ok": matrix is not None,
                         "homography": None if matrix is None else matrix.ravel().tolist()},
        "similarity_mean": mean, "changed_fraction": changed,
        "classes": [{"value": value, "name": name, "pixels": int(count), "fraction": float(count) / mask.size}
                    for value, (name, count) in enumerate(zip(model.classes, pixels))],
    })
    store.commit((id, session.id, sequence, seen.digest, captured_at, record), pictures)
    session.state = State(fused, seen.features, seen.keyframe, (width, height))
    return record


async def on_worker(body, *arguments):
    return await asyncio.get_running_loop().run_in_executor(workers, body, *arguments)


app = fastapi.FastAPI()
sessions = {}


@app.get("/readyz")
async def ready():
    return {"ready": True}


@app.post("/v1/sessions", status_code=201)
async def create():
    session = Session()
    sessions[session.id] = session
    return {"id": session.id}


@app.delete("/v1/sessions/{id}", status_code=204)
async def end(id: str):
    sessions.pop(id, None)


@app.put("/v1/sessions/{id}/frames/{sequence}")
async def upload(id: str, sequence: int, request: fastapi.Request, captured_at: str = ""):
    if id not in sessions:
        raise fastapi.HTTPException(404)
    session, body = sessions[id], await request.body()
    async with session.looks:
        seen = asyncio.ensure_future(on_worker(look, body))
        async with session.turn:
            record = await on_worker(run, session, sequence, captured_at, await seen)
    return fastapi.Response(record, 201, media_type="application/json")


@app.get("/v1/frames/{id}/mask")
async def mask(id: str):
    found = await on_worker(store.one, "SELECT bytes FROM picture WHERE frame = ? AND kind = 'mask'", id)
    if not found:
        raise fastapi.HTTPException(404)
    return fastapi.Response(found[0], media_type="image/png")


model = Model(arguments.models / arguments.model)
store = Store(arguments.data)
workers = concurrent.futures.ThreadPoolExecutor(arguments.workers)

if __name__ == "__main__":
    print("precision", model.image.compiled.get_property("INFERENCE_PRECISION_HINT"), flush=True)
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning", access_log=False)
