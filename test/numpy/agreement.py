#===- agreement.py - How far results are from where they must be ----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Judges results by the bounds of bounded.py, and selections by the bounds of their
# scores; keeps the worst of what it has seen.
#
#===----------------------------------------------------------------------===#
import numpy as np

from bounded import UNIT, for_f64


class Mismatch(Exception):
    pass


class Worst:
    """The largest error in terms of its bound, of `count` numbers with one."""

    def __init__(self):
        self.ratio, self.what, self.count, self.unbounded = 0.0, "", 0, 0

    def see(self, what, errors, bounds):
        """Where the largest ratio stands, and the ratio."""
        bounded = np.isfinite(bounds)
        self.count += int(bounded.sum())
        self.unbounded += int((~bounded).sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(errors > 0, errors / bounds, 0.0)
        ratios = np.where(bounded, ratios, 0.0)
        at = np.unravel_index(ratios.argmax(), ratios.shape)
        if ratios[at] > self.ratio:
            self.ratio, self.what = float(ratios[at]), what
        return at, float(ratios[at])

    def add(self, other):
        if other.ratio > self.ratio:
            self.ratio, self.what = other.ratio, other.what
        self.count += other.count
        self.unbounded += other.unbounded


class Agreement:
    """For a model of this element type: f64 results have a bound of f64."""

    def __init__(self, element):
        self.element = element
        self.values, self.masked, self.pairs = Worst(), Worst(), Worst()
        # Rows whose mode was compared, and those where the other was picked.
        self.modes = self.undecided = 0
        # Of these, the largest gap in units of u times the largest score.
        self.gap = 0.0

    def add(self, other):
        self.values.add(other.values)
        self.masked.add(other.masked)
        self.pairs.add(other.pairs)
        self.modes += other.modes
        self.undecided += other.undecided
        self.gap = max(self.gap, other.gap)

    def bound(self, error):
        return for_f64(error) if self.element == "f64" else error

    def values_agree(self, what, actual, expected):
        """`actual` is within the bound of a bounded `expected`; so is what NumPy
        gets when it runs every member on every row in f32."""
        actual = np.asarray(actual, np.float64)
        if actual.shape != expected.shape:
            raise Mismatch(f"{what}: shape {actual.shape}, expected {expected.shape}")
        if actual.size == 0:
            return
        if not np.isfinite(actual).all():
            raise Mismatch(f"{what}: not finite")
        self.without_bound(what, actual, expected)
        self.within(self.values, what, actual, expected.value, self.bound(expected.error))
        single = expected.single.astype(np.float64)
        self.within(self.masked, f"{what} (dense, in NumPy)", single, expected.value, expected.error)

    def within(self, worst, what, actual, expected, bounds):
        if actual.size == 0:
            return
        at, ratio = worst.see(what, np.abs(actual - expected), bounds)
        if ratio > 1:
            raise Mismatch(
                f"{what}{list(map(int, at))}: {actual[at]!r}, expected {expected[at]!r}, "
                f"{ratio:.3g} times the bound {bounds[at]:.3g} away"
            )

    def pair_agrees(self, what, actual, other, expected):
        """Two results are within the bound of one another: it is twice what either may
        be off."""
        actual, other = (np.asarray(x, np.float64) for x in (actual, other))
        self.within(self.pairs, what, actual, other, self.bound(expected.error))

    def without_bound(self, what, actual, expected):
        """After many steps of a scan, what could be far off in theory is infinite; in
        practice it is not."""
        far = ~np.isfinite(expected.error)
        if not far.any():
            return
        limit = (1e-3 if self.element == "f32" else 1e-10) * (1 + np.abs(expected.value).max())
        worst = np.abs(actual - expected.value)[far].max()
        if worst > limit:
            raise Mismatch(f"{what}: an error of {worst:.3g}, without a bound")

    def modes_agree(self, what, picks, scores):
        """Picks [..., K] are the largest of scores [..., K, M] (bounded), or could be
        by their bounds. Returns where they are the largest."""
        value, error = scores.value, self.bound(scores.error)
        if value.size == 0:
            return np.ones(picks.shape, bool)
        best = value.argmax(-1)
        same = best == picks

        def at(array, index):
            return np.take_along_axis(array, index[..., None], -1)[..., 0]

        picks = np.clip(picks, 0, value.shape[-1] - 1)
        gap = at(value, best) - at(value, picks)
        bound = at(error, best) + at(error, picks)
        self.modes += same.size
        self.undecided += int((~same).sum())
        unit = UNIT if self.element == "f32" else 2.0**-53
        scale = unit * np.abs(value).max(-1)
        if not same.all():
            self.gap = max(self.gap, float((gap / scale)[~same].max()))
        wrong = ~same & ~(gap <= bound)
        if wrong.any():
            place = tuple(int(i[0]) for i in np.nonzero(wrong))
            raise Mismatch(f"{what}{list(place)}: picks {picks[place]} of {value[place]}")
        return same
