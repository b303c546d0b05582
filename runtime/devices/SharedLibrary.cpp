//===- SharedLibrary.cpp - A driver's library, opened when it is needed ---===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Wraps the dynamic loader.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/SharedLibrary.h"

#include <dlfcn.h>

namespace modc {

Result<SharedLibrary> SharedLibrary::open(const std::string &name) {
  void *handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    return makeError("cannot load ", inQuotes(name, pathLimit), ": ",
                     reason ? reason : "unknown reason");
  }
  return SharedLibrary(name, std::shared_ptr<void>(handle, [](void *library) {
                         dlclose(library);
                       }));
}

void *SharedLibrary::find(const char *symbol) const {
  return dlsym(handle.get(), symbol);
}

} // namespace modc
