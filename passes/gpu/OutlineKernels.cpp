//===- OutlineKernels.cpp - Functions of launches as gpu.func -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers become bindings in their order, sizes launch constants, the loop over
// invocations the number of the invocation, temporaries memory of its own.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/Passes.h"
#include "passes/gpu/ElementFunction.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/LaunchLimits.h"
#include "passes/gpu/LaunchTable.h"
#include "passes/gpu/TileKernels.h"

namespace modc {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

Attribute spaceOf(MLIRContext *context, gpu::AddressSpace space) {
  return gpu::AddressSpaceAttr::get(context, space);
}

MemRefType inSpace(MemRefType type, gpu::AddressSpace space) {
  return MemRefType::get(type.getShape(), type.getElementType(),
                         MemRefLayoutAttrInterface(),
                         spaceOf(type.getContext(), space));
}

class Outliner {
public:
  Outliner(ModuleOp module, func::FuncOp function, int64_t sharedBytes)
      : module(module), function(function), sharedBytes(sharedBytes),
        b(function.getLoc(), module.getContext()) {}

  LogicalResult run() {
    b.setInsertionPointToEnd(module.getBody());
    std::string name = (function.getName() + kKernelSuffix).str();
    auto kernels = gpu::GPUModuleOp::create(b, name);
    b.setInsertionPointToStart(kernels.getBody());
    SmallVector<Type> types;
    for (Type type : function.getArgumentTypes())
      if (auto buffer = dyn_cast<MemRefType>(type)) {
        if (!buffer.getLayout().isIdentity())
          return function.emitError("takes a buffer with strides");
        types.push_back(inSpace(buffer, gpu::AddressSpace::Global));
      }
    auto kernel = gpu::GPUFuncOp::create(b, function.getLoc(), "kernel",
                                         b.getFunctionType(types, {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
    if (function->hasAttr(kTileKernel)) {
      int64_t size = buildTileKernel(function, kernel, sharedBytes);
      setGroupSize(kernel, size);
      b.setInsertionPointToEnd(&kernel.getBody().front());
      gpu::ReturnOp::create(b);
      function->setAttr(kSizesAttr, b.getDenseI64ArrayAttr({}));
      return success();
    }
    SmallVector<scf::ForallOp> loops(
        function.getBody().front().getOps<scf::ForallOp>());
    if (loops.size() > 1)
      return function.emitError("has several loops over invocations");
    int64_t size = loops.empty() ? 1 : kGroupSize;
    kernel.setKnownBlockSizeAttr(b.getDenseI32ArrayAttr({int32_t(size), 1, 1}));
    function->setAttr(kGroupSizeAttr, b.getI64IntegerAttr(size));

    b.setInsertionPointToStart(&kernel.getBody().front());
    unsigned binding = 0;
    for (BlockArgument argument : function.getArguments()) {
      if (isa<MemRefType>(argument.getType())) {
        mapping.map(argument, kernel.getArgument(binding++));
        continue;
      }
      Value word = LaunchConstantOp::create(b, b.getI32Type(), constant++);
      mapping.map(argument,
                  arith::IndexCastUIOp::create(b, b.getIndexType(), word));
    }
    for (Operation &op : function.getBody().front().without_terminator())
      if (failed(clone(&op)))
        return failure();
    gpu::ReturnOp::create(b);
    function->setAttr(kSizesAttr, b.getDenseI64ArrayAttr(sized));
    return success();
  }

private:
  void setGroupSize(gpu::GPUFuncOp kernel, int64_t size) {
    kernel.setKnownBlockSizeAttr(b.getDenseI32ArrayAttr({int32_t(size), 1, 1}));
    function->setAttr(kGroupSizeAttr, b.getI64IntegerAttr(size));
  }

  LogicalResult clone(Operation *op) {
    auto forall = dyn_cast<scf::ForallOp>(op);
    if (!forall)
      return cloneInto(op);
    if (forall.getRank() != 1 || !forall.isNormalized())
      return forall.emitError("is no loop over invocations");
    Value x = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    Value y = gpu::BlockIdOp::create(b, gpu::Dimension::y);
    Value group = b.add(b.mul(y, b.index(kGroups)), x);
    Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    Value id = b.add(b.mul(group, b.index(kGroupSize)), thread);
    Value bound = getValueOrCreateConstantIndexOp(
        b, b.getLoc(), forall.getMixedUpperBound()[0]);
    Value runs = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, id,
                                       mapping.lookupOrDefault(bound));
    mapping.map(forall.getInductionVar(0), id);
    auto branch = scf::IfOp::create(b, runs, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(branch.thenYield());
    if (auto distinct = function->getAttrOfType<IntegerAttr>(kDistinct)) {
      Value first = memref::LoadOp::create(
          b, mapping.lookup(function.getArgument(distinct.getInt())), id);
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, first,
                                            b.toInteger(id, first.getType()));
      branch = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
      b.setInsertionPoint(branch.thenYield());
    }
    for (Operation &inner : forall.getBody()->without_terminator())
      if (failed(cloneInto(&inner)))
        return failure();
    return success();
  }

  /// Ops on memory are made anew, as their buffers have another type; regions
  /// are gone through.
  LogicalResult cloneInto(Operation *op) {
    b.setLoc(op->getLoc());
    if (isa<memref::AllocOp, memref::AllocaOp>(op)) {
      auto type = cast<MemRefType>(op->getResult(0).getType());
      if (!type.hasStaticShape())
        return op->emitError("a temporary of an invocation has no fixed size");
      mapping.map(op->getResult(0),
                  memref::AllocaOp::create(
                      b, inSpace(type, gpu::AddressSpace::Private)));
      return success();
    }
    if (isa<memref::DeallocOp>(op))
      return success();
    if (auto global = dyn_cast<memref::GetGlobalOp>(op))
      return cloneConstant(global);
    if (auto dim = dyn_cast<memref::DimOp>(op))
      return cloneSize(dim);
    for (Value result : op->getResults())
      if (isa<MemRefType>(result.getType()))
        return op->emitError("'")
               << op->getName() << "' makes a view of a buffer in a kernel";
    if (op->getNumRegions() == 0) {
      b.clone(*op, mapping);
      return success();
    }
    Operation *outer = op->cloneWithoutRegions(mapping);
    b.OpBuilder::insert(outer);
    for (auto [from, to] : llvm::zip(op->getRegions(), outer->getRegions())) {
      if (from.empty())
        continue;
      Block &source = from.front();
      Block *target = b.createBlock(&to);
      for (BlockArgument argument : source.getArguments())
        mapping.map(argument,
                    target->addArgument(argument.getType(), argument.getLoc()));
      for (Operation &inner : source)
        if (failed(cloneInto(&inner)))
          return failure();
      b.setInsertionPointAfter(outer);
    }
    mapping.map(op->getResults(), outer->getResults());
    return success();
  }

  /// The size of a buffer, which the launch passes.
  LogicalResult cloneSize(memref::DimOp dim) {
    auto argument = dyn_cast<BlockArgument>(dim.getSource());
    if (!argument || argument.getOwner() != &function.getBody().front() ||
        dim.getConstantIndex() != 0)
      return dim.emitError(
          "asks for a size that no constant of the launch has");
    int64_t number = argument.getArgNumber();
    auto found = llvm::find(sized, number);
    int32_t index = constant + std::distance(sized.begin(), found);
    if (found == sized.end())
      sized.push_back(number);
    Value word = LaunchConstantOp::create(b, b.getI32Type(), index);
    mapping.map(dim.getResult(),
                arith::IndexCastUIOp::create(b, b.getIndexType(), word));
    return success();
  }

  /// A constant table as memory of the invocation.
  LogicalResult cloneConstant(memref::GetGlobalOp op) {
    auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
        function, op.getNameAttr());
    auto values = global ? dyn_cast_or_null<DenseElementsAttr>(
                               global.getInitialValue().value_or(Attribute()))
                         : DenseElementsAttr();
    auto type = cast<MemRefType>(op.getType());
    if (!values || values.getNumElements() > kConstants)
      return op->emitError("reads a constant table that is too large for a "
                           "kernel");
    Value table =
        memref::AllocaOp::create(b, inSpace(type, gpu::AddressSpace::Private));
    SmallVector<int64_t> at(type.getRank(), 0);
    for (TypedAttr value : values.getValues<TypedAttr>()) {
      SmallVector<Value> indices;
      for (int64_t i : at)
        indices.push_back(b.index(i));
      memref::StoreOp::create(b, arith::ConstantOp::create(b, value), table,
                              indices);
      for (int64_t d = type.getRank() - 1; d >= 0; --d) {
        if (++at[d] < type.getDimSize(d))
          break;
        at[d] = 0;
      }
    }
    mapping.map(op.getResult(), table);
    return success();
  }

  static constexpr int64_t kConstants = 4096;

  ModuleOp module;
  func::FuncOp function;
  int64_t sharedBytes;
  TensorBuilder b;
  IRMapping mapping;
  int32_t constant = 0;
  /// Arguments whose number of rows follows the other constants.
  SmallVector<int64_t> sized;
};

struct OutlineKernelsPass
    : public modc::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  using OutlineKernelsPassBase::OutlineKernelsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> kernels, programs, elements;
    for (auto function : module.getOps<func::FuncOp>())
      (function->hasAttr(kElementFunction) ? elements
       : function.isPrivate()              ? kernels
                                           : programs)
          .push_back(function);
    for (func::FuncOp kernel : kernels) {
      if (failed(Outliner(module, kernel, sharedBytes).run()))
        return signalPassFailure();
      ++numKernels;
    }
    for (func::FuncOp function : elements)
      function.erase();
    if (failed(recordLaunches(module)))
      return signalPassFailure();
    for (func::FuncOp program : programs)
      program.erase();
    for (func::FuncOp kernel : kernels)
      kernel.erase();
    for (auto global :
         llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
      global.erase();
  }
};

} // namespace

gpu::GPUModuleOp modc::findKernels(ModuleOp module, StringRef function) {
  for (auto kernels : module.getOps<gpu::GPUModuleOp>()) {
    StringRef name = kernels.getName();
    if (name.consume_back(kKernelSuffix) && name == function)
      return kernels;
  }
  return {};
}
