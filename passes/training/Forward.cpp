//===- Forward.cpp - The graph as tensor code with explicit routing ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Clones bodies with parameters resolved to arguments and layers routed.
//
//===----------------------------------------------------------------------===//

#include "passes/training/Forward.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/OpNames.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace modc;

//===----------------------------------------------------------------------===//
// Small pieces
//===----------------------------------------------------------------------===//

Value modc::buildFilled(OpBuilder &b, Location loc, RankedTensorType type,
                        Value like, double value) {
  SmallVector<Value> sizes;
  if (!type.hasStaticShape())
    sizes.push_back(tensor::DimOp::create(b, loc, like, 0));
  Value empty = tensor::EmptyOp::create(b, loc, type, sizes);
  Value scalar = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(type.getElementType(), value));
  return linalg::FillOp::create(b, loc, scalar, empty).getResult(0);
}

Value modc::toPoints(OpBuilder &b, Location loc, Value value, int64_t rows) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t width = rows;
  for (int64_t size : type.getShape().drop_front())
    width *= size;
  auto flat = RankedTensorType::get({ShapedType::kDynamic, width},
                                    type.getElementType());
  if (rows == 1)
    return b.createOrFold<ReshapeOp>(loc, flat, value);
  // Split rows from points, then merge everything but the points.
  Value total = tensor::DimOp::create(b, loc, value, 0);
  Value count = arith::DivUIOp::create(
      b, loc, total, arith::ConstantIndexOp::create(b, loc, rows));
  SmallVector<int64_t> split = {ShapedType::kDynamic, rows};
  SmallVector<OpFoldResult> sizes = {count, b.getIndexAttr(rows)};
  SmallVector<ReassociationIndices> expand = {{0, 1}};
  for (int64_t i = 1; i < type.getRank(); ++i) {
    split.push_back(type.getDimSize(i));
    sizes.push_back(b.getIndexAttr(type.getDimSize(i)));
    expand.push_back({i + 1});
  }
  Value parts = tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(split, type.getElementType()), value,
      expand, sizes);
  return b.createOrFold<ReshapeOp>(loc, flat, parts);
}

Value modc::fromPoints(OpBuilder &b, Location loc, Value value, int64_t rows) {
  auto type = cast<RankedTensorType>(value.getType());
  if (rows == 1)
    return value;
  int64_t width = type.getDimSize(1) / rows;
  Value parts = ReshapeOp::create(
      b, loc,
      RankedTensorType::get({ShapedType::kDynamic, rows, width},
                            type.getElementType()),
      value);
  return tensor::CollapseShapeOp::create(
      b, loc, parts, ArrayRef<ReassociationIndices>{{0, 1}, {2}});
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

namespace {
/// Gives the value of a parameter by its path within the body at hand.
using Resolver = std::function<Value(const std::string &path)>;

class ForwardBuilder {
public:
  ForwardBuilder(ProgramBuilder &program, NetworkOp network,
                 const ForwardOptions &options)
      : b(program.builder()), program(program), layout(program.getLayout()),
        symbols(network), options(options) {}

  /// Clones a block's ops; returns the values that its terminator gives.
  FailureOr<SmallVector<Value>> inlineBlock(Block &block, IRMapping &mapping,
                                            const std::string &prefix,
                                            const Resolver &resolve);
  /// Resolves parameters outside pools by their full names.
  Value resolveSingle(const std::string &name) {
    return program.getParameter(layout.singles.lookup(name));
  }
  ForwardResult takeResult() { return std::move(result); }

private:
  FailureOr<SmallVector<Value>>
  inlineTemplate(Region &body, ValueRange arguments, const std::string &prefix,
                 const Resolver &resolve);
  LogicalResult inlineApply(ApplyOp op, IRMapping &mapping,
                            const std::string &prefix,
                            const Resolver &resolve);
  LogicalResult inlineScan(ScanOp op, IRMapping &mapping,
                           const std::string &prefix, const Resolver &resolve);
  LogicalResult routeLayer(LayerOp op, IRMapping &mapping);
  Value buildSelection(const LayerSite &site, Value scores, int64_t rows);
  Value buildGates(LayerOp op, Value scores, Value selection);
  FailureOr<GroupedOp> buildGrouped(const LayerSite &site, Value plan,
                                    ValueRange rows, ValueRange operands);

  OpBuilder &b;
  ProgramBuilder &program;
  const Layout &layout;
  SymbolTable symbols;
  const ForwardOptions &options;
  ForwardResult result;
  /// The step of the scan at hand, null outside.
  Value scanStep;
  /// Where in the network the ops at hand stand, for their names: "layer0".
  std::string place;
};
} // namespace

FailureOr<SmallVector<Value>>
ForwardBuilder::inlineBlock(Block &block, IRMapping &mapping,
                            const std::string &prefix,
                            const Resolver &resolve) {
  for (Operation &op : block.without_terminator()) {
    LogicalResult inlined = success();
    if (auto parameter = dyn_cast<ParameterOp>(op))
      mapping.map(parameter.getResult(),
                  resolve(prefix + parameter.getName().str()));
    else if (auto apply = dyn_cast<ApplyOp>(op))
      inlined = inlineApply(apply, mapping, prefix, resolve);
    else if (auto scan = dyn_cast<ScanOp>(op))
      inlined = inlineScan(scan, mapping, prefix, resolve);
    else if (auto layer = dyn_cast<LayerOp>(op))
      inlined = routeLayer(layer, mapping);
    else
      setOpNames(b.clone(op, mapping), place);
    if (failed(inlined))
      return failure();
  }
  SmallVector<Value> values;
  for (Value value : block.getTerminator()->getOperands())
    values.push_back(mapping.lookupOrDefault(value));
  return values;
}

FailureOr<SmallVector<Value>>
ForwardBuilder::inlineTemplate(Region &body, ValueRange arguments,
                               const std::string &prefix,
                               const Resolver &resolve) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  return inlineBlock(body.front(), mapping, prefix, resolve);
}

