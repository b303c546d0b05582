//===- MemRefParts.cpp - Buffers as pointers and numbers ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works on descriptors, by way of casts that the conversion to LLVM folds:
// pointers never become integers, which would hide from LLVM what they point
// to.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/MemRefParts.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace modc;

static Value cast(OpBuilder &builder, Location loc, Type type, Value value) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

FailureOr<SmallVector<Type>> MemRefParts::types(Type type) const {
  SmallVector<Type> parts;
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref) {
    Type converted = converter.convertType(type);
    if (!converted || isa<UnrankedMemRefType>(type))
      return failure();
    parts.push_back(converted);
    return parts;
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(memref.getStridesAndOffset(strides, offset)))
    return failure();
  parts.push_back(LLVM::LLVMPointerType::get(type.getContext()));
  size_t dynamic = memref.getNumDynamicDims();
  if (!memref.getLayout().isIdentity())
    dynamic += llvm::count(strides, ShapedType::kDynamic);
  parts.append(dynamic, IntegerType::get(type.getContext(), 64));
  return parts;
}

SmallVector<Value> MemRefParts::split(OpBuilder &builder, Location loc,
                                      Value value) const {
  auto memref = dyn_cast<MemRefType>(value.getType());
  Type converted = converter.convertType(value.getType());
  Value plain = cast(builder, loc, converted, value);
  if (!memref)
    return {plain};
  MemRefDescriptor descriptor(plain);
  SmallVector<int64_t> strides;
  int64_t offset;
  (void)memref.getStridesAndOffset(strides, offset);
  Value pointer = descriptor.alignedPtr(builder, loc);
  if (offset != 0)
    pointer = LLVM::GEPOp::create(
        builder, loc, pointer.getType(),
        converter.convertType(memref.getElementType()), pointer,
        ArrayRef<LLVM::GEPArg>{descriptor.offset(builder, loc)});
  SmallVector<Value> parts = {pointer};
  for (int64_t i = 0; i < memref.getRank(); ++i)
    if (memref.isDynamicDim(i))
      parts.push_back(descriptor.size(builder, loc, i));
  if (!memref.getLayout().isIdentity())
    for (int64_t i = 0; i < memref.getRank(); ++i)
      if (ShapedType::isDynamic(strides[i]))
        parts.push_back(descriptor.stride(builder, loc, i));
  return parts;
}

Value MemRefParts::join(OpBuilder &builder, Location loc, Type type,
                        ValueRange &parts) const {
  auto take = [&]() {
    Value front = parts.front();
    parts = parts.drop_front();
    return front;
  };
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return cast(builder, loc, type, take());

  Value pointer = take();
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(memref));
  SmallVector<int64_t> strides;
  int64_t offset;
  (void)memref.getStridesAndOffset(strides, offset);
  // Accesses add a static offset again; a dynamic one is in the pointer.
  if (!ShapedType::isDynamic(offset) && offset != 0)
    pointer =
        LLVM::GEPOp::create(builder, loc, pointer.getType(),
                            converter.convertType(memref.getElementType()),
                            pointer, ArrayRef<LLVM::GEPArg>{int32_t(-offset)});
  descriptor.setAllocatedPtr(builder, loc, pointer);
  descriptor.setAlignedPtr(builder, loc, pointer);
  descriptor.setConstantOffset(builder, loc,
                               ShapedType::isDynamic(offset) ? 0 : offset);
  SmallVector<Value> sizes(memref.getRank());
  for (int64_t i = 0; i < memref.getRank(); ++i) {
    if (memref.isDynamicDim(i))
      descriptor.setSize(builder, loc, i, sizes[i] = take());
    else
      descriptor.setConstantSize(builder, loc, i, memref.getDimSize(i));
  }
  bool identity = memref.getLayout().isIdentity();
  Value running;
  int64_t fixed = 1;
  for (int64_t i = memref.getRank() - 1; i >= 0; --i) {
    if (!identity) {
      if (!ShapedType::isDynamic(strides[i]))
        descriptor.setConstantStride(builder, loc, i, strides[i]);
      continue;
    }
    // Strides of the identity layout are products of sizes.
    if (running)
      descriptor.setStride(builder, loc, i, running);
    else
      descriptor.setConstantStride(builder, loc, i, fixed);
    Type i64 = builder.getI64Type();
    auto number = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(builder, loc, i64,
                                      builder.getI64IntegerAttr(value));
    };
    if (!sizes[i] && !running)
      fixed *= memref.getDimSize(i);
    else
      running = LLVM::MulOp::create(
          builder, loc, running ? running : number(fixed),
          sizes[i] ? sizes[i] : number(memref.getDimSize(i)));
  }
  if (!identity)
    for (int64_t i = 0; i < memref.getRank(); ++i)
      if (ShapedType::isDynamic(strides[i]))
        descriptor.setStride(builder, loc, i, take());
  return cast(builder, loc, type, descriptor);
}
