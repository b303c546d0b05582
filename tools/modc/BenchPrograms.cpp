//===- BenchPrograms.cpp - Programs with data to be timed on --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers are filled by what the signature says of them: type, name, and
// whether a tensor of integers holds labels. Each program has buffers of its
// own, as outputs of one are inputs of others.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/BenchPrograms.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <set>

namespace modc::driver {
namespace {

constexpr double kZipfExponent = 1.2;

/// u in [0, 1), the same with every standard library.
double uniform(std::mt19937_64 &bits) { return double(bits() >> 11) * 0x1p-53; }

/// Draws members of one pool.
class MemberDraw {
public:
  MemberDraw(int64_t members, bool isZipf) : weights(size_t(members), 1.0) {
    for (int64_t m = 0; isZipf && m < members; ++m)
      weights[size_t(m)] = std::pow(double(m + 1), -kZipfExponent);
    sums.resize(weights.size());
    double total = 0;
    for (size_t m = 0; m < sums.size(); ++m)
      sums[m] = total += weights[m];
  }

  int32_t operator()(std::mt19937_64 &bits) const {
    auto place =
        std::upper_bound(sums.begin(), sums.end(), uniform(bits) * sums.back());
    return int32_t(
        std::min<ptrdiff_t>(place - sums.begin(), ptrdiff_t(sums.size()) - 1));
  }

private:
  std::vector<double> weights, sums;
};

template <typename T>
void fillReals(T *out, int64_t count, double low, double high,
               std::mt19937_64 &bits) {
  for (int64_t i = 0; i < count; ++i)
    out[i] = T(low + (high - low) * uniform(bits));
}

template <typename T>
void fillIntegers(T *out, int64_t count, int64_t bound, std::mt19937_64 &bits) {
  for (int64_t i = 0; i < count; ++i)
    out[i] = T(bits() % uint64_t(bound));
}

} // namespace

std::vector<int32_t> makeChoices(const Signature &signature,
                                 const BenchData &data) {
  std::vector<int32_t> choices(size_t(data.points * signature.slots), 0);
  for (const LayerSpec &layer : signature.layers) {
    std::mt19937_64 bits(data.seed * 1000003 + uint64_t(layer.slot));
    int64_t members = layer.memberCount();
    MemberDraw draw(members, data.routing == "zipf");
    for (int64_t point = 0; point < data.points; ++point)
      for (int64_t row = 0; row < layer.rows; ++row) {
        int32_t *picks = choices.data() + point * signature.slots + layer.slot +
                         row * layer.choose;
        for (int64_t k = 0; k < layer.choose; ++k) {
          if (data.routing == "one" || k >= members) {
            picks[k] = int32_t(k % members);
            continue;
          }
          int32_t pick = draw(bits);
          // A popular member may be drawn for long: then take its neighbour.
          for (int tries = 0; std::find(picks, picks + k, pick) != picks + k;)
            pick = ++tries < 64 ? draw(bits) : int32_t((pick + 1) % members);
          picks[k] = pick;
        }
      }
  }
  return choices;
}

Result<BenchProgram> BenchProgram::create(Session &session,
                                          const std::string &name,
                                          const BenchData &data) {
  const Signature &signature = session.signature();
  int index = signature.findProgram(name);
  if (index < 0)
    return makeError("the model has no program ", inQuotes(name));
  auto buffers =
      BatchBuffers::create(session, {name}, data.points, data.candidates);
  if (!buffers)
    return buffers.error();
  BenchProgram program(session, signature.programs[size_t(index)],
                       std::move(*buffers));
  program.points = data.points;
  program.candidates = data.candidates;
  ProgramCall &call = program.buffers.program(name);
  for (const std::string &integer : program.spec->integers)
    if (Status s =
            call.integer(integer, integer == "seed" ? int64_t(data.seed) : 0);
        !s)
      return s.error();
  // A rate of 0 moves nothing and is computed like any other.
  for (const std::string &real : program.spec->reals)
    if (Status s = call.real(real, 0); !s)
      return s.error();
  program.fill(data);
  for (const char *choices : {"selection", "stored"}) {
    int position = program.spec->findBuffer(choices, /*output=*/false);
    if (position < 0 || signature.slots == 0)
      continue;
    program.routed = std::string_view(choices) == "selection";
    std::vector<int32_t> made;
    if (data.routing != "model") {
      made = makeChoices(signature, data);
    } else {
      auto infer = BenchProgram::create(session, "infer", data);
      if (!infer)
        return infer.error();
      if (Status s = infer->call(); !s)
        return s.error();
      const auto *chosen =
          static_cast<const int32_t *>(infer->buffers.outputData("selection"));
      made.assign(chosen, chosen + data.points * signature.slots);
    }
    std::memcpy(program.buffers.data(choices), made.data(),
                made.size() * sizeof(int32_t));
  }
  return program;
}

void BenchProgram::fill(const BenchData &data) {
  const Signature &signature = session->signature();
  for (const TensorSpec &buffer : spec->buffers) {
    if (buffer.output || buffer.name == "selection" || buffer.name == "stored")
      continue;
    std::mt19937_64 bits(data.seed);
    bool isWanted = std::any_of(
        signature.wanted.begin(), signature.wanted.end(),
        [&](const TensorSpec &wanted) { return wanted.name == buffer.name; });
    Result<int64_t> bytes = buffer.bytes(points, candidates);
    int64_t count = bytes ? *bytes / int64_t(sizeOf(buffer.type)) : 0;
    // Labels where there are classes; else any integer that indexes something
    // is in range at 0. Every group is touched, none frozen.
    int64_t bound = isWanted && signature.classes > 0 ? signature.classes : 1;
    void *memory = buffers.data(buffer.name);
    switch (buffer.type) {
    case DType::F32:
      fillReals(static_cast<float *>(memory), count, isWanted ? 0 : -1, 1,
                bits);
      break;
    case DType::F64:
      fillReals(static_cast<double *>(memory), count, isWanted ? 0 : -1, 1,
                bits);
      break;
    case DType::I32:
      if (buffer.name == "touched")
        std::fill_n(static_cast<int32_t *>(memory), count, 1);
      else
        fillIntegers(static_cast<int32_t *>(memory), count, bound, bits);
      break;
    case DType::I64:
      if (buffer.name == "points")
        for (int64_t i = 0; i < count; ++i)
          static_cast<int64_t *>(memory)[i] = i;
      else
        fillIntegers(static_cast<int64_t *>(memory), count, bound, bits);
      break;
    default:
      std::memset(memory, 0, size_t(count) * sizeOf(buffer.type));
    }
  }
}

std::optional<double> BenchProgram::flops() const {
  if (!spec->flops)
    return std::nullopt;
  return spec->flops->total(points, candidates);
}

std::optional<int64_t> BenchProgram::parameterBytes() const {
  const Signature &signature = session->signature();
  // Candidates of an E-step leave no trace of the members that ran.
  if (!buffers.has("selection") || buffers.has("stored"))
    return std::nullopt;
  for (const TensorSpec &buffer : spec->buffers)
    if (buffer.name == "selection" &&
        buffer.shape[0].kind != Dimension::Kind::Points)
      return std::nullopt;
  // Groups that run for some choices only, and those that did.
  std::set<std::string> optional, used;
  const auto *choices =
      static_cast<const int32_t *>(buffers.outputData("selection"));
  for (const LayerSpec &layer : signature.layers) {
    // Such a layer does not read the choices that it is given.
    if (layer.fixed && routed)
      return std::nullopt;
    optional.insert(layer.members.begin(), layer.members.end());
    // Outputs for given choices need no controller.
    if (spec->name == "forward")
      optional.insert(layer.controller);
    for (int64_t point = 0; point < points; ++point)
      for (int64_t slot = 0; slot < layer.slotCount(); ++slot)
        used.insert(layer.members[size_t(
            choices[point * signature.slots + layer.slot + slot])]);
  }
  int64_t bytes = 0;
  for (const StoredTensor &parameter : signature.parameters) {
    const std::string &group = signature.groups[size_t(parameter.group)];
    if (!optional.count(group) || used.count(group))
      bytes += parameter.bytes;
  }
  return bytes;
}

} // namespace modc::driver
