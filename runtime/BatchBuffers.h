//===- BatchBuffers.h - Memory for the buffers of several programs *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Allocates, once, every buffer that a set of programs names, for the largest
// batch, and binds it: buffers of one name are one memory, so that what one
// program writes ("selection") the next one reads. A name that one program has
// among its inputs and among its outputs stands for two.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_BATCHBUFFERS_H
#define MODC_RUNTIME_BATCHBUFFERS_H

#include "runtime/ProgramCall.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

/// The session must outlive it.
class BatchBuffers {
public:
  /// For at most `points` points and `candidates` candidates.
  static Result<BatchBuffers> create(Session &session,
                                     const std::vector<std::string> &programs,
                                     int64_t points, int64_t candidates);

  /// A program of the set.
  ProgramCall &program(std::string_view name);

  bool has(std::string_view buffer) const {
    return places.find(buffer) != places.end();
  }
  /// Memory of a buffer of that name; null if no program has it. Of two, that
  /// of the input.
  void *data(std::string_view buffer) const;
  /// Of two, that of the output.
  void *outputData(std::string_view buffer) const;
  template <typename T>
  T *as(std::string_view buffer) const {
    return static_cast<T *>(data(buffer));
  }
  /// Element `index` of a float buffer, whichever float type it has.
  double real(std::string_view buffer, int64_t index) const;

  /// Sum of elements [0, count) of a float buffer in f64, in order.
  double sum(std::string_view buffer, int64_t count) const;

private:
  struct Place {
    int64_t offset = 0;
    int64_t bytes = 0;
    DType type = DType::F32;
  };
  explicit BatchBuffers(Allocator allocator) : arena(allocator) {}

  Arena arena;
  std::map<std::string, Place, std::less<>> places;
  std::map<std::string, ProgramCall, std::less<>> calls;
};

} // namespace modc

#endif // MODC_RUNTIME_BATCHBUFFERS_H
