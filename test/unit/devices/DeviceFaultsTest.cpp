//===- DeviceFaultsTest.cpp - Sessions on a device that fails -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory that runs out in the middle of a run, a device that is lost: a session
// says so, goes on where it can, and never hands out what is not the newest.
// CUDA's driver is FakeCuda.cpp's.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "DeviceModel.h"
#include "runtime/Session.h"
#include "runtime/Weights.h"
#include "runtime/devices/Devices.h"

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <fstream>
#include <unistd.h>

using namespace modc;

namespace {

class DeviceFaults : public testing::Test {
protected:
  void SetUp() override {
    void *library = dlopen(MODC_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCuda"))();
    *fake = FakeCuda();
    DeviceOptions settings;
    settings.cudaLibrary = MODC_FAKE_CUDA;
    auto device = openDevice("cuda", settings);
    ASSERT_TRUE(device) << device.error().message();
    auto model = cudaModel();
    ASSERT_TRUE(model) << model.error().message();
    SessionOptions options;
    options.device = std::move(*device);
    auto opened = Session::create(*model, options);
    ASSERT_TRUE(opened) << opened.error().message();
    session = std::move(*opened);
    ASSERT_TRUE(session->init(10));
  }
  void TearDown() override {
    session.reset();
    EXPECT_EQ(fake->buffers, 0);
    EXPECT_EQ(fake->modules, 0);
    EXPECT_EQ(fake->graphs, 0);
    EXPECT_EQ(fake->contexts, 0);
    EXPECT_EQ(fake->current, 0);
    *fake = FakeCuda();
  }
  Status update(double lr) {
    return session->call(session->signature().findProgram("update"), nullptr, 0,
                         1, 1, nullptr, 0, &lr, 1);
  }
  std::string updateFailure() {
    Status status = update(1);
    return status ? "no failure" : status.error().message();
  }
  float weight() const {
    auto *w = static_cast<const float *>(
        static_cast<const Session &>(*session).parameters());
    return w ? w[0] : -1;
  }

  FakeCuda *fake = nullptr;
  std::unique_ptr<Session> session;
};

TEST_F(DeviceFaults, RunsOnCuda) {
  ASSERT_TRUE(update(0.5));
  ASSERT_TRUE(update(0.25));
  EXPECT_EQ(weight(), 10.75f);
  EXPECT_EQ(fake->graphLaunches, 2);
  // What kernels share is in their own code.
  EXPECT_EQ(fake->sharedBytes, 0u);
}

TEST_F(DeviceFaults, LacksKernels) {
  float x = 1, y = 0;
  Buffer buffers[] = {{&x, 4}, {&y, 4}};
  Status status = session->call(session->signature().findProgram("weigh"),
                                buffers, 2, 1, 1, nullptr, 0, nullptr, 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message().find(
                "program 'weigh': kernel 'by hand.add': cuda:0 (Fake A): "),
            0u)
      << status.error().message();
}

TEST_F(DeviceFaults, GoesOnWhereMemoryWasShort) {
  fake->allocate = cuda::OutOfMemory;
  EXPECT_EQ(updateFailure(),
            "program 'update': cuda:0 (Fake A): cannot allocate 256 bytes for "
            "parameters: 0 of 1073741824 are in use, cuMemAlloc: "
            "CUDA_ERROR_OUT_OF_MEMORY");
  EXPECT_EQ(weight(), 10);
  fake->allocate = 0;
  ASSERT_TRUE(update(1));
  // More than there is, after memory of other calls.
  float y = 0;
  Buffer buffer = {&y, 4};
  Status status = session->call(session->signature().findProgram("large"),
                                &buffer, 1, 5, 1, nullptr, 0, nullptr, 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(
      status.error().message(),
      "program 'large': cuda:0 (Fake A): cannot allocate 5368709120 bytes "
      "for temporaries: one buffer has at most 1073741824");
  ASSERT_TRUE(update(1));
  EXPECT_EQ(weight(), 12);
}

TEST_F(DeviceFaults, ALostDeviceHandsOutNothing) {
  ASSERT_TRUE(update(1));
  fake->work = cuda::IllegalAddress;
  // Nothing waits for it.
  ASSERT_TRUE(update(1));
  std::string reason = "cuEventQuery: CUDA_ERROR_ILLEGAL_ADDRESS";
  auto read = session->read(Session::ArenaKind::Parameters);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "cuda:0 (Fake A): " + reason);
  fake->work = 0;
  reason = "cuda:0 (Fake A): lost earlier: " + reason;
  EXPECT_EQ(updateFailure(), "program 'update': " + reason);
  EXPECT_EQ(static_cast<const Session &>(*session).parameters(), nullptr);
  EXPECT_EQ(session->parameters(), nullptr);
  EXPECT_EQ(session->state(), nullptr);
  std::string path =
      testing::TempDir() + "modc-lost-" + std::to_string(getpid());
  Status saved = saveWeights(*session, path);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().message(), reason);
  EXPECT_FALSE(std::ifstream(path));
}

} // namespace
