//===- NetworkBuilder.h - What builds a body --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The builder behind api::Body: MLIR's, with handles instead of values. Mistakes
// are kept in the network's state; an empty handle stands for their results.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_NETWORKBUILDER_H
#define MODC_FRONTEND_NETWORKBUILDER_H

#include "frontend/NetworkState.h"

#include "mlir/IR/Builders.h"

namespace modc {
namespace api {

/// Builds one body; what Body's functions work on.
struct NetworkBuilder {
  Network::State &state;
  mlir::OpBuilder builder;
  mlir::Block *block;

  static NetworkBuilder &in(void *builder) {
    return *static_cast<NetworkBuilder *>(builder);
  }

  mlir::Location loc() { return builder.getUnknownLoc(); }

  /// A tensor with rows, and one of these dimensions alone.
  mlir::RankedTensorType rows(const Shape &shape) {
    llvm::SmallVector<int64_t> dimensions = {mlir::ShapedType::kDynamic};
    dimensions.append(shape.begin(), shape.end());
    return mlir::RankedTensorType::get(dimensions, state.element);
  }
  mlir::RankedTensorType whole(const Shape &shape) {
    return mlir::RankedTensorType::get(shape, state.element);
  }

  /// The tensor of a handle, null if there is none.
  static mlir::Value of(Value value) {
    return mlir::Value::getFromOpaquePointer(value.tensor);
  }
  static Value handle(mlir::Value value) {
    return {value.getAsOpaquePointer()};
  }
  static std::vector<Value> handles(mlir::ValueRange values) {
    std::vector<Value> result;
    for (mlir::Value value : values)
      result.push_back(handle(value));
    return result;
  }
  /// Of those that are there.
  static llvm::SmallVector<mlir::Value> of(const std::vector<Value> &values) {
    llvm::SmallVector<mlir::Value> result;
    for (Value value : values)
      if (value.tensor)
        result.push_back(of(value));
    return result;
  }
  /// Null for a scalar.
  static mlir::RankedTensorType typeOf(Value value) {
    return llvm::dyn_cast<mlir::RankedTensorType>(of(value).getType());
  }

  /// What a caller builds in this body.
  std::vector<Value> run(const Network::Build &build) {
    Body body(this);
    return build(body);
  }

  Value fail(const std::string &message) {
    state.fail(message);
    return {};
  }

  template <typename Op>
  Value unary(Value x) {
    if (!x.tensor)
      return {};
    return handle(Op::create(builder, loc(), of(x).getType(), of(x)));
  }
  /// For ops of this dialect, which are on tensors only.
  template <typename Op>
  Value unaryTensor(Value x) {
    if (x.tensor && !typeOf(x))
      return fail("this operation works on tensors, not on the scalars of an "
                  "update rule");
    return unary<Op>(x);
  }
  template <typename Op>
  Value binary(Value a, Value b) {
    if (!a.tensor || !b.tensor)
      return {};
    if (of(a).getType() != of(b).getType())
      return fail("the operands of an element by element operation have "
                  "different shapes");
    return handle(Op::create(builder, loc(), of(a), of(b)));
  }

  /// The symbol of this name, null if the network has none of this kind.
  template <typename Op>
  Op lookup(llvm::StringRef name) {
    return llvm::dyn_cast_or_null<Op>(
        mlir::SymbolTable::lookupSymbolIn(state.network, name));
  }
};

} // namespace api
} // namespace modc

#endif // MODC_FRONTEND_NETWORKBUILDER_H
