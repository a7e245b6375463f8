"""Puts freshly trained models into models/: the ONNX files and the manifest that names them with their hashes.

    python publish.py --from DIR --version X.Y.Z
"""

import argparse
import json
import shutil
from pathlib import Path

from common import MEAN, STD
from locator import WIDTH
from squares import KINDS

MODELS = Path(__file__).resolve().parent.parent
ROWS = [
    # name, kind, training's name
    ("wellread-locator", "locator", "locator"),
    ("wellread-wells", "well-classifier", "classifier"),
    ("wellread-landmarks", "landmark", "landmark"),
]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--from", dest="trained", type=Path, required=True)
    arguments.add_argument("--version", required=True)
    arguments = arguments.parse_args()
    entries = ["# Written by models/train/publish.py. Loading refuses a file whose sha256 is another.\n"]
    for name, kind, training in ROWS:
        facts = json.loads((arguments.trained / f"{training}.facts.json").read_text())
        shutil.copyfile(arguments.trained / f"{training}.onnx", MODELS / f"{name}.onnx")
        shutil.copyfile(arguments.trained / f"{training}.facts.json", MODELS / f"{name}.facts.json")
        side = WIDTH if kind == "locator" else KINDS[training]["side"]
        classes = [] if kind == "locator" else KINDS[training]["classes"]
        entries.append(
            f"""[[model]]
name = "{name}"
kind = "{kind}"
version = "{arguments.version}"
file = "{name}.onnx"
sha256 = "{facts["sha256"]}"
input = {{ width = {side}, height = {side}, mean = {MEAN}, std = {STD} }}
classes = {json.dumps(classes)}
temperature = {round(facts.get("temperature", 1.0), 4)}
license = "LicenseRef-Proprietary"
card = "{name}.md"
"""
        )
    (MODELS / "manifest.toml").write_text("\n".join(entries))


if __name__ == "__main__":
    main()
