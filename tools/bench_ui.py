"""How quick the window is: the real program under Xvfb, driven as a person would drive it.

Prints what it measured, and one JSON object as its last line. Names the programs by WELLREAD_DESKTOP and
WELLREAD_PROGRAM; else target/release holds them."""

import argparse
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import time
import uuid

import window
from station_bench import PASSWORD, ROOT, Station, capture_name, percentile, plates, stop

FOLDER = ROOT / "target/bench-ui"
DESKTOP = os.environ.get("WELLREAD_DESKTOP", str(ROOT / "target/release/wellread-desktop"))
LIBRARY = os.environ.get("WELLREAD_ONNXRUNTIME", str(ROOT / ".onnxruntime/libonnxruntime.so"))
TICKS = os.sysconf("SC_CLK_TCK")
# When what has changed is painted: the task after the frame's own callbacks (without layers a frame is laid out and painted
# in one task, begun by them), or the next frame, if other work came before that task.
PAINTED = """
    const painted = (then) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      const once = () => { port1.onmessage = null; then?.(); then = null; };
      port1.onmessage = once;
      port2.postMessage(null);
      requestAnimationFrame(once);
    });
"""
# A script that keeps the time at which a condition came true and had been painted, in milliseconds since 1970.
SEEN = PAINTED + """
    const [condition] = arguments;
    const holds = new Function('page', 'return ' + condition);
    window.seen = 0;
    const look = () => {
      if (window.seen || !holds(page)) return;
      observer.disconnect();
      painted(() => (window.seen ||= performance.timeOrigin + performance.now()));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
"""


def open_window(station, name):
    home = FOLDER / f"home-{name}"
    home.mkdir(parents=True, exist_ok=True)
    env = {"WELLREAD_DATA": station.folder / "data", "WELLREAD_MODELS": ROOT / "models", "WELLREAD_ONNXRUNTIME": LIBRARY}
    return window.Window(DESKTOP, env, "1280x800", home)


def expect(shown, condition):
    """From now on the page watches for a condition; `seen` waits for it."""
    # `new Function` is not allowed to the page itself, so the condition is part of the script.
    shown.script(SEEN.replace("new Function('page', 'return ' + condition)", f"() => {condition}"), "")


def seen(shown, what):
    return window.until(what, lambda: shown.script("return window.seen;"), rest_s=0.005)


def started_at(pid):
    """When a process began, in milliseconds since 1970; as exact as the kernel's ticks."""
    boot = time.time() - float(pathlib.Path("/proc/uptime").read_text().split()[0])
    ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19])
    return (boot + ticks / TICKS) * 1000


def the_program(shown):
    return next(pid for pid in shown.processes() if window.name_of(pid).startswith("wellread"))


def starts(station, times):
    """From the start of the process to the sign-in, and from the press on its button to the bench with its plate."""
    to_sign_in, to_bench = [], []
    for turn in range(times + 1):
        with open_window(station, "starts") as shown:
            expect(shown, "page.find('button', 'Sign in')")
            came = seen(shown, "the sign-in")
            begun = started_at(the_program(shown))
            shown.type("User name", "ada")
            shown.type("Password", PASSWORD)
            expect(shown, "page.names('well').length === 96")
            pressed = shown.script("const button = page.find('button', 'Sign in');"
                                   "const at = performance.timeOrigin + performance.now(); button.click(); return at;")
            bench = seen(shown, "the bench with its plate")
        # The first start brings the files into memory, and is not counted.
        if turn > 0:
            to_sign_in.append(came - begun)
            to_bench.append(bench - pressed)
    return statistics.median(to_sign_in), statistics.median(to_bench)


def idle(station, seconds):
    """Memory of all processes together, shared pages by share, and their part of one core."""
    with open_window(station, "idle") as shown:
        shown.sign_in("ada", PASSWORD)
        window.until("the plate", lambda: len(shown.script("return page.names('well');")) == 96)
        pids = shown.processes()
        # Not asked meanwhile: the driver's questions are work too. Until start-up work has gone quiet:
        window.until("quiet", lambda: busy(pids, 2) < 0.05, 60)
        share = busy(pids, seconds)
        return {window.name_of(pid): memory_mb(pid) for pid in pids}, share * 100


