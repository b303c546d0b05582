//===- BenchReport.h - What a benchmark measured ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The samples of 'modc bench' as JSON and as a table, and two such results side
// by side.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_BENCHREPORT_H
#define MODC_TOOLS_MODC_BENCHREPORT_H

#include "runtime/formats/Result.h"
#include "tools/modc/BenchLaunches.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace modc::driver {

/// Seconds of a call, sample by sample.
struct ProgramTimes {
  std::string name;
  bool routed = false;
  int64_t callsOfSample = 1;
  std::vector<double> seconds;
  std::optional<double> flops;
  std::optional<int64_t> parameterBytes;
  /// Of a device, in calls of their own.
  std::vector<LaunchTimes> launches;
};

struct BenchReport {
  std::string model, network, hash, flags, target, routing, peakKind;
  /// Empty for the processor.
  std::string device;
  int64_t threads = 1, points = 0, candidates = 1, readWindow = 0;
  int64_t rounds = 0;
  uint64_t seed = 0;
  double loadBefore = -1, loadAfter = -1;
  bool interrupted = false;
  /// FLOP/s and bytes/s, sample by sample; 0 where there is no probe.
  std::vector<double> peak, read;
  std::vector<ProgramTimes> programs;

  /// Rates and shares are those of the fastest samples.
  nlohmann::ordered_json json() const;
  std::string text() const;

private:
  std::string headerText(const nlohmann::ordered_json &all) const;
  std::string launchesText(const nlohmann::ordered_json &all) const;
};

/// The load average of the last minute, or -1.
double systemLoad();

/// The result of an earlier `modc bench --json`, with the fields that a
/// comparison needs.
Result<nlohmann::ordered_json> readBenchJson(const std::string &path);

/// Ratios new/old of each program's times, plain and with both divided by the
/// speed of the machine; and the settings that differ.
nlohmann::ordered_json compareBench(const nlohmann::ordered_json &now,
                                    const nlohmann::ordered_json &old);
std::string compareText(const nlohmann::ordered_json &comparison,
                        const std::string &path);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_BENCHREPORT_H
