//===- loop.c - The loop over modules that a C programmer would write -----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A counting sort of the choices, then for each module that has rows: gather, a
// library's product for each layer, and a sum into the result.
//
//===----------------------------------------------------------------------===//

#include "loop.h"

#include <string.h>

/// y [n, last] = Σ_k module[choices[n, k]](x[n]). `scratch` holds n·k·(d + the
/// largest hidden + o) floats, `places` n·k + m + 1 integers.
static void loop(linear_fn linear, void *context, const struct modules *all,
                 int64_t n, int64_t k, int64_t largest, const float *x,
                 const int32_t *choices, float *y, float *scratch,
                 int64_t *places) {
  int64_t rows = n * k, d = all->d;
  int64_t last = all->o > 0 ? all->o : largest;
  int64_t *offsets = places + rows;
  memset(offsets, 0, (size_t)(all->m + 1) * sizeof(int64_t));
  for (int64_t r = 0; r < rows; ++r)
    ++offsets[choices[r]];
  int64_t sum = 0;
  for (int64_t e = 0; e <= all->m; ++e) {
    int64_t count = offsets[e];
    offsets[e] = sum;
    sum += count;
  }
  for (int64_t r = 0; r < rows; ++r)
    places[offsets[choices[r]]++] = r;

  memset(y, 0, (size_t)(n * last) * sizeof(float));
  float *gathered = scratch, *hidden = scratch + rows * d;
  float *result = hidden + rows * largest;
  int64_t begin = 0;
  for (int64_t e = 0; e < all->m; ++e) {
    int64_t end = offsets[e], count = end - begin;
    if (count > 0) {
      for (int64_t r = 0; r < count; ++r)
        memcpy(gathered + r * d, x + places[begin + r] / k * d,
               (size_t)d * sizeof(float));
      linear(context, 0, e, count, gathered, hidden);
      const float *values = hidden;
      if (all->o > 0) {
        linear(context, 1, e, count, hidden, result);
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

/// The loop, `calls` times: calls from Python would take their time too.
void peer_loop(int64_t calls, linear_fn linear, void *context,
               const struct modules *all, int64_t n, int64_t k, int64_t largest,
               const float *x, const int32_t *choices, float *y, float *scratch,
               int64_t *places) {
  for (int64_t i = 0; i < calls; ++i)
    loop(linear, context, all, n, k, largest, x, choices, y, scratch, places);
}

/// modc's call of a program, `calls` times or until it fails.
int peer_modc(int64_t calls,
              int (*call)(void *, const char *, int64_t, int64_t, void *const *,
                          const int64_t *, size_t, const int64_t *, size_t,
                          const double *, size_t, char **),
              void *session, const char *program, int64_t points,
              void *const *buffers, const int64_t *sizes, int64_t count,
              const double *reals, int64_t realCount, char **error) {
  int code = 0;
  for (int64_t i = 0; i < calls && code == 0; ++i)
    code = call(session, program, points, 1, buffers, sizes, (size_t)count,
                NULL, 0, reals, (size_t)realCount, error);
  return code;
}

typedef void (*sgemm_fn)(int order, int transA, int transB, int m, int n, int k,
                         float alpha, const float *a, int lda, const float *b,
                         int ldb, float beta, float *c, int ldc);

struct blas_context {
  sgemm_fn sgemm;
  const struct modules *all;
};

// CblasRowMajor and CblasNoTrans.
enum { kRowMajor = 101, kPlain = 111 };

/// One call of OpenBLAS, which comes from the caller; no packed weights, as it
/// has no interface for them.
void blas_linear(void *context, int layer, int64_t e, int64_t rows,
                 const float *x, float *y) {
  const struct blas_context *blas = context;
  int64_t in = layer_in(blas->all, layer, e);
  int64_t out = layer_out(blas->all, layer, e);
  for (int64_t r = 0; r < rows; ++r)
    memcpy(y + r * out, blas->all->b[layer][e], (size_t)out * sizeof(float));
  blas->sgemm(kRowMajor, kPlain, kPlain, (int)rows, (int)out, (int)in, 1, x,
              (int)in, blas->all->w[layer][e], (int)out, 1, y, (int)out);
  if (has_relu(blas->all, layer))
    for (int64_t i = 0; i < rows * out; ++i)
      y[i] = y[i] > 0 ? y[i] : 0;
}
