"""Checks a trace: device_trace.py FILE ROW PROGRAM LABEL:GROUPS,...

The launches on the device's row are exactly those, in order, within calls of the
program on row 0."""

import json
import sys


def main():
    path, row, program, wanted = sys.argv[1:]
    with open(path) as file:
        events = json.load(file)["traceEvents"]
    names = {
        e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"
    }
    assert names[int(row)].startswith("vulkan:0 (llvmpipe"), names
    ran = [e for e in events if e["ph"] == "X"]
    launches = sorted((e for e in ran if e["tid"] == int(row)), key=lambda e: e["ts"])
    got = ",".join("{}:{}".format(e["name"], e["args"]["tasks"]) for e in launches)
    assert got == wanted, got
    calls = [e for e in ran if e["tid"] == 0 and e["name"] == program]
    for launch in launches:
        assert launch["cat"] == program and launch["dur"] >= 0, launch
        end = launch["ts"] + launch["dur"]
        assert any(end <= c["ts"] + c["dur"] for c in calls), launch


main()
