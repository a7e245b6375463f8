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
render every 100000 4800 locator
render more 200000 1600 locator
render brimming 250000 900 locator --brimming
render wells 300000 1600 classifier
render landmarks 600000 500 landmark

locator() { # STEPS FOLDER…: trains on, where there is something to go on from
  local from=()
  if [ -e "$work/out/locator.pt" ]; then from=(--resume "$work/out/locator.pt"); fi
  "$python" models/train/locator.py --data "${@:2}" --out "$work/out" --steps "$1" "${from[@]}"
}
squares() { # KIND FOLDER STEPS
  local from=()
  if [ -e "$work/out/$1.pt" ]; then from=(--resume "$work/out/$1.pt"); fi
  "$python" models/train/squares.py "$1" --data "$work/data/$2" --out "$work/out" --steps "$3" "${from[@]}"
}
rm -f "$work"/out/*.pt
locator 2400 "$work/data/every"
locator 1000 "$work/data/every" "$work/data/more" "$work/data/brimming"
squares classifier wells 2400
squares classifier wells 3000
squares landmark landmarks 1500
if [ -n "$publish" ]; then
  "$python" models/train/publish.py --from "$work/out" --version "$publish"
fi
