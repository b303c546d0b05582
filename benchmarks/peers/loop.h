//===- loop.h - A loop over modules, whoever multiplies --------*- C -*----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the loops over OpenBLAS, libxsmm and oneDNN have in common: modules are
// tables of pointers, and a library computes one layer of one module on rows
// that lie behind one another.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_BENCHMARKS_PEERS_LOOP_H
#define MODC_BENCHMARKS_PEERS_LOOP_H

#include <stdint.h>

/// m modules d -> hidden[e] (o = 0) or d -> hidden[e] -> o with relu between.
/// Weights are row-major [in][out].
struct modules {
  int64_t d, o, m;
  const int64_t *hidden;
  const float *const *w[2], *const *b[2];
};

/// y [rows, out] = x [rows, in] · w + b of a layer (0, 1) of module e, and relu
/// behind the first of two.
typedef void (*linear_fn)(void *context, int layer, int64_t e, int64_t rows,
                          const float *x, float *y);

static inline int64_t layer_in(const struct modules *all, int layer,
                               int64_t e) {
  return layer ? all->hidden[e] : all->d;
}

static inline int64_t layer_out(const struct modules *all, int layer,
                                int64_t e) {
  return layer ? all->o : all->hidden[e];
}

static inline int has_relu(const struct modules *all, int layer) {
  return layer == 0 && all->o > 0;
}

#endif // MODC_BENCHMARKS_PEERS_LOOP_H
