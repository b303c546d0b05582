//===- Version.h - Versions and targets -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What modc was built as, for --version and for messages.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_VERSION_H
#define MODC_TOOLS_MODC_VERSION_H

namespace modc::driver {

/// "0.1.0"
const char *modcVersion();
/// "22.1.8", of the LLVM that modc was built with.
const char *llvmVersion();

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_VERSION_H
