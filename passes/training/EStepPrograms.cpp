//===- EStepPrograms.cpp - E-steps as programs ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scores candidates for each point's choices and keeps the best: drawn ones,
// or all assignments.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/training/Programs.h"

using namespace mlir;
using namespace modc;

using Choices = ForwardOptions::Choices;

namespace {
/// The buffers that both kinds of E-step have.
struct EStep {
  SmallVector<Value> inputs, wanted;
  Value points, stored, selection, before, after;
};
} // namespace

static EStep addBuffers(ProgramContext &context, ProgramBuilder &program,
                        bool withPoints) {
  EStep e;
  e.inputs = addInputs(context, program);
  e.wanted = addWanted(context, program);
  if (withPoints)
    e.points = program.addInput(
        "points", RankedTensorType::get({ShapedType::kDynamic},
                                        program.builder().getI64Type()));
  e.stored = program.addInput("stored", getChoicesType(context));
  e.selection = program.addOutput("selection", getChoicesType(context));
  e.before = program.addOutput("before", getPointType(context));
  e.after = program.addOutput("after", getPointType(context));
  return e;
}

/// Scores `candidates` candidates of each point and writes the best.
static LogicalResult buildBest(ProgramContext &context, ProgramBuilder &program,
                               EStep &e, ForwardOptions options,
                               Value candidates) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  options.wantLogPrior = true;
  for (SmallVector<Value> *values : {&e.inputs, &e.wanted})
    for (Value &value : *values)
      value = TileRowsOp::create(b, loc, value.getType(), value, candidates);
  FailureOr<ForwardResult> forward =
      buildForward(program, context.network, e.inputs, options);
  if (failed(forward))
    return failure();
  Value likelihood =
      buildLogLikelihood(program, context.network, forward->outputs, e.wanted);
  Value objective =
      arith::AddFOp::create(b, loc, likelihood, forward->logPrior);
  Value rows = tensor::DimOp::create(b, loc, objective, 0);
  RankedTensorType choicesType = getChoicesType(context);
  Value choices =
      tensor::EmptyOp::create(b, loc, choicesType, ValueRange{rows});
  choices = assemble(b, loc, forward->choices, choices);
  RankedTensorType pointType = getPointType(context);
  KeepBestOp best =
      KeepBestOp::create(b, loc, choicesType, pointType, pointType, objective,
                         choices, candidates);
  program.write(e.selection, best.getBest());
  program.write(e.before, best.getBefore());
  program.write(e.after, best.getAfter());
  context.finish(program);
  return success();
}

LogicalResult modc::buildEStep(ProgramContext &context) {
  ProgramBuilder program = context.start("e_step");
  ForwardOptions options;
  options.policy = Choices::Drawn;
  options.seed = program.addInteger("seed");
  options.step = program.addInteger("step");
  options.candidates = program.getCandidates();
  EStep e = addBuffers(context, program, /*withPoints=*/true);
  options.points = e.points;
  options.stored = e.stored;
  return buildBest(context, program, e, options, options.candidates);
}

std::optional<int64_t> modc::countAssignments(const Layout &layout) {
  int64_t count = 1;
  for (auto &[op, site] : layout.layers)
    for (int64_t i = 0; i < site.rows * site.getChoose(); ++i) {
      count *= site.getMembers();
      if (count > maxEnumerated)
        return std::nullopt;
    }
  return count;
}

/// All candidates' choices: candidate 0 is the stored one, candidate c + 1 the
/// c-th assignment in ascending order, the first slot being the slowest.
static Value buildAssignments(ProgramContext &context, ProgramBuilder &program,
                              Value stored, int64_t assignments) {
  OpBuilder &b = program.builder();
  Location loc = program.getLoc();
  int64_t slots = context.layout.slots;
  std::vector<int64_t> strides(slots), members(slots);
  for (auto &[op, site] : context.layout.layers)
    for (int64_t i = 0; i < site.rows * site.getChoose(); ++i)
      members[site.slot + i] = site.getMembers();
  int64_t stride = 1;
  for (int64_t i = slots; i-- > 0; stride *= members[i])
    strides[i] = stride;

  // Assignments are few, so that 32 bits will do.
  auto slotType = RankedTensorType::get({slots}, b.getI32Type());
  auto constant = [&](ArrayRef<int64_t> values) -> Value {
    SmallVector<int32_t> words(values.begin(), values.end());
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(slotType, ArrayRef(words)));
  };
  Value points = tensor::DimOp::create(b, loc, stored, 0);
  Value rows = arith::MulIOp::create(
      b, loc, points, arith::ConstantIndexOp::create(b, loc, assignments + 1));
  RankedTensorType type = getChoicesType(context);
  Value empty = tensor::EmptyOp::create(b, loc, type, ValueRange{rows});
  AffineMap identity = b.getMultiDimIdentityMap(2);
  AffineMap slot = AffineMap::get(2, 0, b.getAffineDimExpr(1));
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  Value all =
      linalg::GenericOp::create(
          b, loc, type, ValueRange{constant(strides), constant(members)}, empty,
          ArrayRef<AffineMap>{slot, slot, identity}, iterators,
          [&](OpBuilder &n, Location l, ValueRange args) {
            Value row = linalg::IndexOp::create(n, l, 0);
            Value candidate = arith::DivUIOp::create(n, l, row, points);
            Value number =
                arith::IndexCastOp::create(n, l, n.getI32Type(), candidate);
            // Candidate 0 is replaced below; clamp it to a valid number.
            Value one = arith::ConstantIntOp::create(n, l, n.getI32Type(), 1);
            number = arith::MaxSIOp::create(n, l, number, one);
            number = arith::SubIOp::create(n, l, number, one);
            Value digit = arith::DivUIOp::create(n, l, number, args[0]);
            digit = arith::RemUIOp::create(n, l, digit, args[1]);
            linalg::YieldOp::create(n, l, digit);
          })
          .getResult(0);
  SmallVector<OpFoldResult> offsets(2, b.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes = {points, b.getIndexAttr(slots)};
  SmallVector<OpFoldResult> ones(2, b.getIndexAttr(1));
  return tensor::InsertSliceOp::create(b, loc, stored, all, offsets, sizes,
                                       ones);
}

LogicalResult modc::buildEnumeratedEStep(ProgramContext &context) {
  std::optional<int64_t> assignments = countAssignments(context.layout);
  if (!assignments)
    return success();
  ProgramBuilder program = context.start("e_step_enumerated");
  EStep e = addBuffers(context, program, /*withPoints=*/false);
  ForwardOptions options;
  options.policy = Choices::Given;
  options.choices = buildAssignments(context, program, e.stored, *assignments);
  Value candidates = arith::ConstantIndexOp::create(
      program.builder(), program.getLoc(), *assignments + 1);
  return buildBest(context, program, e, options, candidates);
}
