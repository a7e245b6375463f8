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
render() { # KIND SEED COUNT; what is there already is kept
  if [ ! -e "$work/data/$1.done" ]; then
    target/release/wellread-train-data --seed "$2" --count "$3" --out "$work/data" "$1"
    touch "$work/data/$1.done"
  fi
}
render locator 100000 4800
render classifier 300000 1600
render landmark 600000 500

"$python" models/train/locator.py --data "$work/data" --out "$work/out" --steps 2400
"$python" models/train/squares.py classifier --data "$work/data" --out "$work/out" --steps 2500
"$python" models/train/squares.py landmark --data "$work/data" --out "$work/out" --steps 2000
if [ -n "$publish" ]; then
  "$python" models/train/publish.py --from "$work/out" --version "$publish"
fi
