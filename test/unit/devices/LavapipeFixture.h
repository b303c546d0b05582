//===- LavapipeFixture.h - A Vulkan device that every machine has *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens Mesa's lavapipe with the validation layer between it and us. A test
// fails where either is missing, or where the layer has said anything by the
// time the device is gone.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_DEVICES_LAVAPIPEFIXTURE_H
#define MODC_TEST_UNIT_DEVICES_LAVAPIPEFIXTURE_H

#include "runtime/devices/VulkanDevice.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

namespace modc {

/// The bytes of Inputs/kernels.spvasm, assembled.
std::string readKernels();

inline KernelSpec scaleSpec() {
  return {"scale", {Access::Read, Access::Write}, 8, {64, 1, 1}, 0};
}
inline KernelSpec addSpec() {
  return {"add", {Access::Read, Access::Read, Access::Write}, 4, {64, 1, 1}, 0};
}
inline KernelSpec flipSpec() {
  return {"flip", {Access::Read, Access::Write}, 0, {64, 1, 1}, 256};
}
inline KernelSpec countSpec() {
  return {"count", {Access::Read, Access::ReadWrite}, 4, {64, 1, 1}, 0};
}

inline uint32_t bitsOf(float value) {
  uint32_t bits;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

class Lavapipe : public testing::Test {
protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(open()); }
  void TearDown() override { close(); }

  void open();
  /// Destroys the device and asks the layer.
  void close();

  std::shared_ptr<DeviceBuffer> allocate(int64_t bytes) {
    auto buffer = device->allocate(bytes, "a test");
    EXPECT_TRUE(buffer) << buffer.error().message();
    return buffer ? *buffer : nullptr;
  }
  /// A buffer of 1, 2, 3, ...
  std::shared_ptr<DeviceBuffer> counting(int64_t floats);
  std::vector<float> read(const std::shared_ptr<DeviceBuffer> &buffer,
                          int64_t floats);
  std::shared_ptr<const Kernel> load(const KernelSpec &spec);
  void run(CommandList commands);

  DeviceOptions options = [] {
    DeviceOptions options;
    options.validate = true;
    return options;
  }();
  std::shared_ptr<VulkanInstance> instance;
  std::shared_ptr<Device> device;
};

} // namespace modc

#endif // MODC_TEST_UNIT_DEVICES_LAVAPIPEFIXTURE_H
