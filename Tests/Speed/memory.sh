#!/usr/bin/env bash
# Trains on and evaluates many image files that are decoded again whenever they are needed, and compares the memory of
# the early part with that of the end: it must not grow by more than 5 %.
#
#     Tests/Speed/memory.sh IMAGES [COUNT]
#
# IMAGES is a directory of images by class, which is linked to as often as it takes to have COUNT (100,000) of them.
# Ends red where memory grew. Takes 5 minutes.
set -euo pipefail

case "${1-}" in
  -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;;
esac
[ -d "${1-}" ] || { echo "memory.sh: error: expected a directory of images, found ${1-nothing}" >&2; exit 2; }
images=$(realpath "$1")
count=${2:-100000}
program=$(realpath "$(dirname "$0")/../..")/.build/release/cnn-mpi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# Whole copies of the directory, as links.
files=$(find "$images" -type f | wc -l)
copies=$(((count + files - 1) / files))
for class in "$images"/*/; do
  mkdir -p "$directory/data/$(basename "$class")"
  for ((copy = 0; copy < copies; copy++)); do
    cp -rs "$class" "$directory/data/$(basename "$class")/$copy"
  done
done
echo "$(find "$directory/data" -type l | wc -l) images"

# Runs the program and prints, a line each second, its resident memory that is of no file.
watch() {
  "$program" "$@" > "$directory/output" 2>&1 &
  local process=$!
  while kill -0 "$process" 2>/dev/null; do
    awk '/^RssAnon/ { print $2 }' "/proc/$process/status" 2>/dev/null || true
    sleep 1
  done > "$directory/memory"
  wait "$process" || { cat "$directory/output"; exit 1; }
  # The largest of the second fifth, when all is under way, and of the last fifth.
  awk -v what="$1" '
    { kilobytes[NR] = $1 }
    function most(first, last,    i, found) {
      for (i = first; i <= last; i++) if (kilobytes[i] > found) found = kilobytes[i]
      return found
    }
    END {
      early = most(int(NR / 5), int(2 * NR / 5)); end = most(int(4 * NR / 5), NR)
      printf "%s: %d s, %d kB early, %d kB at the end: %+.1f %%\n", what, NR, early, end, 100 * (end / early - 1)
      exit !(end <= 1.05 * early)
    }' "$directory/memory"
}

cached=(--data "$directory/data" --cache none)
watch train "${cached[@]}" --model resnet20 --epochs 1 --validation-split 0.1 --out "$directory/run"
watch evaluate "${cached[@]}" --model "$directory/run" --part train
