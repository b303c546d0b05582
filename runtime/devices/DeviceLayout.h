//===- DeviceLayout.h - A program of a device for given sizes ---*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns launches as formulas (runtime/DeviceTable.h) into commands for the N
// and S of a call. The table may come from a stranger's file: each range is
// compared with the memory that it is taken from, in 64 bits, before a device
// hears of it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICELAYOUT_H
#define MODC_RUNTIME_DEVICES_DEVICELAYOUT_H

#include "runtime/Signature.h"
#include "runtime/devices/ArenaLayout.h"
#include "runtime/devices/Commands.h"
#include "runtime/devices/DeviceInfo.h"

namespace modc {

/// Where what a program needs besides arenas stands for given sizes.
struct DeviceLayout {
  struct Piece {
    int64_t offset = 0;
    /// A multiple of 4, at least 4.
    int64_t bytes = 0;
  };
  /// In one buffer of `transferBytes`: what the host writes and reads.
  std::vector<Piece> buffers;
  Piece scalars;
  int64_t transferBytes = 0;
  /// In one buffer of `temporaryBytes`.
  std::vector<Piece> slots;
  int64_t temporaryBytes = 0;

  /// Pieces start at multiples of `alignment`.
  static Result<DeviceLayout> create(const ProgramSpec &spec,
                                     const DeviceProgram &program,
                                     int64_t points, int64_t candidates,
                                     int64_t alignment);
};

/// The memory of a call; arenas that its program does not use may be null.
struct DeviceMemory {
  std::shared_ptr<DeviceBuffer> transfers, temporaries;
  /// parameters, gradients, state
  std::array<std::shared_ptr<DeviceBuffer>, 3> arenas;
  std::array<ArenaLayout, 3> arenaLayouts;
};

/// The launches of a program that have groups. `kernels` are those of the
/// target; null for kernels that the program does not launch.
Result<CommandList>
makeCommands(const DeviceProgram &program, const DeviceLayout &layout,
             const DeviceMemory &memory,
             const std::vector<std::shared_ptr<const Kernel>> &kernels,
             const DeviceLimits &limits, int64_t points, int64_t candidates);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICELAYOUT_H
