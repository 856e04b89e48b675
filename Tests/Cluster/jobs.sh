# Proofs of the jobs for SLURM; sourced by run.sh.

training=(--reproducible --global-batch 256 --train-samples 5120 --test-samples 1000) # 20 steps an epoch

slurm_proofs() {
  local job i
  hosts_up 4 raw || fail "no hosts"
  slurm_up
  prove "jobs tell how to submit them, and what they do" outside_slurm
  prove "train.sbatch on 2 nodes" finishes train 2 2
  prove "train.sbatch on 4 nodes" finishes train 4 1
  prove "train-srun.sbatch on 2 nodes" finishes train-srun 2 2
  prove "train-srun.sbatch on 4 nodes" finishes train-srun 4 1
  prove "cifar10.sbatch trains by its recipe" trains_cifar10
  prove "scaling-weak.sbatch ends in a report" measures_scaling weak
  prove "scaling-strong.sbatch, cut by scancel: requeued, goes on, ends in a report" measures_scaling strong cut
  prove "a job with a wrong option fails, and is not requeued" fails_for_good
  prove "a job that gets no further is not requeued" gets_no_further

  # Here a step takes some 0.2 s whatever the machine: long enough to be cut, and quick to repeat without a network.
  hosts_up 4 100mbit || fail "no hosts"
  slurm_up
  job=$(submit_with_time_limit train) # runs beside the next two, on nodes of its own
  prove "scancel -b -s USR1: requeued, resumed, the weights of an uncut run" cut_by_scancel train --batch
  prove "... by srun, the signal sent to its ranks" cut_by_scancel train-srun
  prove "cut by its time limit: requeued, resumed, the weights of an uncut run" cut_by_time_limit "$job"
  prove "preempted: requeued, resumed, the weights of an uncut run" preempted
  for ((i = 2; i <= repeats; i++)); do
    job=$(submit_with_time_limit train-srun)
    prove "cut by its time limit, $i of $repeats" cut_by_time_limit "$job"
  done
}

# A directory of its own, from where to submit.
job_directory() {
  directory=$(mktemp -d "$work/job.XXXX")
  cd "$directory"
}

outside_slurm() {
  local script status
  for script in "$package"/jobs/*.sbatch; do
    "$script" --help | grep -q "sbatch .*jobs/$(basename "$script")"
    status=0
    "$script" --epochs 1 2>"$work/message" || status=$?
    expect "exit code of $script" 2 "$status"
    grep -q "sbatch" "$work/message"
  done
}

finishes() { # script nodes ranks-per-node
  local job run
  job_directory
  job=$(submit -N "$2" --ntasks-per-node="$3" "$package/jobs/$1.sbatch" "${training[@]}" --epochs 1)
  expect_job COMPLETED 60 "$job" || { cat ./*.log; return 1; }
  run=runs/train-$job
  expect "status" completed "$(recorded "$run" status)"
  expect "ranks" $(($2 * $3)) "$(recorded "$run" world_size)"
  expect "nodes" "$2" "$(recorded_hosts "$run" | xargs -n 1 | sort -u | wc -l)"
  expect "requeued" 0 "$(restarts "$job")"
  grep -q "test accuracy" "train_$job.log"
}

# With other images and a smaller network, which the options behind the recipe say.
trains_cifar10() {
  local job run
  job_directory
  job=$(submit -N 2 --ntasks-per-node=1 "$package/jobs/cifar10.sbatch" --data synthetic --train-samples 1280 \
    --test-samples 100 --model resnet20 --epochs 1)
  expect_job COMPLETED 60 "$job" || { cat ./*.log; return 1; }
  run=runs/cifar10-$job
  expect "status" completed "$(recorded "$run" status)"
  expect "global batch" 128 "$(recorded "$run" global_batch)"
  grep -q "augmentation *photos" "cifar10_$job.log"
}

measures_scaling() { # kind [cut]
  local job study file cuts=0
  job_directory
  job=$(submit -N 4 --ntasks-per-node=1 "$package/jobs/scaling-$1.sbatch" --repeat 1 \
    -- --train-samples 1280 --epochs 1)
  study=runs/scaling-$1-$job
  if [ "${2-}" = cut ]; then
    wait_until 60 test -e "$study/$1-ranks-0002-repeat-1"
    on_host node1 scancel --batch --signal=USR1 "$job"
    cuts=1
  fi
  expect_job COMPLETED 120 "$job" || { cat ./*.log; return 1; }
  expect "requeued" "$cuts" "$(restarts "$job")"
  for file in scaling.csv scaling.json scaling.png scaling.svg scaling.html; do [ -s "$study/$file" ]; done
  expect "runs on 1, 2 and 4 ranks" "1 2 4" \
    "$(find "$study" -name run.json -exec sed -n 's/^ *"world_size" : \([0-9]*\).*/\1/p' {} + | sort -n | xargs)"
  grep -q "\"kind\" : \"$1\"" "$study/scaling.json"
  cat "scaling-$1_$job.log"
}

