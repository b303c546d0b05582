#===- graph_runners.py - A modular layer in JAX and ONNX Runtime ----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Both compile the layer once: JAX from `ragged_dot`, ONNX Runtime from its operator
# `com.microsoft.MoE`, whose routing is forced by scores.
#
#===----------------------------------------------------------------------===#
import os

import numpy as np

import shapes


class Jax:
    name, task, most_threads = "JAX ragged_dot", "forward", None

    def __init__(self, problem, routing, threads, library, shared):
        jax, jnp = library
        shape = problem.shape

        @jax.jit
        def layer(x, chosen, w1, b1, w2, b2):
            flat = chosen.reshape(-1)
            order = jnp.argsort(flat, stable=True)
            sizes = jnp.bincount(flat, length=shape.m)
            rows, modules = order // shape.k, flat[order]
            value = jax.lax.ragged_dot(x[rows], w1, sizes) + b1[modules]
            if shape.o:
                value = jax.lax.ragged_dot(jnp.maximum(value, 0), w2, sizes)
                value += b2[modules]
            y = jnp.zeros((shape.n, shapes.width(shape)), jnp.float32)
            return y.at[rows].add(value)

        if not shared:
            shared["layer"] = layer
            shared["weights"] = [None if a is None else jnp.asarray(a) for a in (
                problem.w1, problem.b1, problem.w2, problem.b2)]
        self.layer = shared["layer"]
        self.arguments = [jnp.asarray(problem.x),
                          jnp.asarray(problem.choices[routing])] + shared["weights"]

    def repeat(self, calls):
        for _ in range(calls):
            self.y = self.layer(*self.arguments).block_until_ready()

    def result(self):
        return np.asarray(self.y)

    @staticmethod
    def fits(problem, routing):
        # On a processor it does the work of all modules on all rows, whatever the
        # routing: that much of it is seen once.
        shape = problem.shape
        work = shapes.flops(shape, problem.choices[routing]) * shape.m
        once = routing == "uniform" and shape.m <= 64 and work <= 4e10
        return problem.alike and (work <= 4e9 or once)


class OnnxRuntime:
    """Two layers of equal width in and out, alike modules. The K picks of a point
    have equal scores, so that its gates are 1/K: its result is the mean, which
    `result` makes the sum."""

    name, task, most_threads = "ONNX Runtime MoE", "forward", None

    def __init__(self, problem, routing, threads, library, shared):
        onnx, runtime = library
        shape = problem.shape
        if not shared:
            options = runtime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
            options.log_severity_level = 3
            shared["session"] = runtime.InferenceSession(
                self.model(onnx, problem), options, ["CPUExecutionProvider"])
        self.session = shared["session"]
        scores = np.full((shape.n, shape.m), -1e4, np.float32)
        chosen = problem.choices[routing].astype(np.int64)
        np.put_along_axis(scores, chosen, 0, 1)
        self.y, self.k = np.zeros((shape.n, shape.o), np.float32), shape.k
        self.bound = self.session.io_binding()
        for name, value in (("x", problem.x), ("scores", scores)):
            self.bound.bind_ortvalue_input(
                name, runtime.OrtValue.ortvalue_from_numpy(value))
        self.bound.bind_output("y", "cpu", 0, np.float32, self.y.shape,
                               self.y.ctypes.data)

    @staticmethod
    def model(onnx, problem):
        shape = problem.shape
        # It stores weights as [out, in].
        weights = {"w1": problem.w1.transpose(0, 2, 1), "b1": problem.b1,
                   "w2": problem.w2.transpose(0, 2, 1), "b2": problem.b2}
        real, make = onnx.TensorProto.FLOAT, onnx.helper
        node = make.make_node(
            "MoE", ["x", "scores", "w1", "b1", "w2", "b2"], ["y"],
            domain="com.microsoft", k=shape.k, activation_type="relu",
            normalize_routing_weights=1)
        graph = make.make_graph(
            [node], "layer",
            [make.make_tensor_value_info("x", real, [shape.n, shape.d]),
             make.make_tensor_value_info("scores", real, [shape.n, shape.m])],
            [make.make_tensor_value_info("y", real, [shape.n, shape.o])],
            [onnx.numpy_helper.from_array(np.ascontiguousarray(value), name)
             for name, value in weights.items()])
        model = make.make_model(graph, opset_imports=[
            make.make_opsetid("", 17), make.make_opsetid("com.microsoft", 1)])
        model.ir_version = 8
        return model.SerializeToString()

    def repeat(self, calls):
        for _ in range(calls):
            self.session.run_with_iobinding(self.bound)

    def result(self):
        return self.y * self.k

    @staticmethod
    def fits(problem, routing):
        shape = problem.shape
        return problem.alike and shape.o == shape.d


def open_jax(helpers):
    import jax
    import jax.numpy as jnp

    # It takes as many threads as it may use processors when it starts, and has no
    # other switch.
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(processors)[:helpers["threads"]])
    jax.devices()
    os.sched_setaffinity(0, processors)
    return Jax, (jax, jnp), f"JAX {jax.__version__}"


def open_onnxruntime(helpers):
    import onnx
    import onnx.helper
    import onnx.numpy_helper
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    version = f"ONNX Runtime {onnxruntime.__version__}"
    return OnnxRuntime, (onnx, onnxruntime), version
