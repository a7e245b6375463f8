"""Drives the real window without a desktop: a display of its own, WebKit's driver, and the program in between.

With the standard library alone. Elements are found as people find them, by what they are and what they are called
(tests/desktop/page.js, which the journeys use too)."""

import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = (ROOT / "tests/desktop/page.js").read_text()
NEEDED = ["Xvfb", "WebKitWebDriver", "dbus-run-session"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE_S = 120


class Refused(Exception):
    """The driver, or the page, did not do what it was asked."""


def missing():
    """The programs that are not installed."""
    return [name for name in NEEDED if shutil.which(name) is None]


def until(what, condition, patience_s=PATIENCE_S, rest_s=0.02):
    """Asks until something is true, and gives it."""
    end, why = time.monotonic() + patience_s, ""
    while True:
        try:
            found = condition()
        except Refused as refused:
            # Also while a page is being put together.
            found, why = None, f" ({refused})"
        if found:
            return found
        if time.monotonic() > end:
            raise Refused(f"not within {patience_s} seconds: {what}{why}")
        time.sleep(rest_s)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Display:
    """An X server without a screen."""

    def __init__(self, size="1280x800"):
        reading, writing = os.pipe()
        self.shown = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-fbdir", self.shown.name],
            pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise Refused("Xvfb did not start")
        self.name = f":{number}"

    def screenshot(self, path):
        """Keeps what it shows as PNG. The driver's own picture is not asked for: without GL layers it never comes."""
        data = pathlib.Path(self.shown.name, "Xvfb_screen0").read_bytes()
        # The format of `xwd`: numbers of 32 bits, the most significant byte first.
        numbers = struct.unpack(">25I", data[:100])
        header, width, height, line, colours = (numbers[at] for at in (0, 4, 5, 12, 19))
        rows = []
        for y in range(height):
            at = header + 12 * colours + y * line
            pixels = data[at:at + 4 * width]
            row = bytearray(3 * width)
            row[0::3], row[1::3], row[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
            rows.append(b"\0" + row)

        def chunk(name, content):
            return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows)))
                         + chunk(b"IEND", b""))

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.shown.cleanup()


class Window:
    """The program in a display, under a driver; `end` ends all of it."""

    def __init__(self, program, env, size="1280x800", home=None):
        self.display = Display(size)
        self.driver = self.session = None
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        own = {name: value for name, value in os.environ.items()
               if not name.startswith(("XDG_", "WAYLAND_", "DBUS_", "WELLREAD_"))}
        own |= {"DISPLAY": self.display.name, "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1", "TAURI_AUTOMATION": "true",
                "TAURI_WEBVIEW_AUTOMATION": "true", **{name: str(value) for name, value in env.items()}}
        if home:
            own["HOME"] = str(home)
        # A bus of its own: a Wellread that runs on this desktop is another one.
        self.driver = subprocess.Popen(
            ["dbus-run-session", "--", "WebKitWebDriver", f"--port={port}", "--host=127.0.0.1"], env=own,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            until("the driver answers", self._is_up, 30)
            self.begun = time.monotonic()
            options = {"binary": str(program), "args": []}
            told = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}})
            self.session = told["sessionId"]
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def _is_up(self):
        try:
            return self.ask("GET", "/status") is not None
        except (OSError, Refused):
            return False

    def ask(self, method, path, body=None):
        """One question to the driver."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise Refused(f"{method} {path}: {refused.read().decode(errors='replace')[:600]}") from None

    def of_session(self, method, path, body=None):
        return self.ask(method, f"/session/{self.session}{path}", body)

    def script(self, text, *args):
        """Runs a function's body in the page; `page` holds what page.js offers."""
        return self.of_session("POST", "/execute/sync", {"script": PAGE + text, "args": list(args)})

    def promise(self, text, *args):
        """The same for what answers later: an expression that is a promise."""
        body = ("const done = arguments[arguments.length - 1]; Promise.resolve((async () => {" + text +
                "})()).then((ok) => done({ ok }), (fault) => done({ fault: fault?.message ?? String(fault) }));")
        self.of_session("POST", "/timeouts", {"script": PATIENCE_S * 1000})
        told = self.of_session("POST", "/execute/async", {"script": PAGE + body, "args": list(args)})
        if "fault" in told:
            raise Refused(told["fault"])
        return told.get("ok")

    def find(self, kind, name):
        """The element of this kind and name, as soon as it is there."""
        found = until(f"{kind} '{name}'", lambda: self.script("return page.find(...arguments);", kind, name))
        return found[ELEMENT]

    def click(self, kind, name):
        self.of_session("POST", f"/element/{self.find(kind, name)}/click", {})

    def type(self, label, text):
        element = self.find("field", label)
        self.of_session("POST", f"/element/{element}/clear", {})
        self.of_session("POST", f"/element/{element}/value", {"text": text})

    def keys(self, text):
        """Presses keys one after the other, wherever the keyboard is."""
        pressed = [{"type": way, "value": key} for key in text for way in ("keyDown", "keyUp")]
        self.of_session("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": pressed}]})

    def sees(self, text):
        until(f"the words '{text}'", lambda: self.script("return page.text().includes(arguments[0]);", text))

    def sign_in(self, user, password):
        self.type("User name", user)
        self.type("Password", password)
        self.click("button", "Sign in")
        self.find("link", "Bench")

    def screenshot(self, path):
        self.display.screenshot(path)

    def processes(self):
        """The ids of the program and of everything that it started."""
        children = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        found, left = [], [self.driver.pid]
        while left:
            ids = children.get(left.pop(), [])
            found += ids
            left += ids
        ours = ("wellread", "WebKit")
        return [pid for pid in found if name_of(pid).startswith(ours) and name_of(pid) != "WebKitWebDriver"]

    def end(self):
        """Closes the window; what does not close is killed with all it started."""
        try:
            if self.session:
                self.of_session("DELETE", "")
        except (Refused, OSError):
            pass
        if self.driver:
            try:
                os.killpg(self.driver.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.driver.wait()
        self.display.end()


def name_of(pid):
    """The first letters of a process's name, as the system keeps it."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
