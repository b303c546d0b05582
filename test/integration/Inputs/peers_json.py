#===- peers_json.py - What a run of peers.py wrote ------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# peers_json.py FILE: every task and routing of the shape is there for 1 and 2 threads, with
# the work that it is.
#
#===----------------------------------------------------------------------===#
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    result = json.load(file)
groups = {(g["shape"], g["threads"]): g for g in result["groups"]}
assert set(groups) == {("tiny", 1), ("tiny", 2)}
for (_, threads), group in groups.items():
    kinds = [(line["task"], line["routing"]) for line in group["lines"]]
    assert len(kinds) == len(set(kinds)) == 4 * 3, kinds
    wanted = {f"{k} {n}" for k in ("peak", "bandwidth") for n in {1, threads}}
    assert set(group["probes"]) == wanted and min(group["probes"].values()) > 0
    for line in group["lines"]:
        assert line["rounds"] >= 3 and line["seconds"]["modc"]["min"] > 0
        forward = line["task"] == "forward"
        assert ("NumPy loop" in line["seconds"]) == forward
        both = "modc, 1 thread" in line["seconds"]
        assert both == (forward and threads > 1)
line = groups["tiny", 1]["lines"][0]
assert line["flops"] == 2 * 8 * 2 * (4 * 3 + 3 * 4), line
assert line["rows"] == 8 * 2 / 3 and line["active_bytes"] == 4 * 3 * (15 + 16), line
