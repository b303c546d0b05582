#===- bench.py - Checks the JSON of modc bench ----------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# bench.py FILE PROGRAM=FLOPS...: the file is a whole result with those programs
# in that order, and their FLOPs a call are those, "-" for unknown.
#
#===----------------------------------------------------------------------===#
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    result = json.load(file)

for key in ("modc", "model", "network", "hash", "target", "threads", "batch",
            "samples", "routing", "seed", "rounds"):
    assert key in result, key
for key in ("processor", "processors", "features", "load_before", "load_after"):
    assert key in result["machine"], key
assert result["rounds"] >= 5
assert result["peak"]["kind"] and result["peak"]["gflops"] > 0.1, result["peak"]
assert result["peak"]["gflops"] >= result["peak"]["median_gflops"]
assert result["read"]["gbs"] > 0.01, result["read"]

expected = [argument.split("=") for argument in sys.argv[2:]]
names = [program["name"] for program in result["programs"]]
assert names == [name for name, _ in expected], names
for program, (name, flops) in zip(result["programs"], expected):
    seconds = program["seconds"]
    assert 0 < seconds["min"] <= seconds["p10"] <= seconds["median"] <= seconds["p90"]
    rate = result["batch"] / seconds["min"]
    assert abs(program["rows_per_second"] / rate - 1) < 1e-9
    if flops == "-":
        assert program["flops"] is None and program["gflops"] is None, program
        continue
    assert program["flops"] == float(flops), (name, program["flops"], flops)
    if float(flops) == 0:
        assert program["gflops"] is None and program["share_of_peak"] is None
        continue
    gflops = float(flops) / seconds["min"] / 1e9
    assert abs(program["gflops"] / gflops - 1) < 1e-9
    share = program["share_of_peak"] * result["peak"]["gflops"]
    assert abs(share / gflops - 1) < 1e-9
