//===- Comparison.cpp - A model on a device and the processor -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choices are equal where they are drawn from the same scores; what is summed
// differs by rounding.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

#include "frontend/Compiler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace modc {
namespace {

/// Of the largest number of a tensor: sums of up to some thousand terms.
constexpr double kTolerance = 2e-5;
constexpr double kLr = 0.01;
constexpr int64_t kStepsBefore = 5000;

std::shared_ptr<const Model>
compileModule(Compiler &compiler,
              Result<mlir::OwningOpRef<mlir::ModuleOp>> module,
              const std::string &name, std::vector<std::string> programs) {
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
  std::string file = folder + "/" + name + ".so";
  Status compiled = compiler.compileTo(**module, file, options);
  EXPECT_TRUE(bool(compiled)) << compiled.error().message();
  if (!compiled)
    return nullptr;
  auto model = Model::open(file);
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(bool(model)) << model.error().message();
  return model ? *model : nullptr;
}

std::unique_ptr<Session> take(Result<std::unique_ptr<Session>> session) {
  EXPECT_TRUE(bool(session)) << session.error().message();
  return session ? std::move(*session) : nullptr;
}

} // namespace

std::shared_ptr<const Model> compile(const std::string &path,
                                     std::vector<std::string> programs) {
  Compiler compiler;
  return compileModule(compiler, compiler.parseFile(path),
                       std::filesystem::path(path).stem().string(),
                       std::move(programs));
}

std::shared_ptr<const Model> compileText(const std::string &text,
                                         const std::string &name,
                                         std::vector<std::string> programs) {
  Compiler compiler;
  return compileModule(compiler, compiler.parseText(text, name), name,
                       std::move(programs));
}

std::shared_ptr<Device> lavapipe() {
  static std::weak_ptr<Device> kept;
  if (auto device = kept.lock())
    return device;
  DeviceOptions options;
  options.validate = true;
  for (const DeviceInfo &info : listDevices(options).devices) {
    if (info.name.find("llvmpipe") == std::string::npos)
      continue;
    auto device = openDevice(info.id(), options);
    EXPECT_TRUE(bool(device)) << device.error().message();
    if (!device)
      return nullptr;
    kept = *device;
    return *device;
  }
  ADD_FAILURE() << "lavapipe is missing (mesa-vulkan-drivers)";
  return nullptr;
}

Comparison::Comparison(std::shared_ptr<const Model> model,
                       std::shared_ptr<Device> device)
    : signature(model->signature()) {
  SessionOptions options;
  cpu = take(Session::create(model, options));
  options.device = device;
  gpu = take(Session::create(model, options));
  for (Session *session : {cpu.get(), gpu.get()}) {
    Status drawn = session->init(7);
    EXPECT_TRUE(bool(drawn)) << drawn.error().message();
    setState(*session);
  }
}

/// In the middle of a training: Adam's first steps divide a gradient by its own
/// size, however small that is.
void Comparison::setState(Session &session) {
  std::mt19937_64 same{6};
  std::uniform_real_distribution<float> large(0.5f, 1.5f);
  auto *state = static_cast<char *>(session.state());
  ASSERT_TRUE(state);
  for (const StoredTensor &tensor : signature.state)
    for (int64_t e = 0; e < tensor.elements(); ++e)
      if (tensor.type == DType::F32)
        reinterpret_cast<float *>(state + tensor.offset)[e] = large(same);
      else if (tensor.type == DType::I64)
        reinterpret_cast<int64_t *>(state + tensor.offset)[e] = kStepsBefore;
}

void Comparison::run(const std::string &name, int64_t n, int64_t s,
                     Batch batch) {
  SCOPED_TRACE(name + ", N " + std::to_string(n) + ", S " + std::to_string(s) +
               ", batch " + std::to_string(int(batch)));
  int number = signature.findProgram(name);
  ASSERT_GE(number, 0);
  const ProgramSpec &program = signature.programs[size_t(number)];
  Buffers a(program, n, s);
  fill(program, a, n, batch);
  Buffers b(program, n, s);
  b.memory = a.memory;
  for (size_t i = 0; i < b.memory.size(); ++i)
    b.list[i].data = b.memory[i].data();
  std::vector<int64_t> integers(program.integers.size(), 0x123456789abcdef);
  std::vector<double> reals;
  for (const std::string &real : program.reals)
    reals.push_back(real == "lr" ? kLr : real == "clip_norm" ? 0.5 : 0.01);
  auto call = [&](Session &session, Buffers &buffers) {
    return session.call(number, buffers.list.data(), buffers.list.size(), n, s,
                        integers.data(), integers.size(), reals.data(),
                        reals.size());
  };
  Status onCpu = call(*cpu, a), onGpu = call(*gpu, b);
  ASSERT_TRUE(bool(onCpu)) << onCpu.error().message();
  ASSERT_TRUE(bool(onGpu)) << onGpu.error().message();
  for (size_t i = 0; i < program.buffers.size(); ++i)
    if (program.buffers[i].output)
      compare(program.buffers[i].name, program.buffers[i].type,
              a.memory[i].data(), b.memory[i].data(), a.memory[i].size());
  if (name == "m_step") {
    touched = a.memory[size_t(program.findBuffer("touched", true))];
    compareGradients();
  }
}

