#===- training_torch.py - The EM trainer in PyTorch -----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Networks of modular layers with one linear controller each, and generalized Viterbi
# EM with stored choices, as `modc train` does it. E-steps score every assignment in a
# few large products, then look up the ones that were drawn: with so few members the
# fastest way that PyTorch has.
#
#===----------------------------------------------------------------------===#
import collections
import math

import torch

# `layers` are (inputs, outputs, members); `head` is (inputs, outputs) or None.
Network = collections.namedtuple("Network", "layers head classifier")

NETWORKS = {
    "fashion": Network([(784, 64, 8)], (64, 10), True),
    "mnist": Network([(784, 32, 10), (32, 10, 8)], None, True),
    "toy": Network([(2, 2, 2)], None, False),
}


def glorot(*shape):
    limit = math.sqrt(6 / (shape[-1] + shape[-2]))
    return torch.empty(shape).uniform_(-limit, limit)


def affine(members, inputs, outputs):
    size = (members,) if members else ()
    return glorot(*size, inputs, outputs), torch.zeros(*size, outputs)


def adam(parameters, rate):
    """Adam in one kernel where this PyTorch has it for processors, from 2.4 on."""
    try:
        return torch.optim.Adam(parameters, lr=rate, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, lr=rate)


class Trainer:
    """`form` says how a layer runs its chosen members: "loop", each a tensor of its
    own, "grouped" (grouped_mm), "all" (every member on every row, then the chosen
    ones), or "compiled", the last under torch.compile."""

    def __init__(self, network, form, x, target, batch, samples, e_every, rate, seed):
        torch.manual_seed(seed)
        self.network, self.form = network, form
        self.x, self.target = x, target
        self.batch, self.samples, self.e_every = batch, samples, e_every
        self.pools, self.routers = [], []
        for inputs, outputs, members in network.layers:
            pool = affine(members, inputs, outputs)
            if form == "loop":
                pool = list(zip(*(part.unbind(0) for part in pool)))
                pool = [tuple(p.clone() for p in module) for module in pool]
            self.pools.append(pool)
            self.routers.append(affine(None, inputs, members))
        self.head = affine(None, *network.head) if network.head else ()
        self.parameters = list(self.leaves())
        for parameter in self.parameters:
            parameter.requires_grad_()
        self.optimizer = adam(self.parameters, rate)
        members = [m for _, _, m in network.layers]
        self.stored = torch.stack(
            [torch.randint(m, (len(x),)) for m in members], 1)
        self.step_number, self.order, self.at = 0, None, len(x)
        self.e_step, self.loss = self.plain_e_step, self.plain_loss
        if form == "compiled":
            self.e_step = torch.compile(self.plain_e_step, dynamic=False)
            self.loss = torch.compile(self.plain_loss, dynamic=False)

    def leaves(self):
        for pool in self.pools:
            for part in pool:
                yield from part if isinstance(part, tuple) else (part,)
        for router in self.routers:
            yield from router
        yield from self.head

    def stacks(self, layer):
        pool = self.pools[layer]
        if self.form == "loop":
            return [torch.stack(part) for part in zip(*pool)]
        return pool

    def run_chosen(self, layer, x, chosen):
        """The chosen member of each row."""
        inputs, outputs, members = self.network.layers[layer]
        pool = self.pools[layer]
        if self.form in ("all", "compiled"):
            value = torch.baddbmm(pool[1][:, None], x.expand(members, -1, -1), pool[0])
            return value[chosen, torch.arange(len(x))]
        modules, order = torch.sort(chosen, stable=True)
        if self.form == "grouped":
            ends = torch.searchsorted(modules, torch.arange(members), right=True)
            value = torch.nn.functional.grouped_mm(
                x[order], pool[0], offs=ends.to(torch.int32)) + pool[1][modules]
        else:
            counts = torch.bincount(chosen, minlength=members).tolist()
            value = torch.cat([
                torch.addmm(b, part, w)
                for (w, b), part in zip(pool, x[order].split(counts)) if len(part)])
        return torch.empty_like(value).index_copy(0, order, value)

    def log_likelihood(self, y, target):
        if self.network.classifier:
            scores = torch.log_softmax(y, -1)
            return scores.gather(-1, target[..., None])[..., 0]
        width = y.shape[-1]
        return -0.5 * (y - target).square().sum(-1) - 0.5 * width * math.log(
            2 * math.pi)

    def finish(self, h):
        return torch.addmm(self.head[1], h, self.head[0]) if self.head else h

    def plain_loss(self, x, target, chosen):
        h, prior, last = x, 0, len(self.pools) - 1
        for layer, (w, b) in enumerate(self.routers):
            scores = torch.log_softmax(torch.addmm(b, h, w), -1)
            prior = prior + scores.gather(1, chosen[:, layer, None])[:, 0]
            h = self.run_chosen(layer, h, chosen[:, layer])
            if layer < last or self.head:
                h = h.relu()
        return -(self.log_likelihood(self.finish(h), target) + prior).mean()

    def plain_e_step(self, x, target, stored):
        """J of all assignments, [N, product of members]; then of the stored one and
        of `samples` - 1 draws the largest."""
        n, last = len(x), len(self.pools) - 1
        h, prior = x, torch.zeros(n, 1)
        draws = torch.zeros(n, self.samples - 1, dtype=torch.long)
        kept = torch.zeros(n, dtype=torch.long)
        for layer, (inputs, outputs, members) in enumerate(self.network.layers):
            w, b = self.routers[layer]
            scores = torch.log_softmax(torch.addmm(b, h, w), -1)
            below = scores.exp().view(n, -1, members).cumsum(-1)
            below = below.gather(1, draws[:, :, None].expand(-1, -1, members))
            u = torch.rand(n, self.samples - 1, 1)
            drawn = (u >= below).sum(-1).clamp(max=members - 1)
            draws = draws * members + drawn
            kept = kept * members + stored[:, layer]
            prior = (prior[:, :, None] + scores.view(n, -1, members)).view(n, -1)
            weight, bias = self.stacks(layer)
            wide = weight.permute(1, 0, 2).reshape(inputs, members * outputs)
            h = torch.addmm(bias.reshape(-1), h, wide).view(-1, outputs)
            if layer < last or self.head:
                h = h.relu()
        y = self.finish(h)
        y = y.view(n, -1, y.shape[-1])
        wanted = target[:, None].expand(n, y.shape[1], *target.shape[1:])
        joint = self.log_likelihood(y, wanted) + prior
        candidates = torch.cat([kept[:, None], draws], 1)
        # The stored one is the first, and the first of equals is kept.
        best = joint.gather(1, candidates).argmax(1, keepdim=True)
        best = candidates.gather(1, best)[:, 0]
        result = []
        for _, _, members in reversed(self.network.layers):
            result.insert(0, best % members)
            best = best // members
        return torch.stack(result, 1)

    def step(self):
        if self.at + self.batch > len(self.x):
            self.order, self.at = torch.randperm(len(self.x)), 0
        index = self.order[self.at:self.at + self.batch]
        self.at += self.batch
        x, target, chosen = self.x[index], self.target[index], self.stored[index]
        if self.e_every and self.step_number % self.e_every == 0:
            with torch.no_grad():
                chosen = self.e_step(x, target, chosen)
            self.stored[index] = chosen
        for parameter in self.parameters:
            parameter.grad = None
        self.loss(x, target, chosen).backward()
        self.optimizer.step()
        self.step_number += 1

    def judge(self, x, target):
        """Loss by the controllers' mode, and accuracy of a classifier."""
        with torch.no_grad():
            h, last = x, len(self.pools) - 1
            for layer, (w, b) in enumerate(self.routers):
                mode = torch.addmm(b, h, w).argmax(1)
                h = self.run_chosen(layer, h, mode)
                if layer < last or self.head:
                    h = h.relu()
            y = self.finish(h)
            result = {"loss": -self.log_likelihood(y, target).mean().item()}
            if self.network.classifier:
                right = (y.argmax(1) == target).float().mean()
                result["accuracy"] = right.item()
            return result
