//===- Pipeline.h - Pipelines of the CPU phases -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes from programs to tensors with upstream ops only, and from those
// to loops on buffers, as library functions.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_PIPELINE_H
#define MODC_PASSES_CPU_PIPELINE_H

#include "passes/Pipelines.h"

namespace modc {

/// Programs on tensors to programs on buffers; functions take what they write.
void addBufferization(mlir::OpPassManager &manager);

/// From phase `programs` to `tiled`: upstream ops on tensors, and scatter_rows.
void buildTiledPipeline(mlir::OpPassManager &manager,
                        const PipelineOptions &options);

/// From phase `tiled` to `buffers`: memref, scf, arith and vector.
void buildBuffersPipeline(mlir::OpPassManager &manager,
                          const PipelineOptions &options);

/// Lets one-shot bufferization lower the ops of ours that are in phase `tiled`.
void registerBufferizationModels(mlir::DialectRegistry &registry);

/// Registers both as --modular-to-tiled and --modular-to-buffers.
void registerCpuPipelines();

} // namespace modc

#endif // MODC_PASSES_CPU_PIPELINE_H
