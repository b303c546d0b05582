//===- Gunzip.h - Bounded decompression -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A gzip stream that is read piece by piece, each of a size the caller knows.
// Nothing is ever decompressed that nobody has asked for.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_GUNZIP_H
#define MODC_RUNTIME_FORMATS_GUNZIP_H

#include "runtime/formats/Result.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace modc {

/// Whether the bytes begin like a gzip file.
bool isGzip(const uint8_t *bytes, size_t size);

/// Decompresses memory that the caller keeps alive. Several members, one after
/// the other, count as one stream, as for gzip itself.
class Gunzip {
public:
  Gunzip(const uint8_t *bytes, size_t size);
  ~Gunzip();

  /// The most that so many compressed bytes can decompress to.
  static uint64_t mostFrom(size_t compressed);

  /// Fills `out` with up to `size` bytes and returns how many there were; fewer
  /// only at the end of the stream. Refuses damage and a cut stream.
  Result<size_t> read(uint8_t *out, size_t size);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_GUNZIP_H
