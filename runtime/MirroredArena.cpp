//===- MirroredArena.cpp - An arena here and on a device ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "runtime/MirroredArena.h"

#include <algorithm>
#include <cstring>

namespace modc {

Status MirroredArena::fetch() {
  if (Status s = memory.reserve(bytes, what); !s)
    return s;
  if (!deviceIsNewer)
    return {};
  if (Status s = owner->download({remote, 0, bytes}, memory.data()); !s)
    return s;
  deviceIsNewer = false;
  return {};
}

Status MirroredArena::fetchForWriting() {
  if (Status s = fetch(); !s)
    return s;
  hostIsNewer = true;
  return {};
}

Status MirroredArena::clear() {
  // Never used: zeros on both sides.
  if (!memory.data() && !remote)
    return {};
  if (Status s = memory.reserve(bytes, what); !s)
    return s;
  std::memset(memory.data(), 0, size_t(bytes));
  hostIsNewer = true;
  deviceIsNewer = false;
  return {};
}

Status MirroredArena::send(Device &device) {
  if (!remote) {
    int64_t words = std::max<int64_t>((bytes + 3) / 4, 1);
    auto buffer = device.allocate(words * 4, what);
    if (!buffer)
      return buffer.error();
    owner = device.shared_from_this();
    remote = std::move(*buffer);
  }
  if (!hostIsNewer)
    return {};
  if (Status s = device.upload({remote, 0, bytes}, memory.data()); !s)
    return s;
  hostIsNewer = false;
  return {};
}

} // namespace modc
