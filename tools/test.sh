#!/bin/bash
#===- test.sh - Run every test --------------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Set-up, build and every test in one command: the GoogleTest programs, then lit
# over test/. The last line is `N passed, N failed`.
#
#===----------------------------------------------------------------------===#

set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

usage() {
  cat <<'USAGE'
usage: tools/test.sh [--long] [--sanitize] [--runtime] [--thread-sanitizer]
                     [--share K/N] [--filter TEXT] [--dir DIR] [--jobs N]

Sets up, builds, runs every test and ends with the line `N passed, N failed`.

  --long         the full counts (sets MODC_LONG=1): 500 random networks and so on
  --sanitize     build into build-sanitize with AddressSanitizer and UBSan,
                 asserts on
  --runtime      build without the compiler and run the runtime's tests only
  --thread-sanitizer
                 build the runtime into build-thread-sanitizer with
                 ThreadSanitizer and run its tests
  --share K/N    run the K-th of N equal parts of the tests, 1 <= K <= N
  --filter TEXT  run only the tests whose name contains TEXT
  --dir DIR      build directory (default: build, build-sanitize, ...)
  --jobs N       jobs of the build and of lit (default: one per processor)
  --help         print this text

Exit codes: 0 every test passed, 1 one failed or the build did, 2 usage.
USAGE
}

dir="" suffix="" jobs=$(nproc) filter="" share="" build=()
while [ $# -gt 0 ]; do
  case $1 in
    --long) export MODC_LONG=1 ;;
    --sanitize) suffix="-sanitize$suffix"; build+=(--sanitize) ;;
    --runtime) suffix="$suffix-runtime"; build+=(--runtime) ;;
    --thread-sanitizer)
      suffix="-thread-sanitizer"; build+=(--thread-sanitizer) ;;
    --share | --filter | --dir | --jobs)
      wants_value $# "$1"
      case $1 in
        --share) share=$2 ;;
        --filter) filter=$2 ;;
        --dir) dir=$2 ;;
        --jobs) jobs=$2 ;;
      esac
      shift ;;
    -h | --help) usage; exit 0 ;;
    *) misuse "unknown argument '$1'" ;;
  esac
  shift
done
dir=${dir:-build$suffix}
part=1 parts=1
if [ -n "$share" ]; then
  [[ $share =~ ^([1-9][0-9]*)/([1-9][0-9]*)$ ]] || misuse "--share wants K/N, not '$share'"
  part=${BASH_REMATCH[1]} parts=${BASH_REMATCH[2]}
  [ "$part" -le "$parts" ] || misuse "--share $share: part $part of $parts"
fi

tools/build.sh "${build[@]}" --dir "$dir" --jobs "$jobs" || {
  # A build that fails is a test that fails.
  echo "0 passed, 1 failed"
  exit 1
}

# LLVM's shared libraries are not instrumented: containers and arenas that cross
# the border between them and us carry no annotations, or stale ones.
if [[ $suffix == *-thread-sanitizer* ]]; then
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/test/races.supp:external_symbolizer_path=/usr/lib/llvm-22/bin/llvm-symbolizer${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
elif [[ $suffix == *-sanitize* ]]; then
  export ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-/usr/lib/llvm-22/bin/llvm-symbolizer}
  export ASAN_OPTIONS="abort_on_error=0:detect_container_overflow=0:allow_user_poisoning=0:detect_stack_use_after_return=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
  export LSAN_OPTIONS="suppressions=$PWD/test/leaks.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
fi

results=$dir/test-results
rm -rf "$results"
mkdir -p "$results"

# GoogleTest programs, one after the other: some use every processor.
for program in "$dir"/bin/modc-*-tests; do
  [ -x "$program" ] || continue
  name=$(basename "$program")
  code=0
  GTEST_TOTAL_SHARDS=$parts GTEST_SHARD_INDEX=$((part - 1)) \
    timeout --kill-after=10 "${MODC_TEST_TIMEOUT:-1800}" "$program" \
    --gtest_brief=1 --gtest_output="json:$results/$name.gtest.json" \
    --gtest_filter="${filter:+*$filter}*" >"$results/$name.log" 2>&1 || code=$?
  echo "$code" >"$results/$name.gtest.code"
  if [ "$code" -ne 0 ]; then
    echo "FAIL: $name (exit code $code)"
    cat "$results/$name.log"
  fi
done

# lit shows the commands and the output of each test that fails.
if [ -f "$dir/test/lit.site.cfg.py" ]; then
  lit=$(command -v lit-22 || echo /usr/lib/llvm-22/bin/lit)
  code=0
  timeout --kill-after=10 "${MODC_LIT_TIMEOUT:-7200}" "$lit" --succinct -v \
    --no-progress-bar --allow-empty-runs -j "$jobs" ${filter:+--filter "$filter"} \
    --num-shards "$parts" --run-shard "$part" -o "$results/lit.json" "$dir/test" ||
    code=$?
  echo "$code" >"$results/lit.code"
else
  say "$dir/test/lit.site.cfg.py is missing: lit has nothing to run"
  echo 1 >"$results/lit.code"
fi

python=/usr/bin/python3
[ -x "$python" ] || python=python3
exec "$python" test/summary.py "$results"
