//===- PrepareLaunches.cpp - Programs as a device takes them --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What has another form on a device than on the processor is given it here, so
// that modular-form-launches need not know: scalars, distinct rows, named ops.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/SizeFormula.h"
#include "passes/gpu/KernelFunction.h"

namespace modc {
#define GEN_PASS_DEF_PREPARELAUNCHESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct PrepareLaunchesPass
    : public modc::impl::PrepareLaunchesPassBase<PrepareLaunchesPass> {
  using PrepareLaunchesPassBase::PrepareLaunchesPassBase;

  void runOnOperation() override {
    for (func::FuncOp program : getPrograms(getOperation())) {
      if (failed(checkElements(program)))
        return signalPassFailure();
      takeScalars(program);
      keepPlaces(program);
      generalize(program);
    }
  }

private:
  /// One message for a network, not one for each op. Outputs may be f64: what
  /// reports a sum stores it so.
  static LogicalResult checkElements(func::FuncOp program) {
    for (BlockArgument argument : program.getArguments()) {
      unsigned i = argument.getArgNumber();
      StringRef role = roleOf(program, i);
      auto name = program.getArgAttrOfType<StringAttr>(i, kName);
      if (role != "output" && name &&
          getElementTypeOrSelf(argument.getType()).isF64())
        return emitError(argument.getLoc())
               << role << " '" << name.getValue()
               << "' is f64, but kernels of devices compute in f32";
    }
    return success();
  }

  /// Scalars of a call come in one buffer of words: integers as two each, then
  /// reals.
  void takeScalars(func::FuncOp program) {
    TensorBuilder b(program.getLoc(), program.getContext());
    b.setInsertionPointToStart(&program.getBody().front());
    SmallVector<BlockArgument> integers, reals;
    for (BlockArgument argument : program.getArguments()) {
      StringRef role = roleOf(program, argument.getArgNumber());
      if (role == "integer")
        integers.push_back(argument);
      else if (role == "real")
        reals.push_back(argument);
    }
    int64_t words = 2 * integers.size() + reals.size();
    if (words == 0)
      return;
    numScalars += integers.size() + reals.size();
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    NamedAttribute attributes[] = {
        b.getNamedAttr(kRole, b.getStringAttr("scalar")),
        b.getNamedAttr(kOffset, b.getI64IntegerAttr(0))};
    unsigned last = program.getNumArguments();
    (void)program.insertArgument(last, RankedTensorType::get({words}, i32),
                                 b.getDictionaryAttr(attributes),
                                 program.getLoc());
    Value buffer = program.getArgument(last);
    auto word = [&](int64_t i) { return b.extract(buffer, b.index(i)); };
    for (auto [i, argument] : llvm::enumerate(integers)) {
      Value low = arith::ExtUIOp::create(b, i64, word(2 * i));
      Value high = arith::ExtUIOp::create(b, i64, word(2 * i + 1));
      high = arith::ShLIOp::create(b, high, b.integer(i64, 32));
      argument.replaceAllUsesWith(arith::OrIOp::create(b, low, high));
    }
    for (auto [i, argument] : llvm::enumerate(reals))
      argument.replaceAllUsesWith(arith::BitcastOp::create(
          b, argument.getType(), word(2 * integers.size() + i)));
  }

  /// How many rows are distinct no host knows: they stay in their places among
  /// all rows, so that what is taken for the first ones is there, and the rows
  /// of plans tell which they are.
  void keepPlaces(func::FuncOp program) {
    SmallVector<DistinctRowsOp> distinct;
    program.walk([&](DistinctRowsOp op) { distinct.push_back(op); });
    for (DistinctRowsOp op : distinct) {
      Value first = op.getFirst();
      SmallVector<TakeRowsOp> takes;
      for (Operation *user : first.getUsers())
        if (auto take = dyn_cast<TakeRowsOp>(user);
            take && take.getRows() == first)
          takes.push_back(take);
      SmallVector<PlanOp> plans;
      for (TakeRowsOp take : takes) {
        if (take.getInput() == op.getParent())
          for (Operation *user : take->getUsers())
            if (auto plan = dyn_cast<PlanOp>(user))
              plans.push_back(plan);
        take.replaceAllUsesWith(take.getInput());
        take.erase();
      }
      if (!first.use_empty())
        first.replaceAllUsesWith(numberRows(op));
      for (PlanOp plan : plans)
        plan.getRowsMutable().assign(first);
    }
  }

  /// 0, 1, 2, … for all rows.
  static Value numberRows(DistinctRowsOp op) {
    OpBuilder builder(op);
    TensorBuilder b(op.getLoc(), builder);
    Value rows = tensor::EmptyOp::create(
        b, ArrayRef<OpFoldResult>{b.dim(op.getKeys(), 0)}, b.getI32Type());
    return b.generic({}, rows, b.getMultiDimIdentityMap(1), 0, [&](ValueRange) {
      return SmallVector<Value>{
          b.toInteger(linalg::IndexOp::create(b, 0), b.getI32Type())};
    })[0];
  }

  void generalize(func::FuncOp program) {
    SmallVector<linalg::LinalgOp> named;
    program.walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::FillOp>(op))
        named.push_back(op);
    });
    IRRewriter rewriter(program.getContext());
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
  }
};

} // namespace
