//===- Version.cpp - Versions and targets ---------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keeps LLVM's configuration header out of the other files.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Version.h"

#include "llvm/Config/llvm-config.h"

namespace modc::driver {

const char *modcVersion() { return MODC_VERSION; }
const char *llvmVersion() { return LLVM_VERSION_STRING; }

} // namespace modc::driver
