//===- FakeCudaState.h - What the files of FakeCuda.cpp share ---*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Objects of the driver that FakeCuda.h describes, and the work on its stream.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_DEVICES_FAKECUDASTATE_H
#define MODC_TEST_UNIT_DEVICES_FAKECUDASTATE_H

#include "FakeCuda.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

using Work = std::function<void()>;

struct modc::cuda::ContextTag {};
struct modc::cuda::StreamTag {};
struct modc::cuda::EventTag {
  enum { Idle, Pending, Asked, Done } state = Idle;
  int64_t time = 0;
};
struct modc::cuda::FunctionTag {
  std::string name;
  /// Of the entry in the image, empty where that gives none.
  std::vector<size_t> parameterBytes;
};
struct modc::cuda::ModuleTag {
  std::string image;
  std::vector<FunctionTag *> functions;
};
struct modc::cuda::GraphTag {
  std::vector<Work> nodes;
};
struct modc::cuda::GraphExecTag {
  std::vector<Work> nodes;
};

namespace modc::fake {

extern FakeCuda state;
/// Bytes of device memory by where they begin.
extern std::map<cuda::Pointer, size_t> allocations;

/// Bytes from `pointer` to the end of the allocation that holds it, or 0.
size_t bytesFrom(cuda::Pointer pointer);

/// Puts work on the stream, or into the graph that is being captured.
cuda::Result enqueue(Work work);
void runQueued();

/// Whether some context is current, whoever's that is.
bool inContext();

/// What the test wants the function of that name to end with.
cuda::Result failureOf(const char *function);

/// Sizes of the parameters of an entry of a module of PTX, in their order.
std::vector<size_t> parametersOf(const std::string &image,
                                 const std::string &entry);

template <typename T>
T *at(cuda::Pointer pointer) {
  return reinterpret_cast<T *>(uintptr_t(pointer));
}

} // namespace modc::fake

#define CUDA_API extern "C" __attribute__((visibility("default")))
#define CU CUDA_API modc::cuda::Result
/// Of calls that work in the current context.
#define MAY_FAIL_IN_CONTEXT(function)                                          \
  MAY_FAIL(function);                                                          \
  if (!modc::fake::inContext())                                                \
  return modc::cuda::InvalidContext
#define MAY_FAIL(function)                                                     \
  if (modc::cuda::Result failure = modc::fake::failureOf(#function))           \
  return failure

#endif // MODC_TEST_UNIT_DEVICES_FAKECUDASTATE_H
