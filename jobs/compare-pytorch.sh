#!/usr/bin/env bash
# Compares throughput with PyTorch's: the same networks, batches and optimizer on the same cores.
#
#     jobs/compare-pytorch.sh [--repetitions N] [--only PATTERN]
#
#     --repetitions N   measure everything N times [3]
#     --only PATTERN    only the rows whose name matches the extended regular expression
#
# Installs PyTorch for CPUs into .build/pytorch (once). The programs run in turn, N times over, so that a machine that
# gets slower gets slower for all; the table (Markdown) has the medians. PyTorch (eager) runs in both memory layouts,
# with glibc told to keep freed pages, which is its best. A batch is 64 images a rank or process, 4 to 16 of 224 x 224
# pixels. Beside 2 ranks runs DistributedDataParallel over gloo. All take some 45 minutes; nothing else may run
# meanwhile, or PyTorch's two threads, which wait for each other spinning, get ten times slower.
set -euo pipefail

# name | ranks | threads | batch | options of cnn-mpi bench step | options of compare-pytorch.py
rows=$(sed '/^$/d; s/ *| */|/g' <<'END'
mnist-cnn, 1 rank x 1 thread  | 1 | 1 | 64 | --model mnist-cnn                     | --network mnist-cnn
mnist-cnn, 1 rank x 2 threads | 1 | 2 | 64 | --model mnist-cnn                     | --network mnist-cnn
mnist-cnn, 2 ranks x 1 thread | 2 | 1 | 64 | --model mnist-cnn                     | --network mnist-cnn
mnist-cnn-same, one core      | 1 | 1 | 64 | --model mnist-cnn-same                | --network mnist-cnn-same
mnist-small, one core         | 1 | 1 | 64 | --model mnist-small                   | --network mnist-small
lenet5, one core              | 1 | 1 | 64 | --model lenet5                        | --network lenet5
mnist-bn, one core            | 1 | 1 | 64 | --model mnist-bn                      | --network mnist-bn
cifar-vgg, one core           | 1 | 1 | 64 | --model cifar-vgg                     | --network cifar-vgg
vgg16 forward, im2col         | 1 | 1 | 4  | --model vgg16 --forward --conv im2col | --network vgg16 --forward
vgg16 forward, auto           | 1 | 1 | 4  | --model vgg16 --forward --conv auto   | --network vgg16 --forward
resnet18-cifar, one core      | 1 | 1 | 64 | --model resnet18-cifar                | --network resnet18-cifar
resnet50, one core            | 1 | 1 | 8  | --model resnet50                      | --network resnet50
mobilenet-v2, one core        | 1 | 1 | 16 | --model mobilenet-v2                  | --network mobilenet-v2
efficientnet-lite0, one core  | 1 | 1 | 16 | --model efficientnet-lite0            | --network efficientnet-lite0
END
)

usage() {
  sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"
  printf '\nRows:\n\n'
  cut -d '|' -f 1 <<<"$rows" | sed 's/^/    /'
}

usage_error() {
  echo "compare-pytorch.sh: error: $*; see jobs/compare-pytorch.sh --help" >&2
  exit 2
}

