//===- Linker.h - Shared libraries from objects -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the system's linker on objects in memory and puts the result in place
// in one step.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_LINKER_H
#define MODC_FRONTEND_LINKER_H

#include "runtime/formats/Result.h"

#include <string>
#include <vector>

namespace modc {

/// Links `objects` into the shared library `path`, which appears complete or
/// not at all. Takes LLVM's ld.lld, else the C compiler `cc`. The same objects
/// give the same bytes.
Status linkSharedLibrary(const std::vector<std::string> &objects,
                         const std::string &path,
                         const std::string &temporaryFolder = {});

} // namespace modc

#endif // MODC_FRONTEND_LINKER_H
