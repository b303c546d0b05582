//===- peers.c - The loop over modules that a C programmer would write ----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One sgemm per module and layer on the rows that picked it, with a counting
// sort, gather and scatter around them; and a probe of the processor's peak.
// Compiled by peers.py for this processor; sgemm comes from the caller.
//
//===----------------------------------------------------------------------===//

#include <stdint.h>
#include <string.h>

typedef void (*sgemm_fn)(int order, int transA, int transB, int m, int n, int k,
                         float alpha, const float *a, int lda, const float *b,
                         int ldb, float beta, float *c, int ldc);

// CblasRowMajor and CblasNoTrans.
enum { kRowMajor = 101, kPlain = 111 };

/// y = x·w + b, and relu where asked for.
static void linear(sgemm_fn sgemm, int64_t rows, int64_t in, int64_t out,
                   const float *x, const float *w, const float *b, float *y,
                   int relu) {
  for (int64_t r = 0; r < rows; ++r)
    memcpy(y + r * out, b, (size_t)out * sizeof(float));
  sgemm(kRowMajor, kPlain, kPlain, (int)rows, (int)out, (int)in, 1, x, (int)in,
        w, (int)out, 1, y, (int)out);
  if (relu)
    for (int64_t i = 0; i < rows * out; ++i)
      y[i] = y[i] > 0 ? y[i] : 0;
}

/// y [n, last] = Σ_k module[choices[n, k]](x[n]); modules are d -> h, or
/// d -> h -> o with relu between where o > 0. `scratch` holds n·k·(d + h + o)
/// floats, `places` n·k + m + 1 integers.
void peer_loop(sgemm_fn sgemm, int64_t n, int64_t d, int64_t h, int64_t o,
               int64_t m, int64_t k, const float *x, const int32_t *choices,
               const float *w1, const float *b1, const float *w2,
               const float *b2, float *y, float *scratch, int64_t *places) {
  int64_t rows = n * k, last = o > 0 ? o : h;
  int64_t *offsets = places + rows;
  memset(offsets, 0, (size_t)(m + 1) * sizeof(int64_t));
  for (int64_t r = 0; r < rows; ++r)
    ++offsets[choices[r]];
  int64_t sum = 0;
  for (int64_t e = 0; e <= m; ++e) {
    int64_t count = offsets[e];
    offsets[e] = sum;
    sum += count;
  }
  for (int64_t r = 0; r < rows; ++r)
    places[offsets[choices[r]]++] = r;
  memset(y, 0, (size_t)(n * last) * sizeof(float));
  float *gathered = scratch, *hidden = scratch + rows * d;
  float *result = hidden + rows * h;
  int64_t begin = 0;
  for (int64_t e = 0; e < m; ++e) {
    int64_t end = offsets[e], count = end - begin;
    if (count > 0) {
      for (int64_t r = 0; r < count; ++r)
        memcpy(gathered + r * d, x + places[begin + r] / k * d,
               (size_t)d * sizeof(float));
      linear(sgemm, count, d, h, gathered, w1 + e * d * h, b1 + e * h, hidden,
             o > 0);
      const float *values = hidden;
      if (o > 0) {
        linear(sgemm, count, h, o, hidden, w2 + e * h * o, b2 + e * o, result,
               0);
        values = result;
      }
      for (int64_t r = 0; r < count; ++r) {
        float *to = y + places[begin + r] / k * last;
        for (int64_t c = 0; c < last; ++c)
          to[c] += values[r * last + c];
      }
    }
    begin = end;
  }
}

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
