//===- VulkanDeviceTest.cpp - A device through Vulkan ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels that run on lavapipe, against values worked out by hand, and what is
// refused before a driver sees it.
//
//===----------------------------------------------------------------------===//

#include "LavapipeFixture.h"

#include <dlfcn.h>

using namespace modc;

namespace {

using VulkanDeviceTest = Lavapipe;

TEST_F(VulkanDeviceTest, DescribesItself) {
  const DeviceInfo &info = device->info();
  EXPECT_EQ(info.kind, DeviceKind::Vulkan);
  EXPECT_NE(info.driver.find("llvmpipe, Mesa"), std::string::npos)
      << info.driver;
  EXPECT_EQ(info.api.compare(0, 2, "1."), 0) << info.api;
  // At the least what Vulkan guarantees.
  EXPECT_GE(info.limits.invocations, 128);
  EXPECT_GE(info.limits.sharedBytes, 16384);
  EXPECT_GE(info.limits.constantBytes, 128);
  EXPECT_GE(info.limits.bindingBytes, 1 << 27);
  EXPECT_GE(info.limits.groups[2], 65535);
  EXPECT_GT(info.limits.memoryBytes, 0);
  EXPECT_GT(info.subgroupSize, 0);
  EXPECT_TRUE(info.timestamps);
  ASSERT_EQ(info.warnings.size(), 1u);
  EXPECT_NE(info.warnings[0].find("on the processor"), std::string::npos);
}

TEST_F(VulkanDeviceTest, DriversStayLoaded) {
  close();
  void *driver = dlopen("libvulkan_lvp.so", RTLD_LAZY | RTLD_NOLOAD);
  EXPECT_TRUE(driver) << dlerror();
  if (driver)
    dlclose(driver);
  ASSERT_NO_FATAL_FAILURE(open());
}

TEST_F(VulkanDeviceTest, LaunchesWithConstants) {
  auto kernel = load(scaleSpec());
  auto x = counting(200), y = allocate(800);
  // 150 of 200: the tail of the last group does nothing.
  run({LaunchCommand{
      kernel, {3, 1, 1}, {{x, 0, 800}, {y, 0, 800}}, {150, bitsOf(2.5f)}, ""}});
  std::vector<float> values = read(y, 200);
  for (size_t i = 0; i < 200; ++i)
    EXPECT_EQ(values[i], i < 150 ? 2.5f * float(i + 1) : 0.f) << i;
}

TEST_F(VulkanDeviceTest, BindsRangesOfOneBuffer) {
  auto kernel = load(addSpec());
  // Two operands and the result in one arena.
  auto arena = counting(3 * 64);
  run({LaunchCommand{kernel,
                     {1, 1, 1},
                     {{arena, 0, 256}, {arena, 256, 256}, {arena, 512, 256}},
                     {64},
                     ""}});
  std::vector<float> values = read(arena, 3 * 64);
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(values[i], float(i + 1));
    EXPECT_EQ(values[64 + i], float(65 + i));
    EXPECT_EQ(values[128 + i], float(i + 1) + float(65 + i));
  }
}

TEST_F(VulkanDeviceTest, SharesMemoryInAGroup) {
  auto kernel = load(flipSpec());
  auto x = counting(128), y = allocate(512);
  run({LaunchCommand{kernel, {2, 1, 1}, {{x, 0, 512}, {y, 0, 512}}, {}, ""}});
  std::vector<float> values = read(y, 128);
  for (size_t i = 0; i < 128; ++i)
    EXPECT_EQ(values[i], float(i / 64 * 64 + 64 - i % 64)) << i;
}

TEST_F(VulkanDeviceTest, OrdersDependentCommands) {
  auto scale = load(scaleSpec()), add = load(addSpec());
  constexpr int64_t n = 4096, bytes = n * 4;
  auto x = counting(n), y = allocate(bytes), z = allocate(bytes);
  CommandList commands;
  // z = 2x; then 30 times y = z + x, z = y: (2 + 30)x in the end.
  commands.push_back(LaunchCommand{scale,
                                   {n / 64, 1, 1},
                                   {{x, 0, bytes}, {z, 0, bytes}},
                                   {n, bitsOf(2)},
                                   ""});
  for (int i = 0; i < 30; ++i) {
    commands.push_back(
        LaunchCommand{add,
                      {n / 64, 1, 1},
                      {{z, 0, bytes}, {x, 0, bytes}, {y, 0, bytes}},
                      {n},
                      ""});
    commands.push_back(CopyCommand{{y, 0, bytes}, {z, 0, bytes}});
  }
  // A fill that must come after the last reader, and a last launch without
  // groups, which is left out.
  commands.push_back(FillCommand{{x, 0, 8}, bitsOf(-7)});
  commands.push_back(LaunchCommand{
      scale, {0, 1, 1}, {{z, 0, bytes}, {x, 0, bytes}}, {n, bitsOf(2)}, ""});
  auto recording = device->record(commands);
  ASSERT_TRUE(recording) << recording.error().message();
  EXPECT_EQ((*recording)->launchCount(), 31);
  EXPECT_EQ((*recording)->barrierCount(), 60);
  ASSERT_TRUE(device->submit(**recording));
  std::vector<float> result = read(z, n), left = read(x, n);
  for (size_t i = 0; i < size_t(n); ++i) {
    ASSERT_EQ(result[i], 32.f * float(i + 1)) << i;
    ASSERT_EQ(left[i], i < 2 ? -7.f : float(i + 1)) << i;
  }
}

