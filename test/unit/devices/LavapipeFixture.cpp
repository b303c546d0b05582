//===- LavapipeFixture.cpp - A Vulkan device that every machine has -------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "LavapipeFixture.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace modc {

std::string readKernels() {
  std::ifstream file(MODC_TEST_KERNELS, std::ios::binary);
  EXPECT_TRUE(file) << MODC_TEST_KERNELS;
  return {std::istreambuf_iterator<char>(file), {}};
}

void Lavapipe::open() {
  // Races between submissions, too.
  setenv("VK_LAYER_ENABLES",
         "VALIDATION_CHECK_ENABLE_SYNCHRONIZATION_VALIDATION_QUEUE_SUBMIT", 1);
  auto created = VulkanInstance::create(options);
  ASSERT_TRUE(created) << created.error().message();
  instance = *created;
  for (const VulkanPhysicalDevice &physical : instance->devices())
    if (!device && physical.info.name.find("llvmpipe") != std::string::npos) {
      auto opened = VulkanDevice::create(instance, physical, options);
      ASSERT_TRUE(opened) << opened.error().message();
      device = *opened;
    }
  ASSERT_TRUE(device) << "lavapipe is missing (mesa-vulkan-drivers)";
}

void Lavapipe::close() {
  std::weak_ptr<Device> gone = device;
  device.reset();
  EXPECT_TRUE(gone.expired()) << "something holds the device";
  if (!instance)
    return;
  for (const std::string &message : instance->takeMessages())
    ADD_FAILURE() << message;
  instance.reset();
}

std::shared_ptr<DeviceBuffer> Lavapipe::counting(int64_t floats) {
  std::vector<float> values(size_t(floats), 0);
  std::iota(values.begin(), values.end(), 1.f);
  auto buffer = allocate(floats * 4);
  Status status = device->upload({buffer, 0, floats * 4}, values.data());
  EXPECT_TRUE(status) << status.error().message();
  return buffer;
}

std::vector<float> Lavapipe::read(const std::shared_ptr<DeviceBuffer> &buffer,
                                  int64_t floats) {
  std::vector<float> values(size_t(floats), -1.f);
  Status status = device->download({buffer, 0, floats * 4}, values.data());
  EXPECT_TRUE(status) << status.error().message();
  return values;
}

std::shared_ptr<const Kernel> Lavapipe::load(const KernelSpec &spec) {
  auto kernels = device->load(readKernels(), {spec});
  EXPECT_TRUE(kernels) << kernels.error().message();
  return kernels ? (*kernels)[0] : nullptr;
}

void Lavapipe::run(CommandList commands) {
  auto recording = device->record(std::move(commands));
  ASSERT_TRUE(recording) << recording.error().message();
  auto ticket = device->submit(**recording);
  ASSERT_TRUE(ticket) << ticket.error().message();
  Status status = device->wait(*ticket);
  ASSERT_TRUE(status) << status.error().message();
}

} // namespace modc
