#!/bin/sh
#===- setup.sh - Get the peers from Debian's packages ---------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Nothing of modc needs PyTorch or OpenBLAS, and PyTorch comes with 170 packages:
# so that they are only installed by who asks for them, or unpacked into a folder
# that can be thrown away.
#
#===----------------------------------------------------------------------===#

set -eu
. "$(dirname "$0")/../../tools/common.sh"

usage() {
  cat <<'USAGE'
usage: benchmarks/peers/setup.sh [--unpack DIR] [openblas] [torch]

Installs the peers of benchmarks/peers/peers.py from Debian's packages, as root;
both where none is named. PyTorch is 140 MB to load and 610 MB on the disk.

  --unpack DIR  download and unpack them into DIR instead, without being root.
                '. DIR/environment' then shows them to peers.py.
  --help        print this text
USAGE
}

folder='' packages=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --unpack)
      wants_value $# --unpack
      folder=$2
      shift
      ;;
    openblas) packages="$packages libopenblas0-pthread" ;;
    torch) packages="$packages python3-torch" ;;
    *) misuse "unknown argument '$1'" ;;
  esac
  shift
done
[ -n "$packages" ] || packages="libopenblas0-pthread python3-torch"

if [ -z "$folder" ]; then
  # shellcheck disable=SC2086
  exec apt-get install -y --no-install-recommends $packages
fi

mkdir -p "$folder/packages"
folder=$(cd "$folder" && pwd)
# Those that would be installed: what is there already is used from there.
# shellcheck disable=SC2086
names=$(apt-get install -s --no-install-recommends $packages |
  sed -n 's/^Inst \([^ ]*\) .*/\1/p')
[ -n "$names" ] || { say "all of it is installed already"; exit 0; }
cd "$folder/packages"
# shellcheck disable=SC2086
apt-get download $names
for package in *.deb; do
  dpkg -x "$package" "$folder"
done
rm -rf "$folder/packages"
# Before the folders of the system: its libblas.so.3 may be the reference BLAS.
cat >"$folder/environment" <<EOF_
MODC_PEERS=$folder
LD_LIBRARY_PATH=$folder/usr/lib/x86_64-linux-gnu/openblas-pthread:$folder/usr/lib/x86_64-linux-gnu:$folder/usr/lib:$folder/lib/x86_64-linux-gnu
export MODC_PEERS LD_LIBRARY_PATH
EOF_
say "unpacked into $folder: '. $folder/environment' before peers.py"
