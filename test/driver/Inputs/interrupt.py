#===- interrupt.py - Press Ctrl-C while a command trains ------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: interrupt.py LOG COMMAND... Waits until the command's log has a step,
# sends it SIGINT and prints its exit code.
#
#===----------------------------------------------------------------------===#

import os
import signal
import subprocess
import sys
import time

log, command = sys.argv[1], sys.argv[2:]
# A job that was started in the background ignores SIGINT, and its children do.
process = subprocess.Popen(
    command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
)
deadline = time.time() + 120
while process.poll() is None and time.time() < deadline:
    if os.path.exists(log) and '"event":"step"' in open(log).read():
        break
    time.sleep(0.02)
process.send_signal(signal.SIGINT)
try:
    print(f"exit code {process.wait(timeout=60)}")
finally:
    process.kill()
