//===- LaunchBuffers.h - How many buffers a launch takes --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows run through as many ops as they can in one launch, but devices bind no
// more than so many buffers: a launch with more is cut in two.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_GPU_LAUNCHBUFFERS_H
#define MODC_PASSES_GPU_LAUNCHBUFFERS_H

#include "passes/gpu/LaunchFormer.h"

namespace modc {

/// Whether something that is not of `ops`, nor made anew by each launch that
/// needs it, reads a value.
bool isReadOutside(mlir::Value value, llvm::ArrayRef<mlir::Operation *> ops);

/// Cuts launches of rows until each takes so many buffers at most, or cannot be
/// cut.
void splitWideLaunches(llvm::SmallVectorImpl<Launch> &launches,
                       unsigned mostBuffers);

} // namespace modc

#endif // MODC_PASSES_GPU_LAUNCHBUFFERS_H