LogicalResult ForwardBuilder::inlineApply(ApplyOp op, IRMapping &mapping,
                                          const std::string &prefix,
                                          const Resolver &resolve) {
  auto module = symbols.lookup<ModuleTemplateOp>(op.getModule());
  SmallVector<Value> arguments;
  for (Value operand : op.getOperands())
    arguments.push_back(mapping.lookupOrDefault(operand));
  // An instance in the graph is named by itself, not after the graph.
  std::string inner = op->getParentOfType<GraphOp>() ? "" : prefix;
  llvm::SaveAndRestore where(place, joinNames(place, op.getInstance()));
  FailureOr<SmallVector<Value>> values =
      inlineTemplate(module.getBody(), arguments,
                     inner + op.getInstance().str() + ".", resolve);
  if (failed(values))
    return failure();
  mapping.map(op.getResults(), *values);
  return success();
}

LogicalResult ForwardBuilder::inlineScan(ScanOp op, IRMapping &mapping,
                                         const std::string &prefix,
                                         const Resolver &resolve) {
  auto lookup = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value value) {
      return mapping.lookupOrDefault(value);
    });
  };
  SmallVector<Value> inits = lookup(op.getInits());
  SmallVector<Value> sequences = lookup(op.getSequences());

  Region region;
  Block &block = region.emplaceBlock();
  for (BlockArgument argument : op.getBody().getArguments())
    mapping.map(argument,
                block.addArgument(argument.getType(), argument.getLoc()));
  // What layers inside give at each step becomes stacked results.
  ForwardResult outer = std::move(result);
  result = ForwardResult();
  Value outerStep = scanStep;
  scanStep = block.getArgument(0);
  SmallVector<Value> yields;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&block);
    FailureOr<SmallVector<Value>> values =
        inlineBlock(op.getBody().front(), mapping, prefix, resolve);
    if (failed(values))
      return failure();
    yields = *values;
    llvm::append_range(yields, result.choices);
    if (result.logPrior)
      yields.push_back(result.logPrior);
    llvm::append_range(yields, result.probabilities);
    YieldOp::create(b, op.getLoc(), yields);
  }
  scanStep = outerStep;

  int64_t length =
      cast<RankedTensorType>(sequences[0].getType()).getDimSize(1);
  SmallVector<Type> types(op.getResultTypes());
  for (Value value : ArrayRef(yields).drop_front(types.size())) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + 1, length);
    types.push_back(RankedTensorType::get(shape, type.getElementType()));
  }
  ScanOp scan = ScanOp::create(b, op.getLoc(), types, inits, sequences,
                               op.getReverse());
  scan.getBody().takeBody(region);
  mapping.map(op.getResults(),
              scan.getResults().take_front(op.getNumResults()));

  // Stacked choices [points, T, n] are [points, T·n]; log p sums over steps.
  ForwardResult inner = std::move(result);
  result = std::move(outer);
  ResultRange extra = scan.getResults().drop_front(op.getNumResults());
  Location loc = op.getLoc();
  for (size_t i = 0; i < inner.choices.size(); ++i)
    result.choices.push_back(toPoints(b, loc, extra[i], 1));
  extra = extra.drop_front(inner.choices.size());
  if (inner.logPrior) {
    Value steps = extra[0];
    extra = extra.drop_front();
    auto type = cast<RankedTensorType>(inner.logPrior.getType());
    Value zero = buildFilled(b, loc, type, steps, 0.0);
    Value sum = linalg::ReduceOp::create(
                    b, loc, steps, zero, ArrayRef<int64_t>{1},
                    [](OpBuilder &nested, Location l, ValueRange args) {
                      Value added =
                          arith::AddFOp::create(nested, l, args[0], args[1]);
                      linalg::YieldOp::create(nested, l, added);
                    })
                    .getResult(0);
    result.logPrior =
        result.logPrior
            ? Value(arith::AddFOp::create(b, loc, result.logPrior, sum))
            : sum;
  }
  for (Value value : extra)
    result.probabilities.push_back(toPoints(b, loc, value, 1));
  return success();
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// The selection of a layer's rows, `rows` a point in this step of a scan.
Value ForwardBuilder::buildSelection(const LayerSite &site, Value scores,
                                     int64_t rows) {
  Location loc = withOpName(LayerOp(site.op).getLoc(), place);
  RoutingDistribution distribution =
      ControllerOp(site.controller).getRoutingDistribution();
  if (options.policy == ForwardOptions::Choices::Mode ||
      !distribution.isRandom())
    return distribution.buildMode(b, loc, scores);

  int64_t choose = site.getChoose();
  int64_t width = rows * choose;
  Value slot = arith::ConstantIndexOp::create(b, loc, site.slot);
  if (scanStep) {
    Value stride = arith::ConstantIndexOp::create(b, loc, width);
    Value offset = arith::MulIOp::create(b, loc, scanStep, stride);
    slot = arith::AddIOp::create(b, loc, slot, offset);
  }
  auto slice = [&](Value choices) -> Value {
    auto type = RankedTensorType::get({ShapedType::kDynamic, width},
                                      b.getI32Type());
    OpFoldResult points = Value(tensor::DimOp::create(b, loc, choices, 0));
    SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0), slot};
    SmallVector<OpFoldResult> sizes = {points, b.getIndexAttr(width)};
    SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
    if (!scanStep)
      offsets[1] = b.getIndexAttr(site.slot);
    Value part = tensor::ExtractSliceOp::create(b, loc, type, choices, offsets,
                                                sizes, strides);
    return fromPoints(b, loc, part, rows);
  };
  auto selectionType =
      SelectionType::get(b.getContext(), choose, site.getMembers());
  if (options.policy == ForwardOptions::Choices::Given)
    return ToSelectionOp::create(b, loc, selectionType,
                                 slice(options.choices));

  auto uniformsType = RankedTensorType::get({ShapedType::kDynamic, choose},
                                            program.getElement());
  Value uniforms = UniformOp::create(
      b, loc, uniformsType, options.seed, options.step, options.points,
      options.candidates, slot, b.getI64IntegerAttr(options.purpose),
      b.getI64IntegerAttr(rows));
  Value drawn = distribution.buildSample(b, loc, scores, uniforms);
  if (!options.stored)
    return drawn;
  return KeepStoredOp::create(b, loc, drawn.getType(), drawn,
                              slice(options.stored));
}

