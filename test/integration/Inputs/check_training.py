#===- check_training.py - Did a training come to something? ---------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: check_training.py LOG CHECK... Each CHECK is NAME<NUMBER or NAME>NUMBER, all
# must hold. `first.X` and `last.X` are members of the log's first and last line on
# steps, `test.X` of its last evaluation ("test.mode.accuracy"), `layerN.used` counts
# the members of layer N that are not dead there.
#
#===----------------------------------------------------------------------===#

import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
steps = [line for line in lines if line["event"] == "step"]
tests = [line for line in lines if line["event"] == "evaluation"]
if not steps or not tests:
    sys.exit(f"{sys.argv[1]}: no step or no evaluation")
known = {"first": steps[0], "last": steps[-1], "test": tests[-1]}
for number, layer in enumerate(tests[-1]["layers"]):
    known[f"layer{number}"] = {"used": len(layer["members"]) - layer["dead"]}

failed = []
for check in sys.argv[2:]:
    name, relation, bound = re.fullmatch(r"([\w.]+)([<>])(.+)", check).groups()
    value = known
    for key in name.split("."):
        value = value[key]
    print(f"{name} = {value:.4g}, wanted {relation} {bound}")
    if not (value < float(bound) if relation == "<" else value > float(bound)):
        failed.append(check)
sys.exit(f"does not hold: {', '.join(failed)}" if failed else 0)
