//===- SplitWideNumbers.cpp - Numbers of 64 bits as two words -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-split-wide-numbers: upstream's emulation of wide integers on kernels
// and their buffers, after f64 became the integers that hold their bits.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/WideIntEmulationConverter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/DialectConversion.h"
#include "passes/Passes.h"
#include "passes/gpu/DoubleBits.h"

namespace modc {
#define GEN_PASS_DEF_SPLITWIDENUMBERSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// Whether a type is i64 or f64, or a buffer or vector of them.
static bool isWide(Type type) {
  while (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  return type.isInteger(64) || type.isF64();
}

static bool isWide(Operation *op) {
  return llvm::any_of(op->getOperandTypes(),
                      [](Type t) { return isWide(t); }) ||
         llvm::any_of(op->getResultTypes(), [](Type t) { return isWide(t); });
}

static bool hasWideVector(Operation *op) {
  auto isVector = [](Type type) {
    return isa<VectorType>(type) && isWide(type);
  };
  return llvm::any_of(op->getOperandTypes(), isVector) ||
         llvm::any_of(op->getResultTypes(), isVector);
}

/// Whether something below takes the op's wide numbers apart.
static bool isSplit(Operation *op) {
  if (hasWideVector(op))
    return false;
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return !isWide(loop.getInductionVar().getType());
  return isa<memref::LoadOp, memref::StoreOp, memref::AllocOp, memref::AllocaOp,
             scf::IfOp, scf::WhileOp, scf::ConditionOp, scf::YieldOp,
             arith::ConstantOp, arith::SelectOp, arith::AddIOp, arith::SubIOp,
             arith::MulIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp,
             arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp, arith::CmpIOp,
             arith::MaxSIOp, arith::MaxUIOp, arith::MinSIOp, arith::MinUIOp,
             arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp,
             arith::IndexCastOp, arith::IndexCastUIOp, arith::SIToFPOp,
             arith::UIToFPOp>(op);
}

/// Upstream moves the bits that change words by 32 − n: of no places by 32,
/// which targets define in ways of their own.
static void guardShifts(gpu::GPUFuncOp kernel) {
  kernel.getBody().walk([](Operation *op) {
    APInt by;
    if (!isa<arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp>(op) ||
        !op->getResult(0).getType().isInteger(64) ||
        (matchPattern(op->getOperand(1), m_ConstantInt(&by)) && by != 0))
      return;
    ImplicitLocOpBuilder b(op->getLoc(), op->getContext());
    b.setInsertionPointAfter(op);
    Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
    Value none = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                       op->getOperand(1), zero);
    auto select =
        arith::SelectOp::create(b, none, op->getOperand(0), op->getResult(0));
    op->getResult(0).replaceAllUsesExcept(select, select);
  });
}

namespace {

/// An array of an invocation; upstream has the pattern for allocations only.
struct AllocaPattern : OpConversionPattern<memref::AllocaOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(memref::AllocaOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type type = getTypeConverter()->convertType(op.getType());
    if (!type)
      return failure();
    rewriter.replaceOpWithNewOp<memref::AllocaOp>(
        op, cast<MemRefType>(type), adaptor.getDynamicSizes(),
        adaptor.getSymbolOperands(), op.getAlignmentAttr());
    return success();
  }
};

/// Attributions of shared memory are arguments of the block behind the
/// function's, so that upstream's pattern for functions does not do.
struct KernelPattern : OpConversionPattern<gpu::GPUFuncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Block &entry = op.getBody().front();
    TypeConverter::SignatureConversion signature(entry.getNumArguments());
    SmallVector<Type> types;
    for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes())) {
      types.push_back(getTypeConverter()->convertType(type));
      if (!types.back())
        return failure();
      signature.addInputs(i, types.back());
    }
    types.resize(op.getFunctionType().getNumInputs());
    rewriter.modifyOpInPlace(
        op, [&] { op.setFunctionType(rewriter.getFunctionType(types, {})); });
    rewriter.applySignatureConversion(&entry, signature, getTypeConverter());
    return success();
  }
};

struct SplitWideNumbersPass
    : public modc::impl::SplitWideNumbersPassBase<SplitWideNumbersPass> {
  using SplitWideNumbersPassBase::SplitWideNumbersPassBase;

  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<gpu::GPUFuncOp>()) {
      bool wide = llvm::any_of(kernel.getArgumentTypes(),
                               [](Type type) { return isWide(type); });
      kernel.getBody().walk([&](Operation *op) { wide |= isWide(op); });
      if (!wide)
        continue;
      if (failed(replaceDoubles(kernel)) || failed(check(kernel)))
        return signalPassFailure();
      guardShifts(kernel);
      if (failed(split(kernel)))
        return signalPassFailure();
      ++numSplit;
    }
  }

private:
  static LogicalResult check(gpu::GPUFuncOp kernel) {
    WalkResult walk = kernel.getBody().walk([](Operation *op) {
      if (!isWide(op) || isSplit(op))
        return WalkResult::advance();
      op->emitOpError("uses numbers of 64 bits in a way that kernels cannot "
                      "split into words");
      return WalkResult::interrupt();
    });
    return failure(walk.wasInterrupted());
  }

  LogicalResult split(gpu::GPUFuncOp kernel);
};

} // namespace

LogicalResult SplitWideNumbersPass::split(gpu::GPUFuncOp kernel) {
  MLIRContext *context = &getContext();
  arith::WideIntEmulationConverter types(32);
  memref::populateMemRefWideIntEmulationConversions(types);
  ConversionTarget target(*context);
  target.addDynamicallyLegalOp<gpu::GPUFuncOp>(
      [&](gpu::GPUFuncOp op) { return types.isLegal(&op.getBody()); });
  target.markUnknownOpDynamicallyLegal(
      [&](Operation *op) { return types.isLegal(op); });
  RewritePatternSet patterns(context);
  scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns, target);
  arith::populateArithWideIntEmulationPatterns(types, patterns);
  memref::populateMemRefWideIntEmulationPatterns(types, patterns);
  patterns.add<AllocaPattern, KernelPattern>(types, context);
  return applyPartialConversion(kernel, target, std::move(patterns));
}
