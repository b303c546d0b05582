/*===- train_toy.c - A model inside a C program -----------------*- C -*-===*\
|*
|* Part of modc, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* Loads a compiled toy network and its weights, predicts, trains 100 steps on
|* data in memory, predicts again and saves the weights. Needs libmodc.so only.
|*
|*   train_toy model.so weights.safetensors trained.safetensors
|*
\*===---------------------------------------------------------------------===*/

#include "runtime/modc.h"

#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 1000, WIDTH = 2 };

/* Ends the program with the library's message if a call failed. */
static void check(int code, char *error) {
  if (code == 0)
    return;
  fprintf(stderr, "train_toy: %s\n", error ? error : "out of memory");
  modc_string_free(error);
  exit(1);
}

/* Mean squared error of the network's predictions, and how many points went to
 * member 0. */
static double predict(modc_session_t *session, const float *x, const float *t,
                      int *first) {
  static float y[POINTS * WIDTH];
  static int32_t selection[POINTS];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  char *error = NULL;
  check(modc_session_infer(session, POINTS, inputs, outputs, selection, &error),
        error);
  double sum = 0;
  for (int i = 0; i < POINTS * WIDTH; ++i)
    sum += (double)(y[i] - t[i]) * (y[i] - t[i]);
  *first = 0;
  for (int n = 0; n < POINTS; ++n)
    *first += selection[n] == 0;
  return sum / (POINTS * WIDTH);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: train_toy model.so weights.safetensors "
                    "trained.safetensors\n");
    return 2;
  }
  char *error = NULL;
  modc_model_t *model;
  modc_session_t *session;
  check(modc_model_open(argv[1], &model, &error), error);
  if (modc_model_slots(model) != 1) {
    fprintf(stderr, "train_toy: '%s' is not the toy network\n", argv[1]);
    return 1;
  }
  check(modc_session_open(model, NULL, &session, &error), error);
  check(modc_session_load_weights(session, argv[2], &error), error);

  static float x[POINTS * WIDTH], t[POINTS * WIDTH];
  modc_toy_data(/*seed=*/0, POINTS, /*test=*/0, x, t, NULL);
  int first;
  double before = predict(session, x, t, &first);
  printf("before: squared error %.4f, %d of %d points use member 0\n", before,
         first, POINTS);

  /* Choices are kept by the caller, so that training can go on later. */
  static int32_t choices[POINTS];
  const void *inputs[] = {x};
  const void *targets[] = {t};
  modc_train_options options;
  modc_train_options_init(&options);
  options.steps = 100;
  options.batch = 100;
  options.learning_rate = 1e-2;
  modc_train_result result = {.struct_size = sizeof(result)};
  check(modc_session_train(session, &options, POINTS, inputs, targets, choices,
                           &result, &error),
        error);
  double after = predict(session, x, t, &first);
  printf("after %d steps: squared error %.4f, %d of %d points use member 0\n",
         (int)result.steps, after, first, POINTS);

  check(modc_session_save_weights(session, argv[3], &error), error);
  modc_session_close(session);
  modc_model_close(model);
  return after < before ? 0 : 1;
}
