//===- DeviceCompiler.h - Programs for devices ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From phase `programs` to what a compiled model holds for one device target:
// the images of its kernels and the lists of their launches.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_DEVICECOMPILER_H
#define MODC_FRONTEND_DEVICECOMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "runtime/formats/Result.h"
#include "llvm/Support/JSON.h"

#include <functional>
#include <string>
#include <string_view>

namespace modc {

/// Told of the IR after each phase of a device, by the phase's name.
using DevicePhaseListener =
    std::function<Status(mlir::ModuleOp, std::string_view phase)>;

/// What assembles PTX; without a program kernels stay PTX.
struct DeviceAssembler {
  std::string ptxas, temporaryFolder;
  /// Set to what ptxas would not assemble, and why.
  std::string complaint;
};

/// Lowers `module`, which is changed, and appends the images of its kernels to
/// `code`, each at a multiple of 8 bytes. Gives an entry of the signature's
/// `devices`. What passes find wrong goes to the context's diagnostics.
Result<llvm::json::Object> compileForDevice(mlir::ModuleOp module,
                                            std::string_view target,
                                            const DevicePhaseListener &listener,
                                            DeviceAssembler &assembler,
                                            std::string &code);

} // namespace modc

#endif // MODC_FRONTEND_DEVICECOMPILER_H
