//===- ForbidContraction.cpp - Arithmetic as it is written ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-forbid-contraction: after the last pass that merges ops, as CSE would
// keep a decorated op apart from an equal one.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_FORBIDCONTRACTIONPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct ForbidContractionPass
    : public modc::impl::ForbidContractionPassBase<ForbidContractionPass> {
  using ForbidContractionPassBase::ForbidContractionPassBase;

  void runOnOperation() override {
    auto decorate = UnitAttr::get(&getContext());
    getOperation()->walk([&](Operation *op) {
      if (!isa<spirv::FAddOp, spirv::FSubOp, spirv::FMulOp, spirv::FDivOp,
               spirv::FNegateOp, spirv::FRemOp>(op))
        return;
      // The serializer writes it as OpDecorate NoContraction.
      op->setAttr("no_contraction", decorate);
      ++numForbidden;
    });
  }
};

} // namespace