fails_for_good() {
  local job
  job_directory
  job=$(submit "$package/jobs/train.sbatch" --no-such-option)
  expect_job FAILED 60 "$job"
  expect "requeued" 0 "$(restarts "$job")"
  on_host node1 scontrol show job "$job" | grep -q "ExitCode=2:0"
  grep -q "unknown option --no-such-option" "train_$job.log"
}

gets_no_further() {
  local job
  job_directory
  printf '#!/bin/sh\nexit 75\n' >stopped
  chmod +x stopped
  job=$(CNN_MPI=$PWD/stopped submit "$package/jobs/train.sbatch")
  expect_job FAILED 60 "$job"
  expect "requeued" 0 "$(restarts "$job")"
  on_host node1 scontrol show job "$job" | grep -q "ExitCode=75:0"
  grep -q "not requeued: it got no further" "train_$job.log"
}

# The job in this directory has ended with the weights and accuracy of a run without interruption.
expect_as_uncut() { # job epochs
  local uncut=$work/uncut-$2 run=runs/train-$1
  [ -e "$uncut/run.json" ] ||
    timeout 120 "$program" "${training[@]}" --epochs "$2" --quiet --out "$uncut"
  [ "$(restarts "$1")" -ge 1 ] || { echo "the job was never requeued"; return 1; }
  expect "status" completed "$(recorded "$run" status)"
  expect "accuracy" "$(recorded "$uncut" test_accuracy)" "$(recorded "$run" test_accuracy)"
  expect "weights" "$(recorded "$uncut" weights_sha256)" "$(recorded "$run" weights_sha256)"
  note "requeued $(restarts "$1") x, weights $(recorded "$run" weights_sha256 | cut -c 1-16)... both times"
}

has_steps() { [ "$(find "runs/train-$1/checkpoints" -name 'step-*.json' 2>/dev/null | wc -l)" -gt 0 ]; }

cut_by_scancel() { # script [options of scancel]
  local job
  job_directory
  job=$(submit -N 2 --ntasks-per-node=2 "$package/jobs/$1.sbatch" \
    "${training[@]}" --epochs 2 --save-every 10steps)
  wait_until 60 has_steps "$job"
  on_host node1 scancel "${@:2}" --signal=USR1 "$job"
  expect_job COMPLETED 120 "$job" || { cat ./*.log; return 1; }
  expect_as_uncut "$job" 2
}

# The shortest time limit there is: a minute. SLURM looks every 30 s, so that the signal comes after 5 to 35 s.
submit_with_time_limit() { # script
  cd "$work" && submit -N 2 --ntasks-per-node=2 --time=1 --signal=B:USR1@55 "$package/jobs/$1.sbatch" \
    "${training[@]}" --epochs 10
}

cut_by_time_limit() { # job
  cd "$work"
  expect_job COMPLETED 240 "$1" || { cat "train_$1.log"; return 1; }
  expect_as_uncut "$1" 10
}

# Another job wants all nodes.
preempted() {
  local job other
  job_directory
  job=$(submit -p preempt -N 4 --ntasks-per-node=1 "$package/jobs/train.sbatch" \
    "${training[@]}" --epochs 2 --save-every 10steps)
  wait_until 60 has_steps "$job"
  other=$(submit -N 4 --exclusive --output=other.log --wrap "sleep 1")
  expect_job COMPLETED 120 "$other"
  expect_job COMPLETED 120 "$job" || { cat ./*.log; return 1; }
  expect_as_uncut "$job" 2
}
