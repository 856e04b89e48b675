#!/bin/sh
# Makes a container a worker: an sshd on port 2222, as the user that trains. Keys are made at the first start, in
# ~/.ssh, which all containers share (a volume): they let the containers of one compose project into each other, only.
#
#     start-worker
set -eu
case "${1-}" in -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;; esac
cd ~/.ssh
umask 077
# mkdir succeeds for one of those that start at the same time.
if mkdir making 2>/dev/null; then
  ssh-keygen -q -t ed25519 -N '' -f host_key
  ssh-keygen -q -t ed25519 -N '' -f id_ed25519
  cp id_ed25519.pub authorized_keys
  touch made
fi
for _ in $(seq 100); do
  [ ! -e made ] || break
  sleep 0.1
done
[ -e made ] || { echo "start-worker: error: no keys in $PWD; remove the volume: docker compose down -v" >&2; exit 1; }

exec /usr/sbin/sshd -D -e -f /dev/null -p 2222 -h ~/.ssh/host_key \
  -o AuthorizedKeysFile="$HOME/.ssh/authorized_keys" -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no \
  -o UsePAM=no -o PidFile=none -o PermitRootLogin=no
