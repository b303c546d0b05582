//===- Passes.h - All passes of modc ----------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes and their registration.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_PASSES_H
#define MODC_PASSES_PASSES_H

#include "mlir/Pass/Pass.h"
#include "passes/gpu/LaunchLimits.h"
#include <memory>

namespace modc {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace modc

#endif // MODC_PASSES_PASSES_H