repetitions=3
only=.
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit ;;
    --repetitions) repetitions=${2-} ;;
    --only) only=${2-} ;;
    *) usage_error "unknown option $1" ;;
  esac
  [ $# -ge 2 ] || usage_error "expected a value after $1"
  shift 2
done
[[ "$repetitions" =~ ^[1-9][0-9]{0,2}$ ]] || usage_error "--repetitions: expected 1 to 999, found '$repetitions'"
rows=$(only=$only awk -F '|' '$1 ~ ENVIRON["only"]' <<<"$rows") || usage_error "--only: no regular expression: '$only'"
[ -n "$rows" ] || usage_error "--only: no row matches '$only'"

source "$(dirname "$0")/setup.sh"
unset OPENBLAS_CORETYPE
command -v python3 >/dev/null || install_packages python3

# One hardware thread of each core that this process may use.
allowed=$(python3 -c 'import os; print(*os.sched_getaffinity(0))')
mapfile -t cores < <(lscpu -p=cpu,core |
  awk -F , -v allowed=" $allowed " '!/^#/ && index(allowed, " " $1 " ") && !seen[$2]++ {print $1}')
fitting=$(awk -F '|' -v cores="${#cores[@]}" '$2 * $3 <= cores' <<<"$rows")
[ "$fitting" = "$rows" ] || echo "found ${#cores[@]} core: leaving out the rows that need 2" >&2
[ -n "$fitting" ] || fail "no row left to measure"
rows=$fitting

swift build -c release --product cnn-mpi >&2 || fail "the build failed"
program=$PWD/.build/release/cnn-mpi
require_python
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# The first N cores, as taskset takes them: 0,1
first_cores() { (IFS=,; echo "${cores[*]:0:$1}"); }

# In the foreground, so that Ctrl-C reaches the program.
limited() { timeout --foreground --kill-after 10 600 "$@"; }

cnn_mpi() { # ranks threads options
  local ranks=$1 threads=$2 launcher output
  launcher=(taskset -c "$(first_cores "$threads")")
  [ "$ranks" -eq 1 ] || launcher=(mpirun --quiet -np "$ranks" --bind-to core)
  output=$(limited "${launcher[@]}" "$program" bench step "${@:3}" \
    --threads "$threads" --repetitions 3 --json) || return
  python3 -c 'import json, sys; print(json.load(sys.stdin)["images_per_second"])' <<<"$output"
}

pytorch() { # processes threads options
  MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483648 MALLOC_TOP_PAD_=268435456 \
    limited taskset -c "$(first_cores $(($1 * $2)))" \
    "$python" jobs/compare-pytorch.py --processes "$1" --threads "$2" "${@:3}"
}

# Runs one of the two, given as a line, and adds its images a second to the file of that name: a line a repetition,
# also if several rows have the same measurement.
measure() {
  local file=$results/$1 lines=0 command
  [ ! -e "$file" ] || lines=$(wc -l <"$file")
  [ "$lines" -lt "$repetition" ] || return 0
  read -ra command <<<"$1"
  "${command[@]}" </dev/null >>"$file" || fail "failed or took longer than 600 s: $1"
  [ "$(wc -l <"$file")" -eq "$repetition" ] || fail "expected one number from: $1"
  printf '%d of %d: %s: %.1f images/s\n' "$repetition" "$repetitions" "$1" "$(tail -n 1 "$file")" >&2
}

median() { sort -g "$results/$1" | awk '{x[NR] = $1} END {print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2}'; }

# The largest ratio of a measurement's best repetition to its worst, and its name.
largest_spread() {
  awk 'FNR == 1 {low[FILENAME] = high[FILENAME] = $1}
    $1 < low[FILENAME] {low[FILENAME] = $1}
    $1 > high[FILENAME] {high[FILENAME] = $1}
    END {for (name in low) printf "%.2f in %s\n", high[name] / low[name], name}' "$results"/* |
    sort -g | tail -n 1 | sed "s|$results/||"
}

measure_row() { # name, then the measurements: cnn-mpi, PyTorch channels-last, PyTorch NCHW
  measure "$2"
  measure "$3"
  measure "$4"
}

format='| %-29s | %16s | %21s | %12s | %19s |\n'

print_row() { # as measure_row
  awk -v format="$format" -v name="$1" -v ours="$(median "$2")" -v last="$(median "$3")" -v nchw="$(median "$4")" '
    function digits(x) {
      x = sprintf(x < 10 ? "%.2f" : "%.0f", x)
      while (match(x, /[0-9][0-9][0-9][0-9]($|,)/)) x = substr(x, 1, RSTART) "," substr(x, RSTART + 1)
      return x
    }
    BEGIN {
      ratio = ours / (nchw > last ? nchw : last)
      printf format, name, digits(ours), digits(last), digits(nchw), sprintf("%.2f", ratio)
    }'
}

for_rows() {
  local name ranks threads batch ours theirs
  while IFS='|' read -r name ranks threads batch ours theirs; do
    theirs="pytorch $ranks $threads $theirs --batch $batch --layout"
    "$1" "$name" "cnn_mpi $ranks $threads $ours --batch-size $batch" "$theirs channels_last" "$theirs nchw"
  done <<<"$rows"
}

for ((repetition = 1; repetition <= repetitions; repetition++)); do for_rows measure_row; done

# shellcheck disable=SC2059
header=$(printf "$format" what 'cnn-mpi images/s' 'PyTorch channels-last' 'PyTorch NCHW' 'ratio to the better')
echo "$header"
sed 's/[^|]/-/g; s/-|/:|/2g' <<<"$header" # all columns but the first aligned to the right
for_rows print_row
echo
one="cnn_mpi 1 1 --model mnist-cnn --batch-size 64"
two="cnn_mpi 2 1 --model mnist-cnn --batch-size 64"
if [ -e "$results/$one" ] && [ -e "$results/$two" ]; then
  awk -v one="$(median "$one")" -v two="$(median "$two")" \
    'BEGIN {printf "Weak scaling of cnn-mpi, mnist-cnn, 2 ranks / (2 x 1 rank): %.2f\n", two / (2 * one)}'
fi
if [ "$repetitions" -gt 1 ]; then
  echo "Largest best / worst of repetitions: $(largest_spread); far above 1.1: something else was running"
fi
echo "Medians of $repetitions; cores: ${#cores[@]}; CPU: $(lscpu | sed -n '/^Model name/{s/.*: *//p;q}')"
echo "$("$program" --version), PyTorch $("$python" -c 'import torch; print(torch.__version__)')," \
  "OpenBLAS $(pkg-config --modversion openblas), $(mpirun --version | sed -n '1s/.*(\(.*\))/\1/p')"
