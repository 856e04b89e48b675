#!/usr/bin/env bash
# Feeds files damaged at random, and by what the code does with them, to its readers, with libFuzzer and the address
# sanitizer. Each file has to be read whole or refused in one line.
#
#     Tests/Fuzz/run.sh [TARGET...] [--seconds N | --runs N]
#
#     Tests/Fuzz/run.sh                            all targets side by side, 60 seconds
#     Tests/Fuzz/run.sh pickle --runs 10000000     ten million inputs
#
# Targets: pickle (PyTorch's old form), archive (PyTorch's zip archives), safetensors, npz (NumPy's archives), arrays
# (pickles of arrays, and .npy), tar, table (.csv). An input that fails is shown and kept in .build/fuzz/crashes;
# `.build/fuzz/pickle FILE` runs it again. Inputs that reached new code are kept in .build/fuzz/corpus and start the next
# run. CNN_MPI_PYTHON names a Python with PyTorch, which makes the first ones.
set -euo pipefail
all=(pickle archive safetensors npz arrays tar table)
targets=()
limit=-max_total_time=60
fail() {
  echo "run.sh: error: $*" >&2
  exit 1
}
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;;
    --seconds | --runs)
      [[ ${2-} =~ ^[1-9][0-9]*$ ]] || { echo "run.sh: error: expected a number after $1, found ${2-nothing}" >&2; exit 2; }
      [ "$1" = --runs ] && limit=-runs=$2 || limit=-max_total_time=$2
      shift ;;
    [a-z]*)
      [[ " ${all[*]} " = *" $1 "* ]] || { echo "run.sh: error: unknown target $1; see Tests/Fuzz/run.sh --help" >&2; exit 2; }
      targets+=("$1") ;;
    *) echo "run.sh: error: unknown option $1; see Tests/Fuzz/run.sh --help" >&2; exit 2 ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
cd "$(dirname "$0")/../.."
fuzz=$PWD/.build/fuzz
python=${CNN_MPI_PYTHON:-.build/pytorch/bin/python}
mkdir -p "$fuzz/crashes"
# Swift's own backtraces read memory that the sanitizer forbids.
export SWIFT_BACKTRACE=enable=no

# Compiles with the settings of Package.swift, and for fuzzing: a module's name, and its files and what is made of them.
compile() {
  local name=$1
  shift
  swiftc -O -whole-module-optimization -parse-as-library -package-name cnn-mpi -swift-version 6 \
    -enable-experimental-feature Lifetimes -sanitize=address,fuzzer -g -I "$fuzz" \
    -I Sources/CXXHash -I Sources/CCrypto -I Sources/CZip -I Sources/CZlib -module-name "$name" "$@" \
    >"$fuzz/log" 2>&1 || { cat "$fuzz/log"; fail "the build of $name failed"; }
}

# Builds the modules and the targets again where a source is newer.
build() {
  [ -e "$fuzz/built" ] && [ -z "$(find Sources/{Tensors,Hashing,Files} Tests/Fuzz -name '*.swift' -newer "$fuzz/built")" ] &&
    return
  local module target sources
  for module in Tensors Hashing Files; do
    mapfile -t sources < <(find "Sources/$module" -name '*.swift')
    compile "$module" -emit-module -emit-module-path "$fuzz/$module.swiftmodule" -c -o "$fuzz/$module.o" "${sources[@]}"
  done
  for target in "${all[@]}"; do
    compile "Fuzz${target^}" "Tests/Fuzz/${target^}.swift" Tests/Fuzz/{Check,Checksums,UseArray}.swift "$fuzz"/{Tensors,Hashing,Files}.o \
      -emit-executable -emit-module -emit-module-path "$fuzz/Fuzz${target^}.swiftmodule" -lxxhash -lcrypto -lzip -lz -o "$fuzz/$target"
  done
  touch "$fuzz/built"
}

# Runs a target and says what it came to.
run() {
  local target=$1 options=(-max_len=4096 -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 "$limit")
  [[ " pickle archive arrays " != *" $target "* ]] || options+=(-dict=Tests/Fuzz/pickle.dict)
  mkdir -p "$fuzz/corpus/$target"
  "$fuzz/$target" "${options[@]}" -artifact_prefix="$fuzz/crashes/$target-" "$fuzz/corpus/$target" \
    "$fuzz/seeds/$target" >"$fuzz/$target.log" 2>&1 ||
    { grep -vE '^#|NEW_FUNC' "$fuzz/$target.log"; fail "$target: an input fails, see $fuzz/crashes"; }
  local covered inputs speed
  covered=$(grep -oE 'cov: [0-9]+' "$fuzz/$target.log" | tail -1)
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzz/$target.log")
  speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$fuzz/$target.log")
  echo "$target: $inputs inputs, $speed a second, ${covered#cov: } edges covered"
}

build
"$python" Tests/Fuzz/seeds.py "$fuzz/seeds" || fail "no seeds: expected a Python with PyTorch at $python"
pids=()
for target in "${targets[@]}"; do
  run "$target" &
  pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit "$failed"
