//===- ProgramsTest.cpp - Every program on a device -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Networks are compiled for the processor, as the naive reference, and for
// Vulkan into one model; all their programs run on both, on the same numbers.
// Choices are equal where they are drawn from the same scores; what is summed
// differs by rounding.
//
//===----------------------------------------------------------------------===//

#include "frontend/Compiler.h"
#include "runtime/Session.h"
#include "runtime/devices/Devices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>

using namespace modc;

namespace {

/// Of the largest number of a tensor: sums of up to some thousand terms.
constexpr double kTolerance = 2e-5;
constexpr double kLr = 0.01;
/// Of a step: Adam divides a gradient by its own size, however small that is.
constexpr double kStepTolerance = 5e-3;

/// With all programs, or those that are named.
std::shared_ptr<const Model> compile(const std::string &path,
                                     std::vector<std::string> programs = {}) {
  Compiler compiler;
  auto module = compiler.parseFile(path);
  EXPECT_TRUE(bool(module)) << module.error().message();
  if (!module)
    return nullptr;
  CompileOptions options;
  options.targets = {"cpu:host", "vulkan"};
  options.pipeline.dispatch = Dispatch::Naive;
  options.pipeline.programs = std::move(programs);
  std::string folder =
      testing::TempDir() + "/modc-conformance-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  std::string file =
      folder + "/" + std::filesystem::path(path).stem().string() + ".so";
  Status compiled = compiler.compileTo(**module, file, options);
  EXPECT_TRUE(bool(compiled)) << compiled.error().message();
  if (!compiled)
    return nullptr;
  auto model = Model::open(file);
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(bool(model)) << model.error().message();
  return model ? *model : nullptr;
}

std::shared_ptr<Device> lavapipe() {
  static std::weak_ptr<Device> kept;
  if (auto device = kept.lock())
    return device;
  DeviceOptions options;
  options.validate = true;
  auto device = openDevice("vulkan", options);
  EXPECT_TRUE(bool(device)) << device.error().message();
  if (!device)
    return nullptr;
  kept = *device;
  return *device;
}

/// Memory for the buffers of one call.
struct Buffers {
  std::vector<std::vector<char>> memory;
  std::vector<Buffer> list;

  Buffers(const ProgramSpec &program, int64_t n, int64_t s) {
    for (const TensorSpec &spec : program.buffers)
      memory.emplace_back(size_t(*spec.bytes(n, s)), char(0));
    for (std::vector<char> &bytes : memory)
      list.push_back({bytes.data(), int64_t(bytes.size())});
  }
  template <typename T>
  T *as(size_t i) {
    return reinterpret_cast<T *>(memory[i].data());
  }
};

class Comparison {
public:
  Comparison(std::shared_ptr<const Model> model, std::shared_ptr<Device> device)
      : signature(model->signature()) {
    SessionOptions options;
    cpu = take(Session::create(model, options));
    options.device = device;
    gpu = take(Session::create(model, options));
    for (Session *session : {cpu.get(), gpu.get()}) {
      Status drawn = session->init(7);
      EXPECT_TRUE(bool(drawn)) << drawn.error().message();
    }
  }

  /// Fills the inputs of a program, runs it on both and compares all that it
  /// writes.
  void run(const std::string &name, int64_t n, int64_t s) {
    SCOPED_TRACE(name + ", N " + std::to_string(n) + ", S " +
                 std::to_string(s));
    int number = signature.findProgram(name);
    ASSERT_GE(number, 0);
    const ProgramSpec &program = signature.programs[size_t(number)];
    Buffers a(program, n, s);
    fill(program, a, n);
    Buffers b(program, n, s);
    b.memory = a.memory;
    for (size_t i = 0; i < b.memory.size(); ++i)
      b.list[i].data = b.memory[i].data();
    std::vector<int64_t> integers(program.integers.size(), 0x123456789abcdef);
    std::vector<double> reals;
    for (const std::string &real : program.reals)
      reals.push_back(real == "lr" ? kLr : real == "clip_norm" ? 0.5 : 0.01);
    auto call = [&](Session &session, Buffers &buffers) {
      return session.call(number, buffers.list.data(), buffers.list.size(), n,
                          s, integers.data(), integers.size(), reals.data(),
                          reals.size());
    };
    Status onCpu = call(*cpu, a), onGpu = call(*gpu, b);
    ASSERT_TRUE(bool(onCpu)) << onCpu.error().message();
    ASSERT_TRUE(bool(onGpu)) << onGpu.error().message();
    for (size_t i = 0; i < program.buffers.size(); ++i)
      if (program.buffers[i].output)
        compare(program.buffers[i].name, program.buffers[i].type,
                a.memory[i].data(), b.memory[i].data(), a.memory[i].size());
    if (name == "m_step")
      touched = a.memory[size_t(program.findBuffer("touched", true))];
  }

  void compareArenas() {
    for (const StoredTensor &tensor : signature.parameters)
      compare(tensor.name, tensor.type,
              static_cast<const Session &>(*cpu).parameters(),
              static_cast<const Session &>(*gpu).parameters(), tensor,
              kStepTolerance * kLr);
    for (const StoredTensor &tensor : signature.state)
      compare(tensor.name, tensor.type, cpu->state(), gpu->state(), tensor);
  }

  std::unique_ptr<Session> cpu, gpu;

private:
  static std::unique_ptr<Session>
  take(Result<std::unique_ptr<Session>> session) {
    EXPECT_TRUE(bool(session)) << session.error().message();
    return session ? std::move(*session) : nullptr;
  }

