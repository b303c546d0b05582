#===- fuzz.py - Damage files at random ------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: fuzz.py SECONDS SEED FILE COMMAND... Flips bits in FILE, in all of it or
# in the text that it begins with (the note of a model), or cuts it (at the edges of
# its first words before anywhere else), and runs the command with {} as the damaged
# file. The exit code must be 0, or 1 with one line that names the file; never a
# signal. A file with one damaged bit that was accepted must have given the output of
# the whole one, if the command writes 'out'; several bits may also hit the name of the
# hash, without which a file is one of other tools.
#
#===----------------------------------------------------------------------===#

import os
import random
import subprocess
import sys
import time

seconds, seed, source = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
command = sys.argv[4:]
data = open(source, "rb").read()
text = max(data.find(b'{"'), 0)
rng = random.Random(seed)
# Cuts that draws seldom give: all, in and at the end of the first words, the last byte.
edges = [0, 1, 7, 8, 9, 15, 16, len(data) - 1]
damaged = "damaged" + os.path.splitext(source)[1]


def run(contents):
    """Exit code, messages and output of the command."""
    open(damaged, "wb").write(contents)
    if os.path.exists("out"):
        os.remove("out")
    result = subprocess.run(
        [word.replace("{}", damaged) for word in command],
        capture_output=True, timeout=60,
    )
    output = open("out", "rb").read() if os.path.exists("out") else None
    return result.returncode, result.stderr.decode(errors="replace"), output


code, said, whole = run(data)
if code != 0:
    sys.exit(f"the file that is whole is refused: {said}")
long = os.environ.get("MODC_LONG", "0") not in ("", "0")
end = time.time() + seconds * (20 if long else 1)
refused = accepted = 0
while edges or time.time() < end:
    contents = bytearray(data)
    how = "cut" if edges else rng.choice(["bit", "bit", "bits", "text", "cut"])
    if how == "cut":
        del contents[edges.pop(0) if edges else rng.randrange(len(data)) :]
    for _ in range({"bit": 1, "bits": rng.randrange(2, 8), "text": 1}.get(how, 0)):
        first, last = text, min(text + 3000, len(data))
        at = rng.randrange(first, last) if how == "text" else rng.randrange(len(data))
        contents[at] ^= 1 << rng.randrange(8)
    code, said, output = run(bytes(contents))
    oneLine = said.startswith("modc: error: ") and said.count("\n") == 1
    same = output == whole or how == "bits"
    good = code == 1 and oneLine and damaged in said or code == 0 and same
    if not good:
        what = f"cut to {len(contents)} bytes" if how == "cut" else how
        print(f"seed {seed}, case {refused + accepted} ({what}): exit code {code}: {said}")
        sys.exit(1)
    refused += code == 1
    accepted += code == 0
print(f"{source}: seed {seed}, {refused} refused, {accepted} harmless")
sys.exit(refused == 0)
