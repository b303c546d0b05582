#===- test_entry.py - What a compiled model is handed ---------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# A compiled model behind libmodc.so: arrays of any alignment give the same bits,
# short ones and sizes that overflow are refused with the tensor named. A library
# picks the best variant of the features that it is told, and is refused by the name
# of what the processor lacks before it is loaded.
#
#===----------------------------------------------------------------------===#
"""usage: test_entry.py MODEL LEVEL...: compiled for these levels, the least first."""
import ctypes
import os
import re
import sys

import numpy as np

import compiled
import modc_ctypes

POINTS = 37


def refused(message, call, *arguments, **values):
    try:
        call(*arguments, **values)
    except (modc_ctypes.Failure, ValueError) as failure:
        assert message in str(failure), failure
    else:
        raise AssertionError(f"not refused: {message}")


def check_alignment(session):
    rng = np.random.default_rng(1)
    x, t = (rng.normal(size=(POINTS, d)).astype(np.float32) for d in (13, 5))
    step = dict(x=x, target=t, selection=rng.integers(0, 7, (POINTS, 2)))
    frozen = np.zeros(len(session.model.signature["groups"]))
    given = {
        "infer": dict(x=x),
        "forward": dict(x=x, selection=step["selection"]),
        "m_step": step,
        "train_step": dict(step, frozen=frozen, lr=0.01, weight_decay=0, clip_norm=1),
    }

    def results(program, shift):
        """All that a call writes, from the same parameters and state."""
        session.init(seed=3)
        outputs = session.call(program, POINTS, shift=shift, **given[program])
        arenas = (session.parameters, session.gradients, session.state)
        return [v.copy() for values in (outputs, *arenas) for v in values.values()]

    for program in given:
        straight = results(program, 0)
        for shift in (1, 4, 20, 60):
            for expected, value in zip(straight, results(program, shift), strict=True):
                assert expected.tobytes() == value.tobytes(), (program, shift)
    return len(given)


def raw_call(session, program, points, lengths):
    """With buffers of these bytes: they must not be looked at."""
    one = np.zeros(1, np.int64)
    count = len(lengths)
    error = ctypes.c_void_p()
    reals = session.model.programs[program]["reals"]
    modc_ctypes._check(
        modc_ctypes.library().modc_session_call(
            session.handle, program.encode(), points, 1,
            (ctypes.c_void_p * count)(*[one.ctypes.data] * count),
            (ctypes.c_int64 * count)(*lengths), count, None, 0,
            (ctypes.c_double * 3)(), len(reals), ctypes.byref(error)),
        error)  # fmt: skip


def check_sizes(session):
    checked = 0
    for program in ("infer", "forward", "m_step", "train_step"):
        buffers = session.model.programs[program]["buffers"]
        whole = [
            int(np.prod([POINTS if d == "N" else d for d in b["shape"]]))
            * np.dtype(session.model.dtype(b)).itemsize
            for b in buffers
        ]
        for i, buffer in enumerate(buffers):
            # Checked in their order: the first that is short is named.
            short = whole[:i] + [whole[i] - 1] + whole[i + 1 :]
            message = f"buffer '{buffer['name']}' has {whole[i] - 1} bytes"
            if i == 0:
                refused(message, raw_call, session, program, POINTS, short)
            else:
                refused("buffer '", raw_call, session, program, POINTS, short)
            checked += 1
        first = buffers[0]["name"]
        message = f"buffer '{first}' has {whole[0]} bytes"
        refused(message, raw_call, session, program, 2**30 - 1, whole)
        refused("are more than 2147483647 choices", raw_call, session, program, 2**31 - 1, whole)
        refused("are outside", raw_call, session, program, 2**62, whole)
    return checked


def check_variants(path, levels):
    """Of the features of a level its code runs, of less the next one's, of none none."""
    targets = {t["name"]: t["features"] for t in compiled.read_note(path)["targets"]}
    assert sorted(targets) == sorted(levels), targets
    here = compiled.features_here()
    for level in levels:
        model = compiled.Model(path, features=targets[level])
        assert model.target == level, (model.target, level)
    for less, level in zip(levels, levels[1:]):
        missing = targets[level] & ~targets[less]
        for bit in range(64):
            if missing >> bit & 1:
                model = compiled.Model(path, features=targets[level] & ~(1 << bit))
                assert model.target == less, (model.target, level, bit)
    refused("no variant", compiled.Model, path, features=targets[levels[0]] & ~1)
    best = [level for level in levels if not targets[level] & ~here][-1]
    model = modc_ctypes.Model(path)
    target = modc_ctypes.library().modc_model_target(model.handle)
    assert target.decode() == best, (target, best)


def check_missing(path):
    """Every variant asks for a feature that no processor has: the library is not
    loaded, as it is where its hash still fits."""
    with open(path, "rb") as file:
        data = file.read()
    note = re.search(rb'\{"abi".*\}', data)
    text = re.sub(rb'"file_hash":"[0-9a-f]{16}",', b"", note[0])
    text = re.sub(rb'"features":\d+', b'"features":%d' % (1 << 40), text)
    assert len(text) <= len(note[0]), (len(text), len(note[0]))
    text = text[:-1] + b" " * (len(note[0]) - len(text)) + b"}"
    wrong = path + ".wrong.so"
    with open(wrong, "wb") as file:
        file.write(data[: note.start()] + text + data[note.end() :])
    refused("but this processor has no bit 40", modc_ctypes.Model, wrong)
    with open("/proc/self/maps") as file:
        assert os.path.basename(wrong) not in file.read()


def main():
    path, levels = os.path.abspath(sys.argv[1]), sys.argv[2:]
    session = modc_ctypes.Session(modc_ctypes.Model(path), workers=2)
    session.init(seed=3)
    print(f"{check_alignment(session)} programs take arrays of any alignment")
    print(f"{check_sizes(session)} short arrays are refused")
    check_variants(path, levels)
    check_missing(path)
    print("variants are chosen by features")


main()
