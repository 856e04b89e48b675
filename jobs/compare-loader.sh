#!/usr/bin/env bash
# Compares how fast photos are loaded with torchvision and Pillow: read, decoded, brought to 224 x 224 and normalised.
#
#     jobs/compare-loader.sh DIR [--repetitions N]
#
#     DIR               photos in folders of classes, as train takes them
#     --repetitions N   measure everything N times [3]
#
# Installs PyTorch, torchvision and Pillow into .build/pytorch (once). The programs run in turn on one core; the table
# (Markdown) has the medians of images per second of processor time, which other work on the machine hardly changes.
set -euo pipefail

usage_error() {
  echo "compare-loader.sh: error: $*; see jobs/compare-loader.sh --help" >&2
  exit 2
}

directory=
repetitions=3
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;;
    --repetitions) repetitions=${2-}; shift ;;
    -*) usage_error "unknown option $1" ;;
    *) [ -z "$directory" ] || usage_error "expected one directory, found $1 too"; directory=$1 ;;
  esac
  shift
done
[[ "$repetitions" =~ ^[1-9][0-9]{0,2}$ ]] || usage_error "--repetitions: expected 1 to 999, found '$repetitions'"
[ -n "$directory" ] || usage_error "expected a directory of photos"
[ -d "$directory" ] || usage_error "expected a directory of photos, found no directory $directory"
directory=$(cd "$directory" && pwd)

source "$(dirname "$0")/setup.sh"
swift build -c release --product cnn-mpi >&2 || fail "the build failed"
program=$PWD/.build/release/cnn-mpi
require_python
core=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

ours() { # crop|evaluation
  local augmentation=none
  [ "$1" = evaluation ] || augmentation=resized-crop
  taskset -c "$core" "$program" bench loader --data "$directory" --model resnet18 --augment "$augmentation" --threads 1 \
    --repetitions 3 --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["images_per_processor_second"])'
}

torchvision() { taskset -c "$core" "$python" jobs/compare-loader.py "$directory" "$1"; }

median() { sort -g "$1" | awk '{x[NR] = $1} END {print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2}'; }

for ((repetition = 1; repetition <= repetitions; repetition++)); do
  for kind in crop evaluation; do
    ours "$kind" >>"$results/ours-$kind"
    torchvision "$kind" >>"$results/torchvision-$kind"
  done
done
echo "| images per second of processor time | cnn-mpi | torchvision, Pillow | ratio |"
echo "|---|---:|---:|---:|"
for kind in crop evaluation; do
  name="resize to 256, middle 224"
  [ "$kind" = evaluation ] || name="random-resized crop to 224, flip"
  awk -v name="$name" -v ours="$(median "$results/ours-$kind")" -v theirs="$(median "$results/torchvision-$kind")" \
    'BEGIN {printf "| %s | %.0f | %.0f | %.2f |\n", name, ours, theirs, ours / theirs}'
done
echo
echo "Medians of $repetitions; CPU: $(lscpu | sed -n '/^Model name/{s/.*: *//p;q}'); $("$program" --version)," \
  "Pillow $("$python" -c 'import PIL; print(PIL.__version__)')"
