#!/bin/sh
#===- demo.sh - Train the main job ----------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Set-up, build and the main job in one command: a network of eight modules is
# trained by EM on Fashion-MNIST and then judged on the test images.
#
#===----------------------------------------------------------------------===#

set -eu
cd "$(dirname "$0")/.."
. tools/common.sh

usage() {
  cat <<'USAGE'
usage: tools/demo.sh [--epochs N | --steps N] [--seed N] [--out DIR] [--jobs N]

Sets up, builds, trains examples/fashion-mnist.mlir on Fashion-MNIST and
evaluates the result.

  --epochs N  passes over the training images (default: 6)
  --steps N   training steps instead, for a quick look
  --seed N    seed of everything random (default: 0)
  --out DIR   where weights and log are written (default: build/demo)
  --jobs N    jobs of the build (default: one per processor)
  --help      print this text
USAGE
}

length="--epochs 6" seed=0 out=build/demo jobs=$(nproc)
while [ $# -gt 0 ]; do
  case $1 in
    --epochs | --steps | --seed | --out | --jobs)
      wants_value $# "$1"
      case $1 in
        --epochs | --steps) length="$1 $2" ;;
        --seed) seed=$2 ;;
        --out) out=$2 ;;
        --jobs) jobs=$2 ;;
      esac
      shift ;;
    -h | --help) usage; exit 0 ;;
    *) misuse "unknown argument '$1'" ;;
  esac
  shift
done

tools/build.sh --jobs "$jobs"
mkdir -p "$out"
model=examples/fashion-mnist.mlir

# Shows a command as one would type it, then runs it.
show() {
  printf '\n$ %s\n' "$*" >&2
  "$@"
}

# shellcheck disable=SC2086
show build/bin/modc train "$model" --data fashion-mnist $length \
  --batch 128 --samples 10 --e-every 1 --seed "$seed" \
  --log "$out/run.jsonl" --save "$out/weights.safetensors"
show build/bin/modc eval "$model" --data fashion-mnist --samples 10 \
  --seed "$seed" --weights "$out/weights.safetensors"
