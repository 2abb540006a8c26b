"""A page in a real browser: Chromium without a window, driven over its DevTools protocol."""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
         "--remote-debugging-port=0", "--remote-allow-origins=*")
# Everything that lies outside the page's width, so that it scrolls sideways, or is missing.
LOOK = """(() => {
  const page = document.documentElement, images = [...document.images];
  return {width: page.clientWidth, wide: page.scrollWidth - page.clientWidth, images: images.length,
          missing: images.filter(i => !(i.complete && i.naturalWidth > 0)).map(i => i.src.slice(0, 80)),
          silent: images.filter(i => !i.alt).length,
          dead: [...document.querySelectorAll('a[href^="#"]')].map(a => a.getAttribute("href"))
            .filter(h => !document.getElementById(decodeURIComponent(h.slice(1)))),
          paper: getComputedStyle(document.body).backgroundColor};
})()"""


class Browser:
    """One tab. `open` shows a page; `run` evaluates JavaScript in it; `errors` and `requests` are what it then did."""

    def __init__(self):
        command = next(filter(None, map(shutil.which, NAMES)), None)
        if command is None:
            pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
        self.folder, self.asked = tempfile.mkdtemp(), 0
        self.process = subprocess.Popen([command, *FLAGS, f"--user-data-dir={self.folder}", "about:blank"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tabs = json.load(urlopen(f"http://127.0.0.1:{self._port()}/json/list"))
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        self.socket = websocket.create_connection(address, timeout=60)
        self.errors, self.requests, self.loaded = [], [], False
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{domain}.enable")

    def _port(self, seconds=60):
        file, deadline = Path(self.folder) / "DevToolsActivePort", time.monotonic() + seconds
        while not (file.exists() and "\n" in file.read_text()):
            assert self.process.poll() is None and time.monotonic() < deadline, "the browser did not start"
            time.sleep(0.05)
        return file.read_text().split("\n")[0]

    def tell(self, method, **parameters):
        """Give one command of the protocol and return its answer."""
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": parameters}))
        while (message := json.loads(self.socket.recv())).get("id") != self.asked:
            self._note(message)
        assert "error" not in message, message
        return message["result"]

    def _note(self, message):
        method, said = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(said["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.errors.append(str([a.get("value") for a in said["args"]]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.errors.append(said["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def open(self, path, width=380, dark=False):
        """Show a file of this machine on a screen of `width` pixels, in the light or dark colours."""
        self.screen(width, dark)
        self.visit(Path(path).resolve().as_uri())

    def screen(self, width, dark=False, mobile=True):
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=mobile)
        self.tell("Emulation.setEmulatedMedia", features=scheme)

    def visit(self, address):
        self.errors, self.requests, self.loaded = [], [], False
        self.tell("Page.navigate", url=address)
        while not self.loaded:
            self._note(json.loads(self.socket.recv()))

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key):
        """Press a key and let it go."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowRight": 39, "ArrowDown": 40}
        text = {"text": "\r"} if key == "Enter" else {}
        self.tell("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=codes[key], **text)
        self.tell("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=codes[key])

    def drag(self, places):
        """Press the mouse at the first of some places, (x, y) in pixels, move over the others and let it go."""
        kinds = ["mousePressed", *["mouseMoved"] * (len(places) - 1), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*places, places[-1]]):
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def swipe(self, places):
        """The same with a finger."""
        self.tell("Emulation.setTouchEmulationEnabled", enabled=True)
        moves = [("touchMove", [place]) for place in places[1:]]
        for kind, points in (("touchStart", places[:1]), *moves, ("touchEnd", [])):
            self.tell("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in points])
        self.tell("Emulation.setTouchEmulationEnabled", enabled=False)

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def problems(self, path, width=380, **options):
        """What is wrong with a page, a line each: nothing missing, outside the width, dead, asked for, or an error."""
        self.open(path, width, **options)
        seen = self.run(LOOK)
        assert seen["width"] == width
        outside = [url for url in self.requests if not url.startswith(("file:", "data:"))]
        found = [(f"{seen['wide']} pixels too wide", seen["wide"] > 0), (f"missing {seen['missing']}", seen["missing"]),
                 (f"dead links {seen['dead']}", seen["dead"]), (f"asked for {outside}", outside),
                 (f"errors {self.errors}", self.errors)]
        return [text for text, wrong in found if wrong]
