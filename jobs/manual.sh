#!/usr/bin/env bash
# Makes web pages of the manual, Sources/CNNMPI/CNNMPI.docc, by docc, which comes with Swift.
#
#     jobs/manual.sh DIRECTORY
#
#     jobs/manual.sh /tmp/manual
#     python3 -m http.server -d /tmp/manual         to be read at http://localhost:8000/documentation/cnnmpi
#
# The articles are plain Markdown, whose links between them are names of files; docc gets them as names of articles.
# What docc warns of, such as a link that leads nowhere, is an error.
set -euo pipefail
case "${1-}" in -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0"; exit ;; esac

usage_error() {
  echo "manual.sh: error: $*; see jobs/manual.sh --help" >&2
  exit 2
}

[ $# -eq 1 ] || usage_error "expected a directory for the pages, found $# arguments"
[[ "$1" != -* ]] || usage_error "unknown option $1"
command -v docc >/dev/null || {
  echo "manual.sh: error: expected docc on the PATH, found none; it comes with Swift (swift.org/install/linux)" >&2
  exit 1
}
catalogue=$(cd "$(dirname "$0")/../Sources/CNNMPI/CNNMPI.docc" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$catalogue" "$work"
sed -i -E 's/\]\(([A-Za-z]+)\.md\)/](doc:\1)/g' "$work"/CNNMPI.docc/*.md
# The article CNNMPI is the first page, as it has the name of the whole.
docc convert "$work/CNNMPI.docc" --fallback-display-name CNNMPI --fallback-bundle-identifier cnn-mpi \
  --warnings-as-errors --output-path "$work/pages"
# docc would empty the directory first, whatever is in it.
mkdir -p "$1"
cp -r "$work/pages/." "$1"
