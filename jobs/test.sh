#!/usr/bin/env bash
# Runs all tests: installs what is missing, checks the format and the manual, builds, runs the tests, those of MPI on 2 to
# 4 ranks too, feeds the readers of files with damaged ones for 20 seconds (Tests/Fuzz/run.sh), compares the speed with that
# of the commit before (Tests/Speed/regression.sh), and runs those on a cluster of several hosts and SLURM on this machine
# (Tests/Cluster/run.sh, as root).
#
#     jobs/test.sh
#
# Ends with "all tests passed" and exit code 0, or shows what failed. Tests on real MNIST need its four files in
# ../shared/data/mnist or in the directory that CNN_MPI_MNIST names; without them they are listed as skipped.
# With CI=true in the environment MNIST and the cluster are required.
set -euo pipefail
case "${1-}" in
  -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;;
  ?*) echo "test.sh: error: expected no arguments, found $1; see jobs/test.sh --help" >&2; exit 2 ;;
esac
source "$(dirname "$0")/setup.sh"
log=$(mktemp)
pages=$(mktemp -d)
trap 'rm -rf "$log" "$pages"' EXIT

# Runs a command and shows what its tests came to; all it printed when it fails, and at the end once more what failed.
run_tests() {
  if ! "$@" >"$log" 2>&1; then
    cat "$log"
    grep -A 3 -E '✘ .*(recorded an issue|failed after)' "$log" | cut -c -600
    fail "failed: $*"
  fi
  grep -E 'skipped|Test run with' "$log" | sed -E 's/\x1b\[[0-9;]*m//g; s/ after [0-9.]+ seconds//' | sort -u
}

# Tests against PyTorch, ONNX Runtime, Pillow and TensorBoard.
require_python
export CNN_MPI_PYTHON=$python

echo "== format"
swift format lint --strict --recursive Package.swift Sources Tests ||
  fail "to mend it: swift format -i -r Package.swift Sources Tests"

echo "== manual"
jobs/manual.sh "$pages" >"$log" 2>&1 || { cat "$log"; fail "failed: jobs/manual.sh"; }

echo "== build"
swift build -c release --build-tests >"$log" 2>&1 || { cat "$log"; fail "the build failed"; }

# Tests that measure, or that know how long something may take, run alone; the others next to each other, as most of
# them wait for programs.
tests=(.build/release/cnn-mpiPackageTests.xctest --testing-library swift-testing)
alone='RankTests|EngineTests|CommandLineTests\.(Bench|DoctorRanks|Kill|ScalingCommand|Stall|Trace)Tests'
echo "== tests"
run_tests "${tests[@]}" --experimental-maximum-parallelization-width 3 --skip "$alone"
echo "== tests one by one"
run_tests "${tests[@]}" --no-parallel --filter "$alone"

for ranks in 2 3 4; do
  echo "== tests on $ranks ranks"
  run_tests timeout --kill-after 10 300 mpirun --quiet -np "$ranks" "${tests[@]}" --no-parallel --filter RankTests
done

echo "== fuzz"
Tests/Fuzz/run.sh --seconds 20 || fail "failed: Tests/Fuzz/run.sh"

echo "== speed"
Tests/Speed/regression.sh || fail "failed: Tests/Speed/regression.sh"

echo "== tests on a cluster"
Tests/Cluster/run.sh all || fail "failed: Tests/Cluster/run.sh all"
echo "all tests passed"
