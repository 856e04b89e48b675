# A real SLURM (slurmctld, a slurmd a host, munge) on the hosts of hosts.sh; sourced after it.
#
# node1 is also the login node and runs slurmctld: on_host node1 sbatch ... Everything, keys and sockets included, lies
# in $state/slurm; nothing of the machine's own SLURM or munge is used. It ends with its hosts.
#
# Finished jobs stay visible: squeue -t all. Partitions: batch (default), and preempt, whose jobs make room for those
# of batch and are requeued.

slurm=$state/slurm
cpus_per_node=2 # what each host claims, whatever it really has

slurm_up() {
  [ -n "$(host_names)" ] || fail "SLURM needs hosts: bring them up first"
  rm -rf "$slurm"
  mkdir -p "$slurm"/{munge,log,state,spool,tmp}
  chmod 755 "$slurm" "$slurm"/*
  chmod 700 "$slurm/munge"
  [ ${#slurm} -le 80 ] || fail "the path of munge's socket would be too long: $slurm"
  export SLURM_CONF=$slurm/slurm.conf
  start_munge
  slurm_configuration >"$SLURM_CONF"
  # slurmd asks which cgroups there are even where none are used.
  echo "CgroupPlugin=cgroup/v1" >"$slurm/cgroup.conf"
  start_slurm
}

slurm_is_up() { [ -e "$slurm/slurm.conf" ]; }

start_munge() {
  (umask 077; head -c 128 /dev/urandom >"$slurm/munge/key")
  on_host node1 munged --force --key-file="$slurm/munge/key" --socket="$slurm/munge.socket" \
    --pid-file="$slurm/munged.pid" --seed-file="$slurm/munge/seed" --log-file="$slurm/log/munged.log" \
    --num-threads=2 </dev/null >>"$slurm/log/munged.err" 2>&1
  munge -S "$slurm/munge.socket" -n | unmunge -S "$slurm/munge.socket" >/dev/null ||
    fail "munge does not answer: $(cat "$slurm/log/munged.err" "$slurm/log/munged.log")"
}

slurm_configuration() {
  local i=0 name memory
  memory=$(awk -v hosts="$(host_names | wc -l)" '/^MemTotal/ {print int($2 / 1024 / hosts)}' /proc/meminfo)
  cat <<END
ClusterName=cnnlab
SlurmctldHost=node1($network.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits before it may start again, 120 s by default.
AuthInfo=socket=$slurm/munge.socket,cred_expire=5
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool/%n
# A directory a node, as srun --mpi=pmix makes files there that are named for the job alone.
TmpFS=$slurm/tmp/%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.%n.pid
SlurmctldLogFile=$slurm/log/slurmctld.log
SlurmdLogFile=$slurm/log/slurmd.%n.log
# Nothing that would need systemd or cgroups.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,bf_resolution=1,sched_interval=2,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# Believe the cores and memory below.
SlurmdParameters=config_overrides
# A preempted job gets the signal that it asked for with --signal, and GraceTime to act on it.
SlurmctldParameters=preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
JobRequeue=1
MinJobAge=86400
KillWait=10
SlurmctldTimeout=30
SlurmdTimeout=30
MessageTimeout=20
END
  for name in $(host_names); do
    echo "NodeName=$name NodeAddr=$network.$((i += 1)) CPUs=$cpus_per_node RealMemory=$memory State=UNKNOWN"
  done
  cat <<END
PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=preempt Nodes=ALL Default=NO MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=20
END
}

start_slurm() {
  local name
  on_host node1 slurmctld </dev/null >>"$slurm/log/slurmctld.err" 2>&1
  for name in $(host_names); do
    mkdir -p "$slurm/spool/$name" "$slurm/tmp/$name"
    chmod 1777 "$slurm/tmp/$name"
    on_host "$name" slurmd -N "$name" </dev/null >>"$slurm/log/slurmd.err" 2>&1
  done
  wait_until 20 all_nodes_idle || fail "not all nodes came up: $(tail -n 5 "$slurm"/log/*)"
}

all_nodes_idle() {
  local idle
  idle=$(on_host node1 timeout 10 sinfo -h -N -p batch -t idle -o %N 2>/dev/null | wc -l)
  [ "$idle" -eq "$(host_names | wc -l)" ]
}

# Submits a job from this working directory and prints its number: submit [sbatch options] SCRIPT [arguments]
submit() { on_host node1 sbatch --parsable "$@"; }

# A field of a job, which may have finished: job_field FORMAT JOB (%T: state, %r: reason)
job_field() { on_host node1 squeue -h -t all -j "$2" -o "$1"; }

job_is_over() {
  case "$(job_field %T "$1")" in
    COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL | OUT_OF_MEMORY | BOOT_FAIL | DEADLINE) ;;
    *) return 1 ;;
  esac
}

# Waits until a job is over and its state is as expected: expect_job STATE SECONDS JOB
expect_job() {
  local found
  wait_until "$2" job_is_over "$3" || { echo "job $3 is $(job_field '%T %r' "$3") after $2 s"; return 1; }
  found=$(job_field %T "$3")
  [ "$found" = "$1" ] || { echo "expected job $3 $1, found $found"; return 1; }
}

# How often a job was requeued.
restarts() { on_host node1 scontrol show job "$1" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p'; }
