//===- Device.h - Memory, kernels and submissions of one device -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One interface for the processor, Vulkan and CUDA. A program of a model is a
// list of commands over ranges of buffers; a device records it once and runs it
// any number of times, each time with one submission and no synchronisation
// inside. What changes from step to step (step, seed, learning rate) is written
// to a small buffer with the submission, so that recordings stay valid.
//
//   auto device = openDevice("vulkan");
//   auto x = (*device)->allocate(bytes, "inputs");
//   auto kernels = (*device)->load(image, specs);
//   auto step = (*device)->record({LaunchCommand{...}, LaunchCommand{...}});
//   (*device)->upload({*x, 0, bytes}, data);
//   (*device)->submit(**step, {{{scalars, 0, 16}, &now}});
//   (*device)->download({*y, 0, bytes}, result); // waits for the step
//
// The public functions check everything that does not depend on the driver
// (ranges, limits, who owns what); drivers implement the protected ones.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICE_H
#define MODC_RUNTIME_DEVICES_DEVICE_H

#include "runtime/devices/BlockPool.h"
#include "runtime/devices/Commands.h"
#include "runtime/devices/DeviceInfo.h"
#include "runtime/formats/Result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

class Device;

/// Memory of a device. Goes back to the device's pool when the last range,
/// recording or caller lets go of it.
class DeviceBuffer {
public:
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer &) = delete;
  DeviceBuffer &operator=(const DeviceBuffer &) = delete;

  int64_t bytes() const { return length; }

private:
  friend class Device;
  DeviceBuffer(std::shared_ptr<Device> device,
               std::unique_ptr<DeviceBlock> block, int64_t length);

  std::shared_ptr<Device> device;
  std::unique_ptr<DeviceBlock> block;
  int64_t length;
};

/// A list of commands that a device can run again and again. Holds its kernels
/// and buffers.
class Recording {
public:
  virtual ~Recording() = default;
  /// Launches that do something, and commands that wait for others.
  int64_t launchCount() const { return launches; }
  int64_t barrierCount() const { return barriers; }
  bool isTimed() const { return timed; }

protected:
  Recording(std::shared_ptr<Device> device, CommandList commands,
            const std::vector<bool> &waits, bool timed);

  // Destroyed last: the device outlives what it has made.
  std::shared_ptr<Device> device;
  /// The commands that do something.
  CommandList commands;

private:
  friend class Device;
  int64_t launches = 0, barriers = 0;
  bool timed;
  uint64_t lastTicket = 0;
};

/// When a launch ran, in nanoseconds since the recording began on the device.
struct LaunchTime {
  std::string label;
  int64_t groups = 0;
  int64_t begin = 0, end = 0;
};

/// A few bytes that a submission writes before its commands run: multiples of
/// 4, copied at once, at most `kInlineBytes` for all writes together.
struct HostWrite {
  DeviceRange to;
  const void *from = nullptr;
};
inline constexpr int64_t kInlineBytes = 65536;

/// For one thread at a time, the release of buffers and recordings included.
/// Devices are independent of each other.
class Device : public std::enable_shared_from_this<Device> {
public:
  virtual ~Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  const DeviceInfo &info() const { return description; }

  /// A buffer of zeros. `what` names it in the message that gives need and
  /// limit in bytes.
  Result<std::shared_ptr<DeviceBuffer>> allocate(int64_t bytes,
                                                 std::string_view what);
  /// Of all buffers; memory that is kept to be used again is not counted.
  int64_t allocatedBytes() const { return used; }

  /// After all that was submitted and before all that will be. `from` may
  /// change as soon as the call returns.
  Status upload(const DeviceRange &to, const void *from);
  /// Waits for all that was submitted.
  Status download(const DeviceRange &from, void *to);

  /// Makes kernels of an image: SPIR-V, or PTX or a cubin. One kernel per
  /// description, in their order.
  Result<std::vector<std::shared_ptr<const Kernel>>>
  load(std::string_view image, const std::vector<KernelSpec> &kernels);

  /// `timed` keeps the time of each launch, at the price of a wait between two
  /// submissions of this recording.
  Result<std::shared_ptr<Recording>> record(CommandList commands,
                                            bool timed = false);

  /// Starts the commands after all that was submitted before and returns a
  /// ticket for `wait`. Waits itself only where too much is under way. `wanted`
  /// is what is going to be downloaded next, if anything: it may come with the
  /// submission then.
  Result<uint64_t> submit(Recording &recording,
                          const std::vector<HostWrite> &writes = {},
                          const DeviceRange &wanted = {});
  /// Returns when the submission has ended; with 0, all of them. A device that
  /// does not answer in DeviceOptions::timeoutSeconds is lost.
  Status wait(uint64_t ticket = 0);

  /// Of the last submission of a timed recording, which it waits for.
  Result<std::vector<LaunchTime>> times(Recording &recording);

  /// A device that has failed once stays lost: every call that would use it
  /// fails with the first reason.
  bool isLost() const { return !lostReason.empty(); }

  /// What the validation layer has said since the last call of this function,
  /// where DeviceOptions::validate asked for it.
  virtual std::vector<std::string> takeMessages() { return {}; }

protected:
  explicit Device(DeviceInfo info) : description(std::move(info)) {}

  /// Marks the device as lost and returns the error that says so.
  Error lose(std::string_view reason);
  Status checkAlive() const;
  /// "vulkan:0 (llvmpipe): " and a message of texts and integers.
  template <typename... Parts>
  Error error(const Parts &...parts) const {
    return makeError(description.label(), ": ", parts...);
  }

  static DeviceBlock &blockOf(const DeviceRange &range);
  uint64_t lastTicketOf(const Recording &recording) const {
    return recording.lastTicket;
  }
  /// Drops the blocks that no buffer uses; the first thing that the destructor
  /// of a driver does.
  void dropIdleBlocks() { pool.clear(); }

  virtual Result<std::unique_ptr<DeviceBlock>> createBlock(int64_t bytes) = 0;
  /// Writes zeros, after all that was submitted.
  virtual Status clearBlock(DeviceBlock &block) = 0;
  virtual Status writeRange(const DeviceRange &to, const void *from) = 0;
  virtual Status readRange(const DeviceRange &from, void *to) = 0;
  virtual Result<std::vector<std::shared_ptr<const Kernel>>>
  loadKernels(std::string_view image,
              const std::vector<KernelSpec> &kernels) = 0;
  /// `waits[i]`: command i depends on one before it.
  virtual Result<std::shared_ptr<Recording>>
  makeRecording(CommandList commands, const std::vector<bool> &waits,
                bool timed) = 0;
  virtual Result<uint64_t> start(Recording &recording,
                                 const std::vector<HostWrite> &writes,
                                 const DeviceRange &wanted) = 0;
  virtual Status finish(uint64_t ticket) = 0;
  virtual Result<std::vector<LaunchTime>> readTimes(Recording &recording) = 0;

private:
  friend class DeviceBuffer;
  Result<std::unique_ptr<DeviceBlock>> takeBlock(int64_t bytes,
                                                 std::string_view what);
  Status checkRange(const DeviceRange &range) const;
  Status checkWrites(const std::vector<HostWrite> &writes) const;

  DeviceInfo description;
  BlockPool pool;
  int64_t used = 0;
  std::string lostReason;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICE_H
