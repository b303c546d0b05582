//===- DeviceTable.h - Programs of a device as data -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a signature says about a device target: its kernels and, by program, the
// launches of them with ranges, groups and constants as formulas of N and S. No
// code of a model runs to make a recording of it (docs/artefact.md).
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICETABLE_H
#define MODC_RUNTIME_DEVICETABLE_H

#include "runtime/SizeExpression.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

/// A kernel as ptxas assembled it for the target's chip. Registers are of an
/// invocation, as are the bytes of its stack and those that it stores and loads
/// for want of registers.
struct DeviceCubin {
  int64_t offset = 0, bytes = 0;
  int64_t registers = 0, stackBytes = 0, spillBytes = 0;
};

/// One entry point of the device code.
struct DeviceKernel {
  /// For people: "infer.layer0.router.linear".
  std::string name;
  std::string entry;
  /// The image that holds it: bytes of the model's device code.
  int64_t imageOffset = 0, imageBytes = 0;
  /// The same for chips of the target's generation, of CUDA only.
  std::optional<DeviceCubin> cubin;
  /// One of r (read), w (written) and m (both) for each binding.
  std::string bindings;
  /// Words of 32 bits.
  int64_t constants = 0;
  std::array<int64_t, 3> group = {1, 1, 1};
  /// Bytes that a group shares.
  int64_t shared = 0;
};

/// A range of memory that a launch hands to its kernel.
struct DeviceBinding {
  enum class Space : uint8_t {
    Buffer,     ///< of the program
    Slot,       ///< a temporary of the program
    Parameters, ///< the arenas
    Gradients,
    State,
    Scalars ///< the call's integers as i64, then its reals as f32
  };
  Space space = Space::Buffer;
  /// Of the buffer or slot; 0 for the others.
  int32_t index = 0;
  SizeExpression offset, bytes;
};

struct DeviceLaunch {
  int32_t kernel = 0;
  /// For people: "layer0.router.linear".
  std::string label;
  std::array<SizeExpression, 3> groups;
  std::vector<DeviceBinding> bindings;
  std::vector<SizeExpression> constants;
  /// Rounds that an invocation makes in its loops, at most; absent: unknown.
  std::optional<SizeExpression> rounds;
  /// Operations on floating-point numbers of all invocations, at most; absent:
  /// unknown.
  std::optional<SizeExpression> flops;
};

struct DeviceProgram {
  /// Bytes of each temporary.
  std::vector<SizeExpression> slots;
  std::vector<DeviceLaunch> launches;
};

struct DeviceTarget {
  /// "vulkan", "cuda:sm_80".
  std::string name;
  std::vector<DeviceKernel> kernels;
  /// By program of the signature; nothing where the target has not got it.
  std::vector<std::optional<DeviceProgram>> programs;
};

/// "buffer", "slot", "parameters", "gradients", "state" or "scalars".
std::string_view nameOf(DeviceBinding::Space space);

} // namespace modc

#endif // MODC_RUNTIME_DEVICETABLE_H
