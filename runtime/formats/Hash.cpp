//===- Hash.cpp - Hash of what modc writes --------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Debian's xxHash behind a small class. Its code is taken from the header, so
// that a program with the runtime needs no further library.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace modc;

struct Hash::State {
  XXH64_state_t xxh;
};

Hash::Hash() : state(std::make_unique<State>()) {
  XXH64_reset(&state->xxh, /*seed=*/0);
}

Hash::~Hash() = default;

void Hash::add(const void *bytes, size_t size) {
  if (size > 0)
    XXH64_update(&state->xxh, bytes, size);
}

void Hash::add(uint64_t number) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<unsigned char>(number >> (8 * i));
  add(bytes, sizeof bytes);
}

void Hash::add(std::string_view text) {
  add(uint64_t(text.size()));
  add(text.data(), text.size());
}

uint64_t Hash::digest() const { return XXH64_digest(&state->xxh); }

std::string Hash::hex() const {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  uint64_t value = digest();
  for (int shift = 60; shift >= 0; shift -= 4)
    text += digits[value >> shift & 15];
  return text;
}