def memory_mb(pid):
    """Of one process, shared pages by their share."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def busy(pids, seconds):
    def ticks():
        fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split() for pid in pids]
        return sum(int(one[11]) + int(one[12]) for one in fields)
    before, begun = ticks(), time.monotonic()
    time.sleep(seconds)  # What is measured is this time.
    return (ticks() - before) / TICKS / (time.monotonic() - begun)


def committed_to_shown(station, pictures, count):
    """From the commit of a run, as another reader of the database finds it, to its plate painted on the bench, its
    photograph too."""
    took = []
    with open_window(station, "shown") as shown:
        shown.sign_in("ada", PASSWORD)
        window.until("the plate", lambda: len(shown.script("return page.names('well');")) == 96)
        database = sqlite3.connect(f"file:{station.folder / 'data/wellread.db'}?mode=ro", uri=True, isolation_level=None)
        for number, picture in list(pictures)[:count]:
            sample = f"S{number}"
            expect(shown, f"page.names('heading').some((name) => name.startsWith('{sample} '))"
                          " && page.names('well').length === 96 && document.querySelector('canvas[data-shows]')")
            station.receive(picture, capture_name(number))
            ask = "SELECT 1 FROM run_state WHERE sample_no = ? AND status IN ('completed', 'failed')"
            window.until("the run", lambda: database.execute(ask, (sample,)).fetchone(), rest_s=0.001)
            committed = time.time() * 1000
            took.append(seen(shown, "the run on the bench") - committed)
    return took


def keystrokes(station, pictures, count):
    """From a key in the review to the end of the frame that shows what it did, while a backlog is read behind it."""
    with open_window(station, "keys") as shown:
        shown.sign_in("ada", PASSWORD)
        shown.click("link", "Review")
        shown.find("well", "A1,")
        window.until("a well has the keyboard", lambda: "confidence" in shown.script("return page.focused();"))
        for number, picture in pictures:
            station.receive(picture, capture_name(number))
        shown.script(PAINTED + """window.keys = [];
            addEventListener('keydown', (event) => painted(() => window.keys.push(performance.now() - event.timeStamp)),
              { capture: true });""")
        window.until("the backlog is at work", lambda: len(waiting(shown)) > 0)
        pressed = [key for _ in range(count) for key in ("\ue014", "5", "\ue014", "1", "\ue012", "z")][:count]
        for number, key in enumerate(pressed, 1):
            shown.keys(key)
            window.until("the key is painted", lambda: shown.script("return window.keys.length >= arguments[0];", number))
        return shown.script("return window.keys;"), sum(waiting(shown))


def waiting(shown):
    queue = shown.promise("return (await window.__TAURI_INTERNALS__.invoke('bench', {})).queue;")
    return [n for n in (queue["waiting"], queue["working"]) if n > 0]


def fill(station, rows):
    """Runs without wells, all of pictures that could not be read: the list shows each in full, and nothing is made up
    about what a plate showed. What follows from the runs is made by the program's own repair."""
    database = sqlite3.connect(station.folder / "data/wellread.db")
    columns = ["seq", "id", "sample_no", "submission_no", "plate_no", "predict_at", "status", "error_msg", "error_code",
               "created_at", "updated_at", "image_sha256", "assay_id", "assay_version", "app_version"]
    (first,) = database.execute("SELECT coalesce(max(seq), 0) + 1 FROM prediction_run").fetchone()
    assay = database.execute("SELECT id, version FROM assay WHERE id = 'hi'").fetchone() or stop("no assay")
    begun_ms = int(time.time() * 1000) - rows * 60_000

    def one(n):
        at = begun_ms + n * 60_000
        # A UUIDv7 as the program makes them, so that ids lie in the index as they would.
        random = uuid.uuid4().int & ((1 << 74) - 1)
        identity = uuid.UUID(int=(at << 80) | (7 << 76) | ((random >> 62) << 64) | (2 << 62) | (random & ((1 << 62) - 1)))
        return [first + n, str(identity), f"S-2026-{n // 4:06}", f"T{n // 40}", str(n % 4 + 1), at, "failed",
                "There is no plate in the picture.", "no-plate", at, at, f"{n:064x}", *assay, "bench"]

    marks = ", ".join("?" * len(columns))
    with database:
        sql = f"INSERT INTO prediction_run ({', '.join(columns)}) VALUES ({marks})"
        database.executemany(sql, (one(n) for n in range(rows)))
    database.close()
    station.run("verify", "--repair", fine=(0, 1, 3, 5))


def lists(station, rows, screens):
    """The list of runs: its first rows, a search, and how it scrolls."""
    with open_window(station, "lists") as shown:
        shown.sign_in("ada", PASSWORD)
        filled = "[...document.querySelectorAll('[role=row][aria-rowindex]')].filter((row) => row.innerText.trim()).length"
        # The screen is loaded once before: what is measured is the list.
        shown.click("link", "Runs")
        shown.sees(f"S-2026-{(rows - 1) // 4:06}")
        shown.click("link", "Help")
        shown.find("heading", "Help")
        expect(shown, f"{filled} >= 8")
        pressed = shown.script("const at = performance.timeOrigin + performance.now();"
                               "page.find('link', 'Runs').click(); return at;")
        first_ms = seen(shown, "the first rows") - pressed
        frames, empty = shown.promise(SCROLL, screens)
        searched = []
        for n in range(5):
            sample = f"S-2026-{(rows // 4) * (n + 1) // 7:06}"
            shown.type("Sample, submission, plate", sample[:-1])
            shown.sees(sample[:-1])
            first = f"[...document.querySelectorAll('[role=row][aria-rowindex]')].filter((row) => row.innerText.trim())"
            expect(shown, f"{first}.length > 0 && {first}.every((row) => row.innerText.includes('{sample}'))")
            shown.script("const field = page.find('field', 'Sample, submission, plate');"
                         "field.addEventListener('input', () => (window.typed = performance.timeOrigin + performance.now()),"
                         " { capture: true, once: true }); field.focus();")
            shown.keys(sample[-1])
            searched.append(seen(shown, "what was searched") - shown.script("return window.typed;"))
        return first_ms, percentile(searched, 0.95), frames, empty


