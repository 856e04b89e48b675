# Proofs: a function each, that a line tells of; sourced by run.sh.

passed=0
failed=0
skipped=0
running=

# Runs a function in a subshell of its own that ends at the first command that fails. Shows a line with its time, and
# all it said if it failed: prove "what it proves" FUNCTION [arguments]
prove() {
  local what=$1 start=$EPOCHREALTIME status=0
  shift
  set -m # a process group of its own, which can be ended as one
  (set -euo pipefail; "$@") </dev/null >"$work/log" 2>&1 &
  running=$!
  set +m
  wait "$running" || status=$?
  running=
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    proof_line ok "$start" "$what"
    sed -n 's/^note: /                  /p' "$work/log"
  else
    failed=$((failed + 1))
    proof_line FAILED "$start" "$what"
    tail -n 60 "$work/log" | sed 's/^/    | /'
  fi
}

proof_line() { printf '%-7s %7s s  %s\n' "$1" "$(seconds_between "$2" "$EPOCHREALTIME")" "$3"; }

# With one decimal, of two values of EPOCHREALTIME.
seconds_between() { awk -v start="$1" -v end="$2" 'BEGIN {printf "%.1f", end - start}'; }

# Says what could not be proved here, and why.
skip() {
  skipped=$((skipped + 1))
  printf '%-7s %9s  %s\n' skipped "" "$1"
}

# A line that is shown beside a proof that succeeds.
note() { echo "note: $*"; }

# Inside proofs: fails with both values unless they are equal, and something: expect WHAT EXPECTED FOUND
expect() {
  [ "$2" = "$3" ] && [ -n "$3" ] && return
  echo "$1: expected '$2', found '$3'"
  exit 1
}

# A value of a run's record: recorded RUN KEY
recorded() { sed -n "s/^ *\"$2\" : \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1/run.json" | head -n 1; }

# The hosts of a run's ranks, in the ranks' order: recorded_hosts RUN
recorded_hosts() { sed -n '/^ *"hosts" : \[$/,/\]/s/^ *"\([^"]*\)",\{0,1\}$/\1/p' "$1/run.json" | xargs; }
