# What the jobs for SLURM have in common. Read by the .sbatch scripts after their guard, in the job. Run instead of read, it
# shows these lines and does nothing.

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  sed -n '1,/^$/s/^# \{0,1\}//p' "$0"
  exit
fi

fail() {
  echo "$SLURM_JOB_NAME: error: $*" >&2
  exit 1
}

# Sets `program`: what CNN_MPI names, or else what was built in the package that this file lies in, or else what is on the
# PATH, as jobs/install.sh or a module puts it there.
find_program() {
  local built
  built=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.build/release/cnn-mpi
  program=${CNN_MPI:-$built}
  if [ -z "${CNN_MPI-}" ] && [ ! -x "$built" ]; then program=$(command -v cnn-mpi) || program=$built; fi
  [ -x "$program" ] || fail "no program at $program; build it by swift build -c release (on a node like those of" \
    "the job), install it by jobs/install.sh, load its module, or name it: CNN_MPI=PATH sbatch ..."
}

# mpirun's settings, each of which the environment of sbatch may have otherwise.
set_up_mpirun() {
  # A rank keeps its core. With --cpus-per-task N it gets N, see mpirun_options.
  export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy-core}
  # A host that no longer answers ends the job after 15 + 6 x 5 s; without these, never.
  export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time-15}
  export OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl-5}
  export OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes-6}
  mpirun_options=()
  if [ "${SLURM_CPUS_PER_TASK:-1}" -gt 1 ]; then mpirun_options+=(--map-by "slot:PE=$SLURM_CPUS_PER_TASK"); fi
}

# srun does not take --cpus-per-task from sbatch by itself (since SLURM 22.05).
set_up_srun() {
  if [ -n "${SLURM_CPUS_PER_TASK-}" ]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi
}

# The value of an option among arguments, given as --option VALUE or --option=VALUE: value_of --option ARGUMENT...
# Fails if it is not there. The last one counts.
value_of() {
  local option=$1 previous="" values=() argument
  for argument in "${@:2}"; do
    if [ "$previous" = "$option" ]; then values+=("$argument"); fi
    if [[ "$argument" == "$option="* ]]; then values+=("${argument#*=}"); fi
    previous=$argument
  done
  [ ${#values[@]} -gt 0 ] && echo "${values[-1]}"
}

# Runs a launcher, and passes on SIGUSR1, which SLURM sends to this shell alone (--signal=B:USR1@T), and SIGTERM as the
# same: the program stops where it can go on, with exit code 75. Sets `status`.
run_launcher() {
  "$@" &
  local launcher=$!
  trap 'kill -USR1 "$launcher" 2>/dev/null' USR1 TERM
  status=0
  # A signal ends `wait`, not the launcher.
  while kill -0 "$launcher" 2>/dev/null; do
    status=0
    wait "$launcher" || status=$?
  done
  # It may have ended between the signal and that look: its own exit code counts.
  local last=0
  wait "$launcher" 2>/dev/null || last=$?
  [ "$last" -eq 127 ] || status=$last
}

# Runs a command, and ends with its exit code; but if that is 75, the job is requeued to go on, unless it got no further
# since it was started: `progress` prints something else then.
run_and_requeue() {
  local before
  before=$(progress)
  echo "$SLURM_JOB_NAME: job $SLURM_JOB_ID on $SLURM_JOB_NODELIST, start $((${SLURM_RESTART_COUNT:-0} + 1)): $*"
  run_launcher "$@"
  [ "$status" -eq 75 ] || exit "$status"
  if [ "$(progress)" = "$before" ]; then
    echo "$SLURM_JOB_NAME: not requeued: it got no further since its start; give the job more time" >&2
  elif scontrol requeue "$SLURM_JOB_ID"; then
    sleep 60 # until SLURM ends this shell
  else
    echo "$SLURM_JOB_NAME: could not be requeued" >&2
  fi
  exit 75
}

# Trains by a launcher and its options: train LAUNCHER [options] -- [options of cnn-mpi train]. The run directory is
# the job's own and is gone on with, unless --out and --resume say otherwise.
train() {
  local launcher=() training out
  while [ "$1" != -- ]; do
    launcher+=("$1")
    shift
  done
  shift
  training=("$@")
  if ! out=$(value_of --out "$@"); then
    out=runs/$SLURM_JOB_NAME-$SLURM_JOB_ID
    training+=(--out "$out")
  fi
  value_of --resume "$@" >/dev/null || training+=(--resume auto)
  progress() { newest_checkpoint "$out"; }
  run_and_requeue "${launcher[@]}" "$program" "${training[@]}"
}

# The name of a run's checkpoint of the most steps, or nothing.
newest_checkpoint() {
  if [ -d "$1/checkpoints" ]; then find "$1/checkpoints" -name 'step-*.json' -printf '%f\n' | sort | tail -n 1; fi
}

# Trains on several numbers of ranks and reports: scaling --strong|--weak [options of cnn-mpi scaling run]
# [-- options of cnn-mpi train]. Without --ranks: 1, 2, 4, ... and all of the allocation's.
scaling() {
  local study=() training=() out
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    study+=("$1")
    shift
  done
  training=("${@:2}")
  value_of --ranks "${study[@]}" >/dev/null || study+=(--ranks "$(rank_counts "$SLURM_NTASKS")")
  if ! out=$(value_of --out "${study[@]}"); then
    out=runs/$SLURM_JOB_NAME-$SLURM_JOB_ID
    study+=(--out "$out")
  fi
  value_of --threads "${training[@]}" >/dev/null || training+=(--threads "${SLURM_CPUS_PER_TASK:-1}")
  progress() { if [ -d "$out" ]; then find "$out" -name run.json | wc -l; fi; }
  run_and_requeue "$program" scaling run "${study[@]}" -- "${training[@]}"
}

# 1,2,4,... up to a number, and that itself.
rank_counts() {
  local count counts=""
  for ((count = 1; count < $1; count *= 2)); do counts+=$count,; done
  echo "$counts$1"
}
