//===- CudaDeviceTest.cpp - A device through CUDA's driver ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of the device's code against a driver that runs on the processor: what is
// asked of the driver, in which order, and what becomes of its errors. What a
// GPU makes of it is not tested here.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"
#include "LavapipeFixture.h"

#include "runtime/devices/Devices.h"

#include <dlfcn.h>

using namespace modc;

namespace {

const char *const kImage =
    ".version 7.0\n.target sm_80\n.visible .entry scale(...)\n"
    ".visible .entry count(...)\n";

class CudaDeviceTest : public testing::Test {
protected:
  void SetUp() override {
    void *library = dlopen(MODC_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCuda"))();
    *fake = FakeCuda();
    options.cudaLibrary = MODC_FAKE_CUDA;
    options.vulkanLibrary = "libvulkan-that-is-not-there.so.1";
  }
  void TearDown() override {
    device.reset();
    // Contexts are popped as often as they are pushed, on every path.
    EXPECT_EQ(fake->current, 0);
  }
  void expectNothingLeft() {
    EXPECT_EQ(fake->buffers, 0);
    EXPECT_EQ(fake->pinned, 0);
    EXPECT_EQ(fake->modules, 0);
    EXPECT_EQ(fake->graphs, 0);
    EXPECT_EQ(fake->events, 0);
    EXPECT_EQ(fake->streams, 0);
    EXPECT_EQ(fake->contexts, 0);
  }

  void open(const char *name = "cuda") {
    auto opened = openDevice(name, options);
    ASSERT_TRUE(opened) << opened.error().message();
    device = *opened;
  }
  std::string reasonOfNone() {
    for (const MissingDevice &missing : listDevices(options).missing)
      if (missing.kind == DeviceKind::Cuda)
        return missing.reason;
    return "";
  }
  std::shared_ptr<const Kernel> load(const KernelSpec &spec) {
    auto kernels = device->load(kImage, {spec});
    EXPECT_TRUE(kernels) << kernels.error().message();
    return kernels ? (*kernels)[0] : nullptr;
  }
  std::shared_ptr<DeviceBuffer> counting(int64_t floats) {
    std::vector<float> values(size_t(floats), 0);
    std::iota(values.begin(), values.end(), 1.f);
    auto buffer = device->allocate(floats * 4, "a test");
    EXPECT_TRUE(buffer && device->upload({*buffer, 0, floats * 4}, &values[0]));
    return *buffer;
  }
  std::vector<float> read(const std::shared_ptr<DeviceBuffer> &buffer,
                          int64_t floats) {
    std::vector<float> values(size_t(floats), -1.f);
    Status status = device->download({buffer, 0, floats * 4}, values.data());
    EXPECT_TRUE(status) << status.error().message();
    return values;
  }

  FakeCuda *fake = nullptr;
  DeviceOptions options;
  std::shared_ptr<Device> device;
};

TEST_F(CudaDeviceTest, IsListedAndOpened) {
  fake->devices = 2;
  DeviceListing listing = listDevices(options);
  ASSERT_EQ(listing.devices.size(), 3u);
  const DeviceInfo &info = listing.devices[2];
  EXPECT_EQ(info.label(), "cuda:1 (Fake B)");
  EXPECT_EQ(info.architecture, "sm_80");
  EXPECT_EQ(info.api, "12.4");
  EXPECT_EQ(info.subgroupSize, 32);
  EXPECT_EQ(info.limits.memoryBytes, 1 << 30);
  EXPECT_EQ(info.limits.bindingBytes, 1 << 30);
  EXPECT_EQ(info.limits.sharedBytes, 166912);
  EXPECT_EQ(info.limits.groupSize, (std::array<int64_t, 3>{1024, 1024, 64}));
  EXPECT_EQ(info.limits.groups,
            (std::array<int64_t, 3>{2147483647, 65535, 65535}));
  // What an index of 32 bits reaches, whatever there is.
  fake->memoryBytes = size_t(80) << 30;
  listing = listDevices(options);
  EXPECT_EQ(listing.devices[2].limits.bufferBytes, int64_t(80) << 30);
  EXPECT_EQ(listing.devices[2].limits.bindingBytes, int64_t(8) << 30);
  fake->memoryBytes = size_t(1) << 30;
  ASSERT_NO_FATAL_FAILURE(open("cuda:1"));
  EXPECT_EQ(device->info().name, "Fake B");
  auto third = openDevice("cuda:2", options);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().message(),
            "there is no cuda device 2: this machine has 2");
  device.reset();
  expectNothingLeft();
}

TEST_F(CudaDeviceTest, SaysWhyThereIsNone) {
  fake->devices = 0;
  EXPECT_EQ(reasonOfNone(), "CUDA's driver found no device");
  fake->init = cuda::NoDevice;
  EXPECT_EQ(reasonOfNone(), "CUDA's driver found no device");
  fake->init = 803;
  EXPECT_EQ(reasonOfNone(),
            "CUDA's driver does not start: cuInit: error 803 of CUDA");
  options.cudaLibrary = "libz.so.1";
  EXPECT_EQ(reasonOfNone(), "'libz.so.1' has no cuInit, modc needs a driver of "
                            "CUDA 11.4 or later");
  options.cudaLibrary = "libcuda-that-is-not-there.so.1";
  EXPECT_EQ(
      reasonOfNone().find("cannot load 'libcuda-that-is-not-there.so.1': "),
      0u);
  auto opened = openDevice("cuda", options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message().find("no cuda device: cannot load "
                                          "'libcuda-that-is-not-there.so.1': "),
            0u);
}

TEST_F(CudaDeviceTest, LaunchesAGraph) {
  ASSERT_NO_FATAL_FAILURE(open());
  KernelSpec spec = scaleSpec();
  spec.sharedBytes = 65536;
  auto kernel = load(spec);
  EXPECT_EQ(fake->dynamicSharedBytes, 65536);
  auto x = counting(200), y = *device->allocate(1024, "y");
  // 64-byte offset, 150 of 184 numbers.
  auto recording = device->record({LaunchCommand{kernel,
                                                 {3, 1, 1},
                                                 {{x, 64, 736}, {y, 0, 1024}},
                                                 {150, bitsOf(2)},
                                                 ""},
                                   CopyCommand{{y, 0, 8}, {x, 0, 8}},
                                   FillCommand{{y, 8, 4}, bitsOf(9)}});
  ASSERT_TRUE(recording) << recording.error().message();
  EXPECT_EQ(fake->launches, 1);
  EXPECT_EQ(fake->kernel, "scale");
  EXPECT_EQ(fake->grid[0], 3u);
  EXPECT_EQ(fake->block[0], 64u);
  EXPECT_EQ(fake->sharedBytes, 65536u);
  EXPECT_EQ(fake->parameterBytes, 2 * 8 + 2 * 4u);
  // Recording has run nothing.
  EXPECT_EQ(read(y, 1)[0], 0.f);
  ASSERT_TRUE(device->submit(**recording));
  ASSERT_TRUE(device->submit(**recording));
  EXPECT_EQ(fake->launches, 1);
  EXPECT_EQ(fake->graphLaunches, 2);
  std::vector<float> values = read(y, 184), copied = read(x, 3);
  for (size_t i = 0; i < 184; ++i)
    EXPECT_EQ(values[i], i == 2 ? 9.f : i < 150 ? 2.f * float(i + 17) : 0.f);
  EXPECT_EQ(copied, (std::vector<float>{34, 36, 3}));
  x.reset();
  y.reset();
  kernel.reset();
  recording = Error("gone");
  device.reset();
  expectNothingLeft();
}

TEST_F(CudaDeviceTest, OrdersWritesUploadsAndSubmissions) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto scalars = *device->allocate(16, "s"), y = *device->allocate(256, "y");
  auto recording =
      device->record({LaunchCommand{load(countSpec()),
                                    {1, 1, 1},
                                    {{scalars, 0, 16}, {y, 0, 256}},
                                    {64},
                                    ""}});
  ASSERT_TRUE(recording) << recording.error().message();
  float sum = 0;
  for (int step = 1; step <= 50; ++step) {
    float now[] = {float(step), 0, 0, 0};
    std::vector<HostWrite> writes;
    if (step % 2)
      writes = {{{scalars, 0, 4}, now}, {{scalars, 4, 8}, now + 1}};
    else
      ASSERT_TRUE(device->upload({scalars, 0, 4}, now));
    ASSERT_TRUE(device->submit(**recording, writes));
    now[0] = 1e6f;
    sum += float(step);
  }
  EXPECT_EQ(read(y, 64), std::vector<float>(64, sum));
}

