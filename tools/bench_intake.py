#!/usr/bin/env python3
"""Speed of the station: waiting plates taken in, end to end and durable, and the time from last byte to committed run.

usage: bench_intake.py [--plates N] [--size WxH] [--arrivals N] [--folder DIR]

Run by `./dev bench intake`. The last line is one JSON object; the limits beside the figures are those the station is
held to: 12 plates a second, 500 MB, and the rest time + 300 ms at the 95th percentile.
"""

import argparse
import json
import signal
import subprocess
import threading
from pathlib import Path

from station_bench import ROOT, Station, capture_name, memory_mb, now, percentile, plates, stop

REST_MS = 1000


def throughput(folder, count, size):
    """Plates that wait, drained by one process; its memory is looked at ten times a second."""
    station = Station(folder / "throughput")
    for number, picture in plates(folder / "camera", count, size):
        station.receive(picture, capture_name(number))
    resident = []
    begun = now()
    process = station.start("watch", "--once", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ended = threading.Event()
    peak = [0.0]

    def look():
        while not ended.wait(0.1):
            current, highest = memory_mb(process.pid)
            if current is not None:
                resident.append(current)
                peak[0] = max(peak[0], highest or 0)

    looker = threading.Thread(target=look)
    looker.start()
    times = [now() - begun for line in process.stdout if '"event":"run"' in line]
    error = process.stderr.read()
    code = process.wait()
    wall = now() - begun
    ended.set()
    looker.join()
    if code != 0 or len(times) != count:
        stop(f"{len(times)} of {count} plates were taken in; ended with {code}: {error[-400:]}")
    verified = station.lines("verify")
    middle, last = resident[len(resident) // 3], resident[-1]
    return {
        "plates": count,
        "wall_s": round(wall, 2),
        "plates_per_s": round(count / wall, 2),
        # Without the start of the program and the rest of the files.
        "plates_per_s_after_first": round((count - 1) / max(times[-1] - times[0], 1e-9), 2),
        "peak_mb": round(peak[0], 1),
        "resident_after_a_third_mb": round(middle, 1),
        "resident_at_end_mb": round(last, 1),
        "verified": bool(verified and verified[-1].get("ok", True)),
        "wanted": {"plates_per_s": 12, "peak_mb": 500},
    }


def latency(folder, count, size):
    """One plate after the other, each once the one before is there."""
    station = Station(folder / "latency")
    station.set("intake.rest_ms", REST_MS)
    process = station.start("watch", "--json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    waited = []
    for number, picture in plates(folder / "camera", count + 1, size):
        station.receive(picture, capture_name(number))
        written = now()
        for line in process.stdout:
            if '"event":"run"' in line:
                break
        else:
            stop("the service ended before its plate came through")
        # The first one also waits for the models to be loaded.
        if number > 1:
            waited.append((now() - written) * 1e3)
    process.send_signal(signal.SIGTERM)
    code = process.wait()
    if code != 0:
        stop(f"the service ended with {code} when it was asked to stop")
    beyond = [ms - REST_MS for ms in waited]
    return {
        "plates": count,
        "rest_ms": REST_MS,
        "beyond_rest_p50_ms": round(percentile(beyond, 0.5), 1),
        "beyond_rest_p95_ms": round(percentile(beyond, 0.95), 1),
        "beyond_rest_max_ms": round(max(beyond), 1),
        "wanted": {"beyond_rest_p95_ms": 300},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plates", type=int, default=1000)
    parser.add_argument("--size", default="1700x1200")
    parser.add_argument("--arrivals", type=int, default=60)
    parser.add_argument("--folder", default=str(ROOT / "target/bench/intake"))
    arguments = parser.parse_args()
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"intake": throughput(folder, arguments.plates, arguments.size)}
    print(json.dumps(figures["intake"]), flush=True)
    figures["latency"] = latency(folder, arguments.arrivals, arguments.size)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
