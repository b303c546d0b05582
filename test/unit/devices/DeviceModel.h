//===- DeviceModel.h - A model by hand with programs of a device *- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Four parameters, and small programs whose launches are kernels of
// Inputs/kernels.spvasm. On the processor they do the same, or nothing where a
// test must notice that they ran there.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_DEVICES_DEVICEMODEL_H
#define MODC_TEST_UNIT_DEVICES_DEVICEMODEL_H

#include "runtime/Artefact.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace modc {

/// Programs, all on the device but the last:
///   init     (seed)            parameters = seed, seed + 1, ...; processor
///   only infer    x [N], y [N]      y = 2 x + x, through a temporary update
///   (lr)              parameters += lr, state += 1 scalars  (seed; a) z [3], y
///   [3]   y = low and high word of seed, a, as f32 bytes    b [3] i8, y [1] y
///   = the bytes as one word large    y [1]             with a temporary of N
///   GiB weigh    x [N], y [N]      y = x + parameters, N <= 4; processor too
///   pair     y [N], x [N], z [N]      y = 2 x, z = y + x
///   guess    y [N]             processor only
/// `changes` are made to the text, each once; it is empty where one cannot be.
std::string deviceSignature(
    const std::vector<std::pair<std::string, std::string>> &changes = {});
const modc_model *deviceEntry(int64_t abi, uint64_t features);
Result<std::shared_ptr<const Model>> deviceModel(
    const std::vector<std::pair<std::string, std::string>> &changes = {});
/// With a signature of the caller's.
Result<std::shared_ptr<const Model>> deviceModelOf(const std::string &text);
/// The same for the driver of FakeCuda.cpp, which runs `scale` and `count`.
Result<std::shared_ptr<const Model>> cudaModel();

} // namespace modc

#endif // MODC_TEST_UNIT_DEVICES_DEVICEMODEL_H
