//===- probes.c - What the processor and its memory can do at most --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Multiply-adds in the widest vectors of the processor that this is compiled
// for, and a sum over more memory than its caches hold.
//
//===----------------------------------------------------------------------===//

#include <stdint.h>

#if defined(__AVX512F__)
enum { kLanes = 16 };
#elif defined(__AVX__)
enum { kLanes = 8 };
#else
enum { kLanes = 4 };
#endif
typedef float lanes __attribute__((vector_size(kLanes * sizeof(float))));

/// Multiply-adds on registers; returns the FLOPs. What is summed up goes to
/// `sink`, so that it is summed up.
double peer_peak(int64_t iterations, float *sink) {
  lanes a0 = {0}, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0,
        a8 = a0, a9 = a0, a10 = a0, a11 = a0;
  lanes b = a0 + sink[0], c = a0 + sink[1];
  for (int64_t i = 0; i < iterations; ++i) {
    a0 = a0 * b + c, a1 = a1 * b + c, a2 = a2 * b + c, a3 = a3 * b + c;
    a4 = a4 * b + c, a5 = a5 * b + c, a6 = a6 * b + c, a7 = a7 * b + c;
    a8 = a8 * b + c, a9 = a9 * b + c, a10 = a10 * b + c, a11 = a11 * b + c;
    // The chains are equal: without this they would be one.
    __asm__ volatile(""
                     : "+x"(a0), "+x"(a1), "+x"(a2), "+x"(a3), "+x"(a4),
                       "+x"(a5), "+x"(a6), "+x"(a7), "+x"(a8), "+x"(a9),
                       "+x"(a10), "+x"(a11));
  }
  lanes sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;
  sink[2] = sum[0];
  return (double)iterations * 12 * 2 * kLanes;
}

/// Reads `count` floats, a multiple of 8 vectors, and returns the bytes.
double peer_read(const float *data, int64_t count, float *sink) {
  const lanes *from = (const lanes *)data;
  lanes s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (int64_t i = 0; i < count / kLanes; i += 8) {
    s0 += from[i], s1 += from[i + 1], s2 += from[i + 2], s3 += from[i + 3];
    s4 += from[i + 4], s5 += from[i + 5], s6 += from[i + 6], s7 += from[i + 7];
  }
  lanes sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
  sink[2] = sum[0];
  return (double)count * sizeof(float);
}