TEST_F(CudaDeviceTest, TimesLaunches) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto kernel = load(scaleSpec());
  auto x = counting(64), y = *device->allocate(256, "y");
  LaunchCommand launch{
      kernel, {1, 1, 1}, {{x, 0, 256}, {y, 0, 256}}, {64, bitsOf(2)}, "one"};
  LaunchCommand second = launch;
  second.label = "two";
  auto recording = device->record({launch, FillCommand{{x, 0, 4}, 0}, second},
                                  /*timed=*/true);
  ASSERT_TRUE(recording);
  ASSERT_TRUE(device->submit(**recording));
  ASSERT_TRUE(device->submit(**recording));
  auto times = device->times(**recording);
  ASSERT_TRUE(times) << times.error().message();
  // The fake's clock goes on by half a millisecond at each event.
  ASSERT_EQ(times->size(), 2u);
  EXPECT_EQ((*times)[0].label, "one");
  EXPECT_EQ((*times)[0].begin, 0);
  EXPECT_EQ((*times)[0].end, 500000);
  EXPECT_EQ((*times)[1].label, "two");
  EXPECT_EQ((*times)[1].begin, 1000000);
  EXPECT_EQ((*times)[1].end, 1500000);
  EXPECT_EQ(fake->graphLaunches, 0);
}

