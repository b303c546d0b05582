#===- gpu_json.py - What a run of benchmarks/gpu/gpu.py wrote -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# All tasks and routings are there, launches are shorter than their calls, and work is
# that of the shape.
#
#===----------------------------------------------------------------------===#
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    result = json.load(file)
seen = {(l["shape"], l["task"], l["routing"]) for l in result["lines"]}
assert seen == {("tiny", t, r) for t in ("forward", "gradients", "sgd", "adam")
                for r in ("uniform", "one")}, seen
assert not result["refused"], result["refused"]
for line in result["lines"]:
    # 8 points, 2 picks each, 4·3 + 3·4 multiply-adds a pick.
    assert line["flops"] == 768, line
    assert line["launches"] > 0 and line["roofline"] > 0, line
    for where in ("clock", "device"):
        own = line[where]["modc"]
        assert 0 < own["min"] <= own["p10"] <= own["median"] <= own["p90"], line
