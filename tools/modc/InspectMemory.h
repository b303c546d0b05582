//===- InspectMemory.h - What programs keep in memory -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of 'modc inspect --memory': temporaries of each program, which of
// them share memory, and what a call of these sizes takes beside its arguments.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_INSPECTMEMORY_H
#define MODC_TOOLS_MODC_INSPECTMEMORY_H

#include "runtime/Signature.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace modc::driver {

struct MemoryFlags {
  int64_t points = 256, candidates = 10, threads = 1;
  /// A target of the model; without, the best that this processor runs.
  std::string target;
};

Result<nlohmann::ordered_json> describeMemory(const Signature &signature,
                                              const MemoryFlags &flags);
std::string memoryText(const nlohmann::ordered_json &memory);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_INSPECTMEMORY_H
