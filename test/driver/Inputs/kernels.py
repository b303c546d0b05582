#===- kernels.py - Checks the JSON of modc inspect --kernels ---------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# kernels.py FILE PROGRAM OP=FLOPS/BYTES[/KERNEL]...: the program's products are
# those, by their order, with such work and traffic; times are those of a roofline
# and sums add up.
#
#===----------------------------------------------------------------------===#
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    kernels = json.load(file)["kernels"]
program, = [p for p in kernels["programs"] if p["name"] == sys.argv[2]]
wanted = [argument.split("=") for argument in sys.argv[3:]]
found = program["products"]
assert [p["op"] for p in found] == [op for op, _ in wanted], found
for product, (op, facts) in zip(found, wanted):
    flops, size, *kernel = facts.split("/")
    assert product["flops"] == float(flops), product
    assert product["bytes"] == float(size), product
    if kernel == ["-"]:
        assert product["kernel"] is None and product["tile"] is None, product
    elif kernel:
        assert product["kernel"].startswith(kernel[0]), product
        assert all(n > 0 for n in product["tile"]), product
    compute = product["flops"] / kernels["gflops"] / 1e9
    memory = product["bytes"] / kernels["gbs"] / 1e9
    assert abs(product["seconds"] / max(compute, memory) - 1) < 1e-9
    assert product["bound"] == ("compute" if compute >= memory else "memory")
for key in ("flops", "bytes", "seconds"):
    assert abs(sum(p[key] for p in found) - program[key]) <= 1e-9 * program[key]
