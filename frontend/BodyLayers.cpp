//===- BodyLayers.cpp - Layers, instances and scans of a body ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a body uses of the network around it: pools and controllers, modules, and
// the one region that stands in a body, a scan's.
//
//===----------------------------------------------------------------------===//

#include "frontend/NetworkBuilder.h"

using namespace mlir;

namespace modc {
namespace api {

/// Results of the pool's modules, composed; empty after an error.
static SmallVector<Type> composedTypes(NetworkBuilder &b, const Layer &layer,
                                       Compose compose) {
  auto pool = b.lookup<PoolOp>(layer.pool);
  if (!pool) {
    b.fail("a layer names the unknown pool '" + layer.pool + "'");
    return {};
  }
  auto module = b.lookup<ModuleTemplateOp>(pool.getMember(0).getModule().getValue());
  if (!module) {
    b.fail("the first member of pool '" + layer.pool +
           "' is of a module that is not built yet");
    return {};
  }
  SmallVector<Type> types(module.getFunctionType().getResults());
  for (Type &type : types) {
    auto tensor = cast<RankedTensorType>(type);
    if (compose != Compose::Concat || !tensor.getRank())
      continue;
    SmallVector<int64_t> shape(tensor.getShape());
    shape.back() *= layer.choose;
    type = RankedTensorType::get(shape, tensor.getElementType());
  }
  return types;
}

std::vector<Value> Body::layerResults(const Layer &layer) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  auto compose = symbolizeCompose(layer.compose);
  if (!compose) {
    b.fail("a layer composes by '" + layer.compose +
           "', expected sum, concat, mean or gated");
    return {};
  }
  auto gate = symbolizeGate(layer.gate);
  if (!gate) {
    b.fail("a layer has the gate '" + layer.gate +
           "', expected hard, fixed or soft");
    return {};
  }
  SmallVector<Type> types = composedTypes(b, layer, *compose);
  if (types.empty())
    return {};
  MLIRContext *context = b.builder.getContext();
  auto op = LayerOp::create(
      b.builder, b.loc(), types, FlatSymbolRefAttr::get(context, layer.pool),
      b.of(layer.inputs), b.of(layer.shared),
      FlatSymbolRefAttr::get(context, layer.controller),
      b.of(layer.controllerInputs), b.builder.getI64IntegerAttr(layer.choose),
      ComposeAttr::get(context, *compose), GateAttr::get(context, *gate),
      DenseF64ArrayAttr::get(context, layer.gates),
      DuplicatesAttr::get(context,
                          layer.once ? Duplicates::Once : Duplicates::Each),
      b.builder.getI64IntegerAttr(layer.rowsPerPoint),
      layer.name.empty() ? StringAttr() : b.builder.getStringAttr(layer.name));
  return b.handles(op->getResults());
}

/// The one of `results`, which `what` gives; empty after an error.
static Value onlyResult(NetworkBuilder &b, const std::vector<Value> &results,
                        const std::string &what) {
  if (results.empty())
    return {};
  if (results.size() > 1)
    return b.fail(what + " has " + std::to_string(results.size()) +
                  " results, expected one");
  return results[0];
}

Value Body::layer(const Layer &layer) {
  return onlyResult(NetworkBuilder::in(builder), layerResults(layer),
                    "a layer of pool '" + layer.pool + "'");
}

std::vector<Value> Body::applyResults(const std::string &module,
                                      const std::string &instance,
                                      const std::vector<Value> &inputs) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  auto body = b.lookup<ModuleTemplateOp>(module);
  if (!body) {
    b.fail("instance '" + instance + "' names the unknown module '" + module +
           "'");
    return {};
  }
  auto op =
      ApplyOp::create(b.builder, b.loc(), body.getFunctionType().getResults(),
                      module, instance, b.of(inputs));
  return b.handles(op->getResults());
}

Value Body::apply(const std::string &module, const std::string &instance,
                  const std::vector<Value> &inputs) {
  return onlyResult(NetworkBuilder::in(builder),
                    applyResults(module, instance, inputs),
                    "instance '" + instance + "'");
}

/// A type without its dimension 1, the steps.
static RankedTensorType dropStep(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + 1);
  return RankedTensorType::get(shape, type.getElementType());
}

std::vector<Value> Body::scan(const std::vector<Value> &carried,
                              const std::vector<Value> &sequences,
                              const Step &step, bool reverse) {
  NetworkBuilder &b = NetworkBuilder::in(builder);
  SmallVector<mlir::Value> inits = b.of(carried), over = b.of(sequences);
  if (inits.size() != carried.size() || over.size() != sequences.size())
    return {}; // Told where the value was to come from.
  SmallVector<Type> types = {b.builder.getIndexType()};
  llvm::append_range(types, ValueRange(inits).getTypes());
  int64_t length = 0;
  for (mlir::Value sequence : over) {
    auto type = dyn_cast<RankedTensorType>(sequence.getType());
    if (!type || type.getRank() < 2) {
      b.fail("a scan runs over sequences, tensors whose rows have a dimension");
      return {};
    }
    length = type.getDimSize(1);
    types.push_back(dropStep(type));
  }
  if (over.empty()) {
    b.fail("a scan has no sequence");
    return {};
  }

  Region region;
  Block &block = region.emplaceBlock();
  block.addArguments(types, SmallVector<Location>(types.size(), b.loc()));
  NetworkBuilder inner{b.state, OpBuilder(b.builder.getContext()), b.block};
  inner.builder.setInsertionPointToEnd(&block);
  Body body(&inner);
  std::vector<Value> all = b.handles(block.getArguments().drop_front());
  auto firstElement = all.begin() + inits.size();
  std::vector<Value> given = step(body, {all.begin(), firstElement},
                                  {firstElement, all.end()});
  SmallVector<mlir::Value> yields = b.of(given);
  if (yields.size() != given.size())
    return {};
  if (yields.size() < inits.size()) {
    b.fail("a step of a scan gives " + std::to_string(yields.size()) +
           " values, but the scan carries " + std::to_string(inits.size()));
    return {};
  }
  YieldOp::create(inner.builder, inner.loc(), yields);
  SmallVector<Type> results(ValueRange(inits).getTypes());
  for (mlir::Value value : ArrayRef(yields).drop_front(inits.size())) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !type.getRank()) {
      b.fail("a step of a scan stacks a value without rows");
      return {};
    }
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + 1, length);
    results.push_back(RankedTensorType::get(shape, type.getElementType()));
  }
  auto op =
      ScanOp::create(b.builder, b.loc(), results, inits, over, reverse);
  op.getBody().takeBody(region);
  return b.handles(op->getResults());
}

} // namespace api
} // namespace modc
