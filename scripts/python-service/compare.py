"""Runs two services one after the other under the same load, and says how they compare."""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import cv2
import numpy

HERE = pathlib.Path(__file__).parent
PROGRAM = pathlib.Path(".build/release/windhover")
FRAMES = 60
TICKS = os.sysconf("SC_CLK_TCK")


class Service:
    """A running server, with its data in a folder of its own."""

    def __init__(self, name, options, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = {
            "windhover": [PROGRAM, "serve", "--default-model", options.model, "--log-level", "error"],
            "python": [sys.executable, HERE / "server.py", "--model", options.model, "--hint", options.python_hint],
        }[name]
        command += ["--models", options.models, "--data", folder, "--port", str(self.port)]
        command += ["--precision", options.precision]
        start = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self.ready():
            if self.process.poll() is not None:
                sys.exit(f"{name} did not start")
            time.sleep(0.005)
        self.start_seconds = time.monotonic() - start

    def ready(self):
        with contextlib.suppress(OSError):
            return Client(self.port).request("GET", "/readyz")[0] == 200
        return False

    @property
    def peak_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    @property
    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def request(self, method, path, body=None, type="application/json"):
        self.connection.request(method, path, body, {"Content-Type": type} if body else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def begin(self):
        return json.loads(self.request("POST", "/v1/sessions", b"{}")[1])["id"]

    def send(self, session, sequence, image):
        time = f"2026-06-01T08:{sequence // 600 % 60:02}:{sequence // 10 % 60:02}.{sequence % 10}00Z"
        path = f"/v1/sessions/{session}/frames/{sequence}?captured_at={time}"
        status, body = self.request("PUT", path, image, "image/jpeg")
        if status // 100 != 2:
            raise RuntimeError(f"{status}: {body[:300]}")
        return body


def load(service, images, sessions, seconds):
    """`sessions` clients, each of which waits for its answer and sends the next frame."""
    barrier = threading.Barrier(sessions + 1)
    latencies, modes, faults = [], [], []

    def fly():
        try:
            client = Client(service.port)
            session = client.begin()
            for sequence in range(2):
                client.send(session, sequence, images[sequence])
            barrier.wait()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                sequence += 1
                # There and back again, so that each frame is next to the one before.
                place = sequence % (2 * len(images) - 2)
                sent = time.monotonic()
                body = client.send(session, sequence, images[min(place, 2 * len(images) - 2 - place)])
                latencies.append(time.monotonic() - sent)
                modes.append(b'"mode":"propagated"' in body)
            client.request("DELETE", f"/v1/sessions/{session}")
        except Exception as fault:
            faults.append(fault)
            barrier.abort()

    threads = [threading.Thread(target=fly) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait()
    start, server, own = time.monotonic(), service.processor_seconds, time.process_time()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    elapsed, count = time.monotonic() - start, len(latencies)
    return {
        "frames_per_second": count / elapsed,
        "p50_ms": 1000 * float(numpy.percentile(latencies, 50)),
        "p99_ms": 1000 * float(numpy.percentile(latencies, 99)),
        "propagated": sum(modes) / count,
        "server_ms_per_frame": 1000 * (service.processor_seconds - server) / count,
        "client_ms_per_frame": 1000 * (time.process_time() - own) / count,
        "peak_megabytes": service.peak_megabytes,
    }


def masks(service, images):
    client = Client(service.port)
    session = client.begin()
    for sequence, image in enumerate(images):
        id = json.loads(client.send(session, sequence, image))["id"]
        png = client.request("GET", f"/v1/frames/{id}/mask")[1]
        yield cv2.imdecode(numpy.frombuffer(png, numpy.uint8), cv2.IMREAD_UNCHANGED)


def classes(png_masks, palette):
    """Masks as class numbers: Windhover's PNGs have a palette, which OpenCV turns into colours."""
    for mask in png_masks:
        yield mask if mask.ndim == 2 else palette[(mask.astype(numpy.uint32) * [1, 256, 65536]).sum(-1)]


def palette(bundle):
    colours = [int(c["color"][1:], 16) for c in bundle["classes"]]
    table = numpy.full(1 << 24, 255, numpy.uint8)
    table[colours] = range(len(colours))
    return table


def measure(options, images, folder):
    services = ("windhover", "python")
    results = {name: {"start_seconds": [], "levels": {str(n): [] for n in options.sessions}} for name in services}
    seen = {}
    # In turns, so that what else the machine does meets both.
    for turn in range(options.rounds):
        for name in services if turn % 2 == 0 else services[::-1]:
            service = Service(name, options, folder / f"{name}-{turn}")
            try:
                results[name]["start_seconds"].append(service.start_seconds)
                for sessions in options.sessions:
                    results[name]["levels"][str(sessions)].append(load(service, images, sessions, options.seconds))
                if turn == 0:
                    bundle = json.loads((pathlib.Path(options.models) / options.model / "model.json").read_text())
                    seen[name] = list(classes(masks(service, images), palette(bundle)))
            finally:
                service.stop()
    for name in services:
        result = results[name]
        result["start_seconds"] = statistics.median(result["start_seconds"])
        for sessions, runs in result["levels"].items():
            result["levels"][sessions] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    results["agreement"] = [float((a == b).mean()) for a, b in zip(seen["windhover"], seen["python"])]
    return results


def table(results):
    print(f"{'':26}{'Windhover':>12}{'Python':>12}{'ratio':>9}")

    def row(name, windhover, python, digits=1):
        print(f"{name:26}{windhover:12.{digits}f}{python:12.{digits}f}{windhover / python:9.2f}")

    ours, theirs = results["windhover"], results["python"]
    for sessions in ours["levels"]:
        a, b = ours["levels"][sessions], theirs["levels"][sessions]
        print(f"{sessions} session{'s' if sessions != '1' else ''}")
        row("  frames a second", a["frames_per_second"], b["frames_per_second"])
        row("  p50, ms", a["p50_ms"], b["p50_ms"])
        row("  p99, ms", a["p99_ms"], b["p99_ms"])
        row("  processor ms a frame", a["server_ms_per_frame"], b["server_ms_per_frame"])
        row("  client's, ms a frame", a["client_ms_per_frame"], b["client_ms_per_frame"], 2)
        row("  peak memory so far, MB", a["peak_megabytes"], b["peak_megabytes"], 0)
        row("  propagated, of all", a["propagated"], b["propagated"], 3)
    row("ready after, s", ours["start_seconds"], theirs["start_seconds"], 2)
    agreement = results["agreement"]
    print(f"equal pixels of the masks: mean {100 * statistics.mean(agreement):.2f} %, least {100 * min(agreement):.2f} %")


def main():
    parser = argparse.ArgumentParser(prog="scripts/compare", description=__doc__)
    parser.add_argument("--models", default="models", help="folder of bundles (default: models)")
    parser.add_argument("--model", default="aerial-nano", help="bundle to run (default: aerial-nano)")
    parser.add_argument("--precision", default="auto", help="of inference in both: auto, f32, bf16 or int8 (default: auto)")
    parser.add_argument(
        "--python-hint", default="latency", choices=["latency", "throughput"],
        help="what the Python service's inference is tuned for (default: latency); Windhover changes over by itself")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 4, 16], help="numbers of sessions at once")
    parser.add_argument("--seconds", type=float, default=8, help="of load for each number of sessions (default: 8)")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each server; medians are told (default: 3)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        flight = folder / "flight"
        subprocess.run(
            [PROGRAM, "simulate", "--out", flight, "--frames", str(FRAMES), "--plan", "transit", "--seed", "7"],
            check=True, stderr=subprocess.DEVNULL)
        images = [file.read_bytes() for file in sorted((flight / "frames").iterdir())]
        results = measure(options, images, folder)
    table(results)
    if options.json:
        results["machine"] = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
        pathlib.Path(options.json).write_text(json.dumps(results, indent=2) + "\n")


main()