Value ForwardBuilder::buildGates(LayerOp op, Value scores, Value selection) {
  Location loc = withOpName(op.getLoc(), place);
  int64_t choose = op.getChoose();
  auto type = RankedTensorType::get({ShapedType::kDynamic, choose},
                                    program.getElement());
  if (op.getGate() == Gate::Soft)
    return GatesOp::create(b, loc, type, scores, /*rows=*/Value(), selection);
  // Given gates, the same for each row.
  auto rowType = RankedTensorType::get({choose}, program.getElement());
  SmallVector<Attribute> values;
  for (double gate : op.getGates())
    values.push_back(b.getFloatAttr(program.getElement(), gate));
  Value row = arith::ConstantOp::create(b, loc,
                                        DenseElementsAttr::get(rowType, values));
  Value rows = tensor::DimOp::create(b, loc, scores, 0);
  Value empty = tensor::EmptyOp::create(b, loc, type, ValueRange{rows});
  return linalg::BroadcastOp::create(b, loc, row, empty, ArrayRef<int64_t>{0})
      ->getResult(0);
}

FailureOr<GroupedOp> ForwardBuilder::buildGrouped(const LayerSite &site,
                                                  Value plan, ValueRange rows,
                                                  ValueRange operands) {
  Location loc = withOpName(LayerOp(site.op).getLoc(), place);
  auto pool = layout.pools.find(site.pool);
  const std::vector<MemberClass> &classes = pool->second;
  SmallVector<Attribute> members;
  SmallVector<int64_t> parameterCounts;
  SmallVector<Value> parameters;
  for (const MemberClass &memberClass : classes) {
    members.push_back(b.getDenseI64ArrayAttr(memberClass.members));
    parameterCounts.push_back(memberClass.parameters.size());
    for (auto &[path, stack] : memberClass.parameters)
      parameters.push_back(program.getParameter(stack));
  }
  ModuleTemplateOp first = classes[0].module;
  // Shared operands with a dimension more than the input have one slice a point.
  ArrayRef<Type> wanted =
      first.getFunctionType().getInputs().take_back(operands.size());
  SmallVector<Value> points, shared;
  for (auto [operand, type] : llvm::zip(operands, wanted))
    (operand.getType() == type ? shared : points).push_back(operand);
  int64_t rowsPerPoint =
      points.empty() ? 1 : LayerOp(site.op).getRowsPerPoint();
  GroupedOp grouped = GroupedOp::create(
      b, loc, first.getFunctionType().getResults(), plan, rows, ValueRange{},
      points, shared, parameters, b.getArrayAttr(members), parameterCounts,
      SmallVector<int64_t>(classes.size(), 0), rowsPerPoint,
      /*num_point_results=*/0, classes.size());
  for (auto [memberClass, region] : llvm::zip(classes, grouped.getBodies())) {
    OpBuilder::InsertionGuard guard(b);
    Block *block = b.createBlock(&region);
    SmallVector<Value> inputs, wholes, slices;
    for (Value operand : rows)
      inputs.push_back(block->addArgument(operand.getType(), loc));
    for (auto [operand, type] : llvm::zip(operands, wanted))
      if (operand.getType() != type)
        slices.push_back(block->addArgument(type, loc));
    for (Value operand : shared)
      wholes.push_back(block->addArgument(operand.getType(), loc));
    // The module takes them as the layer names them.
    auto *whole = wholes.begin(), *slice = slices.begin();
    for (auto [operand, type] : llvm::zip(operands, wanted))
      inputs.push_back(operand.getType() == type ? *whole++ : *slice++);
    llvm::StringMap<Value> byPath;
    for (auto &[path, stack] : memberClass.parameters)
      byPath[path] = block->addArgument(layout.stacks[stack].type, loc);
    ModuleTemplateOp module = memberClass.module;
    FailureOr<SmallVector<Value>> values = inlineTemplate(
        module.getBody(), inputs, "",
        [&](const std::string &path) { return byPath.lookup(path); });
    if (failed(values))
      return failure();
    YieldOp::create(b, loc, *values);
  }
  return grouped;
}

