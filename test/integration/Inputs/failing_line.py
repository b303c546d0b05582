#===- failing_line.py - Runs gpu.py with lines that fail -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# failing_line.py FOLDER ARGUMENT...: results of one routing are wrong, and the
# gradients cannot be made at all. All other lines must be there.
#
#===----------------------------------------------------------------------===#
import os
import sys

sys.path[:0] = [sys.argv[1], os.path.join(os.path.dirname(sys.argv[1]), "peers")]

import environment  # noqa: E402

environment.enter()
sys.argv.pop(1)

import device_runner  # noqa: E402
import gpu  # noqa: E402
import timing  # noqa: E402

check, make = timing.check, device_runner.make


def wrong(problem, routing, runner):
    if routing == "one":
        raise timing.Wrong("the result\nof a test")
    check(problem, routing, runner)


def broken(problem, task, device, models):
    if task == "gradients":
        raise RuntimeError("no memory for a test")
    return make(problem, task, device, models)


timing.check, device_runner.make = wrong, broken
gpu.main()
