#!/usr/bin/env python3
"""Quality of reading. Run by `./dev bench quality`.

usage: bench_quality.py [--plates N] [--seed S] [--truth FOLDER]

Simulates plates of every assay and style with seeds that no model was trained on, and evaluates them; then the real
photographs of FOLDER (../shared/plates/dev unless said), where that is there.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WELLREAD = ROOT / "target/release/wellread"
HOLD_OUT = ROOT / "target/bench/hold-out"


def simulate(plates, seed):
    """Renders the hold-out into one folder: a file name tells assay and style."""
    shutil.rmtree(HOLD_OUT, ignore_errors=True)
    HOLD_OUT.mkdir(parents=True)
    for number, assay in enumerate(("hi", "ha", "mic", "qualitative")):
        for style, size in (("bench", "1700x1200"), ("wild", "1280x960"), ("no-plate", "1280x960")):
            count = plates if style != "no-plate" else max(1, plates // 8)
            part = HOLD_OUT / f"{assay}-{style}"
            command = [WELLREAD, "simulate", "--plates", count, "--assay", assay, "--seed", seed + number]
            command += ["--style", style, "--size", size, "--out", part]
            subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
            print(f"\n==> simulated: {assay}, {style}", flush=True)
            evaluate(part)


def evaluate(folder):
    done = subprocess.run([WELLREAD, "evaluate", "--truth", folder])
    if done.returncode not in (0, 3):
        sys.exit(f"bench_quality: the evaluation of {folder} ended with {done.returncode}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--plates", type=int, default=40)
    parser.add_argument("--seed", type=int, default=9_000_000)
    parser.add_argument("--truth", type=Path, default=ROOT / "../shared/plates/dev")
    arguments = parser.parse_args()
    simulate(arguments.plates, arguments.seed)
    if arguments.truth.is_dir():
        print(f"\n==> real photographs: {arguments.truth.resolve()}", flush=True)
        evaluate(arguments.truth.resolve())


if __name__ == "__main__":
    main()
