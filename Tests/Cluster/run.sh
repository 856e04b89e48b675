#!/usr/bin/env bash
# Proves on a cluster on this machine what the manual says of clusters: hosts and SLURM for real, see lab.sh.
#
#     Tests/Cluster/run.sh [network|slurm|failures|recipes|containers|all]...
#
#     network      mpirun with a hostfile over 4 hosts
#     slurm        jobs/*.sbatch: they finish, are cut, requeued and resumed
#     failures     ranks, hosts, disks and files that fail: the job ends, the checkpoint stays whole, nothing is left
#     recipes      jobs/container: Dockerfile, compose.yaml, cnn-mpi.def and their packages
#     containers   the steps of these in a chroot, and training there; takes minutes and downloads 200 MB
#     all          network, slurm, failures and recipes [default]
#
# Prints a line a proof with its time and ends red if one fails. Needs root and namespaces: without them it says that
# all is skipped, or fails if CNN_MPI_CLUSTER=required or CI=true. CNN_MPI_REPEATS=10 does each failure, and the cut by
# a time limit, ten times. All takes 4 minutes, containers 2 more.
set -uo pipefail
source "$(dirname "$0")/hosts.sh"
source "$cluster/slurm.sh"
source "$cluster/proof.sh"
source "$cluster/network.sh"
source "$cluster/jobs.sh"
source "$cluster/failures.sh"
source "$cluster/containers.sh"

usage() { sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; }

repeats=${CNN_MPI_REPEATS:-1}
[[ "$repeats" =~ ^[1-9][0-9]*$ ]] || fail "CNN_MPI_REPEATS: expected a number from 1 on, found $repeats"
kinds=("$@")
[ $# -gt 0 ] || kinds=(all)
for kind in "${kinds[@]}"; do
  case "$kind" in
    -h | --help) usage; exit ;;
    network | slurm | failures | recipes | containers | all) ;;
    *) echo "run.sh: error: unknown proofs $kind; see Tests/Cluster/run.sh --help" >&2; exit 2 ;;
  esac
done
[[ " ${kinds[*]} " != *" all "* ]] || kinds+=(network slurm failures recipes)
wanted() { [[ " ${kinds[*]} " == *" $1 "* ]]; }

# Ends without a proof: red if they are required.
skip_all() {
  [[ "${CNN_MPI_CLUSTER-}" != required && "${CI-}" =~ ^(|0|false)$ ]] || fail "no cluster here: $1"
  skip "ALL PROOFS ON A CLUSTER: no cluster here: $1"
  exit 0
}

# Where apt-get installs packages; elsewhere they have to be there.
require_commands() {
  local packages=(iproute2 util-linux gcc libc6-dev) commands=(ip nsenter cc) command
  if wanted slurm; then
    packages+=(slurmctld slurmd slurm-client munge)
    commands+=(slurmctld slurmd sbatch munged)
  fi
  if wanted recipes; then
    packages+=(python3 python3-yaml)
    commands+=(/usr/bin/python3)
  fi
  if wanted containers; then
    packages+=(debootstrap python3)
    commands+=(debootstrap /usr/bin/python3)
  fi
  if command -v apt-get >/dev/null; then
    (source jobs/setup.sh && install_packages "${packages[@]}") || exit
  fi
  for command in "${commands[@]}"; do
    command -v "$command" >/dev/null || skip_all "it needs $command"
  done
}

# Takes down whatever runs, also after Ctrl-C: the proof's own processes, and the cluster with all that is on it.
tear_down() {
  local status=$?
  trap '' INT TERM
  [ -z "$running" ] || { kill -KILL -- "-$running"; wait "$running"; } 2>/dev/null
  hosts_down || status=1
  rm -rf --one-file-system "$work"
  exit "$status"
}

cd "$package" || exit
obstacle=$(cluster_obstacle)
[ -z "$obstacle" ] || skip_all "it $obstacle"
require_commands
program=$package/.build/release/cnn-mpi
built=$(swift build -c release --product cnn-mpi 2>&1) || fail "the build failed: $built"
lock_cluster
mkdir -p "$state"
rm -rf --one-file-system "$state"/work.*
work=$(mktemp -d "$state/work.XXXX")
trap tear_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for kind in network slurm failures recipes containers; do
  if wanted "$kind"; then "${kind}_proofs"; fi
done
echo "cluster: $passed proved, $failed failed, $skipped skipped, in $SECONDS s"
[ "$failed" -eq 0 ]
exit
