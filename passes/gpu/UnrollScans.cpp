//===- UnrollScans.cpp - Recurrences as their steps -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program of a device is a list of launches, that of a recurrence those of
// its steps. The numbers of steps are hidden from folders: the launches of all
// steps have equal functions then, which become one.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/cpu/Grouped.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/RunningSums.h"

namespace modc {
#define GEN_PASS_DEF_UNROLLSCANSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// A carried value that each step only adds to: sums of gradients.
struct Accumulation {
  linalg::GenericOp sum;
  /// What a step adds.
  Value term;
};

std::optional<Accumulation> matchAccumulation(ScanOp scan, unsigned i) {
  BlockArgument carried = scan.getCarried()[i];
  Value next = scan.getBody().front().getTerminator()->getOperand(i);
  auto sum = next.getDefiningOp<linalg::GenericOp>();
  if (!sum || !next.hasOneUse() || !carried.hasOneUse() ||
      *carried.user_begin() != sum)
    return std::nullopt;
  Value term = getAddend(sum, carried);
  if (!term)
    return std::nullopt;
  return Accumulation{sum, term};
}

class Unroller {
public:
  explicit Unroller(func::FuncOp program) : block(program.getBody().front()) {}

  LogicalResult run() {
    // Scans in scans come up with the steps of the outer ones.
    SmallVector<ScanOp> unrolled;
    while (ScanOp scan = findNext()) {
      if (failed(unroll(scan)))
        return failure();
      unrolled.push_back(scan);
      done.insert(scan);
    }
    llvm::sort(unrolled,
               [](ScanOp a, ScanOp b) { return b->isBeforeInBlock(a); });
    for (ScanOp scan : unrolled)
      scan.erase();
    return success();
  }

  unsigned numSteps = 0;

private:
  ScanOp findNext() {
    for (ScanOp scan : block.getOps<ScanOp>())
      if (!done.contains(scan))
        return scan;
    return {};
  }

  LogicalResult unroll(ScanOp scan) {
    Value first = scan.getSequences().front();
    int64_t steps = tensorType(first).getDimSize(1);
    if (ShapedType::isDynamic(steps))
      return scan.emitOpError("runs a number of steps that only a call knows, "
                              "and a program of a device is a list of "
                              "launches: dimension 1 of its sequences must be "
                              "static");
    unsigned numCarried = scan.getInits().size();
    SmallVector<std::optional<Accumulation>> sums;
    for (unsigned i = 0; i < numCarried; ++i)
      sums.push_back(matchAccumulation(scan, i));
    TensorBuilder b(scan.getLoc(), scan.getContext());
    b.setInsertionPoint(scan);
    SmallVector<Value> carried(scan.getInits());
    SmallVector<Stack> stacks;
    for (Value result : scan.getStacked()) {
      replaceSizes(b, scan, result);
      stacks.push_back({result, SmallVector<Value>(steps), {}});
    }
    for (int64_t i = 0; i < steps; ++i) {
      int64_t t = scan.getReverse() ? steps - 1 - i : i;
      SmallVector<Value> next = step(b, scan, t, carried, sums);
      carried.assign(next.begin(), next.begin() + numCarried);
      for (auto [stack, value] :
           llvm::zip(stacks, ArrayRef(next).drop_front(numCarried)))
        push(b, stack, t, value);
      ++numSteps;
    }
    for (auto [result, value] : llvm::zip(scan.getFinals(), carried))
      result.replaceAllUsesWith(value);
    for (Stack &stack : stacks) {
      Value result = stack.result, all = stack.all;
      if (steps == 0 && isReadWhole(result))
        all = allocate(b, result, scan.getSequences()[0]);
      result.replaceUsesWithIf(all,
                               [](OpOperand &use) { return !isSequence(use); });
      elements[result] = std::move(stack.elements);
    }
    return success();
  }

