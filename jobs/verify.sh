#!/usr/bin/env bash
# Proves that --reproducible keeps its word here: the same weights and metrics, to the bit, whoever computes them.
#
#     jobs/verify.sh [--ranks 1,2,4,8] [--threads 1,2] [options of cnn-mpi train]
#
#     jobs/verify.sh                                              some seconds, on synthetic digits
#     jobs/verify.sh --ranks 1,3,16 --data mnist --model lenet5   a run of one's own, --global-batch included
#
# Trains with every number of ranks and threads, then once more on the first number of ranks, stopped by a signal and
# resumed on the last. Prints a table of hashes and ends with exit code 0 if all are the same, 1 if not.
set -euo pipefail
usage() { sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; }

ranks=1,2,4,8
threads=1,2
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit ;;
    --ranks) ranks=${2-}; shift 2 || shift ;;
    --threads) threads=${2-}; shift 2 || shift ;;
    *) break ;;
  esac
done
for list in "$ranks" "$threads"; do
  [[ "$list" =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] ||
    { echo "verify.sh: error: expected numbers such as 1,2,4, found '$list'" >&2; exit 2; }
done
# Momentum, batch normalisation, dropout, augmentation and a moving average, over short batches.
[ $# -gt 0 ] || set -- --model mnist-bn --augment digits --ema 0.99 --clip-norm 5 --label-smoothing 0.1 \
  --train-samples 3000 --test-samples 1000 --epochs 2

called_from=$PWD
source "$(dirname "$0")/setup.sh"
swift build -c release --product cnn-mpi >&2 || fail "the build failed"
program=$PWD/.build/release/cnn-mpi
cd "$called_from"
directory=$(mktemp -d)
run=
trap '[ -z "$run" ] || kill "$run" 2>/dev/null || true; wait; rm -rf "$directory"' EXIT
options=("$@")
[[ " $* " == *" --global-batch"* ]] || options+=(--global-batch 256)
options+=(--reproducible --records csv --quiet)

# Trains on $1 ranks of $2 threads into the directory $3, with further options. What is said goes to a log.
train() {
  local ranks=$1 threads=$2 out=$3
  shift 3
  exec mpirun --quiet -np "$ranks" "$program" "${options[@]}" --threads "$threads" --out "$directory/$out" "$@" \
    >"$directory/log" 2>&1
}

# Shows what a run said, and ends.
give_up() {
  cat "$directory/log" >&2
  fail "$*"
}

# The weights of a run, and its metrics but for images/s and seconds, as one hash each.
hashes() {
  echo "$(sed -n 's/.*"weights_sha256" : "\(.*\)".*/\1/p' "$directory/$1/run.json")" \
    "$(cut -d , -f 1-6,9- "$directory/$1/metrics.csv" | sha256sum | cut -c 1-16)"
}

# Shows a run, and notes whether it is like the first.
show() {
  local found
  found=$(hashes "$2")
  : "${expected:=$found}"
  if [ "$found" = "$expected" ]; then verdict=same; else verdict=DIFFERENT; different=1; fi
  printf '%-34s  %s  %s  %s\n' "$1" "${found% *}" "${found#* }" "$verdict"
}

different=0
printf '%-34s  %-64s  %-16s\n' run weights metrics
for r in ${ranks//,/ }; do
  for t in ${threads//,/ }; do
    (train "$r" "$t" "$r-$t") || give_up "the run on $r ranks of $t threads failed"
    show "$r ranks x $t threads" "$r-$t"
  done
done

first=${ranks%%,*}
last=${ranks##*,}
train "$first" 1 moved --save-every 1steps &
run=$!
until compgen -G "$directory/moved/checkpoints/step-*.json" >/dev/null; do
  kill -0 "$run" 2>/dev/null || give_up "the run that was to be stopped ended by itself"
  sleep 0.02
done
kill -USR1 "$run"
status=0
wait "$run" || status=$?
run=
[ "$status" -ne 0 ] || fail "the run that was to be stopped was too short: give it more epochs or images"
[ "$status" -eq 75 ] || give_up "expected the stopped run to end with exit code 75, found $status"
(train "$last" 1 moved --resume auto) || give_up "the resumed run failed"
show "$first ranks, resumed on $last" moved
[ "$different" -eq 0 ] || fail "the runs differ: --reproducible does not hold here"
echo "all runs are the same"
