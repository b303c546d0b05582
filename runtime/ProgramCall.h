//===- ProgramCall.h - One program with its arguments bound by name *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Binds buffers and scalars of a program by name, once, and runs it any number
// of times: what training loops and the session's typed calls are made of.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_PROGRAMCALL_H
#define MODC_RUNTIME_PROGRAMCALL_H

#include "runtime/Session.h"

#include <string_view>
#include <vector>

namespace modc {

/// The session must outlive it.
class ProgramCall {
public:
  static Result<ProgramCall> prepare(Session &session, std::string_view name);

  /// True if the program has such a buffer.
  bool has(std::string_view name, bool output) const {
    return spec->findBuffer(name, output) >= 0;
  }
  /// Binds memory of `bytes`. The buffer's element type must be `type`.
  Status input(std::string_view name, DType type, const void *data,
               int64_t bytes);
  Status output(std::string_view name, DType type, void *data, int64_t bytes);
  Status integer(std::string_view name, int64_t value);
  Status real(std::string_view name, double value);

  /// Fails if a buffer or scalar was never bound.
  Status run(int64_t points, int64_t candidates = 1);

private:
  ProgramCall(Session &session, int index);
  Status bind(std::string_view name, bool output, DType type, void *data,
              int64_t bytes);
  Status checkBound() const;

  Session *session;
  int index;
  const ProgramSpec *spec;
  std::vector<Buffer> buffers;
  std::vector<int64_t> integers;
  std::vector<double> reals;
  std::vector<bool> boundBuffers, boundIntegers, boundReals;
  bool complete = false;
};

} // namespace modc

#endif // MODC_RUNTIME_PROGRAMCALL_H
