//===- InspectKernels.h - What products of matrices cost --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// 'modc inspect --kernels': kernels of a model with their tiles, work, traffic
// and the time that a roofline predicts for a call of given sizes.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_INSPECTKERNELS_H
#define MODC_TOOLS_MODC_INSPECTKERNELS_H

#include "runtime/Signature.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace modc::driver {

struct KernelFlags {
  int64_t points = 256, candidates = 10, threads = 0;
  /// GFLOP/s and GB/s; measured where they are not given.
  std::optional<double> peak, bandwidth;
  /// A target of the model; without, the best that this processor runs.
  std::string target;
};

/// The target of that name, or without one the best that this processor runs.
Result<const TargetSpec *> findTarget(const Signature &signature,
                                      const std::string &name);

/// Measures what is not given; the result names what it assumed.
Result<nlohmann::ordered_json> describeKernels(const Signature &signature,
                                               const KernelFlags &flags);
std::string kernelsText(const nlohmann::ordered_json &kernels);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_INSPECTKERNELS_H
