//===- CudaDriver.h - The connection to CUDA's driver and its devices *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the driver's library, asks it for its functions and describes the
// devices that it lists. The devices of one driver share it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_CUDADRIVER_H
#define MODC_RUNTIME_DEVICES_CUDADRIVER_H

#include "runtime/devices/CudaFunctions.h"
#include "runtime/devices/DeviceInfo.h"
#include "runtime/devices/DeviceOptions.h"
#include "runtime/devices/SharedLibrary.h"

#include <memory>
#include <vector>

namespace modc {

class CudaDriver {
public:
  static Result<std::shared_ptr<CudaDriver>>
  create(const DeviceOptions &options);

  const cuda::Functions &functions() const { return table; }
  const std::vector<DeviceInfo> &devices() const { return found; }
  /// "CUDA_ERROR_OUT_OF_MEMORY", as the driver calls it.
  std::string nameOf(cuda::Result result) const;

private:
  explicit CudaDriver(SharedLibrary library) : library(std::move(library)) {}
  Status load();
  Status listDevices();
  Result<DeviceInfo> describe(int index) const;

  SharedLibrary library;
  cuda::Functions table;
  std::string version;
  std::vector<DeviceInfo> found;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_CUDADRIVER_H
