//===- Body.cpp - Tensor ops of a body that is built ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parameters, tensor operations and reshapes of api::Body. What types say is
// checked at once, the rest by the verifiers of the whole network.
//
//===----------------------------------------------------------------------===//

#include "frontend/NetworkBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace modc {
namespace api {

Value Body::input(size_t index) const {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (index >= b.block->getNumArguments())
    return b.fail("input " + std::to_string(index) + " of a body with " +
                  std::to_string(b.block->getNumArguments()));
  return b.handle(b.block->getArgument(index));
}

Value Body::parameter(const std::string &name, const Shape &shape,
                      const Init &init, Kind kind) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  auto start = symbolizeInitKind(init.kind);
  if (!start)
    return b.fail("parameter '" + name + "' has the unknown initialiser '" +
                  init.kind + "'");
  for (int64_t dimension : shape)
    if (dimension <= 0)
      return b.fail("parameter '" + name + "' has the dimension " +
                    std::to_string(dimension));
  MLIRContext *context = b.builder.getContext();
  auto values = InitAttr::getChecked(
      [&] { return emitError(b.loc()) << "parameter '" << name << "': "; },
      context, *start, DenseF64ArrayAttr::get(context, init.settings));
  if (!values)
    return b.fail("parameter '" + name +
                  "' has a wrong number of settings of " + "its initialiser '" +
                  init.kind + "'");
  return b.handle(ParameterOp::create(
      b.builder, b.loc(), b.whole(shape), name, values,
      /*frozen=*/kind == Kind::Frozen, /*state=*/kind == Kind::State));
}

Value Body::linear(Value x, Value weight, Value bias) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor || !weight.tensor)
    return {};
  auto input = b.typeOf(x), matrix = b.typeOf(weight);
  if (!input || !matrix)
    return b.fail("a linear map works on tensors, not on the scalars of an "
                  "update rule");
  if (matrix.getRank() != 2)
    return b.fail("a linear map's weight has rank " +
                  std::to_string(matrix.getRank()) + ", expected 2");
  SmallVector<int64_t> shape(input.getShape());
  shape.back() = matrix.getDimSize(1);
  return b.handle(LinearOp::create(
      b.builder, b.loc(), RankedTensorType::get(shape, b.state.element),
      b.of(x), b.of(weight), bias.tensor ? b.of(bias) : mlir::Value()));
}

Value Body::linear(Value x, int64_t units, const std::string &prefix) {
  if (!x.tensor)
    return {};
  auto type = NetworkBuilder::in(builder).typeOf(x);
  if (!type || !type.getRank())
    return NetworkBuilder::in(builder).fail("a linear map's operand has no "
                                            "dimension");
  int64_t width = type.getShape().back();
  Value weight = parameter(prefix + "weight", {width, units});
  Value bias = parameter(prefix + "bias", {units}, {"zeros", {}});
  return linear(x, weight, bias);
}

Value Body::relu(Value x) {
  return NetworkBuilder::in(builder).unaryTensor<ReluOp>(x);
}
Value Body::gelu(Value x) {
  return NetworkBuilder::in(builder).unaryTensor<GeluOp>(x);
}
Value Body::sigmoid(Value x) {
  return NetworkBuilder::in(builder).unaryTensor<SigmoidOp>(x);
}
Value Body::softplus(Value x) {
  return NetworkBuilder::in(builder).unaryTensor<SoftplusOp>(x);
}
Value Body::softmax(Value x) {
  return NetworkBuilder::in(builder).unaryTensor<SoftmaxOp>(x);
}
Value Body::logSoftmax(Value x) {
  return NetworkBuilder::in(builder).unaryTensor<LogSoftmaxOp>(x);
}
Value Body::add(Value a, Value b) {
  return NetworkBuilder::in(builder).binary<arith::AddFOp>(a, b);
}
Value Body::subtract(Value a, Value b) {
  return NetworkBuilder::in(builder).binary<arith::SubFOp>(a, b);
}
Value Body::multiply(Value a, Value b) {
  return NetworkBuilder::in(builder).binary<arith::MulFOp>(a, b);
}

Value Body::divide(Value a, Value b) {
  return NetworkBuilder::in(builder).binary<arith::DivFOp>(a, b);
}
Value Body::exp(Value x) {
  return NetworkBuilder::in(builder).unary<math::ExpOp>(x);
}
Value Body::log(Value x) {
  return NetworkBuilder::in(builder).unary<math::LogOp>(x);
}
Value Body::sqrt(Value x) {
  return NetworkBuilder::in(builder).unary<math::SqrtOp>(x);
}
Value Body::tanh(Value x) {
  return NetworkBuilder::in(builder).unary<math::TanhOp>(x);
}

