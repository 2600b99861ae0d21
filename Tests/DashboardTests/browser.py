"""Headless Chromium, spoken to in its DevTools protocol: pages are loaded, looked at, and typed into by it."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import websocket

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
KEYS = {
    "Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip


class Page:
    """A tab. `faults` gathers what its console reports as wrong."""

    def __init__(self, address):
        self.socket = websocket.create_connection(address, timeout=30, suppress_origin=True)
        self.number = 0
        self.faults = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        self.number += 1
        number = self.number
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.faults.append(" ".join(str(item.get("value", item.get("description"))) for item in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.faults.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")

    def evaluate(self, expression):
        """The value of JavaScript, a promise's when it is kept. The page's policy does not bind it."""
        result = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"].get("exception", {}).get("description", str(result)))
        return result["result"].get("value")

    def until(self, expression, seconds=20):
        """Waits until JavaScript gives something true."""
        end = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > end:
                shown = self.evaluate("document.querySelector('main')?.innerText.slice(0, 400)")
                raise AssertionError(f"not within {seconds} s: {expression}\nfaults: {self.faults}\nshown: {shown}")
            time.sleep(0.05)

    def go(self, url):
        self.send("Page.navigate", url=url)
        self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def press(self, key, text=None):
        code = KEYS.get(key, ord(key.upper()[0]))
        text = text or {"Enter": "\r", " ": " "}.get(key) or (key if len(key) == 1 else None)
        common = {"key": key, "windowsVirtualKeyCode": code, "code": key}
        self.send("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.send("Input.insertText", text=text)

    def place(self, selector, across=0.5, down=0.5):
        """Where an element is on the screen, after scrolling it there."""
        return self.evaluate(
            f"""(() => {{ const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{block: "nearest"}}); const box = element.getBoundingClientRect();
            return [box.left + box.width * {across}, box.top + box.height * {down}]; }})()"""
        )

    def click(self, selector, across=0.5, down=0.5):
        x, y = self.place(selector, across, down)
        self.click_at(x, y)

    def move(self, x, y):
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click_at(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def size(self, width, height, scale=1):
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    def prefer(self, **features):
        """Media features: prefer(color_scheme="dark") is prefers-color-scheme: dark."""
        listed = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=listed)

    def picture(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.socket.close()


class Browser:
    def __init__(self):
        program = next(filter(None, map(shutil.which, PROGRAMS)))
        self.folder = tempfile.mkdtemp(prefix="windhover-chromium-")
        # Chromium's sandbox does not work for root; nothing but our own pages is shown.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={self.folder}", *sandbox,
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--window-size=1280,800", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port = pathlib.Path(self.folder) / "DevToolsActivePort"
        end = time.monotonic() + 60
        while not (port.exists() and len(port.read_text().splitlines()) == 2):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("Chromium did not start")
            time.sleep(0.05)
        number, path = port.read_text().splitlines()
        self.host = f"127.0.0.1:{number}"
        self.control = Page.__new__(Page)
        self.control.socket = websocket.create_connection(f"ws://{self.host}{path}", timeout=30, suppress_origin=True)
        self.control.number, self.control.faults = 0, []

    def page(self):
        """A tab with cookies and storage of its own."""
        context = self.control.send("Target.createBrowserContext")["browserContextId"]
        target = self.control.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        return Page(f"ws://{self.host}/devtools/page/{target}")

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
