#===- devices.py - Check the list of devices as JSON ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: devices.py FILE. The processor comes first; lavapipe is there and has at
# least what Vulkan guarantees.
#
#===----------------------------------------------------------------------===#

import json
import sys

with open(sys.argv[1]) as file:
    listing = json.load(file)
devices = listing["devices"]
assert devices[0]["device"] == devices[0]["kind"] == "cpu", devices[0]
assert devices[0]["memory_bytes"] > 1 << 28 and "invocations" not in devices[0], devices[0]
lavapipe = [d for d in devices if "llvmpipe" in d["name"]]
assert len(lavapipe) == 1 and lavapipe[0]["kind"] == "vulkan", devices
limits = lavapipe[0]
assert limits["invocations"] >= 128 and limits["shared_bytes"] >= 16384, limits
assert limits["binding_bytes"] >= 1 << 27 and limits["constant_bytes"] >= 128, limits
assert limits["binding_alignment"] <= 256 and limits["bindings"] >= 4, limits
assert min(limits["groups"]) >= 65535 and len(limits["group_size"]) == 3, limits
assert limits["memory_bytes"] >= limits["buffer_bytes"] >= limits["binding_bytes"], limits
assert limits["timestamps"] is True and len(limits["warnings"]) == 1, limits
# Each kind is there or said to be missing.
kinds = {d["kind"] for d in devices} | {m["kind"] for m in listing["missing"]}
assert kinds == {"cpu", "vulkan", "cuda"}, kinds
assert all(m["reason"] for m in listing["missing"]), listing
