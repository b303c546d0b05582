//===- InspectKernels.cpp - What products of matrices cost ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product takes at least as long as its multiplications and additions at the
// peak of all threads, and as its operands take to be read and its result to be
// written once. Programs do more than products: what a prediction leaves out is
// said in the documentation.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/InspectKernels.h"

#include "runtime/CpuFeatures.h"
#include "tools/modc/BenchProbes.h"
#include "tools/modc/Flags.h"
#include "tools/modc/Output.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace modc::driver {
namespace {

using Json = nlohmann::ordered_json;

struct Machine {
  double flops = 0, bytes = 0; ///< a second
  int64_t threads = 1;
  bool measuredPeak = false, measuredBandwidth = false;
};

/// The best of a few runs: what the machine can do.
Result<Machine> machineOf(const Signature &signature,
                          const KernelFlags &flags) {
  constexpr int runs = 9;
  Machine machine;
  machine.flops = flags.peak.value_or(0) * 1e9;
  machine.bytes = flags.bandwidth.value_or(0) * 1e9;
  if (flags.peak && flags.bandwidth)
    return machine;
  Executor executor(flags.threads);
  machine.threads = executor.workers();
  if (!flags.peak) {
    machine.measuredPeak = true;
    PeakProbe probe(signature.element);
    for (int i = 0; i < runs; ++i)
      machine.flops = std::max(machine.flops, probe.run(executor));
    if (machine.flops <= 0)
      return Error("there is no probe for this processor: give --peak");
  }
  if (!flags.bandwidth) {
    machine.measuredBandwidth = true;
    ReadProbe probe;
    if (Status status = probe.prepare(); !status)
      return status.error();
    for (int i = 0; i < runs; ++i)
      machine.bytes = std::max(machine.bytes, probe.run(executor));
    if (machine.bytes <= 0)
      return Error("there is no probe for this processor: give --bandwidth");
  }
  return machine;
}

} // namespace

Result<const TargetSpec *> findTarget(const Signature &signature,
                                      const std::string &name) {
  std::vector<std::string> names;
  const TargetSpec *best = nullptr;
  for (const TargetSpec &target : signature.targets) {
    names.push_back(target.name);
    if (target.name == name)
      return &target;
    // From the most demanding to the least.
    if (!best && (target.features & ~cpuFeatures()) == 0)
      best = &target;
  }
  for (const DeviceTarget &target : signature.devices)
    if (target.name == name)
      return makeError(inQuotes(name), " is a device: only --kernels, without "
                                       "--memory, knows what it runs");
    else
      names.push_back(target.name);
  if (!name.empty())
    return makeError("the model has no target ", inQuotes(name),
                     suggestion(name, names), "; it has ",
                     fmt::format("{}", fmt::join(names, ", ")));
  return best ? best : &signature.targets.front();
}

namespace {

double timesOf(ProductUse::Term term, const KernelFlags &flags) {
  switch (term) {
  case ProductUse::Term::Call:
    return 1;
  case ProductUse::Term::Point:
    return double(flags.points);
  case ProductUse::Term::Candidate:
    return double(flags.points) * double(flags.candidates);
  }
  return 1;
}

Json describe(const ProductSpec &product, const ProductKernel *kernel,
              double times, const Machine &machine) {
  double flops = double(product.flops) * times;
  // A member that no row chose is not read.
  double members = 1;
  if (product.members > 0)
    members = std::min(double(product.members), double(product.rows) * times);
  double bytes =
      double(product.bytes) * times + double(product.weights) * members;
  double compute = flops / machine.flops, memory = bytes / machine.bytes;
  Json json = {{"op", product.name}, {"shape", product.shape}};
  json["kernel"] = kernel ? Json(kernel->name) : Json();
  json["tile"] =
      kernel ? Json({kernel->tileRows, kernel->tileColumns}) : Json();
  json["packed"] = kernel ? Json(kernel->packed) : Json();
  json["flops"] = flops;
  json["bytes"] = bytes;
  json["seconds"] = std::max(compute, memory);
  json["bound"] = compute >= memory ? "compute" : "memory";
  return json;
}

} // namespace