TEST_F(VulkanDeviceTest, SubmitsOneRecordingManyTimes) {
  auto kernel = load(countSpec());
  auto scalars = allocate(16), y = allocate(64 * 4);
  auto recording = device->record({LaunchCommand{
      kernel, {1, 1, 1}, {{scalars, 0, 16}, {y, 0, 256}}, {64}, ""}});
  ASSERT_TRUE(recording);
  // More than fit at once, none of them waited for.
  float sum = 0;
  uint64_t last = 0;
  for (int step = 1; step <= 100; ++step) {
    float now[] = {float(step), 0, 0, 0};
    auto ticket = device->submit(**recording, {{{scalars, 0, 16}, now}});
    ASSERT_TRUE(ticket) << ticket.error().message();
    EXPECT_GT(*ticket, last);
    last = *ticket;
    sum += float(step);
  }
  ASSERT_TRUE(device->wait(last));
  ASSERT_TRUE(device->wait(1));
  EXPECT_EQ(read(y, 64), std::vector<float>(64, sum));
}

TEST_F(VulkanDeviceTest, KeepsWhatASubmissionUses) {
  auto y = allocate(64 * 4);
  {
    auto scalars = allocate(16);
    auto recording =
        device->record({FillCommand{{scalars, 0, 16}, bitsOf(3)},
                        LaunchCommand{load(countSpec()),
                                      {1, 1, 1},
                                      {{scalars, 0, 16}, {y, 0, 256}},
                                      {64},
                                      ""}});
    ASSERT_TRUE(recording);
    ASSERT_TRUE(device->submit(**recording));
    // Goes with its kernel and buffer while it may still run.
  }
  auto reused = allocate(16);
  EXPECT_EQ(read(y, 64), std::vector<float>(64, 3.f));
  EXPECT_EQ(read(reused, 4), std::vector<float>(4, 0.f));
}

TEST_F(VulkanDeviceTest, TimesLaunches) {
  auto kernel = load(scaleSpec());
  auto x = counting(640), y = allocate(2560), z = allocate(2560);
  DeviceRange rx{x, 0, 2560}, ry{y, 0, 2560}, rz{z, 0, 2560};
  auto recording = device->record(
      {LaunchCommand{kernel, {10, 1, 1}, {rx, ry}, {640, bitsOf(2)}, "first"},
       FillCommand{{x, 0, 4}, 0},
       LaunchCommand{kernel, {10, 1, 1}, {ry, rz}, {640, bitsOf(2)}, "second"}},
      /*timed=*/true);
  ASSERT_TRUE(recording) << recording.error().message();
  EXPECT_FALSE(device->times(**recording));
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(device->submit(**recording));
  auto times = device->times(**recording);
  ASSERT_TRUE(times) << times.error().message();
  ASSERT_EQ(times->size(), 2u);
  EXPECT_EQ((*times)[0].label, "first");
  EXPECT_EQ((*times)[1].label, "second");
  EXPECT_EQ((*times)[0].begin, 0);
  EXPECT_GT((*times)[0].end, 0);
  // The second waits for the first.
  EXPECT_GE((*times)[1].begin, (*times)[0].begin);
  EXPECT_GT((*times)[1].end, (*times)[0].end);
  EXPECT_LT((*times)[1].end, 60'000'000'000);
}

TEST_F(VulkanDeviceTest, SaysWhichCapabilityIsMissing) {
  std::string image = readKernels();
  // The first instruction is OpCapability Shader, its operand word 6.
  image[6 * 4] = 6;
  auto kernels = device->load(image, {scaleSpec()});
  ASSERT_FALSE(kernels);
  EXPECT_EQ(kernels.error().message(), device->info().label() +
                                           ": kernels want the capability 6 of "
                                           "SPIR-V, which is not supported");
  image = readKernels();
  image[5] = 0;
  image[6] = 2;
  kernels = device->load(image, {scaleSpec()});
  ASSERT_FALSE(kernels);
  // Bytes 5 and 6 hold minor and major version, from the high end: 2.0.
  EXPECT_NE(kernels.error().message().find("SPIR-V 2.0, Vulkan 1.1 takes 1.0"),
            std::string::npos)
      << kernels.error().message();
}

TEST_F(VulkanDeviceTest, RefusesOtherKernelsThanDescribed) {
  KernelSpec spec = scaleSpec();
  spec.entry = "scales";
  auto kernels = device->load(readKernels(), {addSpec(), spec});
  ASSERT_FALSE(kernels);
  EXPECT_EQ(kernels.error().message(),
            device->info().label() + ": the module has no kernel 'scales'");
  spec = scaleSpec();
  spec.groupSize = {32, 2, 1};
  kernels = device->load(readKernels(), {spec});
  ASSERT_FALSE(kernels);
  EXPECT_EQ(kernels.error().message(),
            device->info().label() +
                ": kernel 'scale' has groups of 64x1x1, it is said to have "
                "32x2x1");
  spec = scaleSpec();
  spec.groupSize = {1024, 4, 1};
  kernels = device->load(readKernels(), {spec});
  ASSERT_FALSE(kernels);
  EXPECT_EQ(kernels.error().message(),
            device->info().label() +
                ": kernel 'scale': needs 4096 invocations of a group, the "
                "device has at most " +
                std::to_string(device->info().limits.invocations));
}

TEST_F(VulkanDeviceTest, RefusesMoreMemoryThanThereIs) {
  int64_t limit = device->info().limits.bufferBytes;
  auto buffer = device->allocate(limit + 1, "parameters");
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().message(),
            device->info().label() + ": cannot allocate " +
                std::to_string(limit + 1) +
                " bytes for parameters: one buffer has at most " +
                std::to_string(limit));
  auto some = allocate(1 << 20);
  int64_t total = device->info().limits.memoryBytes;
  ASSERT_EQ(limit, total) << "lavapipe has one heap for all";
  buffer = device->allocate(total - (1 << 19), "parameters");
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().message(),
            device->info().label() + ": cannot allocate " +
                std::to_string(total - (1 << 19)) +
                " bytes for parameters: 1048576 of " + std::to_string(total) +
                " are in use");
  EXPECT_FALSE(device->isLost());
}

