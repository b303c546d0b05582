//===- DeviceBuilder.h - Short forms for building kernels -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Helpers with which the builders of this folder write the body of a kernel in
// a few words. Places and sizes are of index type, unsigned; constants fold.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_KERNELS_DEVICEBUILDER_H
#define MODC_PASSES_GPU_KERNELS_DEVICEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace modc {

/// An op builder with a location and the ops that kernels need most.
struct DeviceBuilder : mlir::ImplicitLocOpBuilder {
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;

  Value index(int64_t value);
  Value integer(int32_t value);
  Value real(float value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return b ? add(a, index(b)) : a; }
  Value sub(Value a, Value b);
  Value mul(Value a, int64_t b);
  Value div(Value a, int64_t b);
  Value rem(Value a, int64_t b);
  Value min(Value a, Value b);
  /// At most `last`.
  Value clamp(Value a, int64_t last) { return min(a, index(last)); }
  Value less(Value a, Value b);
  Value less(Value a, int64_t b) { return less(a, index(b)); }
  Value equal(Value a, Value b);
  /// Null stands for true.
  Value both(Value a, Value b);
  /// `yes` where the condition is null.
  Value select(Value condition, Value yes, Value no);
  /// i32 to index and back.
  Value toIndex(Value value);
  Value toInteger(Value value);
  /// 1 or 0 as i32.
  Value count(Value condition);

  Value load(Value buffer, ValueRange at);
  Value loadIndex(Value buffer, ValueRange at) {
    return toIndex(load(buffer, at));
  }
  void store(Value value, Value buffer, ValueRange at);
  /// Adds to an i32 of shared memory. In a loop, all invocations of a group
  /// must make the same rounds: lavapipe 22.3 loses what follows otherwise.
  void atomicAdd(Value value, Value buffer, ValueRange at);

  /// Places in a group, and of the group.
  Value thread();
  Value group(mlir::gpu::Dimension dimension = mlir::gpu::Dimension::x);
  void barrier() { mlir::gpu::BarrierOp::create(*this); }
  /// `size` elements that the invocations of a group share.
  Value shared(int64_t size, mlir::Type element);

  mlir::VectorType vector4() {
    return mlir::VectorType::get({4}, getF32Type());
  }
  /// Places [first, first + 4) of a row of `size` elements, of which none is
  /// behind its end: others are taken instead. Where the size is a multiple of
  /// 4, so must `first` be.
  Values fourPlaces(Value first, int64_t size);
  Value vector(ValueRange lanes);
  Value lane(Value vector, int64_t i);
  Value splat(Value scalar);
  Value fma(Value a, Value b, Value c);

  /// for i in [first, last) by `step`: carried values.
  using LoopBody = llvm::function_ref<Values(Value i, ValueRange carried)>;
  Values loop(Value first, Value last, Value step, ValueRange inits,
              LoopBody body);
  Values loop(Value first, Value last, int64_t step, ValueRange inits,
              LoopBody body) {
    return loop(first, last, index(step), inits, body);
  }
  void loop(Value first, Value last, int64_t step,
            llvm::function_ref<void(Value i)> body);
  /// Runs the body if the condition holds, or if it is null.
  void when(Value condition, llvm::function_ref<void()> body);
  /// For each i < count, one invocation of a group of `threads`; `threads`
  /// rounds apart. All invocations make the same rounds. With an unknown count,
  /// the body is behind a condition, and holds no barrier.
  void each(Value count, int64_t threads,
            llvm::function_ref<void(Value i)> body);
  /// The sum of `value` over all invocations of a group of `threads` with lower
  /// numbers, and over all of them. Each invocation gives an i32; `scratch` is
  /// shared memory of `threads` i32. Begins and ends with a barrier.
  struct Sums {
    Value before, all;
  };
  Sums scan(Value value, int64_t threads, Value scratch);
};

/// The size of a dimension of a buffer, which must be static.
inline int64_t sizeOf(mlir::Value buffer, unsigned dimension) {
  return llvm::cast<mlir::MemRefType>(buffer.getType()).getDimSize(dimension);
}

} // namespace modc

#endif // MODC_PASSES_GPU_KERNELS_DEVICEBUILDER_H
