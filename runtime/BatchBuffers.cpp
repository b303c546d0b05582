//===- BatchBuffers.cpp - Memory for the buffers of several programs ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One arena, each buffer at a multiple of 64 bytes, where vectors cross no line of
// a cache.
//
//===----------------------------------------------------------------------===//

#include "runtime/BatchBuffers.h"

#include <algorithm>
#include <cassert>

namespace modc {
namespace {

/// The key of a buffer's place; names that a program has twice get two.
std::string placeOf(const ProgramSpec &program, const TensorSpec &spec) {
  bool isTwo = spec.output && program.findBuffer(spec.name, false) >= 0;
  return isTwo ? "output " + spec.name : spec.name;
}

} // namespace

Result<BatchBuffers>
BatchBuffers::create(Session &session, const std::vector<std::string> &programs,
                     int64_t points, int64_t candidates) {
  BatchBuffers set(session.allocator());
  const Signature &signature = session.signature();
  for (const std::string &name : programs) {
    Result<ProgramCall> call = ProgramCall::prepare(session, name);
    if (!call)
      return call.error();
    set.calls.emplace(name, std::move(*call));
    int index = signature.findProgram(name);
    for (const TensorSpec &spec : signature.programs[size_t(index)].buffers) {
      Result<int64_t> bytes = spec.bytes(points, candidates);
      if (!bytes)
        return bytes.error();
      auto [place, isNew] = set.places.try_emplace(
          placeOf(signature.programs[size_t(index)], spec));
      if (!isNew && place->second.type != spec.type)
        return makeError("buffer ", inQuotes(spec.name), " of program ",
                         inQuotes(name), " is ", nameOf(spec.type), ", but ",
                         nameOf(place->second.type), " in another program");
      place->second.type = spec.type;
      place->second.bytes = std::max(place->second.bytes, *bytes);
    }
  }
  int64_t total = 0;
  for (auto &[name, place] : set.places) {
    place.offset = total;
    if (__builtin_add_overflow(total, place.bytes + 127, &total))
      return makeError("buffers for ", points, " points overflow");
    total = total / 64 * 64;
  }
  if (Status status = set.arena.reserve(total, "batch buffers"); !status)
    return status.error();
  for (auto &[name, call] : set.calls) {
    int index = signature.findProgram(name);
    for (const TensorSpec &spec : signature.programs[size_t(index)].buffers) {
      const Place &place =
          set.places.find(placeOf(signature.programs[size_t(index)], spec))
              ->second;
      void *memory = set.arena.as<char>() + place.offset;
      Status status =
          spec.output ? call.output(spec.name, spec.type, memory, place.bytes)
                      : call.input(spec.name, spec.type, memory, place.bytes);
      if (!status)
        return status.error();
    }
  }
  return set;
}

ProgramCall &BatchBuffers::program(std::string_view name) {
  auto call = calls.find(name);
  assert(call != calls.end() && "program is not in the set");
  return call->second;
}

void *BatchBuffers::data(std::string_view buffer) const {
  auto place = places.find(buffer);
  if (place == places.end())
    return nullptr;
  return arena.as<char>() + place->second.offset;
}

void *BatchBuffers::outputData(std::string_view buffer) const {
  void *second = data("output " + std::string(buffer));
  return second ? second : data(buffer);
}

double BatchBuffers::real(std::string_view buffer, int64_t index) const {
  auto place = places.find(buffer);
  assert(place != places.end() && "no such buffer");
  const void *memory = arena.as<char>() + place->second.offset;
  return place->second.type == DType::F64
             ? static_cast<const double *>(memory)[index]
             : double(static_cast<const float *>(memory)[index]);
}

double BatchBuffers::sum(std::string_view buffer, int64_t count) const {
  auto place = places.find(buffer);
  assert(place != places.end() && "no such buffer");
  const void *memory = arena.as<char>() + place->second.offset;
  double total = 0;
  if (place->second.type == DType::F64)
    for (int64_t i = 0; i < count; ++i)
      total += static_cast<const double *>(memory)[i];
  else
    for (int64_t i = 0; i < count; ++i)
      total += double(static_cast<const float *>(memory)[i]);
  return total;
}

} // namespace modc
