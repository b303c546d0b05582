//===- InspectMemory.cpp - What programs keep in memory -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes what modc_program::workspace would, from the formulas in the
// signature, so that nothing of the model has to run.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/InspectMemory.h"

#include "tools/modc/InspectKernels.h"
#include "tools/modc/Output.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace modc::driver {
namespace {

using Json = nlohmann::ordered_json;

/// Sums and products of sizes that say when they do not fit.
class Bytes {
public:
  Bytes(std::optional<int64_t> value) : value(value) {}
  Bytes(std::nullopt_t) {}
  Bytes(int64_t value = 0) : value(value) {}

  Bytes operator+(Bytes other) const {
    int64_t sum;
    if (!value || !other.value ||
        __builtin_add_overflow(*value, *other.value, &sum))
      return std::nullopt;
    return sum;
  }
  Bytes operator*(int64_t count) const {
    int64_t product;
    if (!value || __builtin_mul_overflow(*value, count, &product))
      return std::nullopt;
    return product;
  }
  Bytes largest(Bytes other) const {
    if (!value || !other.value)
      return std::nullopt;
    return std::max(*value, *other.value);
  }
  /// As slots are laid out.
  Bytes aligned() const {
    Bytes sum = *this + 63;
    return sum.value ? Bytes(*sum.value / 64 * 64) : sum;
  }
  Json json() const { return value ? Json(*value) : Json(); }

  std::optional<int64_t> value;
};

struct Sizes {
  int64_t points, candidates;
};

Bytes sizeOf(const WorkspaceTemporary &temporary, Sizes sizes) {
  return temporary.bytes
             ? temporary.bytes->evaluate(sizes.points, sizes.candidates)
             : std::nullopt;
}

/// What slots take for so many workers.
Bytes totalOf(const std::vector<WorkspaceSlot> &slots, Sizes sizes,
              int64_t workers) {
  Bytes total;
  for (const WorkspaceSlot &slot : slots) {
    Bytes size;
    for (const WorkspaceTemporary &temporary : slot.temporaries)
      size = size.largest(sizeOf(temporary, sizes));
    for (const std::vector<WorkspaceSlot> &own : slot.workers)
      size = size.largest(totalOf(own, sizes, 1) * workers);
    total = total + size.aligned();
  }
  return total;
}

void list(const std::vector<WorkspaceSlot> &slots, Sizes sizes, bool ofWorker,
          int64_t &number, Json &buffers) {
  for (const WorkspaceSlot &slot : slots) {
    int64_t own = number++;
    for (const WorkspaceTemporary &temporary : slot.temporaries)
      buffers.push_back(
          {{"op", temporary.name},
           {"type", temporary.type},
           {"slot", own},
           {"each_thread", ofWorker},
           {"formula", temporary.bytes ? temporary.bytes->text() : ""},
           {"bytes", sizeOf(temporary, sizes).json()}});
    for (const std::vector<WorkspaceSlot> &workers : slot.workers)
      list(workers, sizes, true, number, buffers);
  }
}

std::string cell(const Json &bytes) {
  return bytes.is_null() ? "?" : std::to_string(bytes.get<int64_t>());
}

} // namespace

Result<Json> describeMemory(const Signature &signature,
                            const MemoryFlags &flags) {
  auto target = findTarget(signature, flags.target);
  if (!target)
    return target.error();
  const auto &workspaces = (*target)->workspaces;
  if (workspaces.size() != signature.programs.size())
    return makeError("the model does not say what its programs keep in memory");
  Sizes sizes = {flags.points, flags.candidates};
  // Far enough away that blocks of rows do not show.
  constexpr int64_t further = 1 << 20;
  Json programs = Json::array();
  for (size_t i = 0; i < workspaces.size(); ++i) {
    const auto &slots = workspaces[i];
    Bytes all = totalOf(slots, sizes, flags.threads);
    Bytes more = totalOf(slots, sizes, flags.threads + 1) + all * -1;
    Bytes near = totalOf(slots, {further, flags.candidates}, flags.threads);
    Bytes far = totalOf(slots, {2 * further, flags.candidates}, flags.threads);
    Bytes grown = far + near * -1;
    Json buffers = Json::array();
    int64_t number = 0;
    list(slots, sizes, false, number, buffers);
    programs.push_back(
        {{"name", signature.programs[i].name},
         {"bytes", all.json()},
         {"bytes_of_a_thread", more.json()},
         {"bytes_of_a_point",
          grown.value ? Json(double(*grown.value) / further) : Json()},
         {"buffers", std::move(buffers)}});
  }
  return Json{{"target", (*target)->name},
              {"points", flags.points},
              {"candidates", flags.candidates},
              {"threads", flags.threads},
              {"parameters", signature.parameterBytes},
              {"gradients", signature.parameterBytes},
              {"state", signature.stateBytes},
              {"programs", std::move(programs)}};
}

std::string memoryText(const Json &memory) {
  std::string text = fmt::format(
      "\nmemory for {}, {} points, {} candidates in an E-step, {} threads, in "
      "bytes\n  parameters {}; in training also gradients {} and state {}\n",
      memory["target"].get<std::string>(), memory["points"].get<int64_t>(),
      memory["candidates"].get<int64_t>(), memory["threads"].get<int64_t>(),
      memory["parameters"].get<int64_t>(), memory["gradients"].get<int64_t>(),
      memory["state"].get<int64_t>());
  Table table;
  table.row({"program", "of", "type", "formula", "bytes", "slot"});
  for (const Json &program : memory["programs"]) {
    const Json &buffers = program["buffers"];
    std::string name = program["name"].get<std::string>();
    for (const Json &buffer : buffers) {
      bool ofThread = buffer["each_thread"].get<bool>();
      table.row({name, buffer["op"].get<std::string>(),
                 buffer["type"].get<std::string>(),
                 buffer["formula"].get<std::string>(),
                 cell(buffer["bytes"]) + (ofThread ? " each thread" : ""),
                 cell(buffer["slot"])});
      name.clear();
    }
    const Json &point = program["bytes_of_a_point"];
    table.row({name, "all, by slot", "",
               fmt::format("{} a point, {} a thread",
                           point.is_null()
                               ? "?"
                               : fmt::format("{:.4g}", point.get<double>()),
                           cell(program["bytes_of_a_thread"])),
               cell(program["bytes"]), ""});
  }
  return text + table.text("  ");
}

} // namespace modc::driver
