# Proofs of jobs/container, without Docker; sourced by run.sh.
#
# The image's last stage is made in a chroot: Debian's smallest system, the commands of RUN, the files of COPY. Head and
# workers are that chroot on three hosts.

dockerfile=jobs/container/Dockerfile
definition=jobs/container/cnn-mpi.def
compose=jobs/container/compose.yaml

# What can be told without an image, in seconds.
recipes_proofs() {
  prove "Dockerfile: hadolint's rules" /usr/bin/python3 "$cluster/dockerfile.py" check "$dockerfile"
  prove "compose.yaml: services, networks, volumes and hostfile agree" compose_is_sound
  prove "all packages of Dockerfile and cnn-mpi.def are in Debian, the same in both" packages_exist
}

containers_proofs() {
  image=$work/image # the chroot
  prove "the image, in a chroot: its program trains on 2 ranks" image_trains
  hosts_up 3 raw || fail "no hosts"
  prove "head and two workers with sshd, in the chroot: 4 ranks train" workers_train
}

compose_is_sound() {
  /usr/bin/python3 "$cluster/compose.py" "$compose" jobs/container/hostfile
  if docker compose version >/dev/null 2>&1; then
    docker compose -f "$compose" config --quiet
    note "docker compose config agrees"
  fi
}

packages_exist() {
  local stage name
  while read -r stage; do
    # shellcheck disable=SC2086
    apt-get install --simulate --no-install-recommends $stage >"$work/apt" || { cat "$work/apt"; return 1; }
    for name in $stage; do
      # Apptainer's container needs no sshd: it is started by the cluster's SLURM or ssh.
      [ "$name" = openssh-server ] || grep -qw -- "$name" "$definition"
    done
  done < <(/usr/bin/python3 "$cluster/dockerfile.py" packages "$dockerfile")
}

# The mirror that apt uses here, or Debian's own.
debian_mirror() {
  local mirrors
  mirrors=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null || true)
  read -r mirrors <<<"$mirrors"
  echo "${mirrors:-http://deb.debian.org/debian}"
}

# As root in the image, with proc and devices, seen by this command alone.
in_image() {
  # shellcheck disable=SC2016
  unshare --mount sh -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" &&
    exec chroot "$0" env -i HOME=/root DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' "$image" "$@"
}

# As the image's user, in its home directory.
as_trainer() { in_image setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/home/trainer sh -c "cd && $1"; }

image_trains() {
  make_image
  as_trainer "cnn-mpi --version"
  as_trainer "mpirun --oversubscribe -np 2 cnn-mpi --train-samples 2000 --epochs 1 --out runs/two"
  grep -q '"world_size" : 2' "$image/home/trainer/runs/two/run.json"
  ls "$image/home/trainer/runs/two/training_metrics.png"
}

make_image() {
  local step
  debootstrap --variant=minbase bookworm "$image" "$(debian_mirror)" >"$work/debootstrap" 2>&1 ||
    { tail -n 20 "$work/debootstrap"; return 1; }
  # As in Debian's images: nothing is started at installation.
  printf '#!/bin/sh\nexit 101\n' >"$image/usr/sbin/policy-rc.d"
  chmod +x "$image/usr/sbin/policy-rc.d"
  # With the scratch path of its own, the program beside is left as it is.
  CNN_MPI_CPU=x86-64-v3 swift build -c release --static-swift-stdlib --product cnn-mpi --scratch-path .build/container
  while read -r step; do image_step "$step"; done < <(/usr/bin/python3 "$cluster/dockerfile.py" steps "$dockerfile")
}

image_step() {
  local words
  case "$1" in
    RUN\ *) in_image sh -ec "${1#RUN }" ;;
    COPY\ *)
      read -ra words <<<"$1"
      [ "${words[2]}" != build ] || words[3]=.build/container/release/cnn-mpi
      [[ "${words[4]}" != */ ]] || words[4]+=$(basename "${words[3]}")
      [ "${words[1]}" != - ] || words[1]=$(stat -c %a "${words[3]}")
      install -D -m "${words[1]}" "${words[3]}" "$image${words[4]}" ;;
  esac
}

workers_train() {
  local name i=0
  for name in head worker1 worker2; do
    i=$((i + 1))
    echo "$network.$i $name" >>"$image/etc/hosts"
    on_host "node$i" sh -c "echo $name >/proc/sys/kernel/hostname"
  done
  for i in 2 3; do in_container "node$i" start-worker >"$work/worker$i.log" 2>&1 & done
  for i in 2 3; do
    wait_until 10 grep -qs "Server listening" "$work/worker$i.log" || { cat "$work/worker$i.log"; return 1; }
  done
  # What compose.yaml's head runs, and shorter.
  in_container node1 timeout 100 mpirun --hostfile /etc/cnn-mpi/hostfile -np 4 cnn-mpi --train-samples 4000 --epochs 1 \
    --out runs/compose --resume auto || { cat "$work"/worker*.log; return 1; }
  expect "hosts" "worker1 worker1 worker2 worker2" "$(recorded_hosts "$image/home/trainer/runs/compose")"
}

# A command on a host, in the image and as its user: in_container HOST COMMAND...
in_container() {
  # shellcheck disable=SC2016
  on_host "$1" unshare --mount sh -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" &&
    exec chroot --userspec=1000:1000 "$0" env -i HOME=/home/trainer USER=trainer PATH=/usr/local/bin:/usr/bin:/bin \
      sh -c "cd && exec \"\$@\"" sh "$@"' "$image" "${@:2}"
}
