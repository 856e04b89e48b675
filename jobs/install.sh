#!/usr/bin/env bash
# Installs cnn-mpi for use without its source: program, manual page, completions and module files.
#
#     jobs/install.sh [--program FILE] [PREFIX]
#
#     jobs/install.sh                             into ~/.local
#     jobs/install.sh /opt/cnn-mpi/0.1.0          into a prefix of its own, as for a module
#     jobs/install.sh --program FILE PREFIX       a program that was built before, instead of building one
#
# Builds with Swift's libraries in the program (in .build/install), so that it runs on nodes without Swift; for CPUs of
# another kind than this machine's: CNN_MPI_CPU=x86-64-v3 jobs/install.sh ... Files are replaced as a whole, so that it can
# be run again at any time, also while the program is running. Ends by saying what PATH, MANPATH and MODULEPATH need.
set -euo pipefail
case " $* " in *" -h "* | *" --help "*) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;; esac

usage_error() {
  echo "install.sh: error: $*; see jobs/install.sh --help" >&2
  exit 2
}

program=
prefix=
while [ $# -gt 0 ]; do
  case "$1" in
    --program)
      program=${2-}
      [ -n "$program" ] || usage_error "--program: expected a file, found nothing"
      shift
      ;;
    -*) usage_error "unknown option $1" ;;
    '') usage_error "expected a directory as the prefix, found an empty name" ;;
    *)
      [ -z "$prefix" ] || usage_error "expected one prefix, found $prefix and $1"
      prefix=$1
      ;;
  esac
  shift
done
prefix=${prefix:-$HOME/.local}
[[ "$prefix" == /* ]] || prefix=$PWD/$prefix
# What module files and variables of paths could not hold.
[[ "$prefix" != *[\"\$\\\[\]:]* ]] || usage_error "expected a prefix without any of \" \$ \\ [ ] :, found $prefix"
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
if [ -n "$program" ]; then
  fail() { echo "install.sh: error: $*" >&2; exit 1; }
  [[ -f $program && -x $program ]] || fail "--program: expected a program, found none at $program"
else
  source "$(dirname "$0")/setup.sh"
  build=(swift build -c release --static-swift-stdlib --scratch-path .build/install --product cnn-mpi)
  "${build[@]}" >&2 || fail "the build failed"
  program=$("${build[@]}" --show-bin-path)/cnn-mpi
fi
version=$("$program" --version 2>&1 | head -n 1) || fail "$program does not run here"
[[ "$version" == "cnn-mpi "* ]] || fail "expected cnn-mpi at $program, found \"$version\""
version=${version#cnn-mpi }

# Puts standard input into a file of the prefix, which is there as a whole or as it was: put MODE PATH
put() {
  local file=$prefix/$2
  mkdir -p "$(dirname "$file")"
  cat >"$file.new.$$" || { rm -f "$file.new.$$"; fail "could not write $file"; }
  chmod "$1" "$file.new.$$"
  mv -f "$file.new.$$" "$file"
  echo "  $file"
}

lua_module() {
  cat <<END
help([[Trains convolutional networks on CPU clusters by synchronous data-parallel SGD over MPI: man cnn-mpi]])
whatis("Name: cnn-mpi")
whatis("Version: $version")
whatis("Description: trains convolutional networks on CPU clusters over MPI")
prepend_path("PATH", "$prefix/bin")
prepend_path("MANPATH", "$prefix/share/man")
-- An empty entry at the end stands for the system's own pages.
append_path("MANPATH", "")
setenv("CNN_MPI", "$prefix/bin/cnn-mpi")
END
}

tcl_module() {
  cat <<END
#%Module1.0
proc ModulesHelp { } {
  puts stderr "Trains convolutional networks on CPU clusters by synchronous data-parallel SGD over MPI: man cnn-mpi"
}
module-whatis "cnn-mpi $version: trains convolutional networks on CPU clusters over MPI"
prepend-path PATH "$prefix/bin"
prepend-path MANPATH "$prefix/share/man"
# An empty entry at the end stands for the system's own pages.
append-path MANPATH ""
setenv CNN_MPI "$prefix/bin/cnn-mpi"
END
}

# What is wanted first, so that what cannot be made leaves nothing half done.
page=$("$program" manual)
bash=$("$program" completions bash)
zsh=$("$program" completions zsh)
fish=$("$program" completions fish)
echo "installed cnn-mpi $version:"
put 755 bin/cnn-mpi <"$program"
put 644 share/man/man1/cnn-mpi.1 <<<"$page"
put 644 share/bash-completion/completions/cnn-mpi <<<"$bash"
put 644 share/zsh/site-functions/_cnn-mpi <<<"$zsh"
put 644 share/fish/vendor_completions.d/cnn-mpi.fish <<<"$fish"
put 644 "share/modulefiles/cnn-mpi/$version.lua" < <(lua_module)
put 644 "share/modulefiles/cnn-mpi/$version" < <(tcl_module)

# A directory is one of those in a variable.
is_in() { [[ ":$2:" == *":$1:"* ]]; }

echo
if is_in "$prefix/bin" "$PATH"; then
  echo "PATH has $prefix/bin."
else
  echo "PATH lacks $prefix/bin:      export PATH=\"$prefix/bin:\$PATH\""
fi
if [ -z "${MANPATH-}" ]; then
  echo "MANPATH is not set: man looks beside the directories of PATH."
elif is_in "$prefix/share/man" "$MANPATH"; then
  echo "MANPATH has $prefix/share/man."
else
  echo "MANPATH lacks $prefix/share/man:      export MANPATH=\"$prefix/share/man:\$MANPATH\""
fi
if is_in "$prefix/share/modulefiles" "${MODULEPATH-}"; then
  echo "MODULEPATH has $prefix/share/modulefiles: module load cnn-mpi"
else
  echo "MODULEPATH lacks $prefix/share/modulefiles:      module use \"$prefix/share/modulefiles\" && module load cnn-mpi"
fi
