//===- Compare.h - Compare an output with what was expected -----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The check behind 'modc run --expect': elementwise, with an absolute and a
// relative tolerance.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_COMPARE_H
#define MODC_TOOLS_MODC_COMPARE_H

#include "runtime/formats/Tensor.h"

#include <optional>
#include <string>

namespace modc::driver {

struct Tolerance {
  double relative = 1e-5;
  double absolute = 1e-6;
};

/// Nothing if |actual - expected| <= absolute + relative * |expected| for every
/// element; else a message that names the worst one. Two NaN are equal, two
/// infinities of one sign too.
Result<std::optional<std::string>>
compare(const Tensor &actual, const Tensor &expected, Tolerance tolerance);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_COMPARE_H
