//===- BenchReport.cpp - What a benchmark measured ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A load from outside can only make a sample slower, so that the fastest one
// says most of the code; median and spread say how far it was from the rest.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/BenchReport.h"

#include "runtime/CpuFeatures.h"
#include "runtime/Executor.h"
#include "runtime/formats/File.h"
#include "tools/modc/Output.h"
#include "tools/modc/Version.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace modc::driver {

using Json = nlohmann::ordered_json;

/// The value below which a share of the values lies.
static double quantile(std::vector<double> values, double share) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  return values[size_t(share * double(values.size() - 1) + 0.5)];
}

static Json number(double value) { return value > 0 ? Json(value) : Json(); }

static Json optionalNumber(std::optional<double> value) {
  return value ? Json(*value) : Json();
}

double systemLoad() {
  double load = -1;
  return getloadavg(&load, 1) == 1 ? load : -1;
}

static std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line))
    if (line.rfind("model name", 0) == 0)
      if (size_t colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return "unknown processor";
}

/// Launches of a device, and what all of them take.
static void addLaunches(const ProgramTimes &program, Json &json) {
  if (program.launches.empty())
    return;
  Json launches = Json::array();
  double all = 0;
  for (const LaunchTimes &launch : program.launches) {
    double median = quantile(launch.seconds, 0.5);
    all += median;
    launches.push_back({{"label", launch.label},
                        {"groups", launch.groups},
                        {"seconds",
                         {{"median", median},
                          {"min", quantile(launch.seconds, 0)},
                          {"p90", quantile(launch.seconds, 0.9)}}}});
  }
  // Of one that was interrupted fewer than of those before it.
  json["launch_calls"] = program.launches[0].seconds.size();
  json["launch_seconds"] = all;
  json["launches"] = std::move(launches);
}

Json BenchReport::json() const {
  double bestPeak = quantile(peak, 1), bestRead = quantile(read, 1);
  Json result = {{"modc", modcVersion()},
                 {"model", model},
                 {"network", network},
                 {"hash", hash},
                 {"flags", flags},
                 {"target", target},
                 {"device", device.empty() ? Json("cpu") : Json(device)},
                 {"machine",
                  {{"processor", processorName()},
                   {"processors", availableProcessors()},
                   {"features", describeFeatures(cpuFeatures())},
                   {"load_before", loadBefore},
                   {"load_after", loadAfter}}},
                 {"threads", threads},
                 {"batch", points},
                 {"samples", candidates},
                 {"routing", routing},
                 {"seed", seed},
                 {"rounds", rounds},
                 {"interrupted", interrupted},
                 {"peak",
                  {{"kind", peakKind},
                   {"gflops", number(bestPeak / 1e9)},
                   {"median_gflops", number(quantile(peak, 0.5) / 1e9)}}},
                 {"read",
                  {{"window_bytes", readWindow},
                   {"gbs", number(bestRead / 1e9)},
                   {"median_gbs", number(quantile(read, 0.5) / 1e9)}}}};
  Json list = Json::array();
  for (const ProgramTimes &times : programs) {
    double fastest = quantile(times.seconds, 0);
    auto rate = [&](double amount) -> std::optional<double> {
      if (!(fastest > 0))
        return std::nullopt;
      return amount / fastest;
    };
    std::optional<double> flopRate, byteRate, peakShare, readShare;
    if (times.flops && *times.flops > 0)
      flopRate = rate(*times.flops);
    if (times.parameterBytes)
      byteRate = rate(double(*times.parameterBytes));
    if (flopRate && bestPeak > 0)
      peakShare = *flopRate / bestPeak;
    if (byteRate && bestRead > 0)
      readShare = *byteRate / bestRead;
    auto giga = [](std::optional<double> value) {
      return value ? Json(*value / 1e9) : Json();
    };
    list.push_back(
        {{"name", times.name},
         {"routing", times.routed ? routing : "model"},
         {"timed", times.seconds.size()},
         {"calls_of_sample", times.callsOfSample},
         {"seconds",
          {{"median", quantile(times.seconds, 0.5)},
           {"min", fastest},
           {"p10", quantile(times.seconds, 0.1)},
           {"p90", quantile(times.seconds, 0.9)}}},
         {"rows_per_second", optionalNumber(rate(double(points)))},
         {"flops", optionalNumber(times.flops)},
         {"gflops", giga(flopRate)},
         {"share_of_peak", optionalNumber(peakShare)},
         {"parameter_bytes",
          times.parameterBytes ? Json(*times.parameterBytes) : Json()},
         {"parameter_gbs", giga(byteRate)},
         {"share_of_read", optionalNumber(readShare)}});
  }
  for (size_t i = 0; i < programs.size(); ++i)
    addLaunches(programs[i], list[i]);
  result["programs"] = std::move(list);
  return result;
}

