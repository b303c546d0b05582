//===- Device.cpp - Memory, kernels and submissions of one device ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of every device that does not depend on its driver: checks, the
// pool of memory, and what has become of a lost device.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Device.h"

#include "runtime/devices/DeviceChecks.h"

#include <algorithm>

namespace modc {
namespace {

/// Blocks are whole multiples of this, so that more of them fit again.
constexpr int64_t kBlockBytes = 256;

} // namespace

DeviceBuffer::DeviceBuffer(std::shared_ptr<Device> device,
                           std::unique_ptr<DeviceBlock> block, int64_t length)
    : device(std::move(device)), block(std::move(block)), length(length) {
  this->device->used += this->block->bytes;
}

DeviceBuffer::~DeviceBuffer() {
  device->used -= block->bytes;
  // Commands under way may still use the block. Whoever takes it next only does
  // so by later commands, and it is destroyed only when the device is idle.
  device->pool.give(std::move(block));
}

Recording::Recording(std::shared_ptr<Device> device, CommandList list,
                     const std::vector<bool> &waits, bool timed)
    : device(std::move(device)), commands(std::move(list)), timed(timed) {
  for (const Command &command : commands)
    launches += std::holds_alternative<LaunchCommand>(command);
  barriers = std::count(waits.begin(), waits.end(), true);
}

Error Device::lose(std::string_view reason) {
  if (lostReason.empty())
    lostReason = reason;
  return error(lostReason);
}

Status Device::checkAlive() const {
  if (isLost())
    return error("lost earlier: " + lostReason);
  return {};
}

DeviceBlock &Device::blockOf(const DeviceRange &range) {
  return *range.buffer->block;
}

Status Device::checkRange(const DeviceRange &range) const {
  if (!range.buffer)
    return error("a range without a buffer");
  if (range.buffer->device.get() != this)
    return error("a buffer of " + range.buffer->device->info().label());
  if (range.offset < 0 || range.bytes < 0 ||
      range.offset > range.buffer->bytes() ||
      range.bytes > range.buffer->bytes() - range.offset)
    return error(range.bytes, " bytes at byte ", range.offset,
                 " are not within a buffer of ", range.buffer->bytes());
  return {};
}

Result<std::unique_ptr<DeviceBlock>> Device::takeBlock(int64_t bytes,
                                                       std::string_view what) {
  const DeviceLimits &limits = description.limits;
  if (bytes < 0 || bytes > limits.bufferBytes)
    return error("cannot allocate ", bytes, " bytes for ", what,
                 ": one buffer has at most ", limits.bufferBytes);
  bytes = std::max((bytes + kBlockBytes - 1) / kBlockBytes, int64_t(1)) *
          kBlockBytes;
  if (std::unique_ptr<DeviceBlock> block = pool.take(bytes))
    return block;
  auto fail = [&](std::string_view reason) {
    // The driver's error begins with the device, too.
    const std::string label = description.label() + ": ";
    if (reason.substr(0, label.size()) == label)
      reason.remove_prefix(label.size());
    return error("cannot allocate ", bytes, " bytes for ", what, ": ", used,
                 " of ", limits.memoryBytes, " are in use",
                 reason.empty() ? "" : ", ", reason);
  };
  if (bytes > limits.memoryBytes - used)
    return fail("");
  if (bytes <= limits.memoryBytes - used - pool.bytes()) {
    Result<std::unique_ptr<DeviceBlock>> block = createBlock(bytes);
    if (block || pool.bytes() == 0 || isLost())
      return block ? std::move(block) : fail(block.error().message());
  }
  // What is kept for later may be what is missing now.
  if (Status status = finish(0); !status)
    return status.error();
  pool.clear();
  Result<std::unique_ptr<DeviceBlock>> block = createBlock(bytes);
  return block ? std::move(block) : fail(block.error().message());
}

Result<std::shared_ptr<DeviceBuffer>> Device::allocate(int64_t bytes,
                                                       std::string_view what) {
  if (Status status = checkAlive(); !status)
    return status.error();
  Result<std::unique_ptr<DeviceBlock>> block = takeBlock(bytes, what);
  if (!block)
    return block.error();
  if (Status status = clearBlock(**block); !status)
    return status.error();
  return std::shared_ptr<DeviceBuffer>(
      new DeviceBuffer(shared_from_this(), std::move(*block), bytes));
}

Status Device::upload(const DeviceRange &to, const void *from) {
  if (Status status = checkAlive(); !status)
    return status;
  if (Status status = checkRange(to); !status)
    return status;
  return to.bytes ? writeRange(to, from) : Status();
}

Status Device::download(const DeviceRange &from, void *to) {
  if (Status status = checkAlive(); !status)
    return status;
  if (Status status = checkRange(from); !status)
    return status;
  return from.bytes ? readRange(from, to) : Status();
}

Result<std::vector<std::shared_ptr<const Kernel>>>
Device::load(std::string_view image, const std::vector<KernelSpec> &kernels) {
  if (Status status = checkAlive(); !status)
    return status.error();
  for (const KernelSpec &kernel : kernels)
    if (Status status = checkKernel(description.limits, kernel); !status)
      return error("kernel " + inQuotes(kernel.entry) + ": " +
                   status.error().message());
  return loadKernels(image, kernels);
}

Result<std::shared_ptr<Recording>> Device::record(CommandList commands,
                                                  bool timed) {
  if (Status status = checkAlive(); !status)
    return status.error();
  if (timed && !description.timestamps)
    return error("has no timestamps");
  for (const Command &command : commands) {
    std::vector<const DeviceRange *> ranges;
    if (const auto *launch = std::get_if<LaunchCommand>(&command)) {
      if (!launch->kernel || launch->kernel->owner() != this)
        return error("a launch of a kernel that was loaded elsewhere");
      for (const DeviceRange &range : launch->bindings)
        ranges.push_back(&range);
    } else if (const auto *copy = std::get_if<CopyCommand>(&command)) {
      ranges = {&copy->from, &copy->to};
    } else {
      ranges = {&std::get<FillCommand>(command).to};
    }
    for (const DeviceRange *range : ranges)
      if (Status status = checkRange(*range); !status)
        return status.error();
    if (Status s = checkCommand(description.limits, command); !s)
      return error(s.error().message());
  }
  commands.erase(std::remove_if(commands.begin(), commands.end(), isEmpty),
                 commands.end());
  std::vector<bool> waits = findBarriers(commands);
  return makeRecording(std::move(commands), waits, timed);
}

Status Device::checkWrites(const std::vector<HostWrite> &writes) const {
  int64_t total = 0;
  for (const HostWrite &write : writes) {
    if (Status status = checkRange(write.to); !status)
      return status;
    if (write.to.offset % 4 != 0 || write.to.bytes % 4 != 0)
      return error("a write of ", write.to.bytes, " bytes at byte ",
                   write.to.offset, ": not multiples of 4");
    total += write.to.bytes;
    if (total > kInlineBytes)
      return error("a submission writes ", total, " bytes, at most ",
                   kInlineBytes, " are allowed");
  }
  return {};
}

Result<uint64_t> Device::submit(Recording &recording,
                                const std::vector<HostWrite> &writes,
                                const DeviceRange &wanted) {
  if (Status status = checkAlive(); !status)
    return status.error();
  if (recording.device.get() != this)
    return error("a recording of " + recording.device->info().label());
  if (Status status = checkWrites(writes); !status)
    return status.error();
  if (wanted.buffer)
    if (Status status = checkRange(wanted); !status)
      return status.error();
  // Its times would be overwritten.
  if (recording.timed && recording.lastTicket)
    if (Status status = finish(recording.lastTicket); !status)
      return status.error();
  Result<uint64_t> ticket = start(recording, writes, wanted);
  if (ticket)
    recording.lastTicket = *ticket;
  return ticket;
}

Status Device::wait(uint64_t ticket) {
  if (Status status = checkAlive(); !status)
    return status;
  return finish(ticket);
}

Result<std::vector<LaunchTime>> Device::times(Recording &recording) {
  if (Status status = checkAlive(); !status)
    return status.error();
  if (recording.device.get() != this)
    return error("a recording of " + recording.device->info().label());
  if (!recording.timed || !recording.lastTicket)
    return error("no times: the recording is not timed or was not submitted");
  if (Status status = finish(recording.lastTicket); !status)
    return status.error();
  return readTimes(recording);
}

} // namespace modc
