//===- DevicesTest.cpp - Names, options and the processor -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What does not need a driver: names of devices, the environment, the checks
// that are common to all devices, and the processor's own.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Devices.h"
#include "runtime/devices/CpuDevice.h"
#include "runtime/devices/DeviceChecks.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace modc;

namespace {

TEST(DeviceName, IsReadOrRefused) {
  auto name = DeviceName::parse("vulkan:12");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->kind, DeviceKind::Vulkan);
  EXPECT_EQ(name->index, 12);
  name = DeviceName::parse("cuda");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->kind, DeviceKind::Cuda);
  EXPECT_EQ(name->index, 0);
  EXPECT_EQ(DeviceName::parse("gpu").error().message(),
            "'gpu' is no device: not one of cpu, vulkan, vulkan:N, cuda, "
            "cuda:N");
  for (const char *text : {"vulkan:", "vulkan:-1", "vulkan:1x", "vulkan: 1",
                           "cpu:0", "cuda:x", "cuda:99999999999999999999"})
    EXPECT_FALSE(DeviceName::parse(text)) << text;
}

class Environment : public testing::Test {
protected:
  ~Environment() override {
    for (const char *name : {"MODC_VULKAN_LIBRARY", "MODC_CUDA_LIBRARY",
                             "MODC_VULKAN_VALIDATION", "MODC_DEVICE_TIMEOUT"})
      unsetenv(name);
  }
};

TEST_F(Environment, SetsOptions) {
  setenv("MODC_VULKAN_LIBRARY", "a.so", 1);
  setenv("MODC_CUDA_LIBRARY", "b.so", 1);
  setenv("MODC_VULKAN_VALIDATION", "1", 1);
  setenv("MODC_DEVICE_TIMEOUT", "2.5", 1);
  auto options = DeviceOptions::fromEnvironment();
  ASSERT_TRUE(options);
  EXPECT_EQ(options->vulkanLibrary, "a.so");
  EXPECT_EQ(options->cudaLibrary, "b.so");
  EXPECT_TRUE(options->validate);
  EXPECT_EQ(options->timeoutSeconds, 2.5);
}

TEST_F(Environment, IsRefusedByName) {
  setenv("MODC_VULKAN_VALIDATION", "yes", 1);
  EXPECT_EQ(DeviceOptions::fromEnvironment().error().message(),
            "MODC_VULKAN_VALIDATION is 'yes', not 0 or 1");
  unsetenv("MODC_VULKAN_VALIDATION");
  for (const char *text : {"", "0", "-1", "nan", "inf", "1e30", "5s"}) {
    setenv("MODC_DEVICE_TIMEOUT", text, 1);
    auto options = DeviceOptions::fromEnvironment();
    ASSERT_FALSE(options) << text;
    EXPECT_EQ(options.error().message(),
              "MODC_DEVICE_TIMEOUT is '" + std::string(text) +
                  "', not a number of seconds above 0");
  }
}

/// The least that Vulkan guarantees.
DeviceLimits smallLimits() {
  DeviceLimits limits;
  limits.bindingBytes = 1 << 27;
  limits.bindingAlignment = 256;
  limits.bindings = 4;
  limits.constantBytes = 128;
  limits.sharedBytes = 16384;
  limits.invocations = 128;
  limits.groupSize = {128, 128, 64};
  limits.groups = {65535, 65535, 65535};
  return limits;
}

std::string refusal(const KernelSpec &kernel) {
  Status status = checkKernel(smallLimits(), kernel);
  return status ? "" : status.error().message();
}

