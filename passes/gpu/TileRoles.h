//===- TileRoles.h - Which arguments of a launch are what -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of launches that have kernels of their own carry a dictionary:
// the kind of the kernel, and numbers of arguments by what they are to it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_TILEROLES_H
#define MODC_PASSES_GPU_TILEROLES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/kernels/DeviceBuilder.h"

namespace modc {

/// On a function: the kernel that takes its place, by the numbers of arguments.
constexpr llvm::StringLiteral kTileKernel = "modular.tile_kernel";

/// Whether a launch takes a value as an argument, as it is.
inline bool isWhole(mlir::Value value) {
  mlir::Operation *op = value.getDefiningOp();
  return !op || !isCheap(op);
}

/// Writes them.
struct TileRoles {
  mlir::OpBuilder b;
  KernelFunction &kernel;
  mlir::NamedAttrList list;

  TileRoles(KernelFunction &kernel, llvm::StringRef kind)
      : b(kernel.function.getContext()), kernel(kernel) {
    list.set("kind", b.getStringAttr(kind));
  }
  void set(llvm::StringRef name, int64_t value) {
    list.set(name, b.getI64IntegerAttr(value));
  }
  /// The argument that is this value, as it is in the function.
  static int64_t numberOf(mlir::Value value) {
    return llvm::cast<mlir::BlockArgument>(value).getArgNumber();
  }
  void argument(llvm::StringRef name, mlir::Value value) {
    set(name, numberOf(value));
  }
  void rows(RowCount count) {
    set("factor", count.factor);
    argument("rows", kernel.size({1, count.points, count.candidates, {}}));
  }
  void done() {
    kernel.function->setAttr(kTileKernel, list.getDictionary(b.getContext()));
  }
};

/// Reads them, when arguments are buffers.
struct TileArguments {
  mutable mlir::func::FuncOp function;
  mlir::DictionaryAttr roles;

  explicit TileArguments(mlir::func::FuncOp function)
      : function(function),
        roles(function->getAttrOfType<mlir::DictionaryAttr>(kTileKernel)) {}
  static int64_t get(mlir::DictionaryAttr roles, llvm::StringRef name,
                     int64_t otherwise = -1) {
    auto value = roles.getAs<mlir::IntegerAttr>(name);
    return value ? value.getInt() : otherwise;
  }
  int64_t get(llvm::StringRef name, int64_t otherwise = -1) const {
    return get(roles, name, otherwise);
  }
  llvm::StringRef kind() const {
    return roles.getAs<mlir::StringAttr>("kind").getValue();
  }
  /// The dictionaries of a kernel of several.
  auto pieces() const {
    return roles.getAs<mlir::ArrayAttr>("pieces")
        .getAsRange<mlir::DictionaryAttr>();
  }
  mlir::MemRefType type(int64_t number) const {
    return llvm::cast<mlir::MemRefType>(function.getArgumentTypes()[number]);
  }
  mlir::MemRefType type(llvm::StringRef name) const { return type(get(name)); }
  int64_t members() const {
    return get("offsets") < 0 ? 0 : type("offsets").getDimSize(0) - 1;
  }

  /// The kernel's buffer for an argument; null for a negative number.
  mlir::Value buffer(mlir::gpu::GPUFuncOp kernel, int64_t number) const {
    if (number < 0)
      return {};
    unsigned place = 0;
    for (int64_t i = 0; i < number; ++i)
      place += llvm::isa<mlir::MemRefType>(function.getArgumentTypes()[i]);
    return kernel.getArgument(place);
  }
  mlir::Value buffer(mlir::gpu::GPUFuncOp kernel, llvm::StringRef name) const {
    return buffer(kernel, get(name));
  }
};

} // namespace modc

#endif // MODC_PASSES_GPU_TILEROLES_H
