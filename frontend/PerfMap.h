//===- PerfMap.h - Names of compiled functions for perf ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A profiler finds no file for code that was made in memory; perf looks for its
// functions in a text file named after the process.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_PERFMAP_H
#define MODC_FRONTEND_PERFMAP_H

#include <cstddef>
#include <string>
#include <vector>

namespace llvm {
namespace orc {
class LLJIT;
} // namespace orc
} // namespace llvm

namespace modc {

/// The name under which an object is handed to the JIT, by its place.
std::string jitObjectName(size_t number);

/// Appends the functions of these objects to /tmp/perf-<process>.map once `jit`
/// links them.
void writePerfMap(llvm::orc::LLJIT &jit,
                  const std::vector<std::string> &objects);

} // namespace modc

#endif // MODC_FRONTEND_PERFMAP_H
