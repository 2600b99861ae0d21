"""Simulated drones: flights that `windhover simulate` has drawn, sent as a ground station would."""

import datetime
import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import urllib.parse


TELEMETRY = (
    "lat", "lon", "alt_m", "agl_m", "heading_deg", "gimbal_yaw_deg", "gimbal_pitch_deg", "gimbal_roll_deg",
    "fov_h_deg", "speed_mps",
)  # fmt: skip


class Flight:
    """Pictures and positions of a flight, on the disk as long as this is open."""

    def __init__(self, program, frames, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="windhover-flight-"))
        subprocess.run(
            [program, "simulate", "--out", self.folder, "--frames", str(frames), *options],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        log = (self.folder / "flight.jsonl").read_text().splitlines()
        self.entries = [json.loads(line) for line in log]
        self.pictures = [(self.folder / entry["file"]).read_bytes() for entry in self.entries]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Drone:
    """Sends a flight to and fro, for as long as it is let fly. A frame that got no answer is sent again."""

    def __init__(self, host, session, flight, fps):
        self.host, self.session, self.flight, self.fps = host, session, flight, fps
        self.sent = 0
        self.landing = threading.Event()
        self.thread = threading.Thread(target=self.fly, daemon=True)
        self.thread.start()

    def fly(self):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        pause = 1 / self.fps
        while not self.landing.wait(pause):
            try:
                status = self.send(connection, self.sent)
            except (OSError, http.client.HTTPException):
                connection.close()
                status = None
            self.sent += status == 200
            pause = 1 / self.fps if status == 200 else 0.3

    def send(self, connection, number):
        turn, place = divmod(number, len(self.flight.pictures))
        place = place if turn % 2 == 0 else len(self.flight.pictures) - 1 - place
        entry = self.flight.entries[place]
        query = {name: value for name, value in entry.items() if name in TELEMETRY}
        query["captured_at"] = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        path = f"/v1/sessions/{self.session}/frames/{number}?{urllib.parse.urlencode(query)}"
        connection.request("PUT", path, self.flight.pictures[place], {"Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def land(self):
        self.landing.set()
        self.thread.join(30)
