//===- PtxFigures.h - What ptxas says of kernels ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers, spills and shared memory of assembled kernels: all that is known
// of them where no NVIDIA GPU is.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_PTXFIGURES_H
#define MODC_FRONTEND_PTXFIGURES_H

#include "runtime/formats/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

/// One kernel on one chip. Registers are of an invocation, as are the bytes of
/// its stack and of what is spilt; shared bytes are of a group.
struct PtxFigures {
  std::string kernel, chip;
  int64_t registers = 0, barriers = 0;
  int64_t stackBytes = 0, spillStoreBytes = 0, spillLoadBytes = 0;
  int64_t sharedBytes = 0;
};

/// The kernels of what `ptxas -v` prints, in its order; functions that are no
/// kernels are left out. An error for a kernel without figures, or with ones
/// that cannot be read.
Result<std::vector<PtxFigures>> parsePtxasLog(std::string_view log);

} // namespace modc

#endif // MODC_FRONTEND_PTXFIGURES_H
