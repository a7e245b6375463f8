#!/usr/bin/env python3
"""Checks that generated files are those their sources make: models and their manifest, snapshots and their tests.

usage: check_generated.py   (at the top of the repository; prints each fault, ends with 1 when there is one)
"""

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

# The models are committed, so their size is everybody's clone.
MODELS_LIMIT_BYTES = 8_000_000


def tracked():
    """Every file of the working tree that git knows or would know."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
    )
    return [Path(name) for name in listing.stdout.decode().split("\0") if name and Path(name).is_file()]


def model_faults(files):
    """Yields what is wrong between models/manifest.toml and the model files beside it."""
    manifest = Path("models/manifest.toml")
    if not manifest.is_file():
        yield "models/manifest.toml is missing: models/train/train.sh writes it"
        return
    entries = tomllib.loads(manifest.read_text()).get("model", [])
    named = {}
    for entry in entries:
        path = manifest.parent / entry["file"]
        named[path] = entry
        if not path.is_file():
            yield f"{manifest}: {path} is missing: run ./dev train, or take the entry out"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            yield f"{manifest}: {path} is not the file its sha256 names: run ./dev train, which writes both"
        if not (manifest.parent / entry["card"]).is_file():
            yield f"{manifest}: the card {entry['card']} is missing: write what the model is for and how it was measured"
    networks = [path for path in files if path.suffix == ".onnx" and path.parts[0] == "models"]
    for path in networks:
        if path not in named and "train" not in path.parts:
            yield f"{path} is in no entry of {manifest}: nothing can load it"
    size = sum(path.stat().st_size for path in networks)
    if size > MODELS_LIMIT_BYTES:
        yield f"models/*.onnx hold {size} bytes together, more than {MODELS_LIMIT_BYTES}: train smaller ones"


def snapshot_faults():
    """Yields the snapshots that a test run has left to be looked at."""
    for folder in ("crates", "tests"):
        for path in Path(folder).rglob("*.snap.new"):
            yield f"{path}: a snapshot differs; look at it, then move it over the old one or mend the code"


def main():
    faults = [*model_faults(tracked()), *snapshot_faults()]
    for fault in faults:
        print(f"check_generated: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
