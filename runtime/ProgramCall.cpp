//===- ProgramCall.cpp - One program with its arguments bound by name -----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Resolves names to positions in the signature when they are bound, so that a
// run only hands over pointers.
//
//===----------------------------------------------------------------------===//

#include "runtime/ProgramCall.h"

namespace modc {

ProgramCall::ProgramCall(Session &session, int index)
    : session(&session), index(index),
      spec(&session.signature().programs[size_t(index)]),
      buffers(spec->buffers.size()), integers(spec->integers.size()),
      reals(spec->reals.size()), boundBuffers(buffers.size()),
      boundIntegers(integers.size()), boundReals(reals.size()) {}

Result<ProgramCall> ProgramCall::prepare(Session &session,
                                         std::string_view name) {
  int index = session.signature().findProgram(name);
  if (index < 0)
    return session.signature().lacksProgram(name);
  return ProgramCall(session, index);
}

Status ProgramCall::bind(std::string_view name, bool output, DType type,
                         void *data, int64_t bytes) {
  int position = spec->findBuffer(name, output);
  if (position < 0)
    return makeError("program ", inQuotes(spec->name), " has no ",
                     output ? "output " : "input ", inQuotes(name));
  const TensorSpec &buffer = spec->buffers[size_t(position)];
  if (buffer.type != type)
    return makeError("buffer ", inQuotes(name), " of program ",
                     inQuotes(spec->name), " is ", buffer.describe(), ", not ",
                     nameOf(type));
  buffers[size_t(position)] = {data, bytes};
  boundBuffers[size_t(position)] = true;
  return {};
}

Status ProgramCall::input(std::string_view name, DType type, const void *data,
                          int64_t bytes) {
  // Inputs are never written to; one table holds both kinds.
  return bind(name, false, type, const_cast<void *>(data), bytes);
}

Status ProgramCall::output(std::string_view name, DType type, void *data,
                           int64_t bytes) {
  return bind(name, true, type, data, bytes);
}

Status ProgramCall::integer(std::string_view name, int64_t value) {
  int position = spec->findInteger(name);
  if (position < 0)
    return makeError("program ", inQuotes(spec->name), " has no integer ",
                     inQuotes(name));
  integers[size_t(position)] = value;
  boundIntegers[size_t(position)] = true;
  return {};
}

Status ProgramCall::real(std::string_view name, double value) {
  int position = spec->findReal(name);
  if (position < 0)
    return makeError("program ", inQuotes(spec->name), " has no real ",
                     inQuotes(name));
  reals[size_t(position)] = value;
  boundReals[size_t(position)] = true;
  return {};
}

Status ProgramCall::checkBound() const {
  auto missing = [&](const char *what, const std::string &name) {
    return makeError("program ", inQuotes(spec->name), ": ", what, " ",
                     inQuotes(name), " is not given");
  };
  for (size_t i = 0; i < buffers.size(); ++i)
    if (!boundBuffers[i])
      return missing("buffer", spec->buffers[i].name);
  for (size_t i = 0; i < integers.size(); ++i)
    if (!boundIntegers[i])
      return missing("integer", spec->integers[i]);
  for (size_t i = 0; i < reals.size(); ++i)
    if (!boundReals[i])
      return missing("real", spec->reals[i]);
  return {};
}

Status ProgramCall::run(int64_t points, int64_t candidates) {
  if (!complete) {
    if (Status status = checkBound(); !status)
      return status;
    complete = true;
  }
  return session->call(index, buffers.data(), buffers.size(), points,
                       candidates, integers.data(), integers.size(),
                       reals.data(), reals.size());
}

} // namespace modc
