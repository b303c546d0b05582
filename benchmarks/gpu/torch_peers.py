#===- torch_peers.py - A modular layer in PyTorch on a GPU ----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# A loop over the modules that rows chose, grouped_mm, and the products of the
# modules alone, whose rows somebody else has packed: what cuBLAS takes for them. All
# in f32 without TF32, as modc computes.
#
#===----------------------------------------------------------------------===#
import time

import numpy as np

import shapes


class Form:
    """Inputs and parameters are on the device. `repeat` copies the input there and
    the result back, as modc's calls do; `device_seconds` does neither."""

    def __init__(self, torch, problem, routing, task, device):
        self.torch, self.problem, self.task = torch, problem, task
        self.device, self.shape = device, problem.shape
        self.host = torch.from_numpy(problem.x)
        self.x = self.host.to(device)
        self.target = torch.from_numpy(problem.target).to(device)
        self.chosen = torch.from_numpy(problem.choices[routing]).long().to(device)
        self.fields = problem.fields()
        self.make_parameters()
        self.optimizer = None
        if task in ("sgd", "adam"):
            kind = torch.optim.SGD if task == "sgd" else torch.optim.Adam
            self.optimizer = kind(self.leaves(), lr=0.0)
        self.run()

    def tensor(self, array):
        made = self.torch.from_numpy(np.array(array)).to(self.device)
        return made if self.task == "forward" else made.requires_grad_()

    def run(self):
        if self.task == "forward":
            with self.torch.inference_mode():
                self.y = self.layer()
            return
        for leaf in self.leaves():
            leaf.grad = None
        loss = (self.layer() - self.target).square().sum() * (0.5 / self.shape.n)
        loss.backward()
        self.y = loss
        if self.optimizer:
            self.optimizer.step()

    def wait(self):
        if self.device.startswith("cuda"):
            self.torch.cuda.synchronize()

    def repeat(self, calls):
        for _ in range(calls):
            self.x.copy_(self.host)
            self.run()
            self.answer = self.y.detach().cpu()

    def device_seconds(self):
        torch = self.torch
        if not self.device.startswith("cuda"):
            start = time.perf_counter()
            self.run()
            return time.perf_counter() - start
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        self.run()
        last.record()
        self.wait()
        return first.elapsed_time(last) * 1e-3

    def result(self):
        return self.answer.numpy()

    def set_rate(self, rate):
        self.optimizer.param_groups[0]["lr"] = rate

    def reset(self):
        with self.torch.no_grad():
            for e in range(self.shape.m):
                for field, leaf in zip(self.fields, self.of(e)):
                    value = np.array(getattr(self.problem, field)[e])
                    leaf.copy_(self.torch.from_numpy(value))
        self.optimizer.state.clear()

    def values(self, e):
        return {f: leaf.detach().cpu().numpy()
                for f, leaf in zip(self.fields, self.of(e))}

    def sorted_rows(self):
        flat = self.chosen.reshape(-1)
        modules, order = self.torch.sort(flat, stable=True)
        return modules, order // self.shape.k

    def combine(self, rows, value):
        y = value.new_zeros(self.shape.n, shapes.width(self.shape))
        return y.index_add(0, rows, value)

    @staticmethod
    def lack(problem, task, torch):
        """Why the form cannot run, or nothing."""
        return None


class Loop(Form):
    name = "PyTorch loop"

    def make_parameters(self):
        self.modules = [[self.tensor(getattr(self.problem, f)[e])
                         for f in self.fields] for e in range(self.shape.m)]

    def leaves(self):
        return [leaf for module in self.modules for leaf in module]

    def of(self, e):
        return self.modules[e]

    def gradients(self, e):
        return {f: np.zeros(leaf.shape, np.float32) if leaf.grad is None
                else leaf.grad.cpu().numpy()
                for f, leaf in zip(self.fields, self.modules[e])}

    def layer(self):
        torch, shape = self.torch, self.shape
        _, rows = self.sorted_rows()
        # Who runs how many rows is asked of the device: the one wait of a loop.
        counts = torch.bincount(self.chosen.reshape(-1), minlength=shape.m).tolist()
        parts = []
        packed = torch.index_select(self.x, 0, rows)
        for module, part in zip(self.modules, packed.split(counts)):
            if not len(part):
                continue
            value = torch.addmm(module[1], part, module[0])
            if shape.o:
                value = torch.addmm(module[3], value.relu(), module[2])
            parts.append(value)
        return self.combine(rows, torch.cat(parts))


