//===- VulkanFaultsTest.cpp - What becomes of errors of Vulkan ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loaders and drivers that are missing, too old, out of memory, lost or silent.
//
//===----------------------------------------------------------------------===//

#include "FaultyVulkan.h"
#include "LavapipeFixture.h"

#include "DeviceModel.h"
#include "runtime/devices/DevicePrograms.h"
#include "runtime/devices/Devices.h"

#include <dlfcn.h>

#include <chrono>

using namespace modc;

namespace {

class VulkanFaults : public Lavapipe {
protected:
  void SetUp() override {
    void *library = dlopen(MODC_FAULTY_VULKAN, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    faults =
        reinterpret_cast<FaultyVulkan *(*)()>(dlsym(library, "faultyVulkan"))();
    *faults = {};
    options.vulkanLibrary = MODC_FAULTY_VULKAN;
    // The layer keeps count of what the driver never sees here.
    options.validate = false;
  }
  void TearDown() override {
    if (faults)
      *faults = {};
    close();
  }

  void expectMissing(const std::string &reason) {
    DeviceListing listing = listDevices(options);
    ASSERT_EQ(listing.devices[0].kind, DeviceKind::Cpu);
    for (const DeviceInfo &info : listing.devices)
      EXPECT_NE(info.kind, DeviceKind::Vulkan);
    bool told = false;
    for (const MissingDevice &missing : listing.missing)
      if (missing.kind == DeviceKind::Vulkan) {
        told = true;
        EXPECT_NE(missing.reason.find(reason), std::string::npos)
            << missing.reason;
      }
    EXPECT_TRUE(told);
    auto opened = openDevice("vulkan", options);
    EXPECT_FALSE(opened);
  }

  FaultyVulkan *faults = nullptr;
};

TEST_F(VulkanFaults, NoLoader) {
  options.vulkanLibrary = "libvulkan-that-is-not-there.so.1";
  expectMissing("cannot load 'libvulkan-that-is-not-there.so.1': ");
  auto opened = openDevice("vulkan:0", options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(
      opened.error().message().find("no vulkan device: cannot load "
                                    "'libvulkan-that-is-not-there.so.1': "),
      0u)
      << opened.error().message();
}

TEST_F(VulkanFaults, NoLoaderOfVulkan) {
  options.vulkanLibrary = "libz.so.1";
  expectMissing(
      "'libz.so.1' is no Vulkan loader: it has no vkGetInstanceProcAddr");
}

TEST_F(VulkanFaults, OldLoader) {
  faults->version = VK_API_VERSION_1_0;
  expectMissing(" is of Vulkan 1.0, modc needs 1.1");
}

TEST_F(VulkanFaults, NoDriver) {
  faults->createInstance = VK_ERROR_INCOMPATIBLE_DRIVER;
  expectMissing("Vulkan's loader found no driver");
}

TEST_F(VulkanFaults, NoValidationLayer) {
  faults->createInstance = VK_ERROR_LAYER_NOT_PRESENT;
  expectMissing(
      "the validation layer VK_LAYER_KHRONOS_validation is not installed");
}

TEST_F(VulkanFaults, NoDevice) {
  faults->noDevices = true;
  expectMissing("Vulkan's drivers found no device");
  auto opened = openDevice("vulkan", options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message(),
            "there is no vulkan device 0: this machine has 0");
}

TEST_F(VulkanFaults, OldDevice) {
  faults->deviceVersion = VK_MAKE_API_VERSION(0, 1, 0, 77);
  expectMissing("has Vulkan 1.0.77, modc needs 1.1");
}

/// A call of a program waits for its outputs, and for nothing else.
TEST_F(VulkanFaults, ACallIsOneSubmission) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto model = deviceModel();
  ASSERT_TRUE(model);
  auto programs = DevicePrograms::create(*model, device);
  ASSERT_TRUE(programs);
  // Within a submission's room, above it, and above a piece for uploads.
  for (auto [n, submits] :
       {std::pair(100, 1), std::pair(20000, 1), std::pair(300000, 4)}) {
    std::vector<float> x(size_t(n), 2.f), y(x.size());
    void *buffers[] = {x.data(), y.data()};
    int64_t bytes[] = {n * 4, n * 4};
    DeviceCall call;
    call.program = (*model)->signature().findProgram("infer");
    call.buffers = buffers;
    call.bytes = bytes;
    call.points = n;
    ASSERT_TRUE((*programs)->run(call));
    int64_t before = faults->submits;
    std::fill(y.begin(), y.end(), -1.f);
    ASSERT_TRUE((*programs)->run(call));
    EXPECT_EQ(faults->submits - before, submits) << n;
    EXPECT_EQ(y.front(), 6) << n;
    EXPECT_EQ(y.back(), 6) << n;
  }
  // Without outputs nothing waits.
  DeviceCall call;
  const double lr = 1;
  call.program = (*model)->signature().findProgram("update");
  call.reals = &lr;
  for (size_t i : {0, 2})
    call.arenas[i] = allocate(16);
  ASSERT_TRUE((*programs)->run(call));
  ASSERT_TRUE(device->wait());
  int64_t submits = faults->submits, waits = faults->waits;
  ASSERT_TRUE((*programs)->run(call));
  EXPECT_EQ(faults->submits - submits, 1);
  EXPECT_EQ(faults->waits, waits);
  EXPECT_EQ(read(call.arenas[0], 4)[3], 2);
}

/// Uploads that were to go with it are gone: no later call may go on without.
TEST_F(VulkanFaults, ASubmissionThatFailsLosesTheDevice) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64);
  faults->submit = VK_ERROR_OUT_OF_HOST_MEMORY;
  float value = 0;
  Status status = device->download({x, 0, 4}, &value);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            device->info().label() +
                ": vkQueueSubmit: VK_ERROR_OUT_OF_HOST_MEMORY");
  EXPECT_TRUE(device->isLost());
}

