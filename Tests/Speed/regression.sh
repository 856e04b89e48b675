#!/usr/bin/env bash
# Compares the speed of training steps with that of an earlier commit, on this machine.
#
#     Tests/Speed/regression.sh [COMMIT]
#
#     Tests/Speed/regression.sh              with the commit before; with changes not committed yet, the last one
#     Tests/Speed/regression.sh origin/main  with another one
#
# Builds both in release, the earlier one in a worktree of its own, .build/before, and runs `bench step` of both in turns,
# 5 times. Ends red when the median of the ratios is below 0.9, twice: other work on the machine can make one try wrong.
# Says so and ends green where there is nothing to compare with: no earlier commit, as in a shallow clone, or one that
# does not build here. Takes 1 minute, and the build of the earlier commit; nothing else may run.
set -euo pipefail
pairs=5
least=0.9

case "${1-}" in
  -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;;
  -*) echo "regression.sh: error: unknown option $1; see Tests/Speed/regression.sh --help" >&2; exit 2 ;;
esac
[ $# -le 1 ] || { echo "regression.sh: error: expected one commit, found $*" >&2; exit 2; }
cd "$(dirname "$0")/../.."

fail() {
  echo "regression.sh: error: $*" >&2
  exit 1
}

skip() {
  echo "skipped: speed: $*"
  exit 0
}

# What the numbers of one try are read from and collected in.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The earlier commit: the one given, the one before, or the last one when there are changes since.
git rev-parse --git-dir >/dev/null 2>&1 || skip "this is no git repository"
base=${1-}
[ -n "$base" ] || { git diff --quiet HEAD -- Package.swift Sources && base=HEAD^ || base=HEAD; }
commit=$(git rev-parse --quiet --verify "$base^{commit}") ||
  { [ $# -eq 0 ] || fail "expected a commit, found $base"; skip "there is no commit before, as in a shallow clone"; }
name=$(git rev-parse --short "$commit")
! git diff --quiet "$commit" -- Package.swift Sources ':!Sources/CNNMPI/CNNMPI.docc' ||
  skip "the program is that of $name"

swift build -c release --product cnn-mpi >"$work/log" 2>&1 || { cat "$work/log"; fail "the build failed"; }
before=.build/before
git worktree prune
if ! git -C "$before" rev-parse --git-dir >/dev/null 2>&1 || [ ! -e "$before/.git" ]; then
  rm -rf "$before"
  git worktree add --quiet --detach "$before" "$commit" 2>"$work/log" || skip "no worktree of $name: $(<"$work/log")"
fi
git -C "$before" checkout --quiet --force --detach "$commit" || skip "$name cannot be checked out"
swift build -c release --package-path "$before" --product cnn-mpi >"$work/log" 2>&1 ||
  skip "$name does not build here: $(grep -m 1 error: "$work/log" || tail -n 1 "$work/log")"

# Images a second of a program's training steps, into a file that collects them.
measure() {
  local speed
  speed=$(env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$1/release/cnn-mpi" bench step --repetitions 3 --json |
    sed -n 's/.*"images_per_second" : \([0-9.]*\).*/\1/p')
  [ -n "$speed" ] || return
  echo "$speed" >>"$2"
}

median() { sort -g | awk '{ values[NR] = $1 } END { print (values[int((NR + 1) / 2)] + values[int(NR / 2) + 1]) / 2 }'; }

# Measures both in turns, the order too, and shows what came out. Sets `ratio` to the median of now / before.
compare() {
  rm -f "$work/now" "$work/before"
  local pair
  for pair in $(seq "$pairs"); do
    if [ $((pair % 2)) -eq 1 ]; then
      measure .build "$work/now" && measure "$before/.build" "$work/before"
    else
      measure "$before/.build" "$work/before" && measure .build "$work/now"
    fi || return
  done
  paste "$work/now" "$work/before" | awk '{ print $1 / $2 }' | sort -g >"$work/ratios"
  ratio=$(median <"$work/ratios")
  LC_ALL=C printf '%.3f of %s (%.3f to %.3f in %d pairs): %.0f images/s, before %.0f\n' "$ratio" "$name" \
    "$(head -n 1 "$work/ratios")" "$(tail -n 1 "$work/ratios")" "$pairs" "$(median <"$work/now")" \
    "$(median <"$work/before")"
}

for try in 1 2; do
  compare || fail "bench step failed, here or at $name"
  if awk -v ratio="$ratio" -v least="$least" 'BEGIN { exit !(ratio >= least) }'; then exit 0; fi
done
fail "training steps are slower than at $name: $ratio of the speed, where at least $least is expected"
