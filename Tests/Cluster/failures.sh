# Proofs that failures end cleanly, on 4 hosts of a rank each; sourced by run.sh. A function a failure.
#
# After a failure the job is gone from all hosts within --stall-abort and some seconds, its exit code is not 0, and the
# run goes on from its newest checkpoint.

stall=(--stall-warning 3 --stall-abort 6)
most_seconds=$((6 + 15))
# Shorter than --stall-abort: a host that is gone is noticed before ranks that wait for it are given up.
keepalive=(--mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3)
training_of_failures=(--train-samples 4000 --test-samples 1000 --save-every 20steps)

failures_proofs() {
  local i
  for ((i = 1; i <= repeats; i++)); do
    [ "$repeats" -eq 1 ] || echo "-- failures, $i of $repeats"
    prove "a rank is killed" ends_cleanly rank_killed node3
    prove "a rank is stopped (SIGSTOP)" ends_cleanly rank_stopped node3
    prove "the network of a host is cut, and mpirun never notices" without_keepalives network_cut node3
    [ "$repeats" -eq 1 ] || prove "... and mpirun notices" ends_cleanly network_cut node3
    prove "the network of the host with mpirun is cut" ends_cleanly network_cut node1
    prove "a host is gone" ends_cleanly host_lost node3
    [ "$repeats" -eq 1 ] || prove "the host with mpirun is gone" ends_cleanly host_lost node1
    prove "the disk is full when a checkpoint is written" ends_cleanly disk_full node1
    prove "one rank does not find the data" fails_at_once without_data "node3"
    prove "one rank runs another binary" fails_at_once mixed_binaries "node4"
  done
}

# The failures, of a host.

rank_on() { living_in "$prefix$1" | xargs -I {} grep -lsx cnn-mpi /proc/{}/comm | grep -o '[0-9]*'; }
rank_killed() { kill -KILL "$(rank_on "$1")"; }
rank_stopped() { kill -STOP "$(rank_on "$1")"; }
network_cut() { unplug "$1"; }
host_lost() { lose "$1"; }
disk_full() { on_host "$1" dd if=/dev/zero of="$run/filler" bs=64k >/dev/null 2>&1 || true; }

# What is to be made good before the run can go on.
repair() {
  case "$1" in
    network_cut) replug "$2" ;;
    disk_full) on_host "$2" rm "$run/filler" ;;
  esac
}

# Starts training in the background on all hosts, a rank each: sets `launcher` and `log`.
start_training() {
  log=$run.log
  on_host node1 mpirun --hostfile hostfiles/four-hosts --map-by node -np 4 "${keepalive[@]}" \
    "$program" "${stall[@]}" "$@" --out "$run" >"$log" 2>&1 &
  launcher=$!
}

has_checkpoint() { on_host node1 find "$run/checkpoints" -name 'step-*.json' 2>/dev/null | grep -q .; }

nothing_runs() {
  local name
  for name in $(host_names); do [ -z "$(host_processes "$name")" ] || return 1; done
}

show_what_runs() {
  local name
  for name in $(host_names); do host_processes "$name" | xargs -r ps -o pid=,stat=,args= -p | sed "s/^/$name: /"; done
}

# The job is gone from all hosts in time, with an exit code that is not 0.
expect_end() {
  local start=$EPOCHREALTIME end status=0
  wait_until "$most_seconds" nothing_runs ||
    { echo "after $most_seconds s there still runs:"; show_what_runs; cat "$log"; return 1; }
  wait "$launcher" || status=$?
  end=$EPOCHREALTIME
  [ "$status" -ne 0 ] || { echo "expected an exit code other than 0"; cat "$log"; return 1; }
  note "gone from all hosts after $(seconds_between "$start" "$end") s, exit code $status"
}

