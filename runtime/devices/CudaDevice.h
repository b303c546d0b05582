//===- CudaDevice.h - A device through CUDA's driver ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels as PTX or cubin, a stream, and a graph for each recording. Commands
// of a recording run one after the other, whether they depend on each other or
// not: a stream is in order.
//
// A kernel takes one pointer per binding, then its constants, one scalar of 32
// bits each.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_CUDADEVICE_H
#define MODC_RUNTIME_DEVICES_CUDADEVICE_H

#include "runtime/devices/CudaDriver.h"
#include "runtime/devices/Device.h"
#include "runtime/devices/DeviceOptions.h"

#include <array>

namespace modc {

class CudaDevice final : public Device {
public:
  static Result<std::shared_ptr<Device>>
  create(std::shared_ptr<CudaDriver> driver, const DeviceInfo &info,
         const DeviceOptions &options);
  ~CudaDevice() override;

private:
  friend class CudaBlock;
  friend class CudaModule;
  friend class CudaRecording;

  /// Makes the device's context current for its lifetime, and puts back what
  /// the calling program had. Where it cannot, nothing may be asked of the
  /// driver: it would be asked of whatever context the program has.
  class Current {
  public:
    explicit Current(CudaDevice &device)
        : device(device), pushed(device.cu.contextPush(device.context)) {}
    ~Current() {
      cuda::Context popped = nullptr;
      if (*this)
        device.cu.contextPop(&popped);
    }
    explicit operator bool() const { return pushed == cuda::Success; }
    Error error() const {
      return device.check(pushed, "cuCtxPushCurrent").error();
    }
    Current(const Current &) = delete;
    Current &operator=(const Current &) = delete;

  private:
    CudaDevice &device;
    cuda::Result pushed;
  };

  CudaDevice(std::shared_ptr<CudaDriver> driver, const DeviceInfo &info,
             const DeviceOptions &options);
  Status open();

  Result<std::unique_ptr<DeviceBlock>> createBlock(int64_t bytes) override;
  Status clearBlock(DeviceBlock &block) override;
  Status writeRange(const DeviceRange &to, const void *from) override;
  Status readRange(const DeviceRange &from, void *to) override;
  Result<std::vector<std::shared_ptr<const Kernel>>>
  loadKernels(std::string_view image,
              const std::vector<KernelSpec> &kernels) override;
  Result<std::shared_ptr<Recording>>
  makeRecording(CommandList commands, const std::vector<bool> &waits,
                bool timed) override;
  Result<uint64_t> start(Recording &recording,
                         const std::vector<HostWrite> &writes,
                         const DeviceRange &wanted) override;
  Status finish(uint64_t ticket) override;
  Result<std::vector<LaunchTime>> readTimes(Recording &recording) override;

  /// The error that a result of `what` stands for. Errors after which CUDA
  /// refuses every call make the device lost.
  Status check(cuda::Result result, std::string_view what);

  /// Pieces of work on the stream, each with pinned memory of its own: used in
  /// turn, the oldest waited for where all are under way.
  struct Slot {
    cuda::Event ended = nullptr;
    char *staging = nullptr;
    uint64_t ticket = 0;
  };
  static constexpr size_t kSlots = 8;
  Result<Slot *> acquire();
  /// Ends the slot's piece of work.
  Status release(Slot &slot);

  static cuda::Pointer addressOf(const DeviceRange &range);

  std::shared_ptr<CudaDriver> driver;
  const cuda::Functions &cu;
  DeviceOptions options;
  int64_t pieceBytes;
  cuda::Device device = 0;
  cuda::Context context = nullptr;
  cuda::Stream stream = nullptr;
  std::array<Slot, kSlots> slots;
  uint64_t last = 0, completed = 0;
  /// Stopped answering: what it may still use is not freed.
  bool hung = false;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_CUDADEVICE_H
