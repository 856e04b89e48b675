#!/usr/bin/env bash
# Stands in for ssh between the cluster's hosts: rsh.sh [ssh options] HOST COMMAND...
#
# Like ssh, it starts the command with a bare environment: what a rank needs is given by mpirun -x.
while [[ "${1-}" == -* ]]; do shift; done
host=$1
shift
keeper=$(cat "$(dirname "$0")/../../.build/cluster/$host.pid") || exit 255
exec nsenter --target "$keeper" --net --uts --mount --ipc \
  env -i PATH="$PATH" HOME="$HOME" USER=root LOGNAME=root SHELL=/bin/sh TMPDIR=/dev/shm/tmp \
  sh -c "$*"
