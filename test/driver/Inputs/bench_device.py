"""bench_device.py BENCH LAUNCHES: what modc bench measured on a device has the
launches that modc inspect --kernels lists, program by program."""

import json
import sys


def main():
    bench, launches = (json.load(open(path)) for path in sys.argv[1:])
    table = {p["name"]: p["launches"] for p in launches["kernels"]["programs"]}
    assert bench["target"] == "vulkan" and bench["device"].startswith("vulkan:0 ("), bench
    assert bench["peak"]["gflops"] is None and bench["rounds"] >= 5, bench
    names = [p["name"] for p in bench["programs"]]
    assert names == ["infer", "forward", "e_step", "m_step", "train_step"], names
    for program in bench["programs"]:
        wanted = [l for l in table[program["name"]] if 0 not in l["groups"]]
        got = program["launches"]
        assert [l["label"] for l in got] == [l["label"] for l in wanted], got
        for one, other in zip(got, wanted):
            x, y, z = other["groups"]
            assert one["groups"] == x * y * z, (one, other)
            assert 0 <= one["seconds"]["min"] <= one["seconds"]["median"], one
        # Each program's own: the last one's were said of all.
        assert program["launch_calls"] == 5, program
        total = sum(l["seconds"]["median"] for l in got)
        assert abs(program["launch_seconds"] - total) < 1e-12, program
        assert 0 < program["seconds"]["min"], program


main()
