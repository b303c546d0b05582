//===- Compare.cpp - Compare an output with what was expected -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The worst element is the one that exceeds its own bound by the largest
// factor.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Compare.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace modc::driver {

/// "[12, 3]" for an element's position in row-major order.
static std::string position(int64_t index, const Shape &shape) {
  Shape place(shape.size());
  for (size_t i = shape.size(); i-- > 0;) {
    place[i] = index % shape[i];
    index /= shape[i];
  }
  return toString(place);
}

/// By how much a difference exceeds its bound; above 1 is too much.
static double excess(double actual, double expected, Tolerance tolerance) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (actual == expected || (std::isnan(actual) && std::isnan(expected)))
    return 0;
  if (!std::isfinite(actual) || !std::isfinite(expected))
    return infinite;
  double bound = tolerance.absolute + tolerance.relative * std::fabs(expected);
  double difference = std::fabs(actual - expected);
  return bound > 0 ? difference / bound : infinite;
}

Result<std::optional<std::string>>
compare(const Tensor &actual, const Tensor &expected, Tolerance tolerance) {
  using Answer = std::optional<std::string>;
  if (actual.shape != expected.shape)
    return Answer(actual.source + " has shape " + toString(actual.shape) +
                  ", but " + expected.source + " has " +
                  toString(expected.shape));
  auto got = actual.convert<double>();
  if (!got)
    return got.error();
  auto wanted = expected.convert<double>();
  if (!wanted)
    return wanted.error();

  int64_t wrong = 0, worst = -1;
  double worstExcess = 0;
  for (size_t i = 0; i < got->size(); ++i) {
    double factor = excess((*got)[i], (*wanted)[i], tolerance);
    if (factor <= 1)
      continue;
    ++wrong;
    if (factor > worstExcess) {
      worstExcess = factor;
      worst = int64_t(i);
    }
  }
  if (wrong == 0)
    return Answer();
  return Answer(fmt::format(
      "{}: {} of {} elements differ from {} by more than {:g} + {:g}*|expected|"
      "; the worst is {}: {:.9g} where {:.9g} was expected",
      actual.source, wrong, got->size(), expected.source, tolerance.absolute,
      tolerance.relative, position(worst, actual.shape), (*got)[worst],
      (*wanted)[worst]));
}

} // namespace modc::driver
