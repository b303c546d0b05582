#!/usr/bin/python3
#===- member_adam.py - Adam that counts steps by member -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# The update rule of the EM references: Adam where a member that no row chose
# keeps its parameters, moments and step count as they were.
#
#===----------------------------------------------------------------------===#
import numpy as np


class MemberAdam:
    """Adam over one array whose leading `unit_axes` axes number the units that
    step alone (runs, members of a pool); every unit has its own step count."""

    def __init__(self, value, unit_axes=0, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
        self.value = value
        self.lr, self.b1, self.b2, self.eps = lr, b1, b2, eps
        self.m = np.zeros_like(value)
        self.v = np.zeros_like(value)
        units = value.shape[:unit_axes]
        self.steps = np.zeros(units + (1,) * (value.ndim - unit_axes), value.dtype)

    def step(self, grad, touched=None):
        """Applies `grad` in place; `touched` marks the units that take part."""
        if touched is not None and not touched.all():
            where = touched.reshape(self.steps.shape)
        else:
            where = None
        m = self.b1 * self.m + (1 - self.b1) * grad
        v = self.b2 * self.v + (1 - self.b2) * grad * grad
        steps = self.steps + 1
        scale = self.lr * np.sqrt(1 - self.b2**steps) / (1 - self.b1**steps)
        # eps as in the paper's last form: next to sqrt of the corrected moment.
        eps = self.eps * np.sqrt(1 - self.b2**steps)
        value = self.value - scale * m / (np.sqrt(v) + eps)
        if where is not None:
            m = np.where(where, m, self.m)
            v = np.where(where, v, self.v)
            steps = np.where(where, steps, self.steps)
            value = np.where(where, value, self.value)
        self.m, self.v, self.steps, self.value = m, v, steps, value
