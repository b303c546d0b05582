//===- MirroredArena.h - An arena and its copies ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parameters, gradients or state of a session: as users see them; as programs
// of the processor keep them, where a tensor is in panels; and on a device, if
// there is one. Each side gets the contents when it asks for them and another
// has changed them since, so that a training moves its parameters for
// checkpoints only.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_MIRROREDARENA_H
#define MODC_RUNTIME_MIRROREDARENA_H

#include "runtime/Arena.h"
#include "runtime/Panels.h"
#include "runtime/devices/ArenaLayout.h"
#include "runtime/devices/Device.h"

namespace modc {

class MirroredArena {
public:
  /// Room for `bytes` zeros; nothing is allocated before it is asked for.
  /// `what` names the arena in messages and is static. If no tensor is in
  /// panels, programs of the processor work in the users' memory.
  MirroredArena(Allocator allocator, PanelLayout panels, int64_t bytes,
                const char *what)
      : panels(std::move(panels)), allocator(allocator), memory(allocator),
        packed(allocator), bytes(bytes), what(what) {}

  /// Who copies to and from panels; before anything else, and as long as the
  /// arena is used.
  void setThreads(const modc_host &host) { threads = host; }

  /// The users' memory, whatever it holds; null before its first use.
  void *data() const { return memory.data(); }
  /// The same, of programs of the processor.
  void *programData() const {
    return panels.isPlain() ? memory.data() : packed.data();
  }
  int64_t size() const { return bytes; }

  /// Brings the newest contents to the users' memory.
  Status fetch();
  /// The same, for a caller that is going to change them.
  Status fetchForWriting();
  /// Writes zeros, wherever the contents are.
  Status clear();

  /// Brings the newest contents to where a program of the processor works,
  /// which `writes` them or not.
  Status fetchForProgram(bool writes);

  /// Gives back the users' memory where programs have memory of their own.
  void dropCopy();

  /// Brings the newest contents to a device, always the same one in the same
  /// layout. Does not wait.
  Status send(Device &device, const ArenaLayout &layout);
  /// Null before the first `send`.
  const std::shared_ptr<DeviceBuffer> &deviceBuffer() const { return remote; }
  /// To be called after a device's program that writes the arena.
  void setWrittenByDevice() { newest = OnDevice; }

private:
  /// Calls `transfer(first, last, data, length)` for runs of pieces from
  /// `first` to before `last`. Several that are small go together, as each
  /// transfer may cost a wait: through `data` of `length` bytes, all of the
  /// device's memory that they span.
  template <typename Transfer>
  Status forEachRun(Transfer transfer) const;

  Status receive();

  /// Bits of the sides that hold the newest contents. A side without memory
  /// holds zeros.
  enum Side : uint8_t { Users = 1, Programs = 2, OnDevice = 4, All = 7 };

  PanelLayout panels;
  modc_host threads = {};
  Allocator allocator;
  Arena memory, packed;
  int64_t bytes;
  const char *what;
  std::shared_ptr<Device> owner;
  std::shared_ptr<DeviceBuffer> remote;
  ArenaLayout layout;
  uint8_t newest = All;
};

} // namespace modc

#endif // MODC_RUNTIME_MIRROREDARENA_H
