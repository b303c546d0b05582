#===- wrong_peer.py - Runs peers.py with a peer that is wrong -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# wrong_peer.py FOLDER ARGUMENT...: one element of the NumPy loop's result is off, so
# that the comparison before the timing must find it.
#
#===----------------------------------------------------------------------===#
import sys

sys.path.insert(0, sys.argv[1])

import environment  # noqa: E402

environment.enter()
sys.argv.pop(1)

import numpy_runner  # noqa: E402
import peers  # noqa: E402


class Wrong(numpy_runner.NumPy):
    def result(self):
        self.y[-1, -1] += 0.01
        return self.y


numpy_runner.NumPy = Wrong
peers.main()