class Stacked(Form):
    def make_parameters(self):
        self.stacks = [self.tensor(getattr(self.problem, f)) for f in self.fields]

    def leaves(self):
        return self.stacks

    def of(self, e):
        return [stack[e] for stack in self.stacks]

    def gradients(self, e):
        return {f: stack.grad[e].cpu().numpy()
                for f, stack in zip(self.fields, self.stacks)}


class Grouped(Stacked):
    name = "PyTorch grouped_mm"

    def layer(self):
        torch, shape, stacks = self.torch, self.shape, self.stacks
        product = grouped_mm(torch)
        modules, rows = self.sorted_rows()
        ends = torch.searchsorted(
            modules, torch.arange(shape.m, device=self.device), right=True)
        ends = ends.to(torch.int32)
        value = product(self.x[rows], stacks[0], offs=ends) + stacks[1][modules]
        if shape.o:
            value = product(value.relu(), stacks[2], offs=ends) + stacks[3][modules]
        return self.combine(rows, value)

    @staticmethod
    def lack(problem, task, torch):
        shape = problem.shape
        if not grouped_mm(torch):
            return f"PyTorch {torch.__version__} has none"
        if not problem.alike or (shape.d | shape.h | shape.o) % 4:
            return "wants modules that are alike, with widths of multiples of 4"
        return None


class Cublas(Stacked):
    """torch.mm of each module on rows that are packed already: no sort, gather,
    bias, relu or scatter, so no result of a layer. A bound from below."""

    name = "cuBLAS per module"
    is_bound = True

    def layer(self):
        torch, shape, stacks = self.torch, self.shape, self.stacks
        if not hasattr(self, "packed"):
            counts = torch.bincount(self.chosen.reshape(-1), minlength=shape.m)
            rows = self.sorted_rows()[1]
            parts = self.x[rows].split(counts.tolist())
            self.packed = [(e, p) for e, p in enumerate(parts) if len(p)]
        for e, part in self.packed:
            value = torch.mm(part, stacks[0][e])
            if shape.o:
                value = torch.mm(value, stacks[2][e])
        return value

    @staticmethod
    def lack(problem, task, torch):
        if task != "forward":
            return "forward only"
        return None if problem.alike else "wants modules that are alike"


FORMS = [Loop, Grouped, Cublas]


def grouped_mm(torch):
    return getattr(torch.nn.functional, "grouped_mm", None) or getattr(
        torch, "_grouped_mm", None)


def open_torch(device):
    """PyTorch and nothing, or nothing and why it is missing."""
    try:
        import torch
    except ImportError as error:
        return None, f"PyTorch is not here ({error}): benchmarks/peers/setup.sh gets it"
    if device.startswith("cuda") and not torch.cuda.is_available():
        return None, f"PyTorch {torch.__version__} finds no CUDA device"
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    return torch, None


def probe(torch, device):
    """FLOP/s of a large product in f32 and bytes a second of a copy: the best of a
    few."""
    n, rates = 8192 if device.startswith("cuda") else 256, {}
    a = torch.rand(n, n, device=device)
    for name, work, run in (("peak", 2 * n**3, lambda: a @ a),
                            ("bandwidth", 8 * n * n, lambda: a.clone())):
        best = 0
        for _ in range(5):
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            start = time.perf_counter()
            run()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            best = max(best, work / (time.perf_counter() - start))
        rates[name] = best
    return rates


def make(torch, problem, task, device):
    """Runners by routing, and by name of a form why it has none."""
    made, lacks = {routing: [] for routing in problem.choices}, {}
    for form in FORMS:
        lack = form.lack(problem, task, torch)
        if lack:
            lacks[form.name] = lack
            continue
        for routing in problem.choices:
            try:
                made[routing].append(form(torch, problem, routing, task, device))
            except (RuntimeError, NotImplementedError) as error:
                lacks[form.name] = " ".join(str(error).split())[:200]
    return made, lacks
