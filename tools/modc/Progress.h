//===- Progress.h - Where a long run stands ---------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One line that is rewritten in place on a terminal, and plain lines now and
// then where standard error is a file or a pipe.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_PROGRESS_H
#define MODC_TOOLS_MODC_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace modc::driver {

/// Shows how many of `total` items are done, their rate and the time left. At
/// most one may exist.
class ProgressLine {
public:
  /// `done` items were done by an earlier run, and count for no rate. `unit` is
  /// the item in the plural ("steps").
  ProgressLine(int64_t total, int64_t done, std::string unit);
  ~ProgressLine();
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;

  /// True if a call of `update` would show something now: asking is cheap, so
  /// that texts need not be made for each item.
  bool due() const;
  /// Shows that `done` items are done and `facts` about them.
  void update(int64_t done, std::string_view facts);
  /// A line that stays, for the end of an epoch.
  void milestone(int64_t done, std::string_view facts);

  /// Removes the line from the terminal, if one is shown.
  static void wipe();

private:
  using Clock = std::chrono::steady_clock;
  std::string line(int64_t done, std::string_view facts, bool left) const;

  int64_t total, before;
  std::string unit;
  bool terminal;
  Clock::time_point start, last;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_PROGRESS_H
