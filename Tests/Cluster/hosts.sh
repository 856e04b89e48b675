# Hosts of a cluster on one machine, sourced by the scripts beside it.
#
# A host node<i> is a set of namespaces: a network of its own (10.77.0.<i> on eth0), its own hostname, mounts, /dev/shm
# and temporary directory, kept by one sleeping process. All hosts are on one switch, and the machine's own network is
# left as it is. Every process of the cluster is in one of the network namespaces cnnlab-*: that is how all of them are
# found and ended, whoever started them and whatever became of that.

cluster=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=$(cd "$cluster/../.." && pwd)
state=$package/.build/cluster
prefix=cnnlab-
network=10.77.0

# The cluster's mpirun works like one on real hosts: nothing of this needs to be said on its command line.
unset OPENBLAS_CORETYPE # ssh does not pass it on, and all ranks have to run the same kernel
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_plm_rsh_agent=$cluster/rsh.sh
export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp
export OMPI_MCA_btl_tcp_if_include=$network.0/24 OMPI_MCA_oob_tcp_if_include=$network.0/24
export OMPI_MCA_oob_tcp_keepalive_time=5 OMPI_MCA_oob_tcp_keepalive_intvl=2 OMPI_MCA_oob_tcp_keepalive_probes=3
# All hosts share this machine's cores.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1

fail() {
  echo "$(basename "$0"): error: $*" >&2
  exit 1
}

# Why no cluster can be made here, or nothing.
cluster_obstacle() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "needs root, for network namespaces"
  elif ! unshare --net --uts --mount --ipc true 2>/dev/null; then
    echo "needs namespaces, which the kernel or container refuses (unshare --net --uts --mount --ipc)"
  fi
}

# One cluster on a machine: waits until another script's is down. The lock goes when this script ends.
lock_cluster() {
  mkdir -p /run/lock
  exec 9>/run/lock/cnn-mpi-cluster
  flock --nonblock 9 && return
  echo "waiting for another cluster on this machine to end" >&2
  flock --timeout 3600 9 || fail "another cluster on this machine did not end in an hour"
}

# Waits until a command succeeds: wait_until SECONDS COMMAND...
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

host_names() { cat "$state/names" 2>/dev/null; }

# By the files that name them: `ip netns list` asks the kernel for more, and may leave one out.
namespaces() { find /run/netns -maxdepth 1 -name "$prefix*" -printf '%f\n' 2>/dev/null; }

# Processes in a network namespace that have not ended; a zombie has.
living_in() {
  local pid
  for pid in $(ip netns pids "$1" 2>/dev/null); do
    grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" && echo "$pid"
  done
  return 0
}

# What runs on a host, but for the process that keeps its namespaces.
host_processes() { living_in "$prefix$1" | grep -vx "$(cat "$state/$1.pid" 2>/dev/null)"; }

# Sends a signal to all processes in namespaces: kill_in SIGNAL NAMESPACE...
kill_in() {
  local signal=$1 namespace pid
  shift
  for namespace in "$@"; do
    for pid in $(living_in "$namespace"); do kill "-$signal" "$pid" 2>/dev/null; done
  done
  return 0
}

empty() {
  local namespace
  for namespace in "$@"; do [ -z "$(living_in "$namespace")" ] || return 1; done
}

# Kills all processes in namespaces, those included that they start meanwhile.
kill_all_in() {
  kill_and_look() { kill_in KILL "$@"; empty "$@"; }
  wait_until 10 kill_and_look "$@"
}

# Runs a command on a host, in this working directory and environment: on_host HOST COMMAND...
on_host() {
  local keeper
  keeper=$(cat "$state/$1.pid" 2>/dev/null) || fail "expected a host of $(host_names | xargs), found $1"
  shift
  # shellcheck disable=SC2016
  nsenter --target "$keeper" --net --uts --mount --ipc \
    env TMPDIR=/dev/shm/tmp sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD" "$@" 9>&-
}

# The network cable of a host, out and in.
unplug() { ip -n "$prefix$1" link set eth0 down; }
replug() { ip -n "$prefix$1" link set eth0 up; }

# The host is gone at once: nothing on it says good-bye.
lose() {
  unplug "$1"
  kill_all_in "$prefix$1"
}

