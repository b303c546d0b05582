//===- FakeCuda.h - A CUDA driver without a GPU -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a test may set in the driver that FakeCuda.cpp builds, and what it may
// count there. The driver knows the kernels `scale` and `count` of
// Inputs/kernels.spvasm and runs them on the processor; work on its stream runs
// no earlier than somebody asks for an event, as on a GPU that takes its time.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_DEVICES_FAKECUDA_H
#define MODC_TEST_UNIT_DEVICES_FAKECUDA_H

#include "runtime/devices/CudaFunctions.h"

#include <cstdint>
#include <string>
#include <vector>

namespace modc {

/// What a launch was given, checked against the entry in its module.
struct FakeLaunch {
  std::string kernel;
  unsigned grid[3] = {}, block[3] = {};
  std::vector<char> parameters;
  /// For each pointer, bytes from there to the end of its allocation.
  std::vector<size_t> room;
};

struct FakeCuda {
  int version = 12040;
  int devices = 1;
  size_t memoryBytes = size_t(1) << 30;
  /// Of each function.
  int maxThreads = 1024, staticSharedBytes = 0;
  /// Results of the calls that they are named after.
  cuda::Result init = 0, allocate = 0, load = 0, launch = 0, capture = 0;
  /// What work on the stream ends with.
  cuda::Result work = 0;
  /// What the driver's compiler says.
  const char *jitLog = "";
  /// As a driver that is older than the ptxas that made them.
  bool refusesCubins = false;
  bool hangs = false;
  /// A function of the driver ("cuEventRecord") that ends with `failure`.
  std::string failing;
  cuda::Result failure = 0;

  /// What was made and not yet destroyed.
  int buffers = 0, pinned = 0, modules = 0, graphs = 0, events = 0, streams = 0,
      contexts = 0;
  /// The device's contexts on the calling thread's stack.
  int current = 0;
  /// The program has a context of its own below them, and calls that were made
  /// in that.
  bool hasForeign = false;
  int foreignCalls = 0;
  int launches = 0, graphLaunches = 0, queries = 0;
  int dynamicSharedBytes = 0;
  /// All of a module whose entries have parameters.
  std::vector<FakeLaunch> checked;
  /// Modules that were PTX, and cubins, which begin with 0x7f.
  int ptxLoaded = 0, cubinsLoaded = 0;
  /// Of the last launch.
  std::string kernel;
  unsigned grid[3] = {}, block[3] = {}, sharedBytes = 0;
  size_t parameterBytes = 0;
};

} // namespace modc

#endif // MODC_TEST_UNIT_DEVICES_FAKECUDA_H
