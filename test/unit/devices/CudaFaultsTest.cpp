//===- CudaFaultsTest.cpp - What becomes of errors of CUDA's driver -------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function of the driver fails once: the message names it, and where it
// has not lost the device, the same work is done right afterwards.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "runtime/devices/Devices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <dlfcn.h>

using namespace modc;

namespace {

const char *const kImage = ".visible .entry scale(...)\n";

const KernelSpec kDouble = {
    "scale", {Access::Read, Access::Write}, 8, {64, 1, 1}, 1024};

class CudaFaults : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    void *library = dlopen(MODC_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCuda"))();
    *fake = FakeCuda();
    fake->hasForeign = true;
    options.cudaLibrary = MODC_FAKE_CUDA;
  }
  void TearDown() override {
    EXPECT_EQ(fake->foreignCalls, 0);
    EXPECT_EQ(fake->current, 0);
    *fake = FakeCuda();
  }

  /// Doubles a number, as a graph and with times: all that a session does, and
  /// a copy.
  Status work(Device &device, float &result) {
    auto buffer = device.allocate(512, "numbers");
    if (!buffer)
      return buffer.error();
    const float one = 1;
    if (Status s = device.upload({*buffer, 0, 4}, &one); !s)
      return s;
    auto kernels = device.load(kImage, {kDouble});
    if (!kernels)
      return kernels.error();
    const uint32_t two = 0x40000000;
    for (bool timed : {false, true}) {
      CommandList commands = {
          FillCommand{{*buffer, 8, 4}, 0},
          LaunchCommand{(*kernels)[0],
                        {1, 1, 1},
                        {{*buffer, 0, 4}, {*buffer, 256, 4}},
                        {1, two},
                        "double"},
          CopyCommand{{*buffer, 256, 4}, {*buffer, 16, 4}}};
      auto recording = device.record(std::move(commands), timed);
      if (!recording)
        return recording.error();
      auto ticket = device.submit(**recording);
      if (!ticket)
        return ticket.error();
      if (timed)
        if (auto times = device.times(**recording); !times)
          return times.error();
    }
    return device.download({*buffer, 16, 4}, &result);
  }

  FakeCuda *fake = nullptr;
  DeviceOptions options;
};

TEST_P(CudaFaults, AreNamed) {
  std::string function = GetParam();
  fake->failing = function;
  fake->failure = cuda::OutOfMemory;
  if (function.size() > 3 && function.substr(function.size() - 3) == "_v2")
    function.resize(function.size() - 3);
  float result = 0;
  Status status;
  auto device = openDevice("cuda", options);
  if (!device)
    status = device.error();
  else
    status = work(**device, result);
  ASSERT_FALSE(status);
  const std::string &message = status.error().message();
  EXPECT_NE(message.find(function), std::string::npos) << message;
  EXPECT_NE(message.find(": CUDA_ERROR_OUT_OF_MEMORY"), std::string::npos)
      << message;
  EXPECT_EQ(fake->current, 0);
  fake->failing.clear();
  if (!device)
    device = openDevice("cuda", options);
  ASSERT_TRUE(device) << device.error().message();
  EXPECT_FALSE((*device)->isLost());
  status = work(**device, result);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(result, 2);
}

/// All that can fail before or while it does what is asked for.
std::vector<const char *> functions() {
  std::vector<const char *> all;
#define MODC_NAME(name, symbol, parameters) all.push_back(symbol);
  MODC_CUDA_FUNCTIONS(MODC_NAME)
#undef MODC_NAME
  auto isCleanUp = [](std::string_view name) {
    for (const char *part : {"Free", "Destroy", "Release", "Unload", "Ctx"})
      if (name.find(part) != name.npos && name != "cuDevicePrimaryCtxRetain")
        return true;
    return name == "cuGetErrorName";
  };
  all.erase(std::remove_if(all.begin(), all.end(), isCleanUp), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Functions, CudaFaults, testing::ValuesIn(functions()),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

/// The program's own context, as PyTorch has one, is neither used nor popped.
TEST_F(CudaFaults, AContextThatCannotBeMadeCurrentIsNoOther) {
  auto opened = openDevice("cuda", options);
  ASSERT_TRUE(opened) << opened.error().message();
  Device &device = **opened;
  auto buffer = device.allocate(512, "numbers");
  auto scrap = device.allocate(2048, "more numbers");
  auto kernels = device.load(kImage, {kDouble});
  ASSERT_TRUE(buffer && scrap && kernels);
  auto fill = device.record({FillCommand{{*buffer, 0, 4}, 0}});
  auto timed = device.record({FillCommand{{*buffer, 0, 4}, 0}}, true);
  ASSERT_TRUE(fill && timed);
  ASSERT_TRUE(device.submit(**timed));
  ASSERT_TRUE(device.wait());
  auto ticket = device.submit(**fill);
  ASSERT_TRUE(ticket);

  fake->failing = "cuCtxPushCurrent_v2";
  fake->failure = cuda::OutOfMemory;
  const std::string reason =
      device.info().label() + ": cuCtxPushCurrent: CUDA_ERROR_OUT_OF_MEMORY";
  float number = 0;
  EXPECT_EQ(device.upload({*buffer, 0, 4}, &number).error().message(), reason);
  EXPECT_EQ(device.download({*buffer, 0, 4}, &number).error().message(),
            reason);
  EXPECT_EQ(device.load(kImage, {kDouble}).error().message(), reason);
  EXPECT_EQ(device.record({FillCommand{{*buffer, 0, 4}, 0}}).error().message(),
            reason);
  EXPECT_EQ(device.submit(**fill).error().message(), reason);
  EXPECT_EQ(device.wait(*ticket).error().message(), reason);
  EXPECT_EQ(device.times(**timed).error().message(), reason);
  auto more = device.allocate(4096, "numbers");
  ASSERT_FALSE(more);
  EXPECT_NE(more.error().message().find("cuCtxPushCurrent"), std::string::npos)
      << more.error().message();
  timed = Error("gone");
  kernels = Error("gone");
  EXPECT_EQ(fake->foreignCalls, 0);
  EXPECT_EQ(fake->current, 0);

  fake->failing.clear();
  EXPECT_FALSE(device.isLost());
  Status status = work(device, number);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(number, 2);
  // Memory, too, is left to the context where that cannot be entered.
  fill = Error("gone");
  fake->failing = "cuCtxPushCurrent_v2";
  buffer = Error("gone");
  scrap = Error("gone");
  opened = Error("gone");
}

} // namespace
