# Proofs on hosts with a network between them and a hostfile; sourced by run.sh.

network_proofs() {
  hosts_up 4 raw || fail "no hosts"
  prove "mpirun over 4 hosts gives the weights of 4 local ranks, to the bit (--reproducible)" same_weights
  hosts_up 4 1g 200 || fail "no hosts"
  prove "... and so over 1 Gbit/s with 200 us" same_weights
}

same_weights() {
  local options=(--reproducible --global-batch 256 --train-samples 4000 --epochs 1 --quiet --overwrite)
  timeout 60 mpirun --quiet -np 4 "$program" "${options[@]}" --out "$work/local"
  on_host node1 timeout 60 mpirun --quiet --hostfile hostfiles/four-hosts --map-by node -np 4 "$program" \
    "${options[@]}" --out "$work/hosts"
  expect "hosts" "node1 node2 node3 node4" "$(recorded_hosts "$work/hosts")"
  expect "ranks" 4 "$(recorded "$work/hosts" world_size)"
  expect "weights" "$(recorded "$work/local" weights_sha256)" "$(recorded "$work/hosts" weights_sha256)"
}
