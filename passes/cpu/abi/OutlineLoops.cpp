//===- OutlineLoops.cpp - Turn loops of programs into functions
//------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-outline-loops: programs of one network repeat the same loops on
// other buffers. As functions, equal ones can be merged, and their pointers
// can say that they do not overlap.
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/LoweringOptions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/Outlining.h"

namespace modc {
#define GEN_PASS_DEF_OUTLINELOOPSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct OutlineLoopsPass
    : public modc::impl::OutlineLoopsPassBase<OutlineLoopsPass> {
  using OutlineLoopsPassBase::OutlineLoopsPassBase;

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter converter(&getContext(), options);
    MemRefParts parts(converter);
    FunctionNames names(getOperation());
    SmallVector<func::FuncOp> programs;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic() && !function.isExternal())
        programs.push_back(function);
    for (func::FuncOp program : programs) {
      SmallVector<scf::ForOp> loops;
      program.walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
        if (!isClosed(loop))
          return WalkResult::advance();
        loops.push_back(loop);
        return WalkResult::skip();
      });
      for (scf::ForOp loop : loops)
        outline(program, loop, names, parts);
    }
  }

private:
  /// Whether the loop leaves nothing behind but what is in buffers, and starts
  /// no tasks.
  static bool isClosed(scf::ForOp loop) {
    if (loop.getNumResults())
      return false;
    bool closed = true;
    loop.getBody()->walk([&](Operation *op) {
      closed &= !isa<LLVM::LLVMDialect>(op->getDialect());
    });
    return closed;
  }

  /// Leaves a loop where it is that uses what no argument can hold.
  void outline(func::FuncOp program, scf::ForOp loop, FunctionNames &names,
               const MemRefParts &parts) {
    Captures captures(loop);
    for (Value value : captures.values)
      if (failed(parts.types(value.getType())))
        return;
    if (failed(captures.partTypes(parts)))
      return;
    ++outlined;
    std::string name = names.get(program, loop.getLoc(), "loop");
    IRMapping mapping;
    auto function = captures.buildFunction(program, name, {}, parts, mapping);
    OpBuilder builder = OpBuilder::atBlockEnd(&function.getBody().front());
    keepApart(function);
    builder.clone(*loop, mapping);
    func::ReturnOp::create(builder, loop.getLoc());
    builder.setInsertionPoint(loop);
    func::CallOp::create(builder, loop.getLoc(), function,
                         captures.split(builder, loop.getLoc(), parts));
    loop.erase();
  }
};

} // namespace
