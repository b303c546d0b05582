//===- SharedLibrary.h - A driver's library, opened when it is needed *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens a library by name through the system's loader, so that ours starts on
// machines that do not have it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_SHAREDLIBRARY_H
#define MODC_RUNTIME_DEVICES_SHAREDLIBRARY_H

#include "runtime/formats/Result.h"

#include <memory>
#include <string>

namespace modc {

class SharedLibrary {
public:
  /// The error names the library and says why it cannot be loaded.
  static Result<SharedLibrary> open(const std::string &name);

  /// Null where the library has no such symbol.
  void *find(const char *symbol) const;
  const std::string &path() const { return file; }

private:
  SharedLibrary(std::string file, std::shared_ptr<void> handle)
      : file(std::move(file)), handle(std::move(handle)) {}

  std::string file;
  std::shared_ptr<void> handle;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_SHAREDLIBRARY_H
