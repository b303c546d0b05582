//===- Ptxas.h - PTX to machine code of a chip ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the assembler of the CUDA Toolkit and runs it. It is no part of modc:
// where there is none, kernels stay PTX, which the driver assembles.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_PTXAS_H
#define MODC_FRONTEND_PTXAS_H

#include "frontend/PtxFigures.h"

namespace modc {

/// For `findPtxas`: none, whatever there is.
constexpr std::string_view kNoPtxas = "none";

/// The program `given`, which has to be there; without a name that on the path,
/// in $CUDA_PATH/bin or, where that is not set, in /usr/local/cuda/bin. Empty
/// where there is none, or none is wanted.
Result<std::string> findPtxas(const std::string &given);

struct AssembledKernel {
  std::string cubin;
  PtxFigures figures;
};

/// How long a module may take: the slowest that we know takes seconds.
constexpr double kPtxasSeconds = 300;

/// Assembles modules of one kernel each for a chip ("sm_80"), several at a
/// time, with files in a folder of their own below `temporaryFolder` (empty:
/// the system's), which is removed in any case. One result for each module; an
/// error is what ptxas says. What takes longer than `seconds` is stopped, and
/// no other is begun then.
std::vector<Result<AssembledKernel>>
assemblePtx(const std::string &ptxas, const std::vector<std::string> &modules,
            std::string_view chip, const std::string &temporaryFolder = {},
            double seconds = kPtxasSeconds);

} // namespace modc

#endif // MODC_FRONTEND_PTXAS_H