SCROLL = """
    const [screens] = arguments;
    const list = document.querySelector('[role=grid]');
    const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const isEmpty = () => {
      const box = list.getBoundingClientRect();
      for (let y = box.top + 60; y < box.bottom - 8; y += 40) {
        const row = document.elementFromPoint(box.left + 60, y)?.closest('[role=row]');
        if (!row?.textContent.trim()) return true;
      }
      return false;
    };
    let [frames, empty] = [0, 0];
    // A screen in ten frames, as a wheel turned fast does.
    for (let step = 0; step < screens * 10; step += 1) {
      list.scrollTop += list.clientHeight / 10;
      await next();
      await next();
      frames += 1;
      if (isEmpty()) empty += 1;
    }
    return [frames, empty];
"""


def first_screen_kb():
    """What the first screen loads of JavaScript, compressed, as the front end's own measure says."""
    done = subprocess.run(["npm", "run", "--silent", "size"], cwd=ROOT / "ui", capture_output=True, text=True, check=False)
    found = re.search(r"first screen: ([\d.]+) kB", done.stdout)
    print(found[0] + " of JavaScript, compressed" if found else "first screen: not known, because ui/dist is not built")
    return float(found[1]) if found else None


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="fewer of everything: whether it works, not how quick it is")
    asked.add_argument("--rows", type=int)
    asked = asked.parse_args()
    if window.missing():
        stop(f"not installed: {', '.join(window.missing())}")
    quick = asked.quick
    rows = asked.rows or (5_000 if quick else 100_000)
    # Without a key, so that a second reader can say when a run was committed.
    station = Station(FOLDER / "station", encrypted=False)
    station.set("intake.rest_ms", 100)
    backlog = 20 if quick else 150
    made = list(plates(FOLDER / "camera", 1 + 20 + backlog, "1700x1200"))
    station.receive(made[0][1], capture_name(made[0][0]))
    station.run("watch", "--once")
    out = {"program": DESKTOP, "quick": quick}

    sign_in_ms, bench_ms = starts(station, 2 if quick else 5)
    out |= {"start_to_sign_in_ms": sign_in_ms, "sign_in_to_bench_ms": bench_ms, "start_to_bench_ms": sign_in_ms + bench_ms}
    print(f"start to sign-in {sign_in_ms:.0f} ms, sign-in to bench with its plate {bench_ms:.0f} ms "
          f"(medians; a new process, its files in the page cache; the time of typing left out)")
    memory, cpu_percent = idle(station, 8 if quick else 30)
    out |= {"idle_memory_mb": sum(memory.values()), "idle_cpu_percent": cpu_percent}
    each = ", ".join(f"{name} {mb:.0f}" for name, mb in memory.items())
    print(f"idle: {sum(memory.values()):.0f} MB (proportional: {each}), {cpu_percent:.2f} % of a core")
    took = committed_to_shown(station, made[1:21], 4 if quick else 20)
    out |= {"committed_to_shown_ms": statistics.median(took), "committed_to_shown_max_ms": max(took)}
    print(f"run committed to painted: median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms of {len(took)}")
    keys, left = keystrokes(station, made[21:], 30 if quick else 100)
    out |= {"key_to_painted_p95_ms": percentile(keys, 0.95), "keys": len(keys), "backlog_left": left}
    print(f"key to painted: median {statistics.median(keys):.0f} ms, p95 {percentile(keys, 0.95):.0f} ms of {len(keys)} keys, "
          f"{left} pictures of the backlog still to read at the end")
    large = Station(FOLDER / "large", encrypted=False)
    large.receive(made[0][1], capture_name(made[0][0]))
    large.run("watch", "--once")
    fill(large, rows)
    first_ms, search_ms, frames, empty = lists(large, rows, 20 if quick else 200)
    out |= {"rows": rows, "rows_first_ms": first_ms, "rows_search_p95_ms": search_ms, "scroll_frames": frames,
            "scroll_frames_with_empty_places": empty}
    print(f"runs, {rows} rows without wells: first rows {first_ms:.0f} ms, search {search_ms:.0f} ms, "
          f"{empty} of {frames} frames with an empty place while scrolling")
    out["first_screen_js_gzipped_kb"] = first_screen_kb()
    print(json.dumps({name: round(value, 2) if isinstance(value, float) else value for name, value in out.items()}))


if __name__ == "__main__":
    main()
