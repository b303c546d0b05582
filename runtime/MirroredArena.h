//===- MirroredArena.h - An arena here and on a device ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parameters, gradients or state of a session that may have a device. Each side
// gets the contents when it asks for them and the other has changed them since,
// so that a training moves its parameters for checkpoints only.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_MIRROREDARENA_H
#define MODC_RUNTIME_MIRROREDARENA_H

#include "runtime/Arena.h"
#include "runtime/devices/ArenaLayout.h"
#include "runtime/devices/Device.h"

namespace modc {

class MirroredArena {
public:
  /// Room for `bytes` zeros; nothing is allocated before it is asked for.
  /// `what` names the arena in messages and is static.
  MirroredArena(Allocator allocator, int64_t bytes, const char *what)
      : memory(allocator), bytes(bytes), what(what) {}

  /// The host's memory, whatever it holds; null before its first use.
  void *data() const { return memory.data(); }
  int64_t size() const { return bytes; }

  /// Brings the newest contents here.
  Status fetch();
  /// The same, for a caller that is going to change them.
  Status fetchForWriting();
  /// Writes zeros, wherever the contents are.
  Status clear();

  /// Brings the newest contents to a device, always the same one in the same
  /// layout. Does not wait.
  Status send(Device &device, const ArenaLayout &layout);
  /// Null before the first `send`.
  const std::shared_ptr<DeviceBuffer> &deviceBuffer() const { return remote; }
  /// To be called after a device's program that writes the arena.
  void setWrittenByDevice() {
    deviceIsNewer = true;
    hostIsNewer = false;
  }

private:
  /// Calls `transfer(first, last, data, length)` for runs of pieces from
  /// `first` to before `last`. Several that are small go together, as each
  /// transfer may cost a wait: through `data` of `length` bytes, all of the
  /// device's memory that they span.
  template <typename Transfer>
  Status forEachRun(Transfer transfer) const;

  Arena memory;
  int64_t bytes;
  const char *what;
  std::shared_ptr<Device> owner;
  std::shared_ptr<DeviceBuffer> remote;
  ArenaLayout layout;
  // At most one of them; both sides are zeros at first.
  bool hostIsNewer = false, deviceIsNewer = false;
};

} // namespace modc

#endif // MODC_RUNTIME_MIRROREDARENA_H