Result<Json> describeKernels(const Signature &signature,
                             const KernelFlags &flags) {
  auto target = findTarget(signature, flags.target);
  if (!target)
    return target.error();
  auto machine = machineOf(signature, flags);
  if (!machine)
    return machine.error();
  Json programs = Json::array();
  size_t use = 0;
  for (const ProgramSpec &program : signature.programs) {
    if (program.products.empty())
      continue;
    Json products = Json::array();
    double flops = 0, bytes = 0, seconds = 0;
    for (const ProductUse &used : program.products) {
      int32_t number = use < (*target)->uses.size() ? (*target)->uses[use] : -1;
      ++use;
      products.push_back(
          describe(signature.products[size_t(used.product)],
                   number < 0 ? nullptr : &(*target)->kernels[size_t(number)],
                   timesOf(used.term, flags), *machine));
      flops += products.back()["flops"].get<double>();
      bytes += products.back()["bytes"].get<double>();
      seconds += products.back()["seconds"].get<double>();
    }
    programs.push_back({{"name", program.name},
                        {"products", products},
                        {"flops", flops},
                        {"bytes", bytes},
                        {"seconds", seconds}});
  }
  return Json{{"target", (*target)->name},
              {"points", flags.points},
              {"candidates", flags.candidates},
              {"gflops", machine->flops / 1e9},
              {"gflops_measured", machine->measuredPeak},
              {"gbs", machine->bytes / 1e9},
              {"gbs_measured", machine->measuredBandwidth},
              {"threads", machine->measuredPeak || machine->measuredBandwidth
                              ? Json(machine->threads)
                              : Json()},
              {"programs", programs}};
}

std::string kernelsText(const Json &kernels) {
  auto source = [&](const char *key) {
    return kernels[key].get<bool>()
               ? fmt::format("measured on {} threads",
                             kernels["threads"].get<int64_t>())
               : std::string("given");
  };
  std::string text = fmt::format(
      "\nkernels for {}, {} points, {} candidates in an E-step; predicted by "
      "{:.1f} GFLOP/s ({}) and {:.1f} GB/s ({})\n",
      kernels["target"].get<std::string>(), kernels["points"].get<int64_t>(),
      kernels["candidates"].get<int64_t>(), kernels["gflops"].get<double>(),
      source("gflops_measured"), kernels["gbs"].get<double>(),
      source("gbs_measured"));
  if (kernels["programs"].empty())
    return text + "  no program has products of matrices\n";
  Table table;
  table.row({"program", "op", "kernel", "tile", "MFLOP", "MB", "us", "bound"});
  auto numbers = [](const Json &json) {
    return std::vector<std::string>{
        fmt::format("{:.3f}", json["flops"].get<double>() / 1e6),
        fmt::format("{:.3f}", json["bytes"].get<double>() / 1e6),
        fmt::format("{:.1f}", json["seconds"].get<double>() * 1e6)};
  };
  for (const Json &program : kernels["programs"]) {
    std::string name = program["name"].get<std::string>();
    for (const Json &product : program["products"]) {
      bool known = !product["kernel"].is_null();
      std::string tile =
          known ? fmt::format("{}x{}{}", product["tile"][0].get<int64_t>(),
                              product["tile"][1].get<int64_t>(),
                              product["packed"].get<bool>() ? " packed" : "")
                : "-";
      std::vector<std::string> row = {
          name, product["op"].get<std::string>(),
          known ? product["kernel"].get<std::string>() : "loop", tile};
      for (std::string &cell : numbers(product))
        row.push_back(std::move(cell));
      row.push_back(product["bound"].get<std::string>());
      table.row(std::move(row));
      name.clear();
    }
    std::vector<std::string> row = {"", "all products", "", ""};
    for (std::string &cell : numbers(program))
      row.push_back(std::move(cell));
    row.emplace_back();
    table.row(std::move(row));
  }
  return text + table.text("  ");
}

} // namespace modc::driver
