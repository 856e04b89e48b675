#!/usr/bin/env bash
# Trains on this machine: installs what is missing, builds, runs.
#
#     jobs/local.sh [ranks] [options of cnn-mpi train]
#
#     jobs/local.sh 2                                   synthetic digits on 2 ranks
#     jobs/local.sh 4 --data mnist --epochs 10          MNIST's files in the directory mnist
#
# Without ranks: one for each core. Expect a table of the settings, a progress bar, a line an epoch and a summary.
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;; esac

ranks=$(nproc)
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
  ranks=$1
  shift
fi
called_from=$PWD
source "$(dirname "$0")/setup.sh"
[ "$ranks" -gt 0 ] || fail "expected at least 1 rank, found 0"

swift build -c release --product cnn-mpi >&2 || fail "the build failed"
program=$PWD/.build/release/cnn-mpi
cd "$called_from"
status=0
mpirun --quiet -np "$ranks" "$program" "$@" || status=$?
if [ "$status" -gt 128 ]; then echo "local.sh: error: a rank was ended by signal $((status - 128))" >&2; fi
exit "$status"