/// Pieces of 1,000 bytes, so that every transfer takes several.
class VulkanTransferTest : public Lavapipe {
protected:
  VulkanTransferTest() { options.stagingBytes = 1000; }
};

TEST_F(VulkanTransferTest, MovesAnySizeToAnyPlace) {
  constexpr int64_t size = 20011;
  auto buffer = allocate(size);
  std::vector<unsigned char> want(size, 0), got(size, 1);
  unsigned state = 1;
  for (auto [offset, bytes] : {std::pair<int64_t, int64_t>{0, 1},
                               {3, 7},
                               {1001, 999},
                               {2003, 1000},
                               {4001, 1001},
                               {6007, 14003},
                               {20010, 1},
                               {17, 0}}) {
    std::vector<unsigned char> piece;
    for (int64_t i = 0; i < bytes; ++i)
      piece.push_back(static_cast<unsigned char>(state = state * 29 + 17));
    std::copy(piece.begin(), piece.end(), want.begin() + offset);
    ASSERT_TRUE(device->upload({buffer, offset, bytes}, piece.data()));
    std::vector<unsigned char> back(piece.size(), 0);
    ASSERT_TRUE(device->download({buffer, offset, bytes}, back.data()));
    EXPECT_EQ(back, piece);
  }
  ASSERT_TRUE(device->download({buffer, 0, size}, got.data()));
  EXPECT_EQ(got, want);
  Status outside = device->upload({buffer, 20000, 12}, want.data());
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().message(),
            device->info().label() +
                ": 12 bytes at byte 20000 are not within a buffer of 20011");
}

TEST_F(VulkanTransferTest, RefusesPiecesOfNothing) {
  options.stagingBytes = 0;
  auto none = VulkanDevice::create(instance, instance->devices()[0], options);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(),
            "pieces of 0 bytes to stage transfers, at least 1 is needed");
}

TEST_F(VulkanTransferTest, OrdersTransfersAndSubmissions) {
  auto kernel = load(countSpec());
  auto scalars = allocate(16), y = allocate(256);
  auto recording = device->record({LaunchCommand{
      kernel, {1, 1, 1}, {{scalars, 0, 16}, {y, 0, 256}}, {64}, ""}});
  ASSERT_TRUE(recording);
  float sum = 0;
  for (int step = 1; step <= 50; ++step) {
    float now = float(step);
    ASSERT_TRUE(device->upload({scalars, 0, 4}, &now));
    // The upload has taken its copy.
    now = 1e6f;
    ASSERT_TRUE(device->submit(**recording));
    sum += float(step);
  }
  EXPECT_EQ(read(y, 64), std::vector<float>(64, sum));
}

} // namespace
