#===- torch_runner.py - A modular layer in PyTorch ------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# The forms that one would write, of which a line of the table shows the fastest:
# a sorted loop over modules, `grouped_mm`, that compiled, a copy of the weights for
# each row, and all modules on all rows.
#
#===----------------------------------------------------------------------===#
import shapes

# Compiling takes ten seconds a task and routing: where bars ask for it.
COMPILED = ["tiny", "K1", "B1", "T2", "S1"]


class Parameters:
    """Of one task; routings share them. The loop has a tensor for each module, so
    that no gradient of all is made, and modules without rows get none; the others
    have stacks."""

    def __init__(self, torch, problem, stacked, task):
        def tensor(array):
            made = torch.from_numpy(array)
            return made if task == "forward" else made.clone().requires_grad_()

        self.fields, self.problem, self.stacked = problem.fields(), problem, stacked
        if stacked:
            self.stacks = [tensor(getattr(problem, f)) for f in self.fields]
            self.leaves = self.stacks
        else:
            self.modules = [[tensor(getattr(problem, f)[e]) for f in self.fields]
                            for e in range(problem.shape.m)]
            self.leaves = [leaf for module in self.modules for leaf in module]
        self.compiled = self.optimizer = None
        if task == "sgd":
            self.optimizer = torch.optim.SGD(self.leaves, lr=0.0, fused=True)
        elif task == "adam":
            self.optimizer = torch.optim.Adam(self.leaves, lr=0.0, fused=True)

    def of(self, e):
        if self.stacked:
            return [stack[e] for stack in self.stacks]
        return self.modules[e]

    def gradients(self, e):
        leaves = self.leaves if self.stacked else self.modules[e]
        return {f: (leaf.grad[e] if self.stacked else leaf.grad).numpy()
                for f, leaf in zip(self.fields, leaves)}

    def values(self, e):
        return {f: leaf.detach().numpy() for f, leaf in zip(self.fields, self.of(e))}


class Form:
    stacked = True

    def __init__(self, problem, routing, torch, task, parameters):
        self.torch, self.task, self.shape = torch, task, problem.shape
        self.parameters = parameters
        self.x = torch.from_numpy(problem.x)
        self.target = torch.from_numpy(problem.target)
        self.chosen = torch.from_numpy(problem.choices[routing]).long()
        self.run = self.forward if task == "forward" else self.train

    def repeat(self, calls):
        for _ in range(calls):
            self.run()

    def forward(self):
        with self.torch.inference_mode():
            self.y = self.layer(self.x, self.chosen)

    def loss(self, x, chosen, target):
        y = self.layer(x, chosen)
        return (y - target).square().sum() * (0.5 / self.shape.n)

    def train(self):
        for leaf in self.parameters.leaves:
            leaf.grad = None
        self.loss(self.x, self.chosen, self.target).backward()
        if self.parameters.optimizer:
            self.parameters.optimizer.step()

    def result(self):
        return self.y.numpy()

    def gradients(self, e):
        return self.parameters.gradients(e)

    def values(self, e):
        return self.parameters.values(e)

    def set_rate(self, rate):
        self.parameters.optimizer.param_groups[0]["lr"] = rate

    def reset(self):
        """The problem's weights and a fresh state."""
        with self.torch.no_grad():
            for e in range(self.shape.m):
                for field, leaf in zip(self.parameters.fields, self.parameters.of(e)):
                    value = getattr(self.parameters.problem, field)[e]
                    leaf.copy_(self.torch.from_numpy(value))
        self.parameters.optimizer.state.clear()

    @staticmethod
    def fits(problem, name, task):
        return problem.alike


class Loop(Form):
    """Sorted once, permuted once, a loop over modules with rows."""

    name, stacked = "PyTorch loop", False

    def layer(self, x, chosen):
        torch, shape = self.torch, self.shape
        flat = chosen.reshape(-1)
        order = torch.argsort(flat, stable=True)
        counts = torch.bincount(flat, minlength=shape.m).tolist()
        rows = order // shape.k
        parts = []
        for e, part in enumerate(x[rows].split(counts)):
            if counts[e] == 0:
                continue
            module = self.parameters.modules[e]
            value = torch.addmm(module[1], part, module[0])
            if shape.o:
                value = torch.addmm(module[3], value.relu_(), module[2])
            parts.append(value)
        y = torch.zeros(shape.n, shapes.width(shape))
        return y.index_add_(0, rows, torch.cat(parts))

    @staticmethod
    def fits(problem, name, task):
        return True


