#!/bin/sh
#===- setup.sh - Get the peers --------------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Nothing of modc needs any of them. Libraries come from Debian's packages, Python
# packages into an environment of their own that can be thrown away; what is there
# already is left as it is.
#
#===----------------------------------------------------------------------===#

set -eu
. "$(dirname "$0")/../../tools/common.sh"

source=$(cd "$(dirname "$0")/../.." && pwd)
venv=${MODC_PEERS:-$source/build/peers}
libraries='openblas libxsmm onednn'
modules='onnxruntime jax torch'

usage() {
  cat <<'USAGE'
usage: benchmarks/peers/setup.sh [--venv DIR] [PEER...]

Gets what benchmarks/peers compares modc with; everything where none is named.

  openblas libxsmm onednn  Debian's packages; installing them takes root
  onnxruntime jax torch    Python packages, into the environment. PyTorch brings
                           5 GB: on Linux its package is the one for GPUs

  --venv DIR  the Python environment (default: $MODC_PEERS, else build/peers).
              peers.py and training.py run in it where it exists.
  --check     install nothing, say what is missing
  --help      print this text

The exit code is 1 where something is missing in the end.
USAGE
}

peers='' check=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --venv)
      wants_value $# --venv
      venv=$2
      shift
      ;;
    --check) check=yes ;;
    openblas | libxsmm | onednn | onnxruntime | jax | torch) peers="$peers $1" ;;
    *) misuse "unknown argument '$1'" ;;
  esac
  shift
done
[ -n "$peers" ] || peers="$libraries $modules"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
missing=0
lacks() {
  missing=1
  say "$1 is missing: $2"
}
# The reason is what a tool said last.
reason() { grep -v '^$' "$log" | tail -n 1; }

python=$venv/bin/python
has_module() {
  [ -x "$python" ] && "$python" -c 'import importlib.util as u, sys
sys.exit(not all(map(u.find_spec, sys.argv[1:])))' "$@"
}

make_environment() {
  [ -x "$python" ] || python3 -m venv "$venv" >"$log" 2>&1
}

for peer in $peers; do
  case $peer in
    openblas) package=libopenblas0-pthread ;;
    libxsmm) package=libxsmm-dev ;;
    onednn) package=libdnnl-dev ;;
    onnxruntime) package='onnx onnxruntime' ;;
    *) package=$peer ;;
  esac
  case " $libraries " in
    *" $peer "*)
      if dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
        continue
      elif [ -n "$check" ]; then
        lacks "$peer" "Debian's package $package is not installed"
      elif ! apt-get install -y --no-install-recommends "$package" >"$log" 2>&1; then
        lacks "$peer" "Debian's package $package: $(reason)"
      fi
      ;;
    *)
      # shellcheck disable=SC2086
      if has_module numpy $package; then
        continue
      elif [ -n "$check" ]; then
        lacks "$peer" "not in $venv"
      elif ! make_environment ||
        ! "$python" -m pip install --quiet --disable-pip-version-check numpy $package >"$log" 2>&1; then
        lacks "$peer" "Python's package $package: $(reason)"
      fi
      ;;
  esac
done
exit "$missing"