TEST(DeviceChecks, KernelsGiveNeedAndLimit) {
  KernelSpec kernel{"k", {}, 128, {16, 8, 1}, 16384};
  kernel.bindings.assign(4, Access::Read);
  EXPECT_EQ(refusal(kernel), "");
  kernel.groupSize = {1, 1, 65};
  EXPECT_EQ(refusal(kernel), "needs 65 invocations of a group in z, the device "
                             "has at most 64");
  kernel.groupSize = {16, 8, 2};
  EXPECT_EQ(refusal(kernel),
            "needs 256 invocations of a group, the device has at most 128");
  kernel.groupSize = {16, 0, 2};
  EXPECT_EQ(refusal(kernel), "has groups of 0 invocations in y");
  kernel.groupSize = {16, 8, 1};
  kernel.sharedBytes = 16388;
  EXPECT_EQ(refusal(kernel),
            "needs 16388 bytes of shared memory, the device has at most 16384");
  kernel.sharedBytes = 0;
  kernel.bindings.assign(5, Access::Read);
  EXPECT_EQ(refusal(kernel), "needs 5 bindings, the device has at most 4");
  kernel.bindings.clear();
  kernel.constantBytes = 132;
  EXPECT_EQ(refusal(kernel),
            "needs 132 bytes of constants, the device has at most 128");
  kernel.constantBytes = 6;
  EXPECT_EQ(refusal(kernel), "has 6 bytes of constants, which are words of 4");
}

struct Described final : Kernel {
  explicit Described(KernelSpec spec) : Kernel(nullptr, std::move(spec)) {}
};

class Commands : public testing::Test {
protected:
  std::string refusal(const Command &command) {
    DeviceLimits limits = smallLimits();
    limits.bindingBytes = 4096;
    Status status = checkCommand(limits, command);
    return status ? "" : status.error().message();
  }
  std::shared_ptr<Device> device = makeCpuDevice();
  std::shared_ptr<DeviceBuffer> x = *device->allocate(8192, "a test");
  LaunchCommand launch{
      std::make_shared<Described>(
          KernelSpec{"k", {Access::Read, Access::Write}, 8, {64, 1, 1}, 0}),
      {1, 65535, 1},
      {{x, 0, 1024}, {x, 1024, 4096}},
      {1, 2},
      ""};
};

TEST_F(Commands, LaunchesGiveNeedAndLimit) {
  EXPECT_EQ(refusal(launch), "");
  launch.groups[1] = 65536;
  EXPECT_EQ(refusal(launch), "kernel 'k': needs 65536 groups in y, the device "
                             "has at most 65535");
  launch.groups[1] = -1;
  EXPECT_EQ(refusal(launch), "kernel 'k': launches -1 groups in y");
  launch.groups[1] = 1;
  launch.constants.push_back(3);
  EXPECT_EQ(refusal(launch), "kernel 'k': is launched with 12 bytes of "
                             "constants, it has 8");
  launch.constants.pop_back();
  launch.bindings[1].bytes = 4097;
  EXPECT_EQ(refusal(launch), "kernel 'k': binding 1 has 4097 bytes, the device "
                             "binds at most 4096");
  launch.bindings[1] = {x, 1028, 64};
  EXPECT_EQ(refusal(launch), "kernel 'k': binding 1 starts at byte 1028, the "
                             "device wants multiples of 256");
  launch.bindings[1] = {x, 768, 64};
  EXPECT_EQ(refusal(launch),
            "kernel 'k': bindings 0 and 1 overlap and are written to");
  launch.bindings[1] = {x, 1024, 0};
  EXPECT_EQ(refusal(launch), "kernel 'k': binding 1 has no bytes");
  launch.bindings.pop_back();
  EXPECT_EQ(refusal(launch), "kernel 'k': is launched with 1 bindings, it has "
                             "2");
}

TEST_F(Commands, CopiesAndFillsAreChecked) {
  EXPECT_EQ(refusal(CopyCommand{{x, 1, 7}, {x, 8, 7}}), "");
  EXPECT_EQ(refusal(CopyCommand{{x, 0, 8}, {x, 8, 7}}),
            "a copy from 8 bytes to 7");
  EXPECT_EQ(refusal(CopyCommand{{x, 0, 8}, {x, 7, 8}}),
            "the two ranges of a copy overlap");
  EXPECT_EQ(refusal(FillCommand{{x, 4, 8}, 1}), "");
  EXPECT_EQ(refusal(FillCommand{{x, 2, 8}, 1}),
            "a fill of 8 bytes at byte 2: not multiples of 4");
}

