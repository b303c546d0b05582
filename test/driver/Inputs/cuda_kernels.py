#===- cuda_kernels.py - What inspect --kernels says of CUDA ---------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Operations and bytes of fashion-mnist.mlir's products by hand, the roofline from
# them, and what ptxas must say of every kernel.
#
#===----------------------------------------------------------------------===#
import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["kernels"]


def launches(kernels):
    return {(p["name"], l["label"]): l for p in kernels["programs"]
            for l in p["launches"]}


sm80, sm90, vulkan, rates = (load(path) for path in sys.argv[1:])
assert (sm80["chip"], sm80["gflops"], sm80["gbs"]) == ("A100", 19500, 1555), sm80
assert (sm90["chip"], sm90["multiprocessors"]) == ("H100 SXM", 132), sm90
assert vulkan["chip"] is None and vulkan["gflops"] is None, vulkan
N, D, H, M = 512, 784, 64, 8
for kernels in (sm80, sm90, vulkan, rates):
    found = launches(kernels)
    # One member for each image: N rows of D by H, with a bias and what else its
    # tiles do with an element.
    product = next(l for (p, label), l in found.items() if p == "infer"
                   and N * (2 * D * H + H) <= l["flops"] <= N * (2 * D * H + 4 * H))
    # Images, all members' weights and biases, results; the parts of the plan.
    least = 4 * (N * D + M * D * H + M * H + N * H)
    assert least < product["bytes"] <= least + 4 * (M + 1 + 3 * N), product
    # The gradient of the weights: as many multiplications and additions.
    assert any(l["flops"] == N * 2 * D * H for (p, _), l in found.items()
               if p == "m_step"), [l["flops"] for l in found.values()]
    for (_, label), launch in found.items():
        assert launch["flops"] is not None, label
        assert launch["bytes"] > 0, label
        if kernels["gflops"]:
            compute = launch["flops"] / kernels["gflops"] / 1e9
            memory = launch["bytes"] / kernels["gbs"] / 1e9
            assert abs(launch["seconds"] - max(compute, memory)) <= 1e-12, launch
            assert launch["bound"] == ("compute" if compute > memory else "memory")
        else:
            assert launch["seconds"] is None and launch["bound"] is None, launch
for kernels in (sm80, sm90):
    for label, launch in launches(kernels).items():
        assert launch["spill_bytes"] == 0 and launch["stack_bytes"] >= 0, launch
        assert 0 < launch["registers"] <= 255, launch
        assert launch["groups_held"] >= 2 or launch["warps_held"] >= 8, launch
        warps = -(-launch["group"][0] // 32)
        assert launch["warps_held"] == warps * launch["groups_held"] <= 64, launch
assert not any("registers" in l for l in launches(vulkan).values())
# Tiles share memory, on every target the same.
shared = {t: [l["shared_bytes"] for l in launches(k).values()]
          for t, k in (("80", sm80), ("90", sm90), ("vulkan", vulkan))}
assert max(shared["80"]) > 1024 and shared["80"] == shared["90"] == shared["vulkan"], shared
