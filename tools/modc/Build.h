//===- Build.h - Compile a network for use here -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the driver's other commands need of the compiler, without its headers:
// a library for this processor in a file.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_BUILD_H
#define MODC_TOOLS_MODC_BUILD_H

#include "tools/modc/Network.h"

namespace modc::driver {

/// Parses and verifies the one network in `path`.
Status checkNetwork(const std::string &path, const BuildOptions &options);

/// Compiles the network in `path` to the shared library `library`, with
/// temporary files beside it. Warnings are
/// printed; errors carry the compiler's diagnostics.
Status buildLibrary(const std::string &path, const BuildOptions &options,
                    const std::string &library);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_BUILD_H
