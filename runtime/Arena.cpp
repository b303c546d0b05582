//===- Arena.cpp - Aligned memory from the host's allocator ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks are rounded up to whole cache lines, so that vector code of a model
// may read the tail of a buffer in full lines; large ones lie in large pages.
//
//===----------------------------------------------------------------------===//

#include "runtime/Arena.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace modc {

/// A large page of the machine, and what of one is worth taking it whole.
constexpr size_t kLargePage = size_t(2) << 20;
constexpr size_t kWorthLarge = size_t(1) << 20;

/// Kernels go through weights in rows that are whole pages apart: with pages of
/// 4 KiB each of these costs a translation, and where the pages lie decides
/// which of them share sets of a cache.
static void *allocateInLargePages(size_t bytes) {
  size_t rest = bytes % kLargePage;
  size_t large = bytes - rest + (rest >= kWorthLarge ? kLargePage : 0);
  void *memory = nullptr;
  if (posix_memalign(&memory, kLargePage, std::max(bytes, large)) != 0)
    return nullptr;
#ifdef MADV_HUGEPAGE
  // A kernel without large pages says no; the memory is as good as any then.
  (void)madvise(memory, large, MADV_HUGEPAGE);
#endif
  return memory;
}

Allocator Allocator::standard() {
  return {nullptr,
          [](void *, size_t bytes, size_t alignment) -> void * {
            return bytes >= kWorthLarge ? allocateInLargePages(bytes)
                                        : std::aligned_alloc(alignment, bytes);
          },
          [](void *, void *memory, size_t) { std::free(memory); }};
}

Arena::Arena(Arena &&other) noexcept
    : allocator(other.allocator), memory(std::exchange(other.memory, nullptr)),
      length(std::exchange(other.length, 0)) {}

Arena &Arena::operator=(Arena &&other) noexcept {
  std::swap(allocator, other.allocator);
  std::swap(memory, other.memory);
  std::swap(length, other.length);
  return *this;
}

Arena::~Arena() {
  if (memory)
    allocator.release(allocator.user, memory, size_t(length));
}

Status Arena::reserve(int64_t bytes, const char *what) {
  if (bytes <= length && memory)
    return {};
  constexpr int64_t kMost = int64_t(1) << 46;
  if (bytes < 0 || bytes > kMost)
    return makeError("cannot allocate ", bytes, " bytes for ", what);
  int64_t rounded = (bytes + 63) / 64 * 64;
  rounded = rounded ? rounded : 64;
  if (memory)
    allocator.release(allocator.user, memory, size_t(length));
  length = 0;
  memory = allocator.allocate(allocator.user, size_t(rounded), kArenaAlignment);
  if (!memory)
    return makeError("cannot allocate ", rounded, " bytes for ", what);
  if (reinterpret_cast<uintptr_t>(memory) % kArenaAlignment != 0) {
    allocator.release(allocator.user, memory, size_t(rounded));
    memory = nullptr;
    return makeError("the allocator's memory for ", what,
                     " is not aligned to 64 bytes");
  }
  length = rounded;
  std::memset(memory, 0, size_t(rounded));
  return {};
}

} // namespace modc
