//===- CudaProgramsTest.cpp - A network on a CUDA driver of ours ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// No kernel runs here: networks are compiled for CUDA, their programs recorded
// as graphs, and what each launch is given compared with the table of the model
// and with what the PTX says of its kernel.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "frontend/Compiler.h"
#include "runtime/Session.h"
#include "runtime/devices/Devices.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <unistd.h>

using namespace modc;

namespace {

class CudaPrograms : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    void *library = dlopen(MODC_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCuda"))();
    *fake = FakeCuda();
    ASSERT_NO_FATAL_FAILURE(compile());
    DeviceOptions options;
    options.cudaLibrary = MODC_FAKE_CUDA;
    auto device = openDevice("cuda", options);
    ASSERT_TRUE(bool(device)) << device.error().message();
    SessionOptions settings;
    settings.device = std::move(*device);
    auto opened = Session::create(model, settings);
    ASSERT_TRUE(bool(opened)) << opened.error().message();
    session = std::move(*opened);
    ASSERT_TRUE(bool(session->init(3)));
  }
  void TearDown() override {
    session.reset();
    EXPECT_EQ(fake->buffers, 0);
    EXPECT_EQ(fake->modules, 0);
    EXPECT_EQ(fake->graphs, 0);
    EXPECT_EQ(fake->current, 0);
    *fake = FakeCuda();
  }

  void compile() {
    Compiler compiler;
    auto module = compiler.parseFile(std::string(MODC_EXAMPLES "/") +
                                     GetParam() + ".mlir");
    ASSERT_TRUE(bool(module)) << module.error().message();
    CompileOptions options;
    options.targets = {"cpu:host", "cuda:sm_80"};
    options.pipeline.programs = {"init", "infer", "e_step", "train_step"};
    std::string file =
        testing::TempDir() + "/modc-cuda-" + std::to_string(getpid()) + ".so";
    Status compiled = compiler.compileTo(**module, file, options);
    ASSERT_TRUE(bool(compiled)) << compiled.error().message();
    auto opened = Model::open(file);
    std::filesystem::remove(file);
    ASSERT_TRUE(bool(opened)) << opened.error().message();
    model = std::move(*opened);
  }

  /// Zeros are choices and labels like any other.
  Status call(int index, int64_t n, int64_t s) {
    const ProgramSpec &program = model->signature().programs[size_t(index)];
    std::vector<std::vector<char>> memory;
    std::vector<Buffer> buffers;
    for (const TensorSpec &spec : program.buffers)
      memory.emplace_back(size_t(*spec.bytes(n, s)), char(0));
    for (std::vector<char> &bytes : memory)
      buffers.push_back({bytes.data(), int64_t(bytes.size())});
    std::vector<int64_t> integers(program.integers.size(), 5);
    std::vector<double> reals(program.reals.size(), 0.5);
    return session->call(index, buffers.data(), buffers.size(), n, s,
                         integers.data(), integers.size(), reals.data(),
                         reals.size());
  }

  FakeCuda *fake = nullptr;
  std::shared_ptr<const Model> model;
  std::unique_ptr<Session> session;
};

template <typename T>
T valueAt(const FakeLaunch &launch, size_t byte) {
  T value;
  std::memcpy(&value, launch.parameters.data() + byte, sizeof value);
  return value;
}

void expectSame(const FakeLaunch &got, const DeviceLaunch &launch,
                const DeviceKernel &kernel, int64_t n, int64_t s) {
  SCOPED_TRACE(launch.label + ", N " + std::to_string(n));
  EXPECT_EQ(got.kernel, kernel.entry);
  for (size_t d = 0; d < 3; ++d) {
    EXPECT_EQ(int64_t(got.grid[d]), launch.groups[d].evaluate(n, s));
    EXPECT_EQ(int64_t(got.block[d]), kernel.group[d]);
  }
  ASSERT_EQ(got.room.size(), launch.bindings.size());
  ASSERT_EQ(got.parameters.size(),
            8 * launch.bindings.size() + 4 * launch.constants.size());
  for (size_t i = 0; i < launch.bindings.size(); ++i) {
    EXPECT_GE(int64_t(got.room[i]), launch.bindings[i].bytes.evaluate(n, s));
    EXPECT_EQ(valueAt<uint64_t>(got, 8 * i) % 16, 0u);
    // What one launch is given of a slot has the distances of the table. Ranges
    // of an arena are in the same order, and apart as devices want them.
    using Space = DeviceBinding::Space;
    for (size_t j = 0; j < i; ++j) {
      const DeviceBinding &one = launch.bindings[i], &two = launch.bindings[j];
      if (one.space != two.space || one.index != two.index)
        continue;
      auto distance = int64_t(valueAt<uint64_t>(got, 8 * i) -
                              valueAt<uint64_t>(got, 8 * j));
      int64_t wanted = *one.offset.evaluate(n, s) - *two.offset.evaluate(n, s);
      if (one.space != Space::Parameters && one.space != Space::Gradients &&
          one.space != Space::State) {
        EXPECT_EQ(distance, wanted);
        continue;
      }
      EXPECT_EQ(distance % 256, 0);
      EXPECT_EQ(distance > 0, wanted > 0);
      EXPECT_GE(std::abs(distance), std::abs(wanted));
    }
  }
  for (size_t i = 0; i < launch.constants.size(); ++i)
    EXPECT_EQ(valueAt<int32_t>(got, 8 * launch.bindings.size() + 4 * i),
              launch.constants[i].evaluate(n, s));
}

TEST_P(CudaPrograms, LaunchWhatTheTableSays) {
  ASSERT_EQ(model->signature().devices.size(), 1u);
  const DeviceTarget &target = model->signature().devices[0];
  EXPECT_EQ(target.name, "cuda:sm_80");
  for (int64_t n : {1, 37, 1000})
    for (size_t p = 0; p < target.programs.size(); ++p) {
      if (!target.programs[p])
        continue;
      SCOPED_TRACE(model->signature().programs[p].name);
      fake->checked.clear();
      fake->launches = fake->graphLaunches = 0;
      Status status = call(int(p), n, 3);
      ASSERT_TRUE(bool(status)) << status.error().message();
      EXPECT_EQ(fake->graphLaunches, 1);
      const std::vector<DeviceLaunch> &launches = target.programs[p]->launches;
      ASSERT_EQ(fake->checked.size(), launches.size());
      EXPECT_EQ(size_t(fake->launches), launches.size());
      for (size_t i = 0; i < launches.size(); ++i)
        ASSERT_NO_FATAL_FAILURE(
            expectSame(fake->checked[i], launches[i],
                       target.kernels[size_t(launches[i].kernel)], n, 3));
      // The second call is the graph again.
      ASSERT_TRUE(bool(call(int(p), n, 3)));
      EXPECT_EQ(fake->graphLaunches, 2);
      EXPECT_EQ(fake->checked.size(), launches.size());
    }
}

INSTANTIATE_TEST_SUITE_P(Examples, CudaPrograms,
                         testing::Values("toy", "fashion-mnist"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
