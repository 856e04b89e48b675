#!/usr/bin/env bash
# Measures what a network costs: training steps on the hosts of a cluster on this machine, see lab.sh, beside what its
# cores do without communication.
#
#     Tests/Cluster/speed.sh [--links 1g,10g] [--models mnist-cnn,cifar-vgg] [--rounds 3]
#
# Prints a row for each link, model and layout of ranks: images/s of one rank alone times the cores, or the ranks where
# there are fewer; and over the network the share of that with
#   overlap       MPI_Allreduce in buckets, as the backward pass goes on (the default)
#   no overlap    MPI_Allreduce of all gradients after it
#   bf16, fp16    --compress
#   reproducible  --reproducible
#   hierarchical  --hierarchical, alone and with bf16, where a host has several ranks
# Medians of rounds, in each of which all of a row are measured once, in turns. All hosts, and the switch between them,
# share this machine's cores, so that images/s are few; nothing else may run. Needs root. Takes 12 minutes.
set -uo pipefail
source "$(dirname "$0")/hosts.sh"
source "$cluster/proof.sh"

usage() { sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; }

links=1g,10g
models=mnist-cnn,cifar-vgg
rounds=3
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit ;;
    --links) links=${2-} ;;
    --models) models=${2-} ;;
    --rounds) rounds=${2-} ;;
    *) echo "speed.sh: error: unknown option $1; see Tests/Cluster/speed.sh --help" >&2; exit 2 ;;
  esac
  shift 2 || fail "expected a value"
done
[[ "$rounds" =~ ^[1-9][0-9]*$ ]] || fail "--rounds: expected a number from 1 on, found $rounds"

cd "$package" || exit
obstacle=$(cluster_obstacle)
[ -z "$obstacle" ] || fail "$obstacle"
(source jobs/setup.sh && install_packages iproute2 util-linux gcc libc6-dev) || exit
swift build -c release --product cnn-mpi >&2 || fail "the build failed"
program=$package/.build/release/cnn-mpi
lock_cluster
mkdir -p "$state"
work=$(mktemp -d "$state/work.XXXX")
trap 'hosts_down; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Options of each way to sum, by its name.
declare -A options=(
  [alone]="" [overlap]="" [no overlap]="--bucket-kilobytes 1000000" [bf16]="--compress bf16" [fp16]="--compress fp16"
  [reproducible]="--reproducible" [hierarchical]="--hierarchical" [hierarchical bf16]="--hierarchical --compress bf16"
)

# images/s of a model: measure WAY MODEL RANKS HOSTFILE
measure() {
  local settings
  read -ra settings <<<"${options[$1]}"
  on_host node1 timeout 300 mpirun --quiet --hostfile "$4" -np "$3" "$program" bench step --json --repetitions 3 \
    --threads 1 --model "$2" "${settings[@]}" >"$work/json" 2>"$work/errors" || { cat "$work/errors" >&2; return 1; }
  sed -n 's/^ *"images_per_second" : \([0-9.]*\),$/\1/p' "$work/json"
}

median() { sort -n | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }

# A row: row LINK MODEL HOSTS RANKS_A_HOST
row() {
  local ranks=$(($3 * $4)) ways=(overlap "no overlap" bf16 fp16 reproducible) way round i cells=
  [ "$4" -eq 1 ] || ways+=(hierarchical "hierarchical bf16")
  for ((i = 1; i <= $3; i++)); do echo "node$i slots=$4"; done >"$work/hostfile"
  rm -f "$work"/rate.*
  for ((round = 1; round <= rounds; round++)); do
    measure alone "$2" 1 "$work/hostfile" >>"$work/rate.alone" || exit 1
    for way in "${ways[@]}"; do measure "$way" "$2" "$ranks" "$work/hostfile" >>"$work/rate.$way" || exit 1; done
  done
  local base
  base=$(median <"$work/rate.alone" | awk -v cores="$(nproc)" -v ranks="$ranks" \
    '{print $1 * (ranks < cores ? ranks : cores)}')
  for way in overlap "no overlap" bf16 fp16 reproducible hierarchical "hierarchical bf16"; do
    if [ -e "$work/rate.$way" ]; then
      cells+=$(median <"$work/rate.$way" | awk -v base="$base" '{printf " %.0f %% |", 100 * $1 / base}')
    else
      cells+=" |"
    fi
  done
  printf '| %s | %s | %s x %s | %.0f |%s\n' "$1" "$2" "$3" "$4" "$base" "$cells"
}

echo "| link | model | hosts x ranks | no communication, images/s | overlap | no overlap | bf16 | fp16 | reproducible" \
  "| hierarchical | hierarchical bf16 |"
echo "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
for link in ${links//,/ }; do
  hosts_up 4 "$link" || exit
  for model in ${models//,/ }; do
    for layout in "2 1" "4 1" "2 2"; do row "$link" "$model" ${layout% *} ${layout#* }; done
  done
done
