//===- xsmm.c - libxsmm's kernels for the loop over modules ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are packed once, in panels of up to 64 columns that lie behind one
// another; a layer is a kernel of libxsmm, made at run time, for each panel and
// block of rows. For one thread.
//
//===----------------------------------------------------------------------===//

#include "loop.h"

#include <libxsmm.h>
#include <stdlib.h>
#include <string.h>

enum { kColumns = 64, kRows = 96 };

struct xsmm_context {
  const struct modules *all;
  float **packed[2];
};

static float *pack(const float *w, int64_t in, int64_t out) {
  float *packed = malloc((size_t)(in * out) * sizeof(float)), *to = packed;
  for (int64_t first = 0; first < out; first += kColumns) {
    int64_t columns = out - first < kColumns ? out - first : kColumns;
    for (int64_t i = 0; i < in; ++i, to += columns)
      memcpy(to, w + i * out + first, (size_t)columns * sizeof(float));
  }
  return packed;
}

const char *xsmm_version(void) { return LIBXSMM_VERSION; }

void *xsmm_make(const struct modules *all) {
  libxsmm_init();
  struct xsmm_context *made = calloc(1, sizeof *made);
  made->all = all;
  for (int layer = 0; layer < (all->o > 0 ? 2 : 1); ++layer) {
    made->packed[layer] = malloc((size_t)all->m * sizeof(float *));
    for (int64_t e = 0; e < all->m; ++e)
      made->packed[layer][e] = pack(all->w[layer][e], layer_in(all, layer, e),
                                    layer_out(all, layer, e));
  }
  return made;
}

void xsmm_free(void *context) {
  struct xsmm_context *made = context;
  for (int layer = 0; layer < 2; ++layer) {
    for (int64_t e = 0; made->packed[layer] && e < made->all->m; ++e)
      free(made->packed[layer][e]);
    free(made->packed[layer]);
  }
  free(made);
}

/// libxsmm counts columns first: yᵀ = wᵀ·xᵀ, so that a row of y is a column of
/// its result. The sum starts at the bias.
void xsmm_linear(void *context, int layer, int64_t e, int64_t rows,
                 const float *x, float *y) {
  const struct xsmm_context *made = context;
  libxsmm_blasint in = (libxsmm_blasint)layer_in(made->all, layer, e);
  libxsmm_blasint out = (libxsmm_blasint)layer_out(made->all, layer, e);
  const float *bias = made->all->b[layer][e];
  const float one = 1;
  int relu = has_relu(made->all, layer);
  for (libxsmm_blasint first = 0; first < out; first += kColumns) {
    libxsmm_blasint columns = out - first < kColumns ? out - first : kColumns;
    const float *panel = made->packed[layer][e] + (size_t)first * in;
    for (int64_t row = 0; row < rows; row += kRows) {
      libxsmm_blasint count =
          (libxsmm_blasint)(rows - row < kRows ? rows - row : kRows);
      float *to = y + row * out + first;
      for (int64_t r = 0; r < count; ++r)
        memcpy(to + r * out, bias + first, (size_t)columns * sizeof(float));
      libxsmm_smmfunction kernel = libxsmm_smmdispatch(
          columns, count, in, &columns, &in, &out, &one, &one, NULL, NULL);
      kernel(panel, x + row * in, to);
      if (relu)
        for (int64_t r = 0; r < count; ++r)
          for (int64_t c = 0; c < columns; ++c)
            to[r * out + c] = to[r * out + c] > 0 ? to[r * out + c] : 0;
    }
  }
}