void Comparison::runAll(int64_t n, int64_t s, Batch batch) {
  for (const char *name :
       {"infer", "forward", "score", "evaluate", "sample", "e_step",
        "e_step_enumerated", "m_step", "update", "train_step", "train_step"}) {
    if (signature.findProgram(name) < 0)
      continue;
    ASSERT_NO_FATAL_FAILURE(run(name, n, s, batch));
    ASSERT_NO_FATAL_FAILURE(compareArenas());
  }
}

/// Those of groups that are touched: others are undefined.
void Comparison::compareGradients() {
  for (const StoredTensor &tensor : signature.parameters) {
    int32_t isTouched;
    std::memcpy(&isTouched, touched.data() + 4 * tensor.group, 4);
    if (isTouched && tensor.trained)
      compare("gradient of " + tensor.name, tensor.type, cpu->gradients(),
              gpu->gradients(), tensor);
  }
}

void Comparison::clearParameters() {
  for (Session *session : {cpu.get(), gpu.get()})
    std::memset(session->parameters(), 0, size_t(signature.parameterBytes));
}

void Comparison::fillGradients(float value) {
  for (Session *session : {cpu.get(), gpu.get()}) {
    auto *numbers = static_cast<float *>(session->gradients());
    ASSERT_TRUE(numbers);
    std::fill_n(numbers, size_t(signature.parameterBytes) / 4, value);
  }
}

void Comparison::compareArenas() {
  for (const StoredTensor &tensor : signature.parameters)
    compare(tensor.name, tensor.type,
            static_cast<const Session &>(*cpu).parameters(),
            static_cast<const Session &>(*gpu).parameters(), tensor);
  for (const StoredTensor &tensor : signature.state)
    compare(tensor.name, tensor.type, cpu->state(), gpu->state(), tensor);
}

/// The member that a row chooses.
int32_t Comparison::pick(const LayerSpec &layer, Batch batch) {
  int64_t members = layer.memberCount();
  if (batch == Batch::OneMember)
    return int32_t(members - 1);
  if (batch == Batch::NoLastMember)
    members = std::max<int64_t>(members - 1, 1);
  return int32_t(random() % uint64_t(members));
}

void Comparison::fill(const ProgramSpec &program, Buffers &buffers, int64_t n,
                      Batch batch) {
  std::normal_distribution<float> normal;
  auto number = [&]() {
    return batch == Batch::NotANumber ? NAN
           : batch == Batch::Infinite ? INFINITY
           : batch == Batch::Large    ? 1e30f * normal(random)
                                      : normal(random);
  };
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
                pick(layer, batch);
    } else if (spec.type == DType::F32) {
      for (size_t e = 0; e < bytes / 4; ++e)
        buffers.as<float>(i)[e] = number();
    } else if (spec.type == DType::I32) {
      for (size_t e = 0; e < bytes / 4; ++e)
        buffers.as<int32_t>(i)[e] = int32_t(
            random() % uint64_t(std::max<int64_t>(1, signature.classes)));
    } else if (spec.type == DType::I8) {
      // Groups that are frozen.
      for (size_t e = 0; e < bytes; ++e)
        buffers.as<char>(i)[e] = random() % 4 == 0;
    } else if (spec.type == DType::I64) {
      for (size_t e = 0; e < bytes / 8; ++e)
        buffers.as<int64_t>(i)[e] = int64_t(3 * e + 1);
    }
  }
}

void Comparison::compare(const std::string &name, DType type, const void *a,
                         const void *b, const StoredTensor &tensor) {
  compare(name, type, static_cast<const char *>(a) + tensor.offset,
          static_cast<const char *>(b) + tensor.offset, size_t(tensor.bytes));
}

void Comparison::compare(const std::string &name, DType type, const char *a,
                         const char *b, size_t bytes) {
  if (type != DType::F32 && type != DType::F64) {
    EXPECT_TRUE(bytes == 0 || std::memcmp(a, b, bytes) == 0) << name;
    return;
  }
  size_t width = type == DType::F32 ? 4 : 8;
  auto at = [&](const char *p, size_t i) {
    return type == DType::F32 ? double(reinterpret_cast<const float *>(p)[i])
                              : reinterpret_cast<const double *>(p)[i];
  };
  double scale = 1e-3;
  for (size_t i = 0; i < bytes / width; ++i)
    if (std::isfinite(at(a, i)))
      scale = std::max(scale, std::abs(at(a, i)));
  // What is no number on one side is none on the other, an infinity the same.
  auto agree = [&](double x, double y) {
    if (std::isnan(x) || std::isnan(y))
      return std::isnan(x) && std::isnan(y);
    return x == y || std::abs(x - y) <= kTolerance * scale;
  };
  for (size_t i = 0; i < bytes / width; ++i)
    ASSERT_TRUE(agree(at(a, i), at(b, i)))
        << name << ", element " << i << " of " << bytes / width << ": "
        << at(a, i) << " on the processor, " << at(b, i) << " on the device";
}

} // namespace modc
