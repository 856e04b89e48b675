#!/usr/bin/env bash
# Compares training throughput with PyTorch's on one core: the same network (mnist-cnn), batch of 64 and optimizer.
#
#     jobs/compare-pytorch.sh [repetitions]
#
# Installs PyTorch for CPUs into .build/pytorch (once). The programs run in turn, so that a machine that gets slower gets
# slower for all; the table shows medians. PyTorch runs in both memory layouts, with glibc told to keep freed pages, which
# is its best. Nothing else should run meanwhile.
set -euo pipefail
repetitions=${1:-3}
source "$(dirname "$0")/setup.sh"
unset OPENBLAS_CORETYPE

swift build -c release --product cnn-mpi >&2 || fail "the build failed"
python=$PWD/.build/pytorch/bin/python
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
  command -v python3 >/dev/null || fail "expected python3 on the PATH, found none"
  python3 -m venv .build/pytorch || fail "could not make a Python environment; apt install python3-venv"
  .build/pytorch/bin/pip install -q 'torch==2.13.0+cpu' numpy ||
    .build/pytorch/bin/pip install -q torch numpy --index-url https://download.pytorch.org/whl/cpu ||
    fail "could not install PyTorch"
fi
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

ours() {
  taskset -c 0 .build/release/cnn-mpi --threads 1 --epochs 1 --train-samples 25600 --test-samples 64 \
    --out "$results/run" >/dev/null
  sed -n 's/.*"images_per_second" : \([0-9.]*\).*/\1/p' "$results/run/run.json" >>"$results/cnn-mpi"
}

pytorch() {
  MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483648 MALLOC_TOP_PAD_=268435456 \
    taskset -c 0 "$python" jobs/compare-pytorch.py --layout "$1" >>"$results/PyTorch $1"
}

for ((i = 1; i <= repetitions; i++)); do
  echo "repetition $i of $repetitions" >&2
  ours
  pytorch nchw
  pytorch channels_last
done

median() { sort -g "$1" | awk '{x[NR] = $1} END {print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2}'; }
own=$(median "$results/cnn-mpi")
printf '%-24s %12s %10s\n' "one core, batch 64" "images/s" "cnn-mpi is"
for file in "$results/cnn-mpi" "$results"/PyTorch*; do
  value=$(median "$file")
  awk -v name="$(basename "$file")" -v value="$value" -v own="$own" \
    'BEGIN {printf "%-24s %12.0f %8.2f x\n", name, value, own / value}'
done