Value Body::number(double value) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  return b.handle(arith::ConstantOp::create(
      b.builder, b.loc(), b.builder.getFloatAttr(b.state.element, value)));
}

Value Body::constant(const Shape &shape, double value) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  for (int64_t dimension : shape)
    if (dimension <= 0)
      return b.fail("a constant has the dimension " +
                    std::to_string(dimension));
  return b.handle(arith::ConstantOp::create(
      b.builder, b.loc(),
      DenseElementsAttr::get(
          b.whole(shape),
          Attribute(b.builder.getFloatAttr(b.state.element, value)))));
}

Value Body::transpose(Value x) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor)
    return {};
  auto type = b.typeOf(x);
  if (!type || type.getRank() != 2 || !type.hasStaticShape())
    return b.fail("a transposed tensor has two dimensions and no rows");
  Value empty = b.handle(tensor::EmptyOp::create(
      b.builder, b.loc(), ArrayRef<int64_t>{type.getDimSize(1), type.getDimSize(0)},
      b.state.element));
  return b.handle(linalg::TransposeOp::create(b.builder, b.loc(), b.of(x),
                                              b.of(empty),
                                              ArrayRef<int64_t>{1, 0})
                      ->getResult(0));
}

Value Body::sum(Value x) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor)
    return {};
  auto type = b.typeOf(x);
  if (!type || type.getRank() < 2)
    return b.fail("a sum is over the last dimension of a row, and there is "
                  "none");
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b.builder, b.loc(), b.of(x));
  sizes.pop_back();
  mlir::Value empty = tensor::EmptyOp::create(b.builder, b.loc(), sizes,
                                              type.getElementType());
  mlir::Value zeros =
      linalg::FillOp::create(b.builder, b.loc(), b.of(number(0.0)), empty)
          .getResult(0);
  return b.handle(
      linalg::ReduceOp::create(
          b.builder, b.loc(), b.of(x), zeros, ArrayRef<int64_t>{type.getRank() - 1},
          [](OpBuilder &inner, Location loc, ValueRange x) {
            mlir::Value sum = arith::AddFOp::create(inner, loc, x[0], x[1]);
            linalg::YieldOp::create(inner, loc, sum);
          })
          ->getResult(0));
}

Value Body::pick(Value x, Value index) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor || !index.tensor)
    return {};
  auto type = b.typeOf(x), integers = b.typeOf(index);
  if (!type || !type.getRank() || !integers ||
      !integers.getElementType().isInteger(32))
    return b.fail("a pick is from a tensor, by integers");
  return b.handle(PickOp::create(
      b.builder, b.loc(),
      RankedTensorType::get(type.getShape().drop_back(),
                            type.getElementType()),
      b.of(x), b.of(index)));
}

Value Body::joinRows(Value x) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor)
    return {};
  auto type = b.typeOf(x);
  if (!type || type.getRank() < 2 || type.isDynamicDim(1))
    return b.fail("rows are joined along the first dimension of a point, and "
                  "there is none");
  SmallVector<ReassociationIndices> groups = {{0, 1}};
  for (int64_t i = 2; i < type.getRank(); ++i)
    groups.push_back({i});
  return b.handle(tensor::CollapseShapeOp::create(b.builder, b.loc(), b.of(x),
                                                  groups));
}

Value Body::splitRows(Value x, int64_t rows) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor)
    return {};
  auto type = b.typeOf(x);
  if (!type || !type.getRank() || rows < 1)
    return b.fail("rows are split into " + std::to_string(rows) + " a point");
  mlir::Value zero = arith::ConstantIndexOp::create(b.builder, b.loc(), 0);
  mlir::Value count = arith::ConstantIndexOp::create(b.builder, b.loc(), rows);
  mlir::Value total =
      tensor::DimOp::create(b.builder, b.loc(), b.of(x), zero);
  mlir::Value points =
      arith::DivUIOp::create(b.builder, b.loc(), total, count);
  SmallVector<int64_t> shape = {ShapedType::kDynamic, rows};
  SmallVector<OpFoldResult> sizes = {points, b.builder.getIndexAttr(rows)};
  SmallVector<ReassociationIndices> groups = {{0, 1}};
  for (int64_t i = 1; i < type.getRank(); ++i) {
    shape.push_back(type.getDimSize(i));
    sizes.push_back(b.builder.getIndexAttr(type.getDimSize(i)));
    groups.push_back({i + 1});
  }
  return b.handle(tensor::ExpandShapeOp::create(
      b.builder, b.loc(), RankedTensorType::get(shape, type.getElementType()),
      b.of(x), groups, sizes));
}

Value Body::reshape(Value x, const Shape &row) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  if (!x.tensor)
    return {};
  return b.handle(ReshapeOp::create(b.builder, b.loc(), b.rows(row), b.of(x)));
}

} // namespace api
} // namespace modc