  void fill(const ProgramSpec &program, Buffers &buffers, int64_t n) {
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < program.buffers.size(); ++i) {
      const TensorSpec &spec = program.buffers[i];
      if (spec.output)
        continue;
      size_t bytes = buffers.memory[i].size();
      if (spec.name == "touched") {
        buffers.memory[i] = touched;
        buffers.list[i].data = buffers.memory[i].data();
      } else if (spec.name == "selection" || spec.name == "stored") {
        int32_t *choices = buffers.as<int32_t>(i);
        for (int64_t row = 0; row < n; ++row)
          for (const LayerSpec &layer : signature.layers)
            for (int64_t k = 0; k < layer.slotCount(); ++k)
              choices[row * signature.slots + layer.slot + k] =
                  int32_t(random() % uint64_t(layer.memberCount()));
      } else if (spec.type == DType::F32) {
        for (size_t e = 0; e < bytes / 4; ++e)
          buffers.as<float>(i)[e] = normal(random);
      } else if (spec.type == DType::I32) {
        for (size_t e = 0; e < bytes / 4; ++e)
          buffers.as<int32_t>(i)[e] = int32_t(
              random() % uint64_t(std::max<int64_t>(1, signature.classes)));
      } else if (spec.type == DType::I64) {
        for (size_t e = 0; e < bytes / 8; ++e)
          buffers.as<int64_t>(i)[e] = int64_t(3 * e + 1);
      }
    }
  }

  void compare(const std::string &name, DType type, const void *a,
               const void *b, const StoredTensor &tensor,
               double tolerance = 0) {
    compare(name, type, static_cast<const char *>(a) + tensor.offset,
            static_cast<const char *>(b) + tensor.offset, size_t(tensor.bytes),
            tolerance);
  }

  void compare(const std::string &name, DType type, const char *a,
               const char *b, size_t bytes, double tolerance = 0) {
    if (type != DType::F32 && type != DType::F64) {
      EXPECT_EQ(0, std::memcmp(a, b, bytes)) << name;
      return;
    }
    size_t width = type == DType::F32 ? 4 : 8;
    auto at = [&](const char *p, size_t i) {
      return type == DType::F32 ? double(reinterpret_cast<const float *>(p)[i])
                                : reinterpret_cast<const double *>(p)[i];
    };
    double scale = 1e-3;
    for (size_t i = 0; i < bytes / width; ++i)
      scale = std::max(scale, std::abs(at(a, i)));
    for (size_t i = 0; i < bytes / width; ++i)
      ASSERT_LE(std::abs(at(a, i) - at(b, i)),
                std::max(tolerance, kTolerance * scale))
          << name << ", element " << i << " of " << bytes / width << ": "
          << at(a, i) << " on the processor, " << at(b, i) << " on the device";
  }

  const Signature &signature;
  std::vector<char> touched;
  std::mt19937_64 random{5};
};

class Programs : public testing::TestWithParam<const char *> {};

TEST_P(Programs, AgreeWithTheProcessor) {
  auto model = compile(std::string(MODC_EXAMPLES "/") + GetParam() + ".mlir");
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  Comparison comparison(model, device);
  for (int64_t n : {1, 37}) {
    for (const char *name : {"infer", "forward", "score", "evaluate", "sample",
                             "e_step", "e_step_enumerated", "m_step", "update",
                             "train_step", "train_step"}) {
      if (model->signature().findProgram(name) < 0)
        continue;
      ASSERT_NO_FATAL_FAILURE(comparison.run(name, n, 3));
      ASSERT_NO_FATAL_FAILURE(comparison.compareArenas());
    }
  }
  for (const std::string &message : device->takeMessages())
    ADD_FAILURE() << message;
}

/// 4, 6 for each modular layer, one more where it picks several members, and 3
/// for each other layer with parameters.
TEST(Launches, OfAStepAreFew) {
  struct Bar {
    const char *name;
    size_t launches;
  };
  for (Bar bar : {Bar{"toy", 10}, Bar{"fashion-mnist", 13}, Bar{"mnist", 19}}) {
    auto model = compile(std::string(MODC_EXAMPLES "/") + bar.name + ".mlir",
                         {"train_step"});
    ASSERT_TRUE(model);
    const Signature &signature = model->signature();
    int step = signature.findProgram("train_step");
    ASSERT_GE(step, 0);
    ASSERT_EQ(signature.devices.size(), 1u);
    const auto &program = signature.devices[0].programs[size_t(step)];
    ASSERT_TRUE(program.has_value());
    EXPECT_LE(program->launches.size(), bar.launches) << bar.name;
  }
}

/// lavapipe would give a wrong number.
TEST(Launches, OfTooManyRoundsAreRefused) {
  auto model =
      compile(MODC_EXAMPLES "/fashion-mnist-mixed.mlir", {"init", "infer"});
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  if (device->info().limits.rounds == 0)
    GTEST_SKIP() << device->info().label() << " has no limit of rounds";
  SessionOptions options;
  options.device = device;
  auto session = Session::create(model, options);
  ASSERT_TRUE(bool(session)) << session.error().message();
  ASSERT_TRUE(bool((*session)->init(1)));
  int number = model->signature().findProgram("infer");
  Buffers buffers(model->signature().programs[size_t(number)], 1, 1);
  Status status =
      (*session)->call(number, buffers.list.data(), buffers.list.size(), 1, 1,
                       nullptr, 0, nullptr, 0);
  ASSERT_FALSE(bool(status));
  EXPECT_NE(status.error().message().find(
                "rounds of loops in an invocation, the device has at most"),
            std::string::npos)
      << status.error().message();
}

INSTANTIATE_TEST_SUITE_P(Examples, Programs,
                         testing::Values("toy", "fashion-mnist", "mnist",
                                         "pasted-gated", "fashion-mnist-plain"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
