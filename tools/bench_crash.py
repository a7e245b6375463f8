#!/usr/bin/env python3
"""Power cuts: the service is killed at random moments and at every named place while plates come in.

usage: bench_crash.py [--plates N] [--kills N] [--seed N] [--size WxH] [--folder DIR]

Run by `./dev bench crash`, with a program built with the feature `failpoints`. In the end there must be one run a plate, no
picture that nobody refers to, and a chain that verifies. The last line is one JSON object; exit 1 when it does not hold.
"""

import argparse
import collections
import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from station_bench import ROOT, Station, capture_name, now, plates, stop

PLACES = ["file-read", "blob-kept", "in-admission", "admitted", "plate-read", "pictures-kept", "in-recording", "recorded"]


def kill_at(station, place, count):
    """One start that dies at a place; whether it did."""
    dying = {"WELLREAD_FAILPOINT": f"{place}:{count}"}
    process = station.start("watch", "--once", environment=dying, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process.wait() == -signal.SIGKILL


def kill_after(station, seconds):
    process = station.start("watch", "--json", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
        stop("the service ended by itself")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plates", type=int, default=300)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="600x450")
    parser.add_argument("--folder", default=str(ROOT / "target/bench/crash"))
    arguments = parser.parse_args()
    folder, chance = Path(arguments.folder), random.Random(arguments.seed)
    station = Station(folder / "station")
    station.set("intake.rest_ms", 100)
    pictures = list(plates(folder / "camera", arguments.plates, arguments.size))
    begun = now()
    died = collections.Counter()
    # A third of the plates wait; the others come while the service lives and dies, a few before each kill.
    waiting = len(pictures) // 3
    for number, picture in pictures[:waiting]:
        station.receive(picture, capture_name(number))
    rest = pictures[waiting:]
    for place in PLACES:
        for count in (1, 3):
            died[place] += kill_at(station, place, count)
    for kill in range(arguments.kills):
        share = len(rest) * kill // arguments.kills, len(rest) * (kill + 1) // arguments.kills
        coming = rest[share[0] : share[1]]

        def receive(coming=coming):
            for number, picture in coming:
                station.receive(picture, capture_name(number))

        camera = threading.Thread(target=receive)
        camera.start()
        kill_after(station, chance.uniform(0.02, 1.5))
        camera.join()
    kills_s = now() - begun
    station.run("watch", "--once")
    runs = station.lines("runs")
    verified = station.lines("verify", fine=(0, 1))
    orphans = sum(line.get("orphan_blobs", 0) for line in verified)
    images = {run["image_sha256"] for run in runs}
    figures = {
        "plates": arguments.plates,
        "runs": len(runs),
        "completed": sum(run["status"] == "completed" for run in runs),
        "distinct_pictures": len(images),
        "killed_at_random": arguments.kills,
        "killed_at_places": dict(died),
        "orphan_blobs": orphans,
        "verified": all(line.get("ok", True) for line in verified),
        "kills_s": round(kills_s, 1),
        "wall_s": round(now() - begun, 1),
    }
    print(json.dumps(figures))
    right = len(runs) == len(images) == figures["completed"] == arguments.plates and orphans == 0 and figures["verified"]
    if sum(died.values()) < len(PLACES):
        print("bench: few places were reached: is the program built with --features failpoints?", file=sys.stderr)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
