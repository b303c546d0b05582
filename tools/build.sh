#!/bin/sh
#===- build.sh - Set up and build -----------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Set-up, configuration and build in one call, for demo.sh and test.sh. Prints
# nothing on standard output, and the compiler's messages only where it fails.
#
#===----------------------------------------------------------------------===#

set -eu
cd "$(dirname "$0")/.."
. tools/common.sh

usage() {
  cat <<'USAGE'
usage: tools/build.sh [--sanitize] [--runtime] [--thread-sanitizer] [--dir DIR]
                      [--jobs N]

Installs what is missing (tools/setup.sh), configures and builds.

  --sanitize  AddressSanitizer and UBSan, asserts on (default DIR:
              build-sanitize)
  --runtime   without the compiler: only the runtime and its tests (default
              DIR: build-runtime, build-sanitize-runtime)
  --thread-sanitizer
              the runtime and its tests with ThreadSanitizer, asserts on
              (default DIR: build-thread-sanitizer)
  --dir DIR   build in DIR (default: build)
  --jobs N    N jobs at once (default: one per processor)
  --help      print this text
USAGE
}

dir="" suffix="" jobs=$(nproc) options=""
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize) suffix="-sanitize$suffix"; options="$options -DMODC_SANITIZE=ON" ;;
    --thread-sanitizer)
      suffix="-thread-sanitizer"
      options="$options -DMODC_TSAN=ON -DMODC_COMPILER=OFF" ;;
    --runtime) suffix="$suffix-runtime"; options="$options -DMODC_COMPILER=OFF" ;;
    --dir | --jobs)
      wants_value $# "$1"
      case $1 in --dir) dir=$2 ;; --jobs) jobs=$2 ;; esac
      shift ;;
    -h | --help) usage; exit 0 ;;
    *) misuse "unknown argument '$1'" ;;
  esac
  shift
done
dir=${dir:-build$suffix}

tools/setup.sh

# Configured once; ninja runs CMake again by itself where a list file changed.
mkdir -p "$dir"
if [ ! -f "$dir/build.ninja" ]; then
  say "configuring $dir"
  # shellcheck disable=SC2086
  cmake -G Ninja -S . -B "$dir" $options >"$dir/configure.log" 2>&1 || {
    cat "$dir/configure.log" >&2
    say "configuration failed (all of it in $dir/configure.log)"
    rm -f "$dir/build.ninja"
    exit 1
  }
fi

say "building $dir"
if [ -t 2 ]; then
  ninja -C "$dir" -j "$jobs" >&2 || { say "build failed"; exit 1; }
else
  ninja --quiet -C "$dir" -j "$jobs" >"$dir/build.log" 2>&1 || {
    cat "$dir/build.log" >&2
    say "build failed (all of it in $dir/build.log)"
    exit 1
  }
fi
