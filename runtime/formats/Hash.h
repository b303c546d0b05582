//===- Hash.h - Hash of what modc writes ------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// XXH64 over a sequence of pieces. It finds flipped bits in files; it is no
// defence against somebody who changes the hash too.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_HASH_H
#define MODC_RUNTIME_FORMATS_HASH_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace modc {

/// XXH64 with seed 0 of all bytes added so far.
class Hash {
public:
  Hash();
  ~Hash();

  void add(const void *bytes, size_t size);
  /// Eight bytes, little-endian.
  void add(uint64_t number);
  /// The length, then the characters, so that "ab" + "c" is not "a" + "bc".
  void add(std::string_view text);

  uint64_t digest() const;
  /// The digest as 16 lower-case hexadecimal digits.
  std::string hex() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_HASH_H
