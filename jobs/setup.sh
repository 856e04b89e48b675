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

# MPI, BLAS, hwloc, zlib, libpng, TurboJPEG, libcrypto and xxHash with their headers. On a system without dpkg they have
# to be there.
require_libraries() {
  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    install_packages libopenmpi-dev openmpi-bin libopenblas-dev libhwloc-dev zlib1g-dev libpng-dev \
      libturbojpeg0-dev libssl-dev libxxhash-dev pkg-config
  else
    command -v mpirun >/dev/null && pkg-config --exists mpi-c openblas hwloc zlib libpng libturbojpeg libcrypto \
      libxxhash 2>/dev/null ||
      fail "expected Open MPI, OpenBLAS, hwloc, zlib, libpng, TurboJPEG, OpenSSL's libcrypto and xxHash with headers" \
        "and pkg-config files (module load?)"
  fi
}

# gnuplot draws figures of a run, which can be done without.
prefer_gnuplot() {
  command -v gnuplot >/dev/null || ! command -v apt-get >/dev/null || (install_packages gnuplot-nox) || true
}

require_swift() {
  command -v swift >/dev/null ||
    fail "expected a Swift toolchain (6.2 or later) on the PATH, found none; see https://www.swift.org/install/linux"
}

# A Python with PyTorch for CPUs in .build/pytorch, made once; sets `python`.
require_python() {
  python=$PWD/.build/pytorch/bin/python
  "$python" -c 'import torch, numpy, safetensors, PIL, tensorboard' 2>/dev/null && return
  echo "installing PyTorch into .build/pytorch" >&2
  command -v python3 >/dev/null || install_packages python3
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
  python3 -m venv .build/pytorch || fail "could not make a Python environment in .build/pytorch"
  local pip=.build/pytorch/bin/pip
  # From where pip is set up to look, as a site's mirror, or else from PyTorch's own index.
  "$pip" install -q 'torch==2.13.0+cpu' 2>/dev/null ||
    "$pip" install -q 'torch==2.13.0+cpu' --index-url https://download.pytorch.org/whl/cpu ||
    fail "could not install PyTorch"
  "$pip" install -q numpy safetensors pillow==13.0.0 tensorboard || fail "could not install Python packages"
}

# mpirun refuses to run as root, as in a container, unless told; and to start more ranks than there are cores.
allow_any_ranks() {
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  export OMPI_MCA_rmaps_base_oversubscribe=1
}

require_libraries
prefer_gnuplot
require_swift
allow_any_ranks
