#===- signal_compile.py - Stop a command while it compiles ----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: signal_compile.py FOLDER SIGNAL COMMAND... Runs the command with FOLDER
# for its temporary files, sends the signal (SIGINT, ...) as soon as one is there,
# and prints the exit code and what is left.
#
#===----------------------------------------------------------------------===#

import os
import signal
import subprocess
import sys
import time

folder, name, command = sys.argv[1], sys.argv[2], sys.argv[3:]
os.makedirs(folder)
process = subprocess.Popen(
    command,
    env={**os.environ, "TMPDIR": folder},
    # A job that was started in the background ignores SIGINT.
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
)
try:
    deadline = time.time() + 120
    while process.poll() is None and not os.listdir(folder):
        if time.time() > deadline:
            sys.exit("no temporary file within two minutes")
        time.sleep(0)  # at once: the moment between two calls is to be hit
    process.send_signal(getattr(signal, name))
    print("exit code", process.wait(timeout=120))
finally:
    process.kill()
print("left", os.listdir(folder))
