//===- Spirv.h - What a SPIR-V module says of itself ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vulkan's behaviour is undefined for modules that are malformed, use what the
// device does not have or lack the entry point that is asked for. This reads as
// much of a module as it takes to refuse those.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_SPIRV_H
#define MODC_RUNTIME_DEVICES_SPIRV_H

#include "runtime/formats/Result.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

struct SpirvEntry {
  std::string name;
  std::array<int64_t, 3> groupSize = {};
};

struct SpirvModule {
  uint32_t major = 0, minor = 0;
  /// As SPIR-V numbers them.
  std::vector<uint32_t> capabilities;
  std::vector<std::string> extensions;
  /// Entry points of compute kernels.
  std::vector<SpirvEntry> entries;
  /// The image, aligned.
  std::vector<uint32_t> words;
};

Result<SpirvModule> readSpirv(std::string_view image);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_SPIRV_H