# The run goes on from its newest checkpoint to the end of an epoch, and leaves no temporaries.
expect_to_go_on() { # [command that enters a host]
  local newest epoch
  newest=$("$@" find "$run/checkpoints" -name 'step-*.json' | sort | tail -n 1)
  epoch=$((10#$(basename "$newest" .json | sed 's/.*epoch-//') + 1))
  # It goes on on another host, which cannot see that the job is gone from all: its user knows.
  "$@" rm -f "$run/run.lock"
  "$@" timeout 60 mpirun -np 4 "$program" --resume "$run" --epochs "$epoch" >"$run.resumed.log" 2>&1 ||
    { cat "$run.resumed.log"; return 1; }
  "$@" grep -q '"status" : "completed"' "$run/run.json"
  expect "epochs" "$epoch" "$("$@" grep -c '^[0-9]' "$run/metrics.csv")"
  expect "temporaries" 0 "$("$@" find "$run" -name '*.tmp' | wc -l)"
}

ends_cleanly() { # FAILURE HOST
  hosts_up 4 raw
  run=$(mktemp -d "$work/run.XXXX")
  # A disk of node1 that is soon full; nobody else sees it.
  [ "$1" != disk_full ] || on_host node1 mount -t tmpfs -o size=16m tmpfs "$run"
  start_training "${training_of_failures[@]}" --epochs 1000
  wait_until 30 has_checkpoint || { cat "$log"; return 1; }
  "$1" "$2"
  expect_end
  # In what is said of the end, not in the list of hosts at the start. Of a host that is gone mpirun only says that it
  # has lost a daemon, and nothing if it was the host with mpirun itself.
  [ "$1" = host_lost ] || grep -E 'no word from|warning:|error:|noticed that|lost communication|unreachable|no checkpoint' "$log" | grep -q "$2" ||
    { echo "expected the log to name $2 as the cause"; cat "$log"; return 1; }
  repair "$1" "$2"
  if [ "$1" = disk_full ]; then expect_to_go_on on_host node1; else expect_to_go_on; fi
}

# mpirun as it is by itself: it waits for a host that is cut off for ever.
without_keepalives() { # FAILURE HOST
  keepalive=(--mca oob_tcp_keepalive_time 0)
  ends_cleanly "$@"
}

# Failures that are there from the start: no step is made, and the log names host and reason.
fails_at_once() { # FAILURE HOST
  hosts_up 4 raw
  run=$work/none
  "$1" "$2"
  expect_end
  grep "$2" "$log" | grep -qF "$reason" || { echo "expected a line with $2 and $reason"; cat "$log"; return 1; }
  [ ! -e "$run/checkpoints" ]
}

# The data are there on all hosts but one, whose directory is empty.
without_data() {
  local data=$work/data
  make_idx_files "$data"
  on_host "$1" mount -t tmpfs tmpfs "$data"
  reason="$data"
  start_training --data "$data" --epochs 1
}

# 512 images of noise to train and 128 to test, all of the digit 7: files like MNIST's.
make_idx_files() {
  local set count
  mkdir -p "$1"
  for set in train:512 t10k:128; do
    count=${set#*:}
    { idx_header 3 "$count" 28 28; head -c $((count * 28 * 28)) /dev/urandom; } >"$1/${set%:*}-images-idx3-ubyte"
    { idx_header 1 "$count"; head -c "$count" /dev/zero | tr '\0' '\7'; } >"$1/${set%:*}-labels-idx1-ubyte"
  done
}

# Of bytes: the number of dimensions, and their sizes in 32 bits, big-endian.
idx_header() {
  local size
  printf '\0\0\10%b' "\\0$1"
  for size in "${@:2}"; do
    printf '\0\0%b' "$(printf '\\0%03o' $((size / 256)) $((size % 256)))"
  done
}

# A copy of the program with a byte more, as an older build may be.
mixed_binaries() {
  local other=$work/other/cnn-mpi options=(--epochs 1 --train-samples 4000 --out "$run" "${stall[@]}")
  mkdir -p "${other%/*}"
  cp "$program" "$other"
  printf x >>"$other"
  log=$run.log
  reason='another binary'
  on_host node1 mpirun "${keepalive[@]}" --host node1,node2,node3 -np 3 "$program" "${options[@]}" : \
    --host "$1" -np 1 "$other" "${options[@]}" >"$log" 2>&1 &
  launcher=$!
}
