"""A server with a simulated fleet before it, and a browser that looks at it."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pytest
from browser import Browser
from drone import Drone, Flight

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("WINDHOVER", ROOT / ".build/release/windhover"))
PICTURES = pathlib.Path(os.environ.get("WINDHOVER_PICTURES", ROOT / ".build/dashboard"))
SIZE = ["--width", "640", "--height", "360"]


class Server:
    """The program, on a port that stays the same when it is started again."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="windhover-dashboard-"))
        self.options, self.port = options, 0
        self.start()

    def start(self):
        out = (self.folder / "out").open("w+")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(self.port), "--data", self.folder / "data", *self.options],
            stdout=out, stderr=(self.folder / "log").open("a"), cwd=ROOT,
        )  # fmt: skip
        end = time.monotonic() + 60
        while not (found := re.search(r"listening on (\S+:(\d+))", (self.folder / "out").read_text())):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)
        self.url, self.port = found[1], int(found[2])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)

    def close(self):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def session(self, **members):
        body = json.dumps(members).encode()
        return self.ask("POST", "/v1/sessions", body, **{"Content-Type": "application/json"})["id"]

    def fly(self, name, mission, flight, fps, **options):
        session = self.session(drone_id=name, mission_id=mission, **options)
        return Drone(f"127.0.0.1:{self.port}", session, flight, fps)


@contextlib.contextmanager
def running(*options, page=None):
    """A server; the page leaves before it ends, and does not find it gone."""
    server = Server(*options)
    try:
        yield server
        if page:
            page.go("about:blank")
    finally:
        server.close()


@pytest.fixture(scope="session")
def flights():
    """Three flights; the first loses sight of the ground once."""
    made = [
        Flight(PROGRAM, 40, *SIZE, "--plan", "orbit", "--seed", "11", "--fps", "3", "--cut-at", "9"),
        Flight(PROGRAM, 40, *SIZE, "--plan", "survey", "--seed", "12", "--fps", "2"),
        Flight(PROGRAM, 40, *SIZE, "--plan", "transit", "--seed", "13", "--fps", "2"),
    ]
    yield made
    for flight in made:
        flight.close()


@pytest.fixture(scope="session")
def server(flights):
    """A server that three drones fly to."""
    with running() as server:
        fleet = [
            server.fly("kestrel-1", "valley", flights[0], 3, max_gap_ms=20000),
            server.fly("kestrel-2", "valley", flights[1], 2, max_gap_ms=20000),
            server.fly("merlin-3", "harbour", flights[2], 1, max_gap_ms=20000),
        ]
        yield server
        for drone in fleet:
            drone.land()


@pytest.fixture(scope="session")
def browser():
    browser = Browser()
    PICTURES.mkdir(parents=True, exist_ok=True)
    yield browser
    browser.close()


@pytest.fixture
def page(browser):
    """A tab of 1280 × 800, light. When the test is over its console must be empty."""
    page = browser.page()
    page.size(1280, 800)
    page.prefer(color_scheme="light")
    yield page
    page.evaluate("0")
    faults = page.faults
    page.close()
    assert faults == []


@pytest.fixture
def shot(page):
    return lambda name: page.picture(PICTURES / f"{name}.png")
