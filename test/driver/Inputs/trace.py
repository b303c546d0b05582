#===- trace.py - Checks a trace that a command wrote ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# trace.py FILE WORKERS PROGRAM=REGION,REGION...: what ran is well nested on each
# row, each program was called, and its parallel loops were those, each with all
# of its tasks. "+" behind the last region allows others.
#
#===----------------------------------------------------------------------===#
import collections
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    trace = json.load(file)
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
names = {e["tid"]: e["args"]["name"] for e in trace["traceEvents"]
         if e["ph"] == "M" and e["name"] == "thread_name"}
assert len(names) == int(sys.argv[2]), names
assert trace["otherData"]["dropped"] == 0
assert {e["tid"] for e in events} <= set(names)

calls = [e for e in events if "points" in e["args"]]
regions = [e for e in events if "tasks" in e["args"]]
tasks = [e for e in events if "task" in e["args"]]
assert len(calls) + len(regions) + len(tasks) == len(events)
assert sum(e["args"]["tasks"] for e in regions) == len(tasks)
assert all(e["tid"] == 0 for e in calls + regions)


def end(event):
    return event["ts"] + event["dur"]


# On each row an event lies in the one around it or beside it. Times are exact to
# a nanosecond, which a float of microseconds rounds.
for tid in names:
    row = sorted((e for e in events if e["tid"] == tid),
                 key=lambda e: (e["ts"], -e["dur"]))
    open_events = []
    for event in row:
        while open_events and end(open_events[-1]) <= event["ts"] + 1e-4:
            open_events.pop()
        assert not open_events or end(event) <= end(open_events[-1]) + 1e-3, event
        open_events.append(event)

found = collections.defaultdict(set)
for event in regions:
    found[event["cat"]].add(event["name"])
for argument in sys.argv[3:]:
    program, wanted = argument.split("=")
    assert any(e["name"] == program for e in calls), program
    wanted = set(wanted.split(","))
    others = "+" in wanted
    wanted -= {"+", ""}
    assert found[program] == wanted or others and wanted <= found[program], (
        program, found[program])
