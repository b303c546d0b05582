#===- common.sh - What the scripts say, and how ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Read by setup.sh, build.sh, demo.sh and test.sh, each of which defines `usage`.
# Messages go to standard error; a wrong command line ends with exit code 2.
#
#===----------------------------------------------------------------------===#

say() { printf '%s\n' "${0##*/}: $*" >&2; }
misuse() { say "$*"; usage >&2; exit 2; }

# wants_value $# FLAG: FLAG, the first of so many arguments, is followed by one.
wants_value() { [ "$1" -ge 2 ] || misuse "$2 wants a value"; }
