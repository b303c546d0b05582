//===- TemporaryDirectory.h - Files for a moment ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A directory for what a compilation leaves between its steps. It goes with the
// object, and also when Ctrl-C ends the program.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_TEMPORARYDIRECTORY_H
#define MODC_TOOLS_MODC_TEMPORARYDIRECTORY_H

#include "runtime/formats/Result.h"
#include "tools/modc/Signals.h"

#include <memory>
#include <string>

namespace modc::driver {

/// At most one exists at a time, and no CatchInterrupt beside it.
class TemporaryDirectory {
public:
  /// In TMPDIR, else in /tmp.
  static Result<std::unique_ptr<TemporaryDirectory>> create();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;

  const std::string path;

private:
  explicit TemporaryDirectory(std::string name);

  RemoveOnInterrupt removal;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_TEMPORARYDIRECTORY_H
