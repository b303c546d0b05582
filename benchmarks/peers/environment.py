#===- environment.py - The interpreter and processors of the peers --------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Goes on in the environment that setup.sh made, where there is one, and tells
# libraries how many threads to use. To be called before any of them is imported.
#
#===----------------------------------------------------------------------===#
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))


class Missing(Exception):
    """A peer that is not on this machine, and how to get it."""


def missing(name, error):
    detail = " ".join(str(error).split())
    return Missing(f"{name} ({detail}): benchmarks/peers/setup.sh gets it")


def enter():
    """Runs this program again in the environment, unless it runs there."""
    folder = os.environ.get("MODC_PEERS") or os.path.join(SOURCE, "build", "peers")
    python = os.path.join(folder, "bin", "python")
    if os.access(python, os.X_OK) and (
        os.path.realpath(sys.prefix) != os.path.realpath(folder)
    ):
        os.execv(python, [python] + sys.argv)
    sys.path[1:1] = [os.path.dirname(HERE), os.path.join(SOURCE, "test", "numpy")]


def set_threads(threads):
    """For libraries that ask the environment, and only when they are loaded."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # They spin for half a millisecond: the next one is called after a longer pause.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")


def find_modc(program, path):
    built = os.path.join(SOURCE, "build", "bin", "modc")
    found = path or (built if os.access(built, os.X_OK) else shutil.which("modc"))
    if not found or not os.access(found, os.X_OK):
        sys.exit(f"{program}: error: no modc at '{found or built}', name one by --modc")
    return found


def parse_threads(parser, text):
    """Numbers of threads, of an option's text."""
    try:
        threads = [int(n) for n in text.split(",") if n]
    except ValueError:
        parser.error(f"--threads: '{text}' is not a list of numbers")
    if not threads or min(threads) < 1:
        parser.error("--threads wants numbers of at least 1")
    return threads


def parse_names(parser, arguments, option, known, groups=None):
    """Puts the names of an option, each once, in the place of its text; `groups` stand
    for several."""
    given = [part for part in getattr(arguments, option).split(",") if part]
    given = [n for part in given for n in (groups or {}).get(part, [part])]
    for name in given:
        if name not in known:
            parser.error(f"unknown {option.rstrip('s')} '{name}', "
                         f"known are {', '.join(known)}")
    setattr(arguments, option, list(dict.fromkeys(given)))
