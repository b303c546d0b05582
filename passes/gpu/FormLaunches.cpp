//===- FormLaunches.cpp - Programs become calls of launches ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which ops run in one launch is decided by LaunchFormer.h, what a call takes
// and its function computes by LaunchCalls.h; here flags become words, as no op
// between passes may have them, and the ops go.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Passes.h"
#include "passes/gpu/GatherDispatched.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchCalls.h"

namespace modc {
#define GEN_PASS_DEF_FORMLAUNCHESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct FormLaunchesPass
    : public modc::impl::FormLaunchesPassBase<FormLaunchesPass> {
  using FormLaunchesPassBase::FormLaunchesPassBase;

  void runOnOperation() override {
    for (func::FuncOp program : getPrograms(getOperation()))
      if (failed(form(program)))
        return signalPassFailure();
  }

private:
  LogicalResult form(func::FuncOp program) {
    if (failed(widenFlags(program)))
      return failure();
    gatherDispatched(program);
    Placement placement(program);
    RunningSums sums(program);
    auto launches = formLaunches(program, placement, sums, mostBuffers);
    if (failed(launches))
      return failure();
    numLaunches += launches->size();
    if (failed(callLaunches(program, placement, sums, *launches)))
      return failure();
    // The ops, which nothing reads any more.
    Block &block = program.getBody().front();
    SmallVector<Operation *> ops;
    for (Operation &op : block.without_terminator())
      ops.push_back(&op);
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty() && !isa<func::CallOp>(op))
        op->erase();
      else if (op->getNumResults() == 1)
        if (auto number = getLaunchNumber(op->getResult(0))) {
          OpBuilder b(op);
          op->replaceAllUsesWith(
              arith::ConstantIndexOp::create(b, op->getLoc(), *number));
          op->erase();
        }
    return success();
  }

  /// Flags that a program makes are words: bytes beside one another would have
  /// to be written atomically.
  static LogicalResult widenFlags(func::FuncOp program) {
    Type i32 = IntegerType::get(program.getContext(), 32);
    auto widen = [&](Value value) {
      value.setType(RankedTensorType::get(
          cast<RankedTensorType>(value.getType()).getShape(), i32));
    };
    SmallVector<linalg::GenericOp> makers;
    program.walk([&](linalg::GenericOp op) {
      auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
      if (op->getNumResults() == 1 && type.getElementType().isInteger(8) &&
          op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
        makers.push_back(op);
    });
    for (linalg::GenericOp op : makers) {
      OpBuilder b(op);
      op.getDpsInitsMutable()[0].set(tensor::EmptyOp::create(
          b, op.getLoc(),
          tensor::getMixedSizes(b, op.getLoc(), op.getDpsInits()[0]), i32));
      Operation *yield = op.getBody()->getTerminator();
      b.setInsertionPoint(yield);
      yield->setOperand(
          0, arith::ExtUIOp::create(b, op.getLoc(), i32, yield->getOperand(0)));
      op.getRegionOutputArgs()[0].setType(i32);
      widen(op->getResult(0));
      SmallVector<Value> list = {op->getResult(0)};
      while (!list.empty())
        for (OpOperand &use : list.pop_back_val().getUses()) {
          Operation *user = use.getOwner();
          if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user)) {
            widen(slice.getResult());
            list.push_back(slice.getResult());
          } else if (auto reader = dyn_cast<linalg::GenericOp>(user);
                     reader && reader.isDpsInput(&use)) {
            BlockArgument argument = reader.getMatchingBlockArgument(&use);
            Type narrow = argument.getType();
            argument.setType(i32);
            b.setInsertionPointToStart(reader.getBody());
            auto cut =
                arith::TruncIOp::create(b, reader.getLoc(), narrow, argument);
            argument.replaceAllUsesExcept(cut, cut);
          } else if (auto extract = dyn_cast<tensor::ExtractOp>(user)) {
            // Of members that do not follow one another.
            Value flag = extract.getResult();
            Type narrow = flag.getType();
            flag.setType(i32);
            b.setInsertionPointAfter(extract);
            auto cut =
                arith::TruncIOp::create(b, extract.getLoc(), narrow, flag);
            flag.replaceAllUsesExcept(cut, cut);
          } else if (!isa<UpdateOp, GradientNormOp>(user)) {
            return user->emitOpError("takes flags of 8 bits, a device makes "
                                     "them of 32");
          }
        }
    }
    return success();
  }
};

} // namespace
