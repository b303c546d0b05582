//===- MemberGradient.h - Gradients of members as launches ------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A gradient of a grouped op (modular-split-grouped) has an invocation for each
// element of it, of all members of a class, or one for each member.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_MEMBERGRADIENT_H
#define MODC_PASSES_GPU_MEMBERGRADIENT_H

#include "passes/gpu/RowKernel.h"

namespace modc {

/// Gradient `i` of class `c` into destination 0, or added to what it holds.
/// Fails with a diagnostic.
llvm::LogicalResult emitMemberGradient(KernelFunction &kernel,
                                       const Placement &placement, GroupedOp op,
                                       unsigned c, unsigned i, bool adds);

} // namespace modc

#endif // MODC_PASSES_GPU_MEMBERGRADIENT_H
