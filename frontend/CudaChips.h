//===- CudaChips.h - What NVIDIA's chips have ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The limits and rates of the chips that kernels are judged for where none is,
// and how many groups of a kernel one multiprocessor holds at a time.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_CUDACHIPS_H
#define MODC_FRONTEND_CUDACHIPS_H

#include <cstdint>
#include <string_view>

namespace modc {

/// Registers, shared bytes, invocations and groups are of a multiprocessor; its
/// registers are of 32 bits. Rates are a second: f32 operations outside tensor
/// cores, a fused multiply-add as two, and bytes of the memory.
struct CudaChip {
  std::string_view name, product;
  int64_t multiprocessors, registers, sharedBytes, invocations, groups;
  double flops, bytes;
};

/// "sm_80" and "sm_90"; null for others.
const CudaChip *findCudaChip(std::string_view name);

/// Groups and warps that a multiprocessor holds, and what allows no more: the
/// "registers", "shared memory", "warps" or "groups" of the chip.
struct Occupancy {
  int64_t groups = 0, warps = 0;
  std::string_view limit;
};

/// Of a kernel with so many registers of an invocation, shared bytes and
/// invocations of a group.
Occupancy computeOccupancy(const CudaChip &chip, int64_t registers,
                           int64_t sharedBytes, int64_t invocations);

} // namespace modc

#endif // MODC_FRONTEND_CUDACHIPS_H
