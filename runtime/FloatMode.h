//===- FloatMode.h - How a thread computes with real numbers ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models compute with rounding to nearest, and subnormal numbers are zeros:
// averages of gradients that stay away, of a member without rows, decay to
// subnormals, and these take a processor a hundred times as long.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FLOATMODE_H
#define MODC_RUNTIME_FLOATMODE_H

#include "runtime/ModelAbi.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace modc {

/// Sets the calling thread's mode, and back again at its end. What a caller has
/// set up for its own numbers stays his, exceptions that were raised included.
/// Only a host's thread that is in this mode by itself keeps what tasks raise.
class FloatMode {
public:
#if defined(__x86_64__)
  FloatMode() : before(_mm_getcsr()) { _mm_setcsr(kMode); }
  ~FloatMode() { _mm_setcsr(before); }

  /// Whether the calling thread is in the mode, whatever it has raised. Asking
  /// is cheaper by far than setting.
  static bool isSet() { return (_mm_getcsr() & ~kRaised) == kMode; }
#else
  FloatMode() = default;
  static bool isSet() { return true; }
#endif
  FloatMode(const FloatMode &) = delete;
  FloatMode &operator=(const FloatMode &) = delete;

private:
#if defined(__x86_64__)
  /// All exceptions masked, to nearest, flush to zero (bit 15) and subnormal
  /// operands as zeros (bit 6).
  static constexpr unsigned kMode = 0x1f80 | 0x8000 | 0x0040;
  /// The bits that say which exceptions were raised.
  static constexpr unsigned kRaised = 0x3f;
  unsigned before;
#endif
};

/// A host whose tasks run in that mode, on the threads of another host that
/// does not know of it.
class FloatModeHost {
public:
  explicit FloatModeHost(modc_host inner) : inner(inner) {}
  FloatModeHost(const FloatModeHost &) = delete;
  FloatModeHost &operator=(const FloatModeHost &) = delete;

  /// A table that calls this object, valid as long as it is.
  modc_host host();

private:
  void parallelFor(int64_t tasks, modc_task body, void *context,
                   const char *name) const;

  modc_host inner;
};

} // namespace modc

#endif // MODC_RUNTIME_FLOATMODE_H
