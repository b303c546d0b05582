//===- LibraryPin.cpp - Drivers that stay loaded --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Asks the dynamic loader for its list, and once more for each new library, as
// one that is never unloaded.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/LibraryPin.h"

#include <dlfcn.h>
#include <link.h>

namespace modc {
namespace {

std::set<std::string> loadedLibraries() {
  std::set<std::string> names;
  // Nothing may be loaded while the loader walks its list.
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *user) {
        if (info->dlpi_name && info->dlpi_name[0])
          static_cast<std::set<std::string> *>(user)->insert(info->dlpi_name);
        return 0;
      },
      &names);
  return names;
}

} // namespace

LibraryPin::LibraryPin() : before(loadedLibraries()) {}

LibraryPin::~LibraryPin() {
  for (const std::string &name : loadedLibraries())
    if (!before.count(name))
      if (void *handle =
              dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE))
        dlclose(handle);
}

} // namespace modc
