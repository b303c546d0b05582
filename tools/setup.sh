#!/bin/sh
#===- setup.sh - Install what modc needs from Debian's packages -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Installs the Debian packages that building, testing and training need, and
# puts a ptxas under build/ where there is no CUDA Toolkit. Where it may not
# install, it says exactly what is missing and how to get it.
#
#===----------------------------------------------------------------------===#

set -eu
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/common.sh"

packages="
llvm-22-dev libmlir-22-dev mlir-22-tools llvm-22-tools clang-22 lld-22
libclang-rt-22-dev cmake ninja-build ccache libfmt-dev libgtest-dev
libgmock-dev dataset-fashion-mnist python3-numpy libcli11-dev
nlohmann-json3-dev python3-pip zlib1g-dev libxxhash-dev libvulkan-dev
mesa-vulkan-drivers vulkan-validationlayers spirv-tools
"

usage() {
  cat <<'USAGE'
usage: tools/setup.sh [--check] [--help]

Installs the Debian packages that modc is built, tested and run with, as root
or through sudo, and ptxas into build/ptxas where no CUDA Toolkit is found (PATH,
$CUDA_PATH, /usr/local/cuda). Does nothing, at once, when all are there.

  --check   only report what is missing (exit 1 if anything is)
  --help    print this text

Exit codes: 0 nothing is missing, 1 something is, 2 usage.
USAGE
}

check=no
while [ $# -gt 0 ]; do
  case $1 in
    --check) check=yes ;;
    -h | --help) usage; exit 0 ;;
    *) misuse "unknown argument '$1'" ;;
  esac
  shift
done

command -v dpkg-query >/dev/null 2>&1 || {
  say "dpkg-query not found: this script knows Debian's packages only"
  say "modc needs what these packages hold:" $packages
  exit 1
}

# Prints the packages that are not installed. Read from dpkg's list rather than
# from its exit code: a removed package with leftover configuration is known to
# dpkg, and not there.
missing() {
  # shellcheck disable=SC2086
  installed=" $(dpkg-query -W -f='${db:Status-Status}=${Package} ' \
    $packages 2>/dev/null || true)"
  for package in $packages; do
    case $installed in
      *" installed=$package "*) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# The assembler of CUDA, as CMake looks for it.
ptxas=${tools%/*}/build/ptxas
has_ptxas() {
  command -v ptxas >/dev/null 2>&1 ||
    [ -x "${CUDA_PATH:-/usr/local/cuda}/bin/ptxas" ] ||
    cmp -s "$tools/ptxas.txt" "$ptxas/ptxas.txt"
}

# A wheel is an archive: what is in it is unpacked, and the program kept. The
# list of what was asked for comes last, so that half of it counts for nothing.
get_ptxas() {
  say "getting ptxas: $(sed -n 's/^\([a-z].*\) .*/\1/p' "$tools/ptxas.txt")"
  rm -rf "$ptxas"
  mkdir -p "$ptxas/bin" "$ptxas/wheel"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps \
    --only-binary=:all: --require-hashes -d "$ptxas/wheel" \
    -r "$tools/ptxas.txt" >&2 &&
    python3 -m zipfile -e "$ptxas"/wheel/*.whl "$ptxas/wheel/all" &&
    mv "$ptxas"/wheel/all/nvidia/*/bin/ptxas "$ptxas/bin/ptxas" &&
    chmod +x "$ptxas/bin/ptxas" &&
    "$ptxas/bin/ptxas" --version >/dev/null &&
    rm -r "$ptxas/wheel" &&
    cp "$tools/ptxas.txt" "$ptxas/ptxas.txt" && return
  say "no ptxas: install the CUDA Toolkit, or let pip get tools/ptxas.txt"
  exit 1
}

require_ptxas() {
  has_ptxas || {
    [ "$check" = no ] || {
      say "missing ptxas: nothing was installed (--check)"
      exit 1
    }
    get_ptxas
  }
}

lacking=$(missing)
[ -n "$lacking" ] || {
  require_ptxas
  exit 0
}
install="apt-get install -y --no-install-recommends $lacking"

refuse() {
  say "missing packages: $lacking"
  say "$1; to install them run"
  printf '  sudo apt-get update && sudo %s\n' "$install" >&2
  exit 1
}

[ "$check" = no ] || refuse "nothing was installed (--check)"
command -v apt-get >/dev/null 2>&1 || refuse "apt-get not found"

if [ "$(id -u)" -eq 0 ]; then
  root=""
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  root="sudo"
else
  refuse "not root, and sudo is not usable here"
fi

run() { $root env DEBIAN_FRONTEND=noninteractive "$@" >&2; }

say "installing: $lacking"
# The package lists may be absent or older than the archive; refreshing them
# takes a while, so only after a first try.
# shellcheck disable=SC2086
run $install || {
  say "trying again with fresh package lists"
  run apt-get update || say "apt-get update failed"
  run $install || true
}

lacking=$(missing)
[ -z "$lacking" ] || {
  install="apt-get install -y --no-install-recommends $lacking"
  refuse "apt-get could not install all of them"
}
require_ptxas
say "everything is installed"
