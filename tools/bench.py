#!/usr/bin/env python3
"""Speed of reading: benches, ratios to the references, whole processes. Run by `./dev bench`.

usage: bench.py [--image FILE]

Without --image the picture is a simulated plate of 1700 x 1200 pixels and about 1.8 MB. What is measured twice is
measured in turns. The last line is one JSON object with every figure; the limits beside the figures are the issue's.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "target/bench"
WELLREAD = ROOT / "target/release/wellread"
PICTURE_BYTES = 1_800_000
RUNS = 15
PLATES = 48
DISTINCT_PLATES = 12


def simulate(out, *arguments):
    """Renders plates into a fresh folder and returns the pictures."""
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run([WELLREAD, "simulate", "--out", out, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    return sorted(path for path in Path(out).iterdir() if path.suffix != ".json")


def bench_picture():
    """A plate as the bench camera writes it: of the qualities that a camera uses, the one whose file is nearest 1.8 MB."""
    kept = FOLDER / "plate.jpg"
    if not kept.is_file():
        chosen = first_read(simulate(FOLDER / "quality-95", "--plates", 6, "--seed", 7, "--quality", 95))
        made = [chosen]
        for quality in (90, 97, 98, 99):
            again = simulate(FOLDER / f"quality-{quality}", "--plates", 6, "--seed", 7, "--quality", quality)
            made += [path for path in again if path.name == chosen.name]
        shutil.copy(min(made, key=lambda path: abs(path.stat().st_size - PICTURE_BYTES)), kept)
    return kept


def run(*arguments):
    """Runs a whole process; returns its wall time in ms, its peak memory in MB and its standard output."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [WELLREAD, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = (time.perf_counter() - begun) * 1e3
    process.returncode = os.waitstatus_to_exitcode(status)
    # 3 is a picture refused: an answer, which the caller sees in the output.
    if process.returncode not in (0, 3):
        sys.exit(f"bench: wellread {' '.join(map(str, arguments))} ended with {process.returncode}: {out[:400]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return wall, usage.ru_maxrss * unit / 1e6, out


def read_plates(out):
    """How many of a run's pictures were read."""
    return sum("wells" in json.loads(line) for line in out.splitlines())


def first_read(pictures):
    """The first of some pictures that is read: a refused one would be measured for half of the work."""
    for picture in pictures:
        if read_plates(run("read", "--json", picture)[2]) == 1:
            return picture
    sys.exit("bench: none of the simulated plates is read; see ./dev bench quality")


def processes(image):
    """Whole processes: a cold read, a picture of 12 megapixels, a folder."""
    large = first_read(simulate(FOLDER / "large", "--plates", 3, "--seed", 7, "--size", "4000x3000", "--quality", 90))
    cold = [run("read", "--json", image) for _ in range(RUNS)]
    twelve = [run("read", "--json", large) for _ in range(RUNS)]
    in_process = [json.loads(out)["timing_ms"]["total"] for _, _, out in twelve]
    return {
        "cold_process_ms": median(wall for wall, _, _ in cold),
        "cold_process_peak_mb": max(peak for _, peak, _ in cold),
        "megapixels_12_bytes": large.stat().st_size,
        "megapixels_12_read_ms": statistics.median(in_process),
        "megapixels_12_process_ms": median(wall for wall, _, _ in twelve),
        "megapixels_12_peak_mb": max(peak for _, peak, _ in twelve),
        **folder(),
    }


def folder():
    """One process that reads a folder of 48 plates with two jobs: the median of five runs."""
    distinct = simulate(FOLDER / "distinct", "--plates", DISTINCT_PLATES, "--seed", 3, "--quality", 95)
    plates = FOLDER / "folder"
    shutil.rmtree(plates, ignore_errors=True)
    plates.mkdir()
    for number in range(PLATES):
        picture = distinct[number % len(distinct)]
        os.link(picture, plates / f"{number:02}-{picture.name}")
    runs = [run("read", "--json", "--jobs", 2, plates) for _ in range(5)]
    return {
        "plates_per_second": PLATES * 1e3 / median(wall for wall, _, _ in runs),
        "plates_read_of_folder": read_plates(runs[0][2]),
        "folder_peak_mb": max(peak for _, peak, _ in runs),
    }


def median(values):
    return statistics.median(list(values))


def cargo_bench(name, image, capture):
    """Runs one of the vision crate's benchmarks on the picture."""
    command = ["cargo", "bench", "--locked", "--quiet", "-p", "wellread-vision", "--bench", name]
    environment = {**os.environ, "WELLREAD_BENCH_IMAGE": str(image)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE if capture else None)
    return done.stdout.decode() if capture else None


# Figure, what it is, its limit and whether it must stay below it.
LIMITS = [
    ("yolo11x_sized_ms", "detector of YOLO11-x's size, 640 px, 2 threads, ms", None, None),
    ("locate_classify_ms", "locate + classify, ms", None, None),
    ("times_faster_than_yolo11x_sized", "  times faster than that detector", 20, "least"),
    ("turbo_decode_ms", "JPEG decode by libjpeg-turbo, ms", None, None),
    ("own_decode_ms", "JPEG decode by ours, ms", None, None),
    ("whole_read_ms", "whole read, ms", None, None),
    ("whole_read_per_turbo_decode", "  times libjpeg-turbo's decode", 3.5, "most"),
    ("cold_process_ms", "cold `wellread read` process, ms", 400, "most"),
    ("cold_process_peak_mb", "  peak memory, MB", None, None),
    ("megapixels_12_read_ms", "12-megapixel JPEG, read, ms", 250, "most"),
    ("megapixels_12_process_ms", "  as a whole process, ms", None, None),
    ("megapixels_12_peak_mb", "  peak memory, MB", 300, "most"),
    ("plates_per_second", f"folder of {PLATES} plates, 2 jobs, plates a second", 25, "least"),
    ("plates_read_of_folder", "  plates of it that were read", None, None),
    ("folder_peak_mb", "  peak memory, MB", None, None),
]


def show(figures):
    for key, words, limit, side in LIMITS:
        verdict = ""
        if limit is not None:
            kept = figures[key] >= limit if side == "least" else figures[key] <= limit
            verdict = f"   at {side} {limit}: {'met' if kept else 'MISSED'}"
        print(f"{words:<56} {figures[key]:>9.1f}{verdict}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--image", type=Path)
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    image = (arguments.image or bench_picture()).resolve()
    if not image.is_file():
        sys.exit(f"bench: there is no file {image}")
    print(f"{image}: {image.stat().st_size} bytes; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    cargo_bench("read", image, capture=False)
    figures = json.loads(cargo_bench("against", image, capture=True).strip().splitlines()[-1])
    figures.update(processes(image))
    figures = {key: round(value, 2) if isinstance(value, float) else value for key, value in figures.items()}
    show(figures)
    print(json.dumps({"image": str(image), "cores": os.cpu_count(), "load": os.getloadavg()[0], **figures}))


if __name__ == "__main__":
    main()
