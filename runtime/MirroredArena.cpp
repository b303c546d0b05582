//===- MirroredArena.cpp - An arena and its copies ------------------------===//
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

using Piece = ArenaLayout::Piece;

template <typename Transfer>
Status MirroredArena::forEachRun(Transfer transfer) const {
  constexpr int64_t kTogether = 1 << 20;
  const std::vector<Piece> &pieces = layout.pieces();
  std::vector<char> data;
  for (size_t first = 0, last; first < pieces.size(); first = last) {
    auto length = [&](size_t end) {
      return pieces[end].there + ArenaLayout::wordsOf(pieces[end]) -
             pieces[first].there;
    };
    last = first + 1;
    while (last < pieces.size() && length(last) <= kTogether)
      ++last;
    // What lies between pieces stays zero.
    data.assign(last - first > 1 ? size_t(length(last - 1)) : 0, 0);
    if (Status s = transfer(&pieces[first], pieces.data() + last, data.data(),
                            length(last - 1));
        !s)
      return s;
  }
  return {};
}

Status MirroredArena::receive() {
  auto get = [&](const Piece *first, const Piece *last, char *data,
                 int64_t length) {
    if (last - first == 1)
      return owner->download({remote, first->there, first->bytes},
                             static_cast<char *>(memory.data()) + first->here);
    Status s = owner->download({remote, first->there, length}, data);
    for (const Piece *piece = first; s && piece != last; ++piece)
      std::memcpy(static_cast<char *>(memory.data()) + piece->here,
                  data + (piece->there - first->there), size_t(piece->bytes));
    return s;
  };
  return forEachRun(get);
}

Status MirroredArena::fetch() {
  if (Status s = memory.reserve(bytes, what); !s)
    return panels.isPlain()
               ? s
               : s.error().within("a copy of what programs keep in panels");
  if (newest & Users)
    return {};
  if (newest & Programs)
    panels.toPlain(packed.data(), memory.data(), threads);
  else if (Status s = receive(); !s)
    return s;
  newest |= Users;
  return {};
}

Status MirroredArena::fetchForWriting() {
  if (Status s = fetch(); !s)
    return s;
  newest = Users;
  return {};
}

Status MirroredArena::fetchForProgram(bool writes) {
  if (panels.isPlain())
    return writes ? fetchForWriting() : fetch();
  if (Status s = packed.reserve(bytes, what); !s)
    return s;
  if (!(newest & Programs)) {
    if (Status s = fetch(); !s)
      return s;
    panels.toPanels(memory.data(), packed.data(), threads);
    newest |= Programs;
  }
  if (writes)
    newest = Programs;
  return {};
}

void MirroredArena::dropCopy() {
  if (panels.isPlain())
    return;
  // Where there is no memory for programs, it stays.
  if (!(newest & Programs) && !fetchForProgram(false))
    return;
  memory = Arena(allocator);
  // Where programs have none, all are zeros.
  if (packed.data())
    newest &= uint8_t(~Users);
}

Status MirroredArena::clear() {
  for (const Arena *side : {&memory, &packed})
    if (side->data())
      std::memset(side->data(), 0, size_t(bytes));
  // A device that was never used holds zeros, another gets them.
  newest = remote ? Users | Programs : All;
  return {};
}

Status MirroredArena::send(Device &device, const ArenaLayout &given) {
  if (!remote) {
    auto buffer = device.allocate(given.deviceBytes(), what);
    if (!buffer)
      return buffer.error();
    owner = device.shared_from_this();
    layout = given;
    remote = std::move(*buffer);
  }
  if (newest & OnDevice)
    return {};
  if (Status s = fetch(); !s)
    return s;
  auto put = [&](const Piece *first, const Piece *last, char *data,
                 int64_t length) {
    if (last - first == 1)
      return device.upload({remote, first->there, first->bytes},
                           static_cast<char *>(memory.data()) + first->here);
    for (const Piece *piece = first; piece != last; ++piece)
      std::memcpy(data + (piece->there - first->there),
                  static_cast<char *>(memory.data()) + piece->here,
                  size_t(piece->bytes));
    return device.upload({remote, first->there, length}, data);
  };
  if (Status s = forEachRun(put); !s)
    return s;
  // Beside a device the processor draws parameters, and runs nothing else.
  packed = Arena(allocator);
  newest = Users | OnDevice;
  return {};
}

} // namespace modc