class Grouped(Form):
    name = "PyTorch grouped_mm"

    def layer(self, x, chosen):
        torch, shape = self.torch, self.shape
        stacks, product = self.parameters.stacks, torch.nn.functional.grouped_mm
        modules, order = torch.sort(chosen.reshape(-1), stable=True)
        rows = order // shape.k
        ends = torch.searchsorted(modules, torch.arange(shape.m), right=True)
        ends = ends.to(torch.int32)
        value = product(x[rows], stacks[0], offs=ends) + stacks[1][modules]
        if shape.o:
            value = product(value.relu(), stacks[2], offs=ends) + stacks[3][modules]
        y = torch.zeros(shape.n, shapes.width(shape))
        return y.index_add(0, rows, value)

    @staticmethod
    def fits(problem, name, task):
        # grouped_mm refuses rows that are not a multiple of 16 bytes.
        shape = problem.shape
        return problem.alike and not (shape.d | shape.h | shape.o) % 4


class Compiled(Grouped):
    name = "PyTorch grouped_mm, compiled"

    def __init__(self, problem, routing, torch, task, parameters):
        super().__init__(problem, routing, torch, task, parameters)
        what = "layer" if task == "forward" else "loss"
        # Once for all routings: what is compiled depends on the shape alone.
        if not parameters.compiled:
            parameters.compiled = torch.compile(getattr(super(), what), dynamic=False)
        setattr(self, what, parameters.compiled)

    @staticmethod
    def fits(problem, name, task):
        return name in COMPILED and Grouped.fits(problem, name, task)


class Gathered(Form):
    """A copy of the weights for each row, and one batched product."""

    name = "PyTorch gathered weights"

    def layer(self, x, chosen):
        torch, shape, stacks = self.torch, self.shape, self.parameters.stacks
        flat = chosen.reshape(-1)
        x = x.repeat_interleave(shape.k, 0)[:, None]
        value = torch.baddbmm(stacks[1][flat][:, None], x, stacks[0][flat])
        if shape.o:
            value = torch.baddbmm(stacks[3][flat][:, None], value.relu(),
                                  stacks[2][flat])
        return value.view(shape.n, shape.k, -1).sum(1)

    @staticmethod
    def fits(problem, name, task):
        """At most 64 MiB of copies; beyond it has lost by far."""
        shape = problem.shape
        copies = shape.n * shape.k * (shape.d + shape.o) * shape.h
        return problem.alike and copies <= 1 << 24


class Dense(Form):
    """Every module on every row, then the chosen ones."""

    name = "PyTorch all modules"

    def layer(self, x, chosen):
        torch, shape, stacks = self.torch, self.shape, self.parameters.stacks
        value = torch.baddbmm(stacks[1][:, None], x.expand(shape.m, -1, -1), stacks[0])
        if shape.o:
            value = torch.baddbmm(stacks[3][:, None], value.relu(), stacks[2])
        rows = torch.arange(shape.n)[:, None]
        return value[chosen, rows].sum(1)

    @staticmethod
    def fits(problem, name, task):
        shape = problem.shape
        work = 2 * shape.n * shape.m * shape.h * (shape.d + shape.o)
        return problem.alike and shape.m <= 64 and work < 1 << 32


FORMS = [Loop, Grouped, Compiled, Gathered, Dense]


def make(torch, problem, name, task, forms=None):
    """Runners of one task, by routing."""
    made, shared = {routing: [] for routing in problem.choices}, {}
    torch._dynamo.reset()
    for form in forms or FORMS:
        if not form.fits(problem, name, task):
            continue
        if form.stacked not in shared:
            shared[form.stacked] = Parameters(torch, problem, form.stacked, task)
        for routing in problem.choices:
            made[routing].append(
                form(problem, routing, torch, task, shared[form.stacked]))
    return made
