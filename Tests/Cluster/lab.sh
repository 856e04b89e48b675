#!/usr/bin/env bash
# A cluster on this machine, to try things on: hosts node1..nodeN with a network between them, with SLURM if asked to.
#
#     Tests/Cluster/lab.sh up [--hosts N] [--link raw|1g|10g|<R>mbit] [--delay US] [--slurm]
#     Tests/Cluster/lab.sh mpirun --hostfile hostfiles/four-hosts --map-by node -np 4 .build/release/cnn-mpi
#     Tests/Cluster/lab.sh on node1 sbatch jobs/train.sbatch --epochs 3
#     Tests/Cluster/lab.sh unplug node2       its network is cut; replug node2 mends it
#     Tests/Cluster/lab.sh lose node2         the host is gone, until the next up
#     Tests/Cluster/lab.sh status | down
#
#     --hosts N    hosts, which share this machine's cores and files [4]
#     --link L     raw: as fast as it goes; 1g, 10g, <R>mbit: Mbit/s of every host, each way [raw]
#     --delay US   microseconds from host to host [0]
#     --slurm      slurmctld on node1 and a slurmd a host; node1 is the login node
#
# Needs root. mpirun starts on node1. There is one cluster on a machine: up takes down the one before.
set -uo pipefail
source "$(dirname "$0")/hosts.sh"
source "$cluster/slurm.sh"
slurm_is_up && export SLURM_CONF=$slurm/slurm.conf

usage() { sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; }

usage_error() {
  echo "lab.sh: error: $*; see Tests/Cluster/lab.sh --help" >&2
  exit 2
}

up() {
  local hosts=4 link=raw delay=0 with_slurm=
  while [ $# -gt 0 ]; do
    case "$1" in
      --slurm) with_slurm=yes; shift; continue ;;
      --hosts) hosts=${2-} ;;
      --link) link=${2-} ;;
      --delay) delay=${2-} ;;
      *) usage_error "unknown option $1" ;;
    esac
    [ $# -ge 2 ] || usage_error "expected a value after $1"
    shift 2
  done
  obstacle=$(cluster_obstacle)
  [ -z "$obstacle" ] || fail "$obstacle"
  lock_cluster
  hosts_up "$hosts" "$link" "$delay" || exit
  [ -z "$with_slurm" ] || slurm_up
  status
}

status() {
  local name
  [ -n "$(host_names)" ] || { echo "no cluster"; return; }
  for name in $(host_names); do
    echo "$name: $(ip -n "$prefix$name" -brief -4 address show eth0 | tr -s ' ')," \
      "$(host_processes "$name" | wc -l) processes"
  done
  ! slurm_is_up || on_host node1 sinfo
}

require_host() {
  [ -n "$(host_names)" ] || fail "no cluster; make one: Tests/Cluster/lab.sh up"
  host_names | grep -qx -- "${1-}" || usage_error "expected a host of $(host_names | xargs), found '${1-}'"
}

command=${1-}
[ $# -eq 0 ] || shift
case "$command" in
  -h | --help | "") usage ;;
  up) up "$@" ;;
  down) hosts_down ;;
  status) status ;;
  on)
    require_host "$@"
    [ $# -ge 2 ] || usage_error "expected a command after $1"
    on_host "$@" ;;
  mpirun)
    require_host node1
    on_host node1 mpirun "$@" ;;
  unplug | replug | lose)
    require_host "$@"
    "$command" "$1" ;;
  *) usage_error "unknown command $command" ;;
esac
