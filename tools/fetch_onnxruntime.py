#!/usr/bin/env python3
"""Brings the ONNX Runtime library that the vision crate loads, out of its PyPI wheel.

usage: fetch_onnxruntime.py FOLDER

The crate `ort` would fetch a build of its own from a host that many laboratories (and our CI) cannot reach; the
wheel comes through pip, from whatever index this machine is set up for, and is checked against a hash kept here.
Does nothing when FOLDER already holds the right library. Needs Python 3.8 and pip, nothing else.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

VERSION = "1.31.1"

# (system, machine) -> (wheel platform tag, wheel's sha256, library inside onnxruntime/capi, its plain name)
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_28_x86_64",
        "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        f"libonnxruntime.so.{VERSION}",
        "libonnxruntime.so",
    ),
    ("Linux", "aarch64"): (
        "manylinux_2_28_aarch64",
        "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        f"libonnxruntime.so.{VERSION}",
        "libonnxruntime.so",
    ),
    ("Darwin", "arm64"): (
        "macosx_14_0_arm64",
        "60b6b69bfe580eab576cacc5d132a0e9cf2a37fcfd18d46dd191042b1d1ed0d7",
        f"libonnxruntime.{VERSION}.dylib",
        "libonnxruntime.dylib",
    ),
}
LICENCES = ("LICENSE", "ThirdPartyNotices.txt")


def stop(message):
    """Ends with one line that says what to do."""
    sys.exit(f"fetch_onnxruntime: {message}")


def download(tag, folder):
    """Fetches the wheel for a platform into a folder and returns its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", "311", "--platform", tag]
    command += ["-d", str(folder), f"onnxruntime=={VERSION}"]
    for attempt in (1, 2, 3):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode == 0 and wheels:
            return wheels[0]
        if "No module named pip" in done.stdout:
            stop("this Python has no pip: install it (Debian: apt-get install python3-pip) and run again")
    last = (done.stdout.strip().splitlines() or ["pip said nothing"])[-1]
    stop(f"pip could not download onnxruntime {VERSION} for {tag} in {attempt} tries: {last}")


def install(wheel, library, plain, into):
    """Takes the library and its licences out of the wheel, under their final names only once they are whole."""
    into.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for member in (f"onnxruntime/capi/{library}", *(f"onnxruntime/{name}" for name in LICENCES)):
            target = into / Path(member).name
            partial = target.with_name(target.name + ".part")
            with archive.open(member) as source, open(partial, "wb") as sink:
                shutil.copyfileobj(source, sink)
            os.replace(partial, target)
    link = into / plain
    if link.is_symlink() or link.exists():
        link.unlink()
    link.symlink_to(library)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    into = Path(sys.argv[1])
    key = (platform.system(), platform.machine())
    if key not in WHEELS:
        known = ", ".join(" ".join(pair) for pair in WHEELS)
        stop(f"no ONNX Runtime is known for {' '.join(key)} (known: {known}); set WELLREAD_ONNXRUNTIME to one of your own")
    tag, expected, library, plain = WHEELS[key]
    stamp = into / "wheel.sha256"
    if stamp.is_file() and stamp.read_text().strip() == expected and (into / plain).is_file():
        return
    print(f"ONNX Runtime {VERSION} for {' '.join(key)} -> {into}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(tag, folder)
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != expected:
            stop(f"{wheel.name} has sha256 {found}, but {expected} is expected: the package index serves another file")
        install(wheel, library, plain, into)
    stamp.write_text(expected + "\n")


if __name__ == "__main__":
    main()