TEST_F(CudaDeviceTest, RefusesKernelsThatDoNotFit) {
  ASSERT_NO_FATAL_FAILURE(open());
  KernelSpec spec = scaleSpec();
  spec.entry = "sum";
  EXPECT_EQ(device->load(kImage, {spec}).error().message(),
            "cuda:0 (Fake A): the module has no kernel 'sum'");
  fake->maxThreads = 48;
  EXPECT_EQ(device->load(kImage, {scaleSpec()}).error().message(),
            "cuda:0 (Fake A): kernel 'scale' needs 64 invocations of a group, "
            "its registers leave room for 48");
  fake->maxThreads = 1024;
  fake->staticSharedBytes = 160000;
  spec = scaleSpec();
  spec.sharedBytes = 10000;
  EXPECT_EQ(device->load(kImage, {spec}).error().message(),
            "cuda:0 (Fake A): kernel 'scale' needs 170000 bytes of shared "
            "memory, the device has at most 166912");
  fake->load = 218;
  fake->jitLog = "ptxas fatal: unsupported .version";
  EXPECT_EQ(device->load("?", {scaleSpec()}).error().message(),
            "cuda:0 (Fake A): cuModuleLoadDataEx ('ptxas fatal: unsupported "
            ".version'): CUDA_ERROR_INVALID_PTX");
  EXPECT_EQ(fake->modules, 0);
  EXPECT_FALSE(device->isLost());
}

TEST_F(CudaDeviceTest, AllocationFails) {
  ASSERT_NO_FATAL_FAILURE(open());
  fake->allocate = cuda::OutOfMemory;
  auto buffer = device->allocate(1000, "state");
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().message(),
            "cuda:0 (Fake A): cannot allocate 1024 bytes for state: 0 of "
            "1073741824 are in use, cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY");
  fake->allocate = 0;
  EXPECT_TRUE(device->allocate(1000, "state"));
}

TEST_F(CudaDeviceTest, ErrorsOfCallsLeaveItAsItWas) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64), y = *device->allocate(256, "y");
  CommandList commands{LaunchCommand{load(scaleSpec()),
                                     {1, 1, 1},
                                     {{x, 0, 256}, {y, 0, 256}},
                                     {64, bitsOf(2)},
                                     ""}};
  fake->launch = 1;
  EXPECT_EQ(device->record(commands).error().message(),
            "cuda:0 (Fake A): cuLaunchKernel of 'scale': "
            "CUDA_ERROR_INVALID_VALUE");
  fake->launch = 0;
  fake->capture = 1;
  EXPECT_EQ(device->record(commands).error().message(),
            "cuda:0 (Fake A): cuStreamEndCapture: CUDA_ERROR_INVALID_VALUE");
  fake->capture = 0;
  EXPECT_EQ(fake->graphs, 0);
  auto recording = device->record(commands);
  ASSERT_TRUE(recording);
  ASSERT_TRUE(device->submit(**recording));
  EXPECT_EQ(read(y, 64)[63], 128.f);
}

TEST_F(CudaDeviceTest, AFaultLosesIt) {
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64);
  fake->work = cuda::IllegalAddress;
  float value = 0;
  Status status = device->download({x, 0, 4}, &value);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "cuda:0 (Fake A): cuEventQuery: CUDA_ERROR_ILLEGAL_ADDRESS");
  fake->work = 0;
  EXPECT_EQ(device->upload({x, 0, 4}, &value).error().message(),
            "cuda:0 (Fake A): lost earlier: cuEventQuery: "
            "CUDA_ERROR_ILLEGAL_ADDRESS");
  x.reset();
  device.reset();
  expectNothingLeft();
}

TEST_F(CudaDeviceTest, SilentDeviceIsLostInTime) {
  options.timeoutSeconds = 0.05;
  ASSERT_NO_FATAL_FAILURE(open());
  auto x = counting(64);
  auto recording = device->record({FillCommand{{x, 0, 4}, 0}});
  ASSERT_TRUE(recording);
  fake->hangs = true;
  ASSERT_TRUE(device->submit(**recording));
  Status status = device->wait();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "cuda:0 (Fake A): did not end a submission within 50 ms");
  EXPECT_GT(fake->queries, 1);
  int queries = fake->queries;
  recording = Error("gone");
  x.reset();
  device.reset();
  EXPECT_EQ(fake->queries, queries);
  // It may still use them.
  EXPECT_EQ(fake->buffers, 1);
  EXPECT_EQ(fake->contexts, 1);
}

} // namespace
