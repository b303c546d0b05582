//===- LowerCopies.cpp - Copies of strided buffers as loops ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-copies: upstream lowers a copy between strided buffers to a
// call of a runtime library that models do not have. Rows that are laid by
// number are copied here too, where no kernel stores them there.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_LOWERCOPIESPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct LowerCopiesPass
    : public modc::impl::LowerCopiesPassBase<LowerCopiesPass> {
  using LowerCopiesPassBase::LowerCopiesPassBase;

  void runOnOperation() override {
    getOperation()->walk([&](memref::CopyOp copy) {
      auto source = dyn_cast<MemRefType>(copy.getSource().getType());
      auto target = dyn_cast<MemRefType>(copy.getTarget().getType());
      if (!source || !target)
        return;
      if (copy.getSource() == copy.getTarget()) {
        copy.erase();
        return;
      }
      if (!plain && source.getLayout().isIdentity() &&
          target.getLayout().isIdentity())
        return;
      lower(copy, target);
      ++numLowered;
    });
    getOperation()->walk([&](ScatterRowsOp scatter) {
      if (!isa<MemRefType>(scatter.getSource().getType()))
        return; // not this phase
      lower(scatter);
      ++numLowered;
    });
  }

private:
  /// Loops over the elements of a buffer, whose indices it gives.
  static SmallVector<Value> buildLoops(OpBuilder &builder, Location loc,
                                       Value buffer, int64_t rank) {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    SmallVector<Value> indices;
    for (int64_t i = 0; i < rank; ++i) {
      Value size = memref::DimOp::create(builder, loc, buffer, i);
      auto loop = scf::ForOp::create(builder, loc, zero, size, one);
      builder.setInsertionPointToStart(loop.getBody());
      indices.push_back(loop.getInductionVar());
    }
    return indices;
  }

  static void lower(memref::CopyOp copy, MemRefType type) {
    IRRewriter builder(copy);
    Location loc = copy.getLoc();
    SmallVector<Value> indices =
        buildLoops(builder, loc, copy.getTarget(), type.getRank());
    Value element =
        memref::LoadOp::create(builder, loc, copy.getSource(), indices);
    memref::StoreOp::create(builder, loc, element, copy.getTarget(), indices);
    builder.eraseOp(copy);
  }

  static void lower(ScatterRowsOp scatter) {
    IRRewriter builder(scatter);
    Location loc = scatter.getLoc();
    Value source = scatter.getSource();
    int64_t rank = cast<MemRefType>(source.getType()).getRank();
    SmallVector<Value> indices = buildLoops(builder, loc, source, rank);
    Value element = memref::LoadOp::create(builder, loc, source, indices);
    Value row =
        memref::LoadOp::create(builder, loc, scatter.getRows(), indices[0]);
    indices[0] =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), row);
    memref::StoreOp::create(builder, loc, element, scatter.getDest(), indices);
    builder.eraseOp(scatter);
  }
};

} // namespace
