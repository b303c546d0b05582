#===- kill_training.py - Kill a command once it has a checkpoint ----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: kill_training.py DIR COMMAND... Waits for the checkpoint in DIR, kills the
# command, and fails if it was done before that.
#
#===----------------------------------------------------------------------===#

import os
import subprocess
import sys
import time

path, command = os.path.join(sys.argv[1], "checkpoint.safetensors"), sys.argv[2:]
process = subprocess.Popen(command)
deadline = time.time() + 120
while process.poll() is None and time.time() < deadline and not os.path.exists(path):
    time.sleep(0.01)
if process.poll() is not None:
    sys.exit("kill_training.py: the command ended before it could be killed")
process.kill()
process.wait()
if not os.path.exists(path):
    sys.exit("kill_training.py: no checkpoint in 120 seconds")
