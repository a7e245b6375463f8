"""What the station's benches share: a station of its own, plates for it, and the program at work on them.

Drives the real binary and nothing else, as a camera, a person and a power cut would.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"


def program():
    return os.environ.get("WELLREAD_PROGRAM", str(ROOT / "target/release/wellread"))


def stop(text):
    sys.exit(f"bench: {text}")


class Station:
    """A station in a fresh folder: data, inbox, drop folder."""

    def __init__(self, folder, encrypted=True):
        self.folder = Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("inbox", "lims"):
            (self.folder / name).mkdir(parents=True)
        self.inbox = self.folder / "inbox"
        key = ["--key-file", self.folder / "key"] if encrypted else ["--unencrypted"]
        self.run("init", "--station", "bench", "--inbox", self.inbox, "--deliver", self.folder / "lims", "--admin", "ada", *key)

    def environment(self, more=None):
        own = {"WELLREAD_DATA": str(self.folder / "data"), "WELLREAD_USER": "ada", "WELLREAD_PASSWORD": PASSWORD}
        return {**os.environ, **own, **(more or {})}

    def start(self, *arguments, environment=None, **more):
        command = [program(), *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment(environment), text=True, **more)

    def run(self, *arguments, fine=(0,)):
        process = self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate()
        if process.returncode not in fine:
            stop(f"wellread {' '.join(map(str, arguments))} ended with {process.returncode}: {err or out}")
        return out

    def set(self, name, value):
        self.run("config", "set", name, json.dumps(value))

    def lines(self, *arguments, fine=(0,)):
        return [json.loads(line) for line in self.run(*arguments, "--json", fine=fine).splitlines()]

    def receive(self, picture, name):
        """As a careful camera does: under another name first."""
        part = self.inbox / f"{name}.part"
        with open(part, "wb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, self.inbox / name)


def plates(folder, count, size, distinct=12, quality=92):
    """`count` plates of `size`, each another content; `distinct` of them show different things."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    made = [program(), "simulate", "--plates", str(distinct), "--seed", "7", "--size", size, "--quality", str(quality)]
    subprocess.run([*made, "--out", str(folder)], check=True, stdout=subprocess.DEVNULL)
    pictures = [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".json"]
    for number, picture in zip(range(1, count + 1), itertools.cycle(pictures)):
        # What follows the end of a JPEG changes its content and not what it shows.
        yield number, picture + f"plate {number}".encode()


def capture_name(number):
    return f"capture_S{number}_T{number}_1_20261121_090000.jpg"


def memory_mb(pid):
    """Resident now, and the peak."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return None, None
    figures = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith(("VmRSS", "VmHWM"))}
    return tuple(int(figures[name]) / 1024 if name in figures else None for name in ("VmRSS", "VmHWM"))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def now():
    return time.perf_counter()
