//===- onednn.c - oneDNN's products for the loop over modules -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matmul with bias and relu for each module and layer, made for the number of
// rows that the module will get, with its weights in the layout that oneDNN
// asks for. All of that is done before anything is timed.
//
//===----------------------------------------------------------------------===//

#include "loop.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

struct product {
  dnnl_primitive_t matmul;
  dnnl_memory_t x, w, b, y;
};

struct dnn_context {
  const struct modules *all;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  struct product *products[2];
};

static dnnl_memory_desc_t plain(int64_t rows, int64_t columns) {
  dnnl_dims_t dims = {rows, columns};
  dnnl_memory_desc_t made;
  dnnl_memory_desc_init_by_tag(&made, 2, dims, dnnl_f32, dnnl_ab);
  return made;
}

static dnnl_memory_t wrap(const struct dnn_context *made,
                          const dnnl_memory_desc_t *desc, void *data) {
  dnnl_memory_t memory = NULL;
  dnnl_memory_create(&memory, desc, made->engine, data);
  return memory;
}

/// The weights of `made->w` from the plain ones; what is wrong otherwise shows
/// when the result is checked.
static void pack(struct dnn_context *made, struct product *to, const float *w,
                 int64_t in, int64_t out, const dnnl_memory_desc_t *wanted) {
  dnnl_memory_desc_t given = plain(in, out);
  dnnl_memory_t source = wrap(made, &given, (void *)w);
  to->w = wrap(made, wanted, DNNL_MEMORY_ALLOCATE);
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_reorder_primitive_desc_create(&desc, &given, made->engine, wanted,
                                     made->engine, NULL);
  dnnl_primitive_create(&reorder, desc);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, to->w}};
  dnnl_primitive_execute(reorder, made->stream, 2, arguments);
  dnnl_stream_wait(made->stream);
  dnnl_primitive_destroy(reorder);
  dnnl_primitive_desc_destroy(desc);
  dnnl_memory_destroy(source);
}

static void make_product(struct dnn_context *made, int layer, int64_t e,
                         int64_t rows) {
  int64_t in = layer_in(made->all, layer, e);
  int64_t out = layer_out(made->all, layer, e);
  dnnl_memory_desc_t x = plain(rows, in), y = plain(rows, out);
  dnnl_memory_desc_t b = plain(1, out), w;
  dnnl_dims_t dims = {in, out};
  dnnl_memory_desc_init_by_tag(&w, 2, dims, dnnl_f32, dnnl_format_tag_any);
  dnnl_matmul_desc_t operation;
  dnnl_matmul_desc_init(&operation, &x, &w, &b, &y);
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_attr_create(&attributes);
  if (has_relu(made->all, layer)) {
    dnnl_post_ops_t after = NULL;
    dnnl_post_ops_create(&after);
    dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0);
    dnnl_primitive_attr_set_post_ops(attributes, after);
    dnnl_post_ops_destroy(after);
  }
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_desc_create(&desc, &operation, attributes, made->engine, NULL);
  dnnl_primitive_attr_destroy(attributes);
  struct product *to = &made->products[layer][e];
  dnnl_primitive_create(&to->matmul, desc);
  to->x = wrap(made, &x, NULL);
  to->y = wrap(made, &y, NULL);
  to->b = wrap(made, &b, (void *)made->all->b[layer][e]);
  pack(made, to, made->all->w[layer][e], in, out,
       dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0));
  dnnl_primitive_desc_destroy(desc);
}

/// `counts` has the rows of each module; one without gets no product.
void *dnn_make(const struct modules *all, const int64_t *counts, int threads) {
  omp_set_num_threads(threads);
  struct dnn_context *made = calloc(1, sizeof *made);
  made->all = all;
  dnnl_engine_create(&made->engine, dnnl_cpu, 0);
  dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags);
  for (int layer = 0; layer < (all->o > 0 ? 2 : 1); ++layer) {
    made->products[layer] = calloc((size_t)all->m, sizeof(struct product));
    for (int64_t e = 0; e < all->m; ++e)
      if (counts[e] > 0)
        make_product(made, layer, e, counts[e]);
  }
  return made;
}

void dnn_free(void *context) {
  struct dnn_context *made = context;
  for (int layer = 0; layer < 2; ++layer) {
    for (int64_t e = 0; made->products[layer] && e < made->all->m; ++e) {
      struct product *of = &made->products[layer][e];
      if (!of->matmul)
        continue;
      dnnl_primitive_destroy(of->matmul);
      dnnl_memory_destroy(of->x);
      dnnl_memory_destroy(of->w);
      dnnl_memory_destroy(of->b);
      dnnl_memory_destroy(of->y);
    }
    free(made->products[layer]);
  }
  dnnl_stream_destroy(made->stream);
  dnnl_engine_destroy(made->engine);
  free(made);
}

/// The number of rows is the one that the product was made for.
void dnn_linear(void *context, int layer, int64_t e, int64_t rows,
                const float *x, float *y) {
  (void)rows;
  struct dnn_context *made = context;
  struct product *of = &made->products[layer][e];
  dnnl_memory_set_data_handle(of->x, (void *)x);
  dnnl_memory_set_data_handle(of->y, y);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, of->x},
                                 {DNNL_ARG_WEIGHTS, of->w},
                                 {DNNL_ARG_BIAS, of->b},
                                 {DNNL_ARG_DST, of->y}};
  dnnl_primitive_execute(of->matmul, made->stream, 4, arguments);
  dnnl_stream_wait(made->stream);
}
