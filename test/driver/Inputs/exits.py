#===- exits.py - Run a command that must end with a given code ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: exits.py CODE COMMAND [ARGUMENT...]. Fails if the exit code is another
# one; a failing command must also have kept quiet on standard output.
#
#===----------------------------------------------------------------------===#

import subprocess
import sys

wanted = int(sys.argv[1])
result = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE)
sys.stdout.buffer.write(result.stdout)
if result.returncode != wanted:
    print(f"exits.py: exit code {result.returncode}, not {wanted}", file=sys.stderr)
    sys.exit(1)
if wanted in (1, 2) and result.stdout:
    print("exits.py: a failing command wrote data", file=sys.stderr)
    sys.exit(1)
