//===- Arena.h - Aligned memory from the host's allocator -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of memory aligned to 64 bytes, as the model interface wants arenas
// and buffers, taken from an allocator that the host program may replace.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_ARENA_H
#define MODC_RUNTIME_ARENA_H

#include "runtime/formats/Result.h"

#include <cstddef>
#include <cstdint>

namespace modc {

inline constexpr size_t kArenaAlignment = 64;

/// Where arenas come from. `allocate` returns null when there is no memory.
struct Allocator {
  void *user = nullptr;
  void *(*allocate)(void *user, size_t bytes, size_t alignment) = nullptr;
  void (*release)(void *user, void *memory, size_t bytes) = nullptr;

  /// The C library's.
  static Allocator standard();
};

/// Owns one block. The allocator must outlive it.
class Arena {
public:
  explicit Arena(Allocator allocator = Allocator::standard())
      : allocator(allocator) {}
  Arena(Arena &&other) noexcept;
  Arena &operator=(Arena &&other) noexcept;
  ~Arena();

  /// Makes room for `bytes`; the contents are zero. Memory is kept, and nothing
  /// is cleared, when the block is large enough already.
  Status reserve(int64_t bytes, const char *what);

  void *data() const { return memory; }
  int64_t size() const { return length; }
  template <typename T>
  T *as() const {
    return static_cast<T *>(memory);
  }

private:
  Allocator allocator;
  void *memory = nullptr;
  int64_t length = 0;
};

} // namespace modc

#endif // MODC_RUNTIME_ARENA_H
