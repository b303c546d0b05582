//===- KernelFixture.h - Built kernels on lavapipe --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes a kernel around what a builder of passes/gpu/kernels writes, runs it on
// lavapipe with the validation layer and assembles its PTX. No kernel may want
// more than every device has: 128 invocations, 16 KiB of shared memory unless
// it is for CUDA alone.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_KERNELS_KERNELFIXTURE_H
#define MODC_TEST_UNIT_KERNELS_KERNELFIXTURE_H

#include "../devices/LavapipeFixture.h"
#include "passes/gpu/LaunchLimits.h"
#include "passes/gpu/kernels/DeviceBuilder.h"

#include <functional>
#include <random>

namespace modc {

/// A buffer that a kernel gets.
struct BufferType {
  Access access;
  char element; ///< 'f' or 'i', of 32 bits
  /// -1 first: dynamic.
  std::vector<int64_t> shape;
};

/// A module of one kernel.
class BuiltKernel {
public:
  /// Gets the kernel's buffers and constants, the latter as i32.
  using Body = std::function<void(DeviceBuilder &, mlir::ValueRange buffers,
                                  mlir::ValueRange constants)>;
  BuiltKernel(std::string name, const std::vector<BufferType> &buffers,
              int64_t constants, int64_t threads, const Body &body,
              int64_t mostShared = kVulkanSharedBytes);

  const KernelSpec &spec() const { return description; }
  std::string spirv() const;
  /// Writes PTX for sm_80 and sm_90 and assembles it; fails on what spills.
  /// Adds registers to the test's output.
  void checkPtx() const;

private:
  KernelSpec description;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

class KernelRuns : public Lavapipe {
protected:
  std::shared_ptr<const Kernel> load(const BuiltKernel &kernel);
  template <typename T>
  DeviceRange put(const std::vector<T> &values) {
    int64_t bytes = int64_t(values.size() * sizeof(T));
    auto buffer = allocate(std::max<int64_t>(bytes, 4));
    if (bytes)
      EXPECT_TRUE(device->upload({buffer, 0, bytes}, values.data()));
    return {buffer, 0, std::max<int64_t>(bytes, 4)};
  }
  template <typename T>
  std::vector<T> get(const DeviceRange &range, size_t count) {
    std::vector<T> values(count);
    if (count)
      EXPECT_TRUE(device->download(
          {range.buffer, 0, int64_t(count * sizeof(T))}, values.data()));
    return values;
  }
};

inline constexpr Access kRead = Access::Read, kWrite = Access::Write,
                        kReadWrite = Access::ReadWrite;

/// `count` numbers in [-1, 1).
std::vector<float> drawFloats(std::mt19937 &random, size_t count);

} // namespace modc

#endif // MODC_TEST_UNIT_KERNELS_KERNELFIXTURE_H