  /// One step: the next carried values and the elements.
  SmallVector<Value> step(TensorBuilder &b, ScanOp scan, int64_t t,
                          ValueRange carried,
                          ArrayRef<std::optional<Accumulation>> sums) {
    IRMapping mapping;
    Value number = buildLaunchNumber(b, scan.getLoc(), t);
    mapping.map(scan.getStep(), number);
    mapping.map(scan.getCarried(), carried);
    for (auto [argument, sequence] :
         llvm::zip(scan.getElements(), scan.getSequences()))
      mapping.map(argument, elementOf(b, sequence, t, number));
    DenseMap<Operation *, unsigned> sumOf;
    for (auto [i, sum] : llvm::enumerate(sums))
      if (sum)
        sumOf[sum->sum] = i;
    Block &body = scan.getBody().front();
    for (Operation &op : body.without_terminator()) {
      auto found = sumOf.find(&op);
      if (found != sumOf.end()) {
        unsigned i = found->second;
        if (Value sum = accumulate(mapping, *sums[i], carried[i])) {
          mapping.map(op.getResult(0), sum);
          continue;
        }
      }
      b.clone(op, mapping);
    }
    SmallVector<Value> next;
    for (Value value : body.getTerminator()->getOperands())
      next.push_back(mapping.lookupOrDefault(value));
    return next;
  }

  /// carried + term without an op for it; null if it needs one. A sum over rows
  /// goes on from what it is added to.
  Value accumulate(const IRMapping &mapping, const Accumulation &accumulation,
                   Value carried) {
    Value term = mapping.lookupOrDefault(accumulation.term);
    if (getZeroFill(carried))
      return term;
    auto sum = term.getDefiningOp<linalg::GenericOp>();
    if (!sum || !isSum(sum) || !accumulation.term.hasOneUse() ||
        accumulation.term == term || !getZeroFill(sum.getDpsInits()[0]) ||
        !tensorType(term).hasStaticShape())
      return {};
    sum.getDpsInitsMutable()[0].set(carried);
    return term;
  }

  Value elementOf(TensorBuilder &b, Value sequence, int64_t t, Value number) {
    auto found = elements.find(sequence);
    if (found != elements.end())
      return found->second[t];
    return b.slice(sequence, number, 1);
  }

  /// A stacked result: other scans read its elements where they are, for all
  /// others they are inserted into one tensor.
  struct Stack {
    Value result;
    SmallVector<Value> elements;
    Value all;
  };

  static bool isSequence(OpOperand &use) {
    auto reader = dyn_cast<ScanOp>(use.getOwner());
    return reader && use.getOperandNumber() >= reader.getInits().size();
  }
  static bool isReadWhole(Value stacked) {
    return llvm::any_of(stacked.getUses(),
                        [](OpOperand &use) { return !isSequence(use); });
  }

  void push(TensorBuilder &b, Stack &stack, int64_t t, Value value) {
    stack.elements[t] = value;
    if (!isReadWhole(stack.result))
      return;
    if (!stack.all)
      stack.all = allocate(b, stack.result, value);
    stack.all =
        b.insertSlice(value, stack.all, buildLaunchNumber(b, b.getLoc(), t), 1);
  }

  /// No tensor.empty: each invocation would have one of its row. `like` has the
  /// rows.
  Value allocate(TensorBuilder &b, Value stacked, Value like) {
    SmallVector<Value> sizes;
    auto type = cast<RankedTensorType>(stacked.getType());
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(b.dim(like, d == 0 ? 0 : d - 1));
    return bufferization::AllocTensorOp::create(b, type, sizes);
  }

  /// Sizes that only the number of rows says need no tensor.
  void replaceSizes(TensorBuilder &b, ScanOp scan, Value stacked) {
    for (Operation *user : llvm::make_early_inc_range(stacked.getUsers())) {
      auto dim = dyn_cast<tensor::DimOp>(user);
      if (dim && dim.getConstantIndex() == 0) {
        dim.replaceAllUsesWith(b.dim(scan.getSequences()[0], 0));
        dim.erase();
      }
    }
  }

  Block &block;
  DenseSet<Operation *> done;
  /// Of stacked results, by step.
  DenseMap<Value, SmallVector<Value>> elements;
};

struct UnrollScansPass
    : public modc::impl::UnrollScansPassBase<UnrollScansPass> {
  using UnrollScansPassBase::UnrollScansPassBase;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<func::FuncOp>()) {
      if (!program.isPublic())
        continue;
      Unroller unroller(program);
      if (failed(unroller.run()))
        return signalPassFailure();
      numSteps += unroller.numSteps;
    }
  }
};

} // namespace