static std::string timeText(double seconds) {
  if (seconds < 1e-3)
    return fmt::format("{:.2f} us", seconds * 1e6);
  if (seconds < 1)
    return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.2f} s", seconds);
}

/// A number of three digits with a prefix: "1.23 M".
static std::string countText(double value) {
  for (auto [unit, letter] :
       {std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")})
    if (value >= unit)
      return fmt::format("{:.3g} {}", value / unit, letter);
  return fmt::format("{:.3g}", value);
}

static std::string cell(const Json &value, const char *form) {
  return value.is_number()
             ? fmt::format(fmt::runtime(form), value.get<double>())
             : "-";
}

std::string BenchReport::headerText(const Json &all) const {
  const Json &machine = all["machine"];
  std::string out = fmt::format(
      "{}, compiled for {}, {}\nbatch {}, {} candidates in an E-step, routing "
      "{}\n{}, {} processors, threads {}, load {:.1f} to {:.1f}\n",
      network, target, flags, points, candidates, routing,
      machine["processor"].get<std::string>(),
      machine["processors"].get<int64_t>(), threads, loadBefore, loadAfter);
  if (device.empty())
    out += fmt::format("{}\npeak of {}: {} GFLOP/s, reads of memory: {} GB/s",
                       machine["features"].get<std::string>(),
                       peakKind.empty() ? "an unknown processor" : peakKind,
                       cell(all["peak"]["gflops"], "{:.1f}"),
                       cell(all["read"]["gbs"], "{:.1f}"));
  else
    out += "running on " + device;
  return out + fmt::format(", over {} rounds{}\n\n", rounds,
                           interrupted ? ", interrupted" : "");
}

std::string BenchReport::launchesText(const Json &all) const {
  Table table;
  table.row({"program", "launch", "groups", "median", "min", "of the call"});
  int64_t fewest = INT64_MAX, most = 0;
  for (const Json &program : all["programs"]) {
    if (!program.contains("launches"))
      continue;
    auto calls = program["launch_calls"].get<int64_t>();
    fewest = std::min(fewest, calls);
    most = std::max(most, calls);
    double call = program["seconds"]["median"].get<double>();
    auto share = [&](double seconds) {
      return call > 0 ? fmt::format("{:.2f}", seconds / call) : "-";
    };
    std::string name = program["name"].get<std::string>();
    for (const Json &launch : program["launches"]) {
      double median = launch["seconds"]["median"].get<double>();
      table.row({name, launch["label"].get<std::string>(),
                 launch["groups"].dump(), timeText(median),
                 timeText(launch["seconds"]["min"].get<double>()),
                 share(median)});
      name.clear();
    }
    double launches = program["launch_seconds"].get<double>();
    table.row(
        {"", "all launches", "", timeText(launches), "", share(launches)});
  }
  if (most == 0)
    return "";
  return fmt::format("\n{}\nTimes of launches are the device's, in {} further "
                     "calls; a call also takes what\nlies between launches, "
                     "transfers and the wait for its outputs.\n",
                     table.text(),
                     fewest == most ? fmt::format("{}", most)
                                    : fmt::format("{} to {}", fewest, most));
}

std::string BenchReport::text() const {
  Json all = json();
  std::string out = headerText(all);
  Table table;
  table.row({"program", "choices", "median", "min", "p10-p90", "rows/s",
             "GFLOP/s", "of peak", "GB/s", "of reads"});
  for (const Json &program : all["programs"]) {
    const Json &seconds = program["seconds"];
    double median = seconds["median"].get<double>();
    double spread = seconds["p90"].get<double>() - seconds["p10"].get<double>();
    const Json &rows = program["rows_per_second"];
    table.row(
        {program["name"].get<std::string>(),
         program["routing"].get<std::string>(), timeText(median),
         timeText(seconds["min"].get<double>()),
         median > 0 ? fmt::format("{:.0f} %", 100 * spread / median) : "-",
         rows.is_number() ? countText(rows.get<double>()) : "-",
         cell(program["gflops"], "{:.2f}"),
         cell(program["share_of_peak"], "{:.3f}"),
         cell(program["parameter_gbs"], "{:.2f}"),
         cell(program["share_of_read"], "{:.2f}")});
  }
  out += table.text();
  out += "\nRates and shares are of the fastest sample. FLOPs: those of matrix "
         "products and\nconvolutions, every candidate counted as if nothing "
         "were shared; '-' where members\ndiffer in work. GB/s: bytes of the "
         "parameters that a call uses, once each; above\nthe reads where they "
         "stay in caches.\n";
  return out + launchesText(all);
}

Result<Json> readBenchJson(const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  Json json = Json::parse(file->data(), file->data() + file->size(), nullptr,
                          /*allow_exceptions=*/false);
  bool isResult = json.is_object() && json.contains("programs") &&
                  json["programs"].is_array() && json.contains("peak") &&
                  json["peak"].is_object();
  for (size_t i = 0; isResult && i < json["programs"].size(); ++i) {
    const Json &program = json["programs"][i];
    isResult = program.is_object() && program.contains("name") &&
               program["name"].is_string() && program.contains("seconds") &&
               program["seconds"].is_object();
    for (const char *field : {"min", "median"})
      isResult = isResult && program["seconds"].contains(field) &&
                 program["seconds"][field].is_number() &&
                 program["seconds"][field].get<double>() > 0;
  }
  if (!isResult)
    return makeError(inQuotes(path),
                     " is not the output of 'modc bench --json'");
  return json;
}

Json compareBench(const Json &now, const Json &old) {
  Json differences = Json::array();
  for (const char *setting : {"network", "hash", "flags", "target", "device",
                              "threads", "batch", "samples", "routing", "seed"})
    if (old.contains(setting) && old[setting] != now[setting])
      differences.push_back(
          {{"setting", setting}, {"now", now[setting]}, {"old", old[setting]}});
  auto gigaflops = [](const Json &json) {
    const Json &peak = json["peak"];
    return peak.contains("gflops") && peak["gflops"].is_number()
               ? peak["gflops"].get<double>()
               : 0;
  };
  double speed = gigaflops(now) > 0 && gigaflops(old) > 0
                     ? gigaflops(now) / gigaflops(old)
                     : 0;
  Json list = Json::array();
  for (const Json &program : now["programs"])
    for (const Json &before : old["programs"]) {
      if (before["name"] != program["name"])
        continue;
      auto ratio = [&](const char *field) {
        return program["seconds"][field].get<double>() /
               before["seconds"][field].get<double>();
      };
      list.push_back({{"name", program["name"]},
                      {"min_ratio", ratio("min")},
                      {"median_ratio", ratio("median")},
                      {"min_ratio_to_peak", number(ratio("min") * speed)}});
    }
  return {{"peak_ratio", number(speed)},
          {"differences", differences},
          {"programs", list}};
}

std::string compareText(const Json &comparison, const std::string &path) {
  std::string out = fmt::format(
      "\ntimes over those of {} (below 1 is faster)\n", inQuotes(path));
  for (const Json &difference : comparison["differences"])
    out += fmt::format("  {} is {}, was {}\n",
                       difference["setting"].get<std::string>(),
                       difference["now"].dump(), difference["old"].dump());
  Table table;
  table.row({"program", "min", "median", "min, per cycle of the peak"});
  for (const Json &program : comparison["programs"])
    table.row({program["name"].get<std::string>(),
               cell(program["min_ratio"], "{:.3f}"),
               cell(program["median_ratio"], "{:.3f}"),
               cell(program["min_ratio_to_peak"], "{:.3f}")});
  return out + table.text();
}

} // namespace modc::driver
