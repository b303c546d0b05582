//===- CudaObjects.h - What a CUDA device makes -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory, kernels and recordings of a CUDA device, for its own files.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_CUDAOBJECTS_H
#define MODC_RUNTIME_DEVICES_CUDAOBJECTS_H

#include "runtime/devices/CudaDevice.h"

namespace modc {

class CudaBlock final : public DeviceBlock {
public:
  CudaBlock(CudaDevice &device, int64_t bytes, cuda::Pointer pointer)
      : DeviceBlock(bytes), pointer(pointer), device(device) {}
  ~CudaBlock() override;

  const cuda::Pointer pointer;

private:
  CudaDevice &device;
};

/// A loaded image; its kernels hold it.
class CudaModule {
public:
  explicit CudaModule(std::shared_ptr<CudaDevice> device)
      : device(std::move(device)) {}
  ~CudaModule();
  Status load(const std::string &image);
  /// The kernel, where it fits the device as it was compiled.
  Result<cuda::Function> find(const KernelSpec &spec) const;

private:
  std::shared_ptr<CudaDevice> device;
  cuda::Module module = nullptr;
};

class CudaKernel final : public Kernel {
public:
  CudaKernel(const Device *device, KernelSpec spec,
             std::shared_ptr<CudaModule> module, cuda::Function function)
      : Kernel(device, std::move(spec)), function(function),
        module(std::move(module)) {}

  const cuda::Function function;

private:
  std::shared_ptr<CudaModule> module;
};

/// A graph; where launches are timed, commands and events that are put on the
/// stream at each submission.
class CudaRecording final : public Recording {
public:
  CudaRecording(std::shared_ptr<CudaDevice> device, CommandList commands,
                const std::vector<bool> &waits, bool timed);
  ~CudaRecording() override;
  Status create();
  /// Puts the recording on the stream.
  Status start();
  Result<std::vector<LaunchTime>> readTimes() const;

private:
  Status issueAll();
  Status issue(const Command &command);
  Status issueLaunch(const LaunchCommand &launch);

  CudaDevice &owner;
  cuda::GraphExec graph = nullptr;
  /// Before and after each launch.
  std::vector<cuda::Event> events;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_CUDAOBJECTS_H