LogicalResult ForwardBuilder::routeLayer(LayerOp op, IRMapping &mapping) {
  const LayerSite &site = layout.layers.find(op)->second;
  llvm::SaveAndRestore where(place, joinNames(place, site.name));
  Location loc = withOpName(op.getLoc(), place);
  auto lookup = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value value) {
      return mapping.lookupOrDefault(value);
    });
  };
  ControllerOp controller = site.controller;
  FailureOr<SmallVector<Value>> scores;
  {
    llvm::SaveAndRestore inside(place,
                                joinNames(place, controller.getSymName()));
    scores = inlineTemplate(
        controller.getBody(), lookup(op.getControllerOperands()),
        controller.getSymName().str() + ".",
        [&](const std::string &name) { return resolveSingle(name); });
  }
  if (failed(scores))
    return failure();
  Value score = scores->front();
  int64_t rows = op.getRowsPerPoint();
  Value selection = buildSelection(site, score, rows);

  auto planType =
      PlanType::get(b.getContext(), site.getChoose(), site.getMembers());
  Value plan = PlanOp::create(b, loc, planType, selection, /*rows=*/Value(),
                              /*count=*/Value(), /*unique=*/false,
                              op.getDuplicates());
  FailureOr<GroupedOp> grouped = buildGrouped(
      site, plan, lookup(op.getRowOperands()), lookup(op.getSharedOperands()));
  if (failed(grouped))
    return failure();
  // A gated sum with gates of 1 is a sum.
  Compose compose = op.getCompose();
  Value gates;
  if (compose == Compose::Gated && op.getGate() == Gate::Hard)
    compose = Compose::Sum;
  else if (compose == Compose::Gated)
    gates = buildGates(op, score, selection);
  for (auto [value, output] :
       llvm::zip(grouped->getRowResults(), op.getRowResults()))
    mapping.map(output, CombineOp::create(b, loc, output.getType(), plan, value,
                                          gates, compose)
                            .getResult());
  if (Value wanted = op.getSelection())
    mapping.map(wanted, selection);

  // What the program wants to know of the choices, a point.
  auto picksType = RankedTensorType::get(
      {ShapedType::kDynamic, site.getChoose()}, b.getI32Type());
  Value picks = FromSelectionOp::create(b, loc, picksType, selection);
  result.choices.push_back(toPoints(b, loc, picks, rows));
  RoutingDistribution distribution = controller.getRoutingDistribution();
  if (options.wantLogPrior) {
    Value logs =
        distribution.buildLogProbability(b, loc, score, selection);
    if (rows != 1) {
      Value parts = toPoints(b, loc, logs, rows);
      auto type = cast<RankedTensorType>(logs.getType());
      Value zero = buildFilled(b, loc, type, parts, 0.0);
      logs = linalg::ReduceOp::create(
                 b, loc, parts, zero, ArrayRef<int64_t>{1},
                 [](OpBuilder &nested, Location l, ValueRange args) {
                   Value added =
                       arith::AddFOp::create(nested, l, args[0], args[1]);
                   linalg::YieldOp::create(nested, l, added);
                 })
                 .getResult(0);
    }
    result.logPrior =
        result.logPrior
            ? Value(arith::AddFOp::create(b, loc, result.logPrior, logs))
            : logs;
  }
  if (options.wantProbabilities)
    result.probabilities.push_back(toPoints(
        b, loc, distribution.buildProbabilities(b, loc, score), rows));
  return success();
}

FailureOr<ForwardResult> modc::buildForward(ProgramBuilder &program,
                                            NetworkOp network,
                                            ValueRange inputs,
                                            const ForwardOptions &options) {
  ForwardBuilder forward(program, network, options);
  GraphOp graph = network.getGraph();
  IRMapping mapping;
  mapping.map(graph.getBody().getArguments(), inputs);
  FailureOr<SmallVector<Value>> outputs = forward.inlineBlock(
      graph.getBody().front(), mapping, "graph.",
      [&](const std::string &name) { return forward.resolveSingle(name); });
  if (failed(outputs))
    return failure();
  ForwardResult result = forward.takeResult();
  result.outputs = *outputs;
  if (options.wantLogPrior && !result.logPrior) {
    // A network without layers: log p of no choice is 0.
    auto type = RankedTensorType::get({ShapedType::kDynamic},
                                      program.getElement());
    result.logPrior = buildFilled(program.builder(), program.getLoc(), type,
                                  result.outputs[0], 0.0);
  }
  return result;
}
