//===- Comparison.h - A model on a device and the processor -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles networks for the processor, as the naive reference, and for Vulkan
// into one model; runs its programs on both, on the same numbers, and compares
// all that they write.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_CONFORMANCE_COMPARISON_H
#define MODC_TEST_UNIT_CONFORMANCE_COMPARISON_H

#include "runtime/Session.h"
#include "runtime/devices/Devices.h"

#include <gtest/gtest.h>

#include <random>

namespace modc {

/// With all programs, or those that are named.
std::shared_ptr<const Model> compile(const std::string &path,
                                     std::vector<std::string> programs = {});
std::shared_ptr<const Model>
compileText(const std::string &text, const std::string &name,
            std::vector<std::string> programs = {});

/// With the validation layer; one for all tests.
std::shared_ptr<Device> lavapipe();

/// What a batch is filled with.
enum class Batch {
  Drawn,
  OneMember,
  NoLastMember,
  Large,
  NotANumber,
  Infinite
};

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
  Comparison(std::shared_ptr<const Model> model,
             std::shared_ptr<Device> device);

  /// Fills the inputs of a program, runs it on both and compares all that it
  /// writes.
  void run(const std::string &name, int64_t n, int64_t s,
           Batch batch = Batch::Drawn);
  /// All programs that the model has, arenas after each.
  void runAll(int64_t n, int64_t s, Batch batch = Batch::Drawn);
  /// Parameters and the optimizer's state.
  void compareArenas();
  /// What `update` is given.
  void fillGradients(float value);
  /// Scores and objectives of all members become equal.
  void clearParameters();

  std::unique_ptr<Session> cpu, gpu;

private:
  void setState(Session &session);
  int32_t pick(const LayerSpec &layer, Batch batch);
  void fill(const ProgramSpec &program, Buffers &buffers, int64_t n,
            Batch batch);
  void compareGradients();
  void compare(const std::string &name, DType type, const void *a,
               const void *b, const StoredTensor &tensor);
  void compare(const std::string &name, DType type, const char *a,
               const char *b, size_t bytes);

  const Signature &signature;
  std::vector<char> touched;
  std::mt19937_64 random{5};
};

} // namespace modc

#endif // MODC_TEST_UNIT_CONFORMANCE_COMPARISON_H
