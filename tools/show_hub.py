#!/usr/bin/env python3
"""Shows what a hub has, as somebody of an organization sees it: samples, runs, stations.

usage: show_hub.py URL ORGANIZATION NAME PASSWORD
"""

import json
import sys
import urllib.request


def ask(url, token=None, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data)
    if data:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def table(csv, columns):
    """The named columns of a sheet, as wide as they must be."""
    import csv as sheets
    import io

    rows = list(sheets.DictReader(io.StringIO(csv.lstrip("\ufeff"))))
    names = [name for name in columns if rows and name in rows[0]]
    lines = [names] + [[row[name] or "" for name in names] for row in rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    hub, organization, name, password = sys.argv[1:]
    login = {"organization": organization, "name": name, "password": password}
    token = json.loads(ask(f"{hub}/v1/auth/login", body=login))["access_token"]
    print("samples at headquarters")
    samples = ["sample_no", "total_runs", "counted_runs", "series", "geometric_mean_titre", "distribution"]
    table(ask(f"{hub}/v1/samples?format=csv", token), samples)
    print("runs at headquarters")
    runs = ["run_number", "station", "sample_no", "plate_no", "status", "disposition", "predict_at"]
    table(ask(f"{hub}/v1/runs?format=csv", token), runs)
    print("stations")
    stations = ["name", "last_contact_at", "pending", "blobs_pending", "rejected", "app_version"]
    table(ask(f"{hub}/v1/stations?format=csv", token), stations)


if __name__ == "__main__":
    main()
