#===- philox.py - The random bits of docs/artefact.md ---------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Philox4x32-10 (Salmon et al. 2011) over arrays of counters, to know what an E-step
# draws and how a parameter starts.
#
#===----------------------------------------------------------------------===#
import numpy as np

_MASK = np.uint64(0xFFFFFFFF)


def philox(counter, seed):
    """The four words, uint64 arrays below 2^32, for four counters (numbers or
    arrays of one shape) and a 64-bit seed."""
    c = [np.asarray(w, np.uint64) & _MASK for w in np.broadcast_arrays(*counter)]
    key = [np.uint64(seed & 0xFFFFFFFF), np.uint64((seed >> 32) & 0xFFFFFFFF)]
    for _ in range(10):
        a = np.uint64(0xD2511F53) * c[0]
        b = np.uint64(0xCD9E8D57) * c[2]
        shift = np.uint64(32)
        c = [
            (b >> shift) ^ c[1] ^ key[0],
            b & _MASK,
            (a >> shift) ^ c[3] ^ key[1],
            a & _MASK,
        ]
        key = [
            (key[0] + np.uint64(0x9E3779B9)) & _MASK,
            (key[1] + np.uint64(0xBB67AE85)) & _MASK,
        ]
    return c


def uniform(counter, seed, element):
    """Uniform numbers in [0, 1) as an f32 or f64 network draws them."""
    w = philox(counter, seed)
    if element == "f32":
        return (w[0] >> np.uint64(8)).astype(np.float64) * 2.0**-24
    high = (w[0] >> np.uint64(5)).astype(np.float64) * 2.0**26
    return (high + (w[1] >> np.uint64(6)).astype(np.float64)) * 2.0**-53


def normal(counter, seed):
    """Box-Muller on the first two words."""
    w = philox(counter, seed)
    u1 = (w[0].astype(np.float64) + 1) * 2.0**-32
    u2 = w[1].astype(np.float64) * 2.0**-32
    return np.sqrt(-2 * np.log(u1)) * np.cos(2 * np.pi * u2)


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def initial(name, shape, init, seed, element):
    """A parameter as the program `init` draws it; `init` is the signature's text,
    as `uniform(-0.5, 0.5)`."""
    from network import parse_init

    kind, values, fan_in, fan_out = parse_init(init, shape)
    count = int(np.prod(shape))
    counter = (np.arange(count), 0, fnv1a(name), 0)
    if kind == "zeros":
        drawn = np.zeros(count)
    elif kind == "constant":
        drawn = np.full(count, values[0])
    elif kind == "uniform":
        low, high = values
        drawn = low + (high - low) * uniform(counter, seed, element)
    elif kind == "normal":
        drawn = values[0] + values[1] * normal(counter, seed)
    else:
        variance = 2.0 / (fan_in + fan_out if kind.startswith("glorot") else fan_in)
        if kind.endswith("normal"):
            drawn = np.sqrt(variance) * normal(counter, seed)
        else:
            limit = np.sqrt(3.0 * variance)
            drawn = limit * (2.0 * uniform(counter, seed, element) - 1.0)
    return drawn.reshape(shape)
