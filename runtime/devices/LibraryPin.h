//===- LibraryPin.h - Drivers that stay loaded ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loader of drivers unloads them with the last instance. They are not made
// for it: each round of loading and unloading leaves memory behind, and some
// leave threads and exit handlers whose code is gone then. So whatever has been
// loaded for a driver stays until the process ends.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_LIBRARYPIN_H
#define MODC_RUNTIME_DEVICES_LIBRARYPIN_H

#include <set>
#include <string>

namespace modc {

class LibraryPin {
public:
  /// Looks at what is loaded now.
  LibraryPin();
  /// Keeps what has been loaded since. What another thread happens to load
  /// meanwhile is kept, too.
  ~LibraryPin();
  LibraryPin(const LibraryPin &) = delete;
  LibraryPin &operator=(const LibraryPin &) = delete;

private:
  std::set<std::string> before;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_LIBRARYPIN_H