TEST(CpuDevice, HoldsAndMovesData) {
  auto device = makeCpuDevice();
  EXPECT_EQ(device->info().id(), "cpu");
  EXPECT_FALSE(device->info().name.empty());
  EXPECT_GT(device->info().limits.memoryBytes, int64_t(1) << 28);
  auto x = device->allocate(100, "x"), y = device->allocate(100, "y");
  ASSERT_TRUE(x && y);
  EXPECT_EQ(device->allocatedBytes(), 512);
  auto recording = device->record({CopyCommand{{*x, 3, 5}, {*y, 0, 5}},
                                   FillCommand{{*y, 8, 8}, 0x01020304}});
  ASSERT_TRUE(recording);
  ASSERT_TRUE(device->upload({*x, 0, 8}, "abcdefg"));
  auto ticket = device->submit(**recording, {{{*x, 4, 4}, "WXYZ"}});
  ASSERT_TRUE(ticket);
  ASSERT_TRUE(device->wait(*ticket));
  char text[17] = {};
  ASSERT_TRUE(device->download({*y, 0, 16}, text));
  EXPECT_EQ(std::string(text, 16),
            std::string("dWXYZ\0\0\0\4\3\2\1\4\3\2\1", 16));
  // Used again, and cleared.
  x = Error("gone");
  auto again = device->allocate(30, "z");
  ASSERT_TRUE(again);
  ASSERT_TRUE(device->download({*again, 0, 16}, text));
  EXPECT_EQ(std::string(text, 16), std::string(16, '\0'));
}

TEST(CpuDevice, LaunchesNothing) {
  auto device = makeCpuDevice();
  auto kernels = device->load("", {});
  ASSERT_FALSE(kernels);
  EXPECT_EQ(kernels.error().message(),
            device->info().label() + ": runs compiled functions, not kernels");
  auto timed = device->record({}, true);
  ASSERT_FALSE(timed);
  EXPECT_EQ(timed.error().message(),
            device->info().label() + ": has no timestamps");
}

TEST(CpuDevice, RefusesWhatIsAnothers) {
  auto one = makeCpuDevice(), two = makeCpuDevice();
  auto x = one->allocate(64, "x");
  char byte = 0;
  EXPECT_EQ(two->upload({*x, 0, 1}, &byte).error().message(),
            two->info().label() + ": a buffer of " + one->info().label());
  auto recording = one->record({FillCommand{{*x, 0, 4}, 0}});
  ASSERT_TRUE(recording);
  EXPECT_EQ(two->submit(**recording).error().message(),
            two->info().label() + ": a recording of " + one->info().label());
  EXPECT_EQ(one->record({LaunchCommand()}).error().message(),
            one->info().label() +
                ": a launch of a kernel that was loaded elsewhere");
  std::vector<char> much(70000);
  auto big = one->allocate(70000, "x");
  EXPECT_EQ(one->submit(**recording, {{{*big, 0, 70000}, much.data()}})
                .error()
                .message(),
            one->info().label() + ": a submission writes 70000 bytes, at most "
                                  "65536 are allowed");
  EXPECT_EQ(
      one->submit(**recording, {{{*big, 2, 4}, much.data()}}).error().message(),
      one->info().label() + ": a write of 4 bytes at byte 2: not multiples of "
                            "4");
  EXPECT_EQ(one->allocate(-1, "x").error().message(),
            one->info().label() +
                ": cannot allocate -1 bytes for x: one buffer "
                "has at most " +
                std::to_string(one->info().limits.bufferBytes));
}

TEST(Devices, TheProcessorIsAlwaysThere) {
  DeviceOptions options;
  options.vulkanLibrary = options.cudaLibrary = "lib-that-is-not-there.so";
  DeviceListing listing = listDevices(options);
  ASSERT_EQ(listing.devices.size(), 1u);
  EXPECT_EQ(listing.devices[0].id(), "cpu");
  auto device = openDevice("cpu", options);
  ASSERT_TRUE(device);
  EXPECT_EQ(openDevice("tpu", options).error().message(),
            DeviceName::parse("tpu").error().message());
}

} // namespace
