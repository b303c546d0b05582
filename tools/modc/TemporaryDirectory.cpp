//===- TemporaryDirectory.cpp - Files for a moment ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removed with all that it holds, however the compilation ends.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/TemporaryDirectory.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace modc::driver {

Result<std::unique_ptr<TemporaryDirectory>> TemporaryDirectory::create() {
  const char *variable = std::getenv("TMPDIR");
  std::string base = variable && *variable ? variable : "/tmp";
  std::string name = base + "/modc-XXXXXX";
  // There is no moment at which it is there and a signal would leave it.
  DelayInterrupt delay;
  if (!mkdtemp(name.data()))
    return makeError("cannot make a temporary directory in ",
                     inQuotes(base, pathLimit), ": ", reasonText(errno));
  return std::unique_ptr<TemporaryDirectory>(
      new TemporaryDirectory(std::move(name)));
}

TemporaryDirectory::TemporaryDirectory(std::string name)
    : path(std::move(name)), removal(path) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

} // namespace modc::driver