# Ends whatever an earlier run left, too. Says what could not be ended.
hosts_down() {
  local all namespace status=0
  mapfile -t all < <(namespaces)
  [ ${#all[@]} -gt 0 ] || return 0
  kill_all_in "${all[@]}" || { echo "processes that do not end in ${all[*]}" >&2; status=1; }
  for namespace in "${all[@]}"; do ip netns del "$namespace"; done
  rm -rf "$state"/*.pid "$state/names" "$state/slurm"
  return "$status"
}

# Makes hosts anew: hosts_up [NUMBER] [LINK] [DELAY_US]; see lab.sh for the links.
hosts_up() {
  local count=${1:-4} link=${2:-raw} delay=${3:-0} rate name i
  case "$link" in
    raw) rate=0 ;;
    1g) rate=1000 ;;
    10g) rate=10000 ;;
    *mbit) rate=${link%mbit} ;;
    *) rate= ;;
  esac
  [[ "$rate" =~ ^[0-9]+$ ]] || fail "expected a link of raw, 1g, 10g or <R>mbit, found $link"
  [[ "$count" =~ ^[1-9][0-9]?$ ]] && [ "$count" -le 64 ] || fail "expected 1 to 64 hosts, found $count"
  [[ "$delay" =~ ^[0-9]+$ ]] || fail "expected a delay in microseconds, found $delay"

  hosts_down || return
  mkdir -p "$state"
  echo "127.0.0.1 localhost" >"$state/hosts"
  for ((i = 1; i <= count; i++)); do
    echo "node$i" >>"$state/names"
    echo "$network.$i node$i" >>"$state/hosts"
  done
  for name in switch $(host_names); do
    ip netns add "$prefix$name"
    ip -n "$prefix$name" link set lo up
  done
  if [ "$link" = raw ] && [ "$delay" -eq 0 ]; then connect_by_bridge; else connect_by_tapswitch "$rate" "$delay"; fi
  i=0
  for name in $(host_names); do
    ip -n "$prefix$name" address add "$network.$((i += 1))/24" dev eth0
    ip -n "$prefix$name" link set eth0 up
    start_keeper "$name"
  done
}

# The kernel's bridge: as fast as this machine is.
connect_by_bridge() {
  local name
  ip -n "${prefix}switch" link add bridge type bridge stp_state 0 forward_delay 0
  ip -n "${prefix}switch" link set bridge up
  for name in $(host_names); do
    ip -n "${prefix}switch" link add "$name" type veth peer name eth0 netns "$prefix$name"
    ip -n "${prefix}switch" link set "$name" master bridge up
  done
}

# A switch of a given rate (Mbit/s, 0: no limit) and delay (us).
connect_by_tapswitch() {
  local namespaces=() name
  for name in $(host_names); do namespaces+=("$prefix$name"); done
  if [ ! -e /dev/net/tun ]; then
    mkdir -p /dev/net
    mknod /dev/net/tun c 10 200
  fi
  if [ ! "$state/tapswitch" -nt "$cluster/tapswitch.c" ]; then
    cc -O2 -Wall -o "$state/tapswitch" "$cluster/tapswitch.c" || fail "could not compile tapswitch.c"
  fi
  setsid ip netns exec "${prefix}switch" "$state/tapswitch" -r "$1" -d "$2" "${namespaces[@]}" \
    </dev/null >"$state/tapswitch.log" 2>&1 9>&- &
  disown # no "Killed" when it is
  wait_until 5 grep -qs ready "$state/tapswitch.log" || fail "no switch: $(cat "$state/tapswitch.log")"
}

# Starts the process that keeps a host's namespaces, and waits until they are as they should be.
start_keeper() {
  # shellcheck disable=SC2016
  setsid ip netns exec "$prefix$1" unshare --uts --mount --ipc sh -ec '
    echo "$1" >/proc/sys/kernel/hostname
    mount --bind "$2/hosts" /etc/hosts
    mount -t tmpfs tmpfs /dev/shm
    mkdir /dev/shm/tmp
    echo $$ >"$2/$1.pid.new"
    mv "$2/$1.pid.new" "$2/$1.pid"
    exec sleep infinity' sh "$1" "$state" </dev/null >"$state/$1.log" 2>&1 9>&- &
  disown
  wait_until 5 test -s "$state/$1.pid" || fail "no host $1: $(cat "$state/$1.log")"
}
