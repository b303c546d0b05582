//===- CpuFeatures.h - What this processor can run --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Asks the processor which of the features of the model interface it has, and
// names features in messages.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_CPUFEATURES_H
#define MODC_RUNTIME_CPUFEATURES_H

#include <cstdint>
#include <string>

namespace modc {

/// Mask of MODC_CPU_* that this processor and its operating system support.
uint64_t cpuFeatures();

/// "avx2, fma" for a mask; bits without a name appear as "bit 40".
std::string describeFeatures(uint64_t mask);

} // namespace modc

#endif // MODC_RUNTIME_CPUFEATURES_H
