//===- LowerCopies.cpp - Copies of strided buffers as loops ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-lower-copies: upstream lowers a copy between strided buffers to a
// call of a runtime library that models do not have.
//
//===----------------------------------------------------------------------===//

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
      if (source.getLayout().isIdentity() && target.getLayout().isIdentity())
        return;
      lower(copy, target);
      ++numLowered;
    });
  }

private:
  static void lower(memref::CopyOp copy, MemRefType type) {
    IRRewriter builder(copy);
    Location loc = copy.getLoc();
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    SmallVector<Value> indices;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      Value size = memref::DimOp::create(builder, loc, copy.getTarget(), i);
      auto loop = scf::ForOp::create(builder, loc, zero, size, one);
      builder.setInsertionPointToStart(loop.getBody());
      indices.push_back(loop.getInductionVar());
    }
    Value element =
        memref::LoadOp::create(builder, loc, copy.getSource(), indices);
    memref::StoreOp::create(builder, loc, element, copy.getTarget(), indices);
    builder.eraseOp(copy);
  }
};

} // namespace
