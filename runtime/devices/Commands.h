//===- Commands.h - What a device is to do, as data -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels, ranges of device memory and lists of commands over them. A list is
// plain data that knows nothing of any driver: a device checks it, finds out
// which of its commands depend on each other and makes a recording of it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_COMMANDS_H
#define MODC_RUNTIME_DEVICES_COMMANDS_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace modc {

class DeviceBuffer;

/// Bytes of a buffer. Holds the buffer.
struct DeviceRange {
  std::shared_ptr<DeviceBuffer> buffer;
  int64_t offset = 0;
  int64_t bytes = 0;
};

/// What a kernel does with a binding. Barriers between launches follow from
/// it, so a kernel that writes through a binding must say so.
enum class Access { Read, Write, ReadWrite };

/// One entry point of a module of kernels, as its compiler describes it.
struct KernelSpec {
  std::string entry;
  /// Vulkan: storage buffers of set 0, numbered from 0. CUDA: the first
  /// parameters, one pointer each.
  std::vector<Access> bindings;
  /// Scalars of 32 bits. Vulkan: push constants from offset 0. CUDA: the
  /// parameters after the pointers.
  int64_t constantBytes = 0;
  std::array<int64_t, 3> groupSize = {1, 1, 1};
  /// Memory shared by a group. For CUDA only what a launch adds to the
  /// variables of the kernel itself.
  int64_t sharedBytes = 0;
};

/// A kernel on its device, ready to be launched.
class Kernel {
public:
  virtual ~Kernel() = default;
  const KernelSpec &spec() const { return description; }
  /// Identifies the device; not to be followed.
  const void *owner() const { return device; }

protected:
  Kernel(const void *device, KernelSpec spec)
      : device(device), description(std::move(spec)) {}

private:
  const void *device;
  KernelSpec description;
};

struct LaunchCommand {
  std::shared_ptr<const Kernel> kernel;
  /// A launch with a dimension of 0 does nothing.
  std::array<int64_t, 3> groups = {1, 1, 1};
  std::vector<DeviceRange> bindings;
  std::vector<uint32_t> constants;
  /// For people: "layer0.grouped".
  std::string label;
  /// Rounds that an invocation makes in all its loops, at most; 0: not known.
  int64_t rounds = 0;
};

/// Groups of a launch in all three dimensions.
int64_t groupCount(const LaunchCommand &launch);

struct CopyCommand {
  DeviceRange from, to;
};

/// Writes a word of 32 bits all over a range.
struct FillCommand {
  DeviceRange to;
  uint32_t value = 0;
};

using Command = std::variant<LaunchCommand, CopyCommand, FillCommand>;
using CommandList = std::vector<Command>;

/// True if the command touches no memory: a launch of no groups, a copy or fill
/// of no bytes.
bool isEmpty(const Command &command);

/// For each command, whether it must wait for those before it: it reads or
/// writes what one of them has written since the last wait, or writes what one
/// has read. Launches that share nothing may then overlap, and no caller can
/// forget a barrier.
std::vector<bool> findBarriers(const CommandList &commands);

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_COMMANDS_H
