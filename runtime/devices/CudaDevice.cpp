//===- CudaDevice.cpp - A device through CUDA's driver --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stream, memory, uploads and downloads. Kernels and recordings are in
// CudaObjects.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/CudaDevice.h"

#include "runtime/devices/CudaObjects.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

namespace modc {
namespace {

/// After these the context refuses every call, or its results mean nothing.
bool losesDevice(cuda::Result result) {
  return result == cuda::InvalidContext || result == cuda::EccUncorrectable ||
         result == cuda::NvlinkUncorrectable ||
         result == cuda::IllegalAddress || result == cuda::LaunchTimeout ||
         result == cuda::ContextIsDestroyed || result == cuda::Assert ||
         (result >= cuda::HardwareStackError && result <= cuda::LaunchFailed) ||
         result == cuda::Unknown;
}

} // namespace

CudaDevice::CudaDevice(std::shared_ptr<CudaDriver> owner,
                       const DeviceInfo &info, const DeviceOptions &options)
    : Device(info), driver(std::move(owner)), cu(driver->functions()),
      options(options),
      // What a submission writes goes through one piece, too.
      pieceBytes(std::max(options.stagingBytes, kInlineBytes)) {}

Result<std::shared_ptr<Device>>
CudaDevice::create(std::shared_ptr<CudaDriver> driver, const DeviceInfo &info,
                   const DeviceOptions &options) {
  std::shared_ptr<CudaDevice> device(
      new CudaDevice(std::move(driver), info, options));
  if (Status status = device->open(); !status)
    return status.error();
  return std::shared_ptr<Device>(std::move(device));
}

Status CudaDevice::open() {
  if (Status s = check(cu.deviceGet(&device, int(info().index)), "cuDeviceGet");
      !s)
    return s;
  // The primary context: what the runtime API of the same process uses, too.
  if (Status s =
          check(cu.contextRetain(&context, device), "cuDevicePrimaryCtxRetain");
      !s)
    return s;
  Current current(*this);
  if (!current)
    return current.error();
  if (Status s = check(cu.streamCreate(&stream, cuda::StreamNonBlocking),
                       "cuStreamCreate");
      !s)
    return s;
  for (Slot &slot : slots) {
    if (Status s = check(cu.eventCreate(&slot.ended, cuda::EventDisableTiming),
                         "cuEventCreate");
        !s)
      return s;
    void *staging = nullptr;
    if (Status s = check(cu.hostAllocate(&staging, size_t(pieceBytes), 0),
                         "cuMemHostAlloc");
        !s)
      return s;
    slot.staging = static_cast<char *>(staging);
  }
  return {};
}

CudaDevice::~CudaDevice() {
  if (!context)
    return;
  if (!isLost())
    (void)finish(0);
  dropIdleBlocks();
  if (hung)
    return;
  {
    // Else they go with the context.
    Current current(*this);
    for (Slot &slot : slots) {
      if (current && slot.ended)
        cu.eventDestroy(slot.ended);
      if (current && slot.staging)
        cu.hostFree(slot.staging);
    }
    if (current && stream)
      cu.streamDestroy(stream);
  }
  cu.contextRelease(device);
}

Status CudaDevice::check(cuda::Result result, std::string_view what) {
  if (result == cuda::Success)
    return {};
  std::string reason = std::string(what) + ": " + driver->nameOf(result);
  if (losesDevice(result))
    return lose(reason);
  return error(reason);
}

CudaBlock::~CudaBlock() {
  if (device.hung)
    return;
  CudaDevice::Current current(device);
  if (!current)
    return;
  device.cu.memoryFree(pointer);
}

Result<std::unique_ptr<DeviceBlock>> CudaDevice::createBlock(int64_t bytes) {
  Current current(*this);
  if (!current)
    return current.error();
  cuda::Pointer pointer = 0;
  if (Status s =
          check(cu.memoryAllocate(&pointer, size_t(bytes)), "cuMemAlloc");
      !s)
    return s.error();
  return std::unique_ptr<DeviceBlock>(
      std::make_unique<CudaBlock>(*this, bytes, pointer));
}

Status CudaDevice::clearBlock(DeviceBlock &block) {
  Current current(*this);
  if (!current)
    return current.error();
  return check(cu.fillWords(static_cast<CudaBlock &>(block).pointer, 0,
                            size_t(block.bytes / 4), stream),
               "cuMemsetD32Async");
}

cuda::Pointer CudaDevice::addressOf(const DeviceRange &range) {
  return static_cast<CudaBlock &>(blockOf(range)).pointer +
         cuda::Pointer(range.offset);
}

Result<CudaDevice::Slot *> CudaDevice::acquire() {
  Slot &slot = slots[last % kSlots];
  if (Status s = slot.ticket ? finish(slot.ticket) : Status(); !s)
    return s.error();
  return &slot;
}

Status CudaDevice::release(Slot &slot) {
  if (Status s = check(cu.eventRecord(slot.ended, stream), "cuEventRecord"); !s)
    return s;
  slot.ticket = ++last;
  return {};
}

Status CudaDevice::writeRange(const DeviceRange &to, const void *from) {
  Current current(*this);
  if (!current)
    return current.error();
  for (int64_t done = 0; done < to.bytes;) {
    int64_t bytes = std::min(to.bytes - done, pieceBytes);
    Result<Slot *> slot = acquire();
    if (!slot)
      return slot.error();
    std::memcpy((*slot)->staging, static_cast<const char *>(from) + done,
                size_t(bytes));
    if (Status s =
            check(cu.copyToDevice(addressOf(to) + cuda::Pointer(done),
                                  (*slot)->staging, size_t(bytes), stream),
                  "cuMemcpyHtoDAsync");
        !s)
      return s;
    if (Status s = release(**slot); !s)
      return s;
    done += bytes;
  }
  return {};
}

Status CudaDevice::readRange(const DeviceRange &from, void *to) {
  Current current(*this);
  if (!current)
    return current.error();
  for (int64_t done = 0; done < from.bytes;) {
    int64_t bytes = std::min(from.bytes - done, pieceBytes);
    Result<Slot *> slot = acquire();
    if (!slot)
      return slot.error();
    if (Status s = check(cu.copyToHost((*slot)->staging,
                                       addressOf(from) + cuda::Pointer(done),
                                       size_t(bytes), stream),
                         "cuMemcpyDtoHAsync");
        !s)
      return s;
    if (Status s = release(**slot); !s)
      return s;
    if (Status s = finish((*slot)->ticket); !s)
      return s;
    std::memcpy(static_cast<char *>(to) + done, (*slot)->staging,
                size_t(bytes));
    done += bytes;
  }
  return {};
}

Result<uint64_t> CudaDevice::start(Recording &recording,
                                   const std::vector<HostWrite> &writes,
                                   const DeviceRange &) {
  Current current(*this);
  if (!current)
    return current.error();
  Result<Slot *> slot = acquire();
  if (!slot)
    return slot.error();
  int64_t used = 0;
  for (const HostWrite &write : writes) {
    if (write.to.bytes == 0)
      continue;
    std::memcpy((*slot)->staging + used, write.from, size_t(write.to.bytes));
    if (Status s =
            check(cu.copyToDevice(addressOf(write.to), (*slot)->staging + used,
                                  size_t(write.to.bytes), stream),
                  "cuMemcpyHtoDAsync");
        !s)
      return s.error();
    used += write.to.bytes;
  }
  if (Status s = static_cast<CudaRecording &>(recording).start(); !s)
    return s.error();
  if (Status s = release(**slot); !s)
    return s.error();
  return (*slot)->ticket;
}

Status CudaDevice::finish(uint64_t ticket) {
  using Clock = std::chrono::steady_clock;
  if (ticket == 0 || ticket > last)
    ticket = last;
  if (ticket <= completed)
    return {};
  Current current(*this);
  if (!current)
    return current.error();
  // Asking again and again, as waiting in the driver has no limit.
  const auto begin = Clock::now();
  const auto limit = std::chrono::duration<double>(options.timeoutSeconds);
  cuda::Event event = slots[(ticket - 1) % kSlots].ended;
  cuda::Result result = cu.eventQuery(event);
  while (result == cuda::NotReady) {
    auto waited = Clock::now() - begin;
    if (waited >= limit) {
      hung = true;
      return lose(makeError("did not end a submission within ",
                            int64_t(options.timeoutSeconds * 1000), " ms")
                      .message());
    }
    // Steps take from tens of microseconds on; a sleep takes fifty.
    if (waited > std::chrono::microseconds(200))
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    result = cu.eventQuery(event);
  }
  if (Status s = check(result, "cuEventQuery"); !s)
    return s;
  completed = ticket;
  return {};
}

} // namespace modc
