"""Opens the window on a station that is there, without a desktop, and keeps a picture of its bench."""

import argparse
import os
import pathlib
import sys
import tempfile

import window


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--program", required=True, help="the window's program")
    asked.add_argument("--data", required=True, help="the station's data folder")
    asked.add_argument("--user", required=True)
    asked.add_argument("--password", required=True)
    asked.add_argument("--size", default="1280x800")
    asked.add_argument("picture", help="where the picture goes, as PNG")
    asked = asked.parse_args()
    if window.missing():
        sys.exit(f"shoot_window: not installed: {', '.join(window.missing())}")
    env = {name: value for name, value in os.environ.items() if name.startswith("WELLREAD_")}
    env |= {"WELLREAD_DATA": pathlib.Path(asked.data).resolve()}
    env.setdefault("WELLREAD_MODELS", window.ROOT / "models")
    env.setdefault("WELLREAD_ONNXRUNTIME", window.ROOT / ".onnxruntime" / "libonnxruntime.so")
    with tempfile.TemporaryDirectory() as home:
        with window.Window(pathlib.Path(asked.program).resolve(), env, asked.size, home) as shown:
            shown.sign_in(asked.user, asked.password)
            # Every well of the latest plate, over its photograph.
            photographed = "return page.names('well').length > 0 && document.querySelector('canvas[data-shows]') !== null;"
            window.until("the latest plate on the bench", lambda: shown.script(photographed))
            shown.screenshot(asked.picture)


main()