TEST_F(VulkanFaults, AllocationFails) {
  ASSERT_NO_FATAL_FAILURE(open());
  allocate(1 << 20).reset();
  // The block that waits in the pool goes, then allocating is tried once more.
  faults->allocationsLeft = 0;
  faults->allocations = 0;
  auto buffer = device->allocate(1 << 24, "gradients");
  ASSERT_FALSE(buffer);
  std::string limit = std::to_string(device->info().limits.memoryBytes);
  EXPECT_EQ(buffer.error().message(),
            device->info().label() +
                ": cannot allocate 16777216 bytes for gradients: 0 of " +
                limit +
                " are in use, vkAllocateMemory: "
                "VK_ERROR_OUT_OF_DEVICE_MEMORY");
  EXPECT_EQ(faults->allocations, 2);
  EXPECT_FALSE(device->isLost());
  // An error in mid-run leaves the device as it was.
  faults->allocationsLeft = -1;
  auto x = counting(64);
  EXPECT_EQ(read(x, 64)[63], 64.f);
}

TEST_F(VulkanFaults, SmallMemoryIsGivenBack) {
  faults->heapBytes = 1 << 20;
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(device->info().limits.memoryBytes, 1 << 20);
  allocate(600000).reset();
  EXPECT_EQ(device->allocatedBytes(), 0);
  // Too small to be taken for the next, and in its way.
  auto next = allocate(900000);
  ASSERT_TRUE(next);
  EXPECT_EQ(device->allocatedBytes(), 900096);
  auto more = device->allocate(200000, "state");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().message(),
            device->info().label() +
                ": cannot allocate 200192 bytes for state: 900096 of 1048576 "
                "are in use");
}

TEST_F(VulkanFaults, LostInASubmission) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64);
  auto recording = device->record({FillCommand{{x, 0, 256}, 0}});
  ASSERT_TRUE(recording);
  faults->submit = VK_ERROR_DEVICE_LOST;
  auto ticket = device->submit(**recording);
  ASSERT_FALSE(ticket);
  EXPECT_EQ(ticket.error().message(),
            device->info().label() + ": vkQueueSubmit: VK_ERROR_DEVICE_LOST");
  EXPECT_TRUE(device->isLost());
  // For good, whatever the driver says later.
  faults->submit = VK_SUCCESS;
  float value = 0;
  std::string lost = device->info().label() +
                     ": lost earlier: vkQueueSubmit: VK_ERROR_DEVICE_LOST";
  EXPECT_EQ(device->submit(**recording).error().message(), lost);
  EXPECT_EQ(device->wait().error().message(), lost);
  EXPECT_EQ(device->upload({x, 0, 4}, &value).error().message(), lost);
  EXPECT_EQ(device->download({x, 0, 4}, &value).error().message(), lost);
  EXPECT_EQ(device->allocate(4, "x").error().message(), lost);
  EXPECT_EQ(device->record({}).error().message(), lost);
  EXPECT_EQ(device->load(readKernels(), {}).error().message(), lost);
  EXPECT_EQ(device->times(**recording).error().message(), lost);
}

TEST_F(VulkanFaults, LostWhileWaiting) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64);
  faults->wait = VK_ERROR_DEVICE_LOST;
  float value = 0;
  Status status = device->download({x, 0, 4}, &value);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            device->info().label() + ": vkWaitForFences: VK_ERROR_DEVICE_LOST");
  EXPECT_TRUE(device->isLost());
}

TEST_F(VulkanFaults, SilentDeviceIsLostInTime) {
  options.timeoutSeconds = 0.25;
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64);
  auto recording = device->record({FillCommand{{x, 0, 256}, 0}});
  ASSERT_TRUE(recording);
  faults->wait = VK_TIMEOUT;
  auto begin = std::chrono::steady_clock::now();
  auto ticket = device->submit(**recording);
  ASSERT_TRUE(ticket);
  Status status = device->wait(*ticket);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            device->info().label() +
                ": did not end a submission within 250 ms");
  EXPECT_TRUE(device->isLost());
  EXPECT_GE(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(250));
  int64_t waits = faults->waits;
  EXPECT_GT(waits, 0);
  // Nothing waits again, not even what is destroyed.
  recording = Error("gone");
  x.reset();
  device.reset();
  EXPECT_EQ(faults->waits, waits);
}

} // namespace
