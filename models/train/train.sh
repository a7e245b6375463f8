#!/usr/bin/env bash
# Renders the training data and trains all models from their seeds: train.sh [--publish VERSION]
# ./dev train sets up the Python environment and calls this. Two cores take about an hour and a half, mostly training.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-target/train-venv/bin/python}
work=${WORK:-target/train}
publish=""
if [ "${1:-}" = "--publish" ]; then publish=${2:?a version, such as 1.0.0}; fi
mkdir -p "$work/data" "$work/out"
export OMP_WAIT_POLICY=passive

cargo build --release --locked -p wellread-train-data
render() { # FOLDER SEED COUNT KIND [OPTION]; what is there already is kept
  local folder="$work/data/$1"
  if [ ! -e "$folder/done" ]; then
    target/release/wellread-train-data --seed "$2" --count "$3" --out "$folder" "${@:4}"
    touch "$folder/done"
  fi
}
render every 100000 3600 locator
render brimming 250000 1500 locator --brimming
render wells 300000 3200 classifier
render landmarks 600000 1500 landmark

"$python" models/train/locator.py --data "$work/data/every" "$work/data/brimming" --out "$work/out" --steps 4500
"$python" models/train/squares.py classifier --data "$work/data/wells" --out "$work/out" --steps 11000
"$python" models/train/squares.py landmark --data "$work/data/landmarks" --out "$work/out" --steps 2200
if [ -n "$publish" ]; then
  "$python" models/train/publish.py --from "$work/out" --version "$publish"
fi
