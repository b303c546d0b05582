/*===- modc.h - Run and train compiled modular networks ---------*- C -*-===*\
|*
|* Part of modc, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* The C interface of libmodc.so: open a compiled model, give it weights, and
|* predict or train. Needs neither Python nor a compiler at run time.
|*
|*   char *error = NULL;
|*   modc_model_t *model;
|*   modc_session_t *session;
|*   if (modc_model_open("model.so", &model, &error) ||
|*       modc_session_open(model, NULL, &session, &error) ||
|*       modc_session_load_weights(session, "weights.safetensors", &error))
|*     fprintf(stderr, "%s\n", error), exit(1);
|*   modc_session_infer(session, n, inputs, outputs, selection, &error);
|*
|* Conventions. A function that can fail returns 0 when it succeeded and 1 when
|* it did not; then, if `error` is not null, *error is a message in one line
|* that the caller frees with modc_string_free. After a failure no object was
|* created and no parameter changed, unless said otherwise. Nothing here
|* terminates the process or lets a C++ exception out.
|*
|* Threads. A model may be used by any number of threads. A session belongs to
|* one thread at a time; different sessions run side by side.
|*
|* Memory. Buffers of the caller may have any alignment; those aligned to
|* their elements are used in place, others are copied. All arrays are row-major. Inputs
|* are in the order of the signature (docs/artefact.md), one pointer each.
|*
\*===---------------------------------------------------------------------===*/

#ifndef MODC_RUNTIME_MODC_H
#define MODC_RUNTIME_MODC_H

#include "runtime/ModelAbi.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MODC_API __attribute__((visibility("default")))
#else
#define MODC_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this interface's functions and structures. */
#define MODC_API_VERSION 3

typedef struct modc_model_handle modc_model_t;
typedef struct modc_session_handle modc_session_t;

/* "0.1.0"; the string is static. */
MODC_API const char *modc_version(void);
/* MODC_API_VERSION of the library that is loaded. */
MODC_API int modc_api_version(void);
/* Frees a message or text that a function returned; null is allowed. */
MODC_API void modc_string_free(char *text);

/*===--- Models
 * ------------------------------------------------------------===*/

/* Opens a compiled model. Its note is read and checked before anything in the
 * file runs: a file that is no model, was made for another version, or needs
 * processor features that are missing is refused with a message that says so.
 */
MODC_API int modc_model_open(const char *path, modc_model_t **model,
                             char **error);

/* Takes a model that is in memory already, such as a JIT's: its entry and the
 * text of its signature. The code must outlive the model and its sessions. */
MODC_API int modc_model_from_entry(modc_model_entry_fn entry,
                                   const char *signature, size_t length,
                                   modc_model_t **model, char **error);

/* Sessions keep their model alive; a model may be closed before them. */
MODC_API void modc_model_close(modc_model_t *model);

/* JSON text of the signature (docs/artefact.md), valid as long as the model. */
MODC_API const char *modc_model_signature(const modc_model_t *model);
/* Name of the variant that was chosen for this processor. */
MODC_API const char *modc_model_target(const modc_model_t *model);
/* Choices of one point: the width of every `selection` below. */
MODC_API int64_t modc_model_slots(const modc_model_t *model);

/*===--- Sessions
 * ----------------------------------------------------------===*/

typedef enum modc_log_level {
  MODC_LOG_INFO = 0,
  MODC_LOG_WARNING = 1
} modc_log_level;

typedef enum modc_trace_kind {
  MODC_TRACE_CALL = 0,   /* a program, from call to return */
  MODC_TRACE_REGION = 1, /* a parallel loop of a program, all of its tasks */
  MODC_TRACE_TASK = 2    /* one task of such a loop */
} modc_trace_kind;

/* Something that ran. Names live as long as the model; those of a device's
 * launches, which are regions of the worker after the last, as long as the
 * session. */
typedef struct modc_trace_event {
  modc_trace_kind kind;
  const char *program; /* "train_step" */
  const char *name;    /* "layer0.grouped"; of a call, the program's */
  int64_t worker;      /* who ran it; 0 is the thread of the call */
  int64_t number;      /* points of a call, tasks of a region, task's number */
  int64_t begin_ns;    /* of the system's steady clock */
  int64_t end_ns;
} modc_trace_event;

/* What a session takes from its host. Set by modc_session_options_init, then
 * changed by the caller. Functions must stay valid as long as the session. */
typedef struct modc_session_options {
  size_t struct_size; /* set by modc_session_options_init */
  /* Threads of the session's own; 0 takes all processors, 1 makes none.
   * Results do not depend on it. */
  int64_t workers;
  /* Runs the parallel loops in place of the session's threads where
   * parallel_for is not null (runtime/ModelAbi.h). */
  modc_host executor;
  /* Takes the place of malloc and free for all arenas where `allocate` is not
   * null. Returns memory of that alignment, or null when there is none. */
  void *(*allocate)(void *user, size_t bytes, size_t alignment);
  void (*release)(void *user, void *memory, size_t bytes);
  void *allocator_user;
  /* Receives lines about the progress of training, as JSON, and as warnings
   * what a user should know of a device, as text; may be null. */
  void (*log)(void *user, modc_log_level level, const char *message);
  void *log_user;
  /* Told of each call, parallel loop and task after it has run, where it is not
   * null. Tasks are told on the threads that ran them, so that it may run on
   * several at once, but never on two for one worker. The event is gone when it
   * returns. Without it, tracing costs nothing. */
  void (*trace)(void *user, const modc_trace_event *event);
  void *trace_user;
  /* What runs programs: null or "cpu"; "vulkan", "vulkan:1", "cuda", "cuda:1"
   * (docs/gpu.md). The model must have been compiled for it; nothing falls back
   * to the processor, which does run `init` in any case. The session has the
   * device to itself, and other threads may use others. The text is copied. */
  const char *device;
} modc_session_options;

/* The defaults: one worker, the C library's memory, no log, no trace, the
 * processor. */
MODC_API void modc_session_options_init(modc_session_options *options);

/* Opens a session without weights; `options` may be null. */
MODC_API int modc_session_open(modc_model_t *model,
                               const modc_session_options *options,
                               modc_session_t **session, char **error);
MODC_API void modc_session_close(modc_session_t *session);

/* Draws the parameters by the model's initialisers and clears the optimizer's
 * state. The same seed gives the same parameters. */
MODC_API int modc_session_init(modc_session_t *session, uint64_t seed,
                               char **error);

/* Weights are safetensors, one tensor per parameter. A missing or extra tensor,
 * a wrong shape or type, NaN and infinity are refused by name, and nothing
 * changes. The optimizer's state is cleared. */
MODC_API int modc_session_load_weights(modc_session_t *session,
                                       const char *path, char **error);
/* The same from memory, which is only read during the call. */
MODC_API int modc_session_load_weights_memory(modc_session_t *session,
                                              const void *data, size_t size,
                                              char **error);
/* Writes the file under a temporary name and renames it. */
MODC_API int modc_session_save_weights(modc_session_t *session,
                                       const char *path, char **error);

/*===--- Running
 * -----------------------------------------------------------===*/

/* Predicts `points` points by the mode of the controllers. `inputs` and
 * `outputs` hold one pointer per input and output; `selection` receives
 * [points, slots] member numbers and may be null. */
MODC_API int modc_session_infer(modc_session_t *session, int64_t points,
                                const void *const *inputs, void *const *outputs,
                                int32_t *selection, char **error);

/* The same with the modules given: `selection` [points, slots] is read. */
MODC_API int modc_session_forward(modc_session_t *session, int64_t points,
                                  const void *const *inputs,
                                  const int32_t *selection,
                                  void *const *outputs, char **error);

/*===--- Training
 * ----------------------------------------------------------===*/

typedef enum modc_e_step {
  MODC_E_STEP_PARTIAL = 0,   /* the batch; candidates are drawn */
  MODC_E_STEP_COMPLETE = 1,  /* all points; candidates are drawn */
  MODC_E_STEP_ENUMERATED = 2 /* the batch; all assignments are tried */
} modc_e_step;

typedef struct modc_train_options {
  size_t struct_size; /* set by modc_train_options_init */
  int64_t first_step; /* steps that earlier calls made with these options */
  int64_t steps;      /* M-steps that this call makes */
  int64_t batch;      /* points per step, at most all */
  int64_t samples; /* candidates per point in an E-step, the stored one too */
  int64_t e_every; /* an E-step before every so many-th M-step; 0: never */
  modc_e_step e_step;
  double learning_rate;
  double weight_decay; /* decoupled */
  double clip_norm;    /* 0: none */
  const char
      *schedule; /* "constant", "cosine+warmup:100", ...; null: constant */
  /* Names of groups (or pools) that stay as they are; null: none. */
  const char *const *frozen;
  size_t frozen_count;
  uint64_t seed;
  int64_t report_every; /* steps between two lines for the log; 0: none */
  /* Polled before each step where it is not null; not 0 stops the training. */
  int (*interrupted)(void *user);
  void *interrupted_user;
} modc_train_options;

/* What training achieved; means per point over the steps since the last line
 * for the log but one, or all steps of the call where report_every is 0. */
typedef struct modc_train_result {
  size_t struct_size; /* set by the caller */
  int64_t steps;      /* steps done, with those of earlier calls */
  int interrupted;
  double log_likelihood; /* log p(y|x,a*), in nats */
  double log_prior;      /* log p(a*|x) */
  double e_updates_per_point;
} modc_train_result;

/* 1,000 steps, batch 128, 10 candidates, an E-step on each batch, rate 1e-3. */
MODC_API void modc_train_options_init(modc_train_options *options);

/* Trains on `points` points in the caller's memory by generalized Viterbi EM.
 * `inputs` and `wanted` (targets or labels) are only read. `choices` [points,
 * slots] holds the stored choices a* across calls: with first_step = 0 they are
 * drawn anew, otherwise read; they are written in both cases. It may be null
 * where first_step is 0. Optimizer state stays in the session. A non-finite
 * loss is an error that names the step; parameters are then of no use. */
MODC_API int modc_session_train(modc_session_t *session,
                                const modc_train_options *options,
                                int64_t points, const void *const *inputs,
                                const void *const *wanted, int32_t *choices,
                                modc_train_result *result, char **error);

/* Evaluates on points in the caller's memory, as JSON text in *json that the
 * caller frees with modc_string_free. Its members, with p_nlk the controller's
 * distribution over M modules for row n, layer l and pick k, and natural logs:
 *   points                    number of points
 *   mode, best, mean          {"loss": -log p(y|x,a) per point, "accuracy": of
 *                             classifiers}: by the controllers' mode, the best
 *                             of `samples` samples, the mean over them
 *   log_likelihood_mode       log p(y|x,a), a the mode
 *   log_likelihood_bound      log p(y|x,a*) + log p(a*|x), a* the best of mode
 *                             and samples
 *   log_likelihood_marginal   log of the samples' mean p(y|x,a)
 *   squared_error             of regressions, by the mode
 *   best_squared_error        by the best assignment of each point
 *   h_a                       mean H[p_nlk], in [0, ln M]
 *   h_b                       mean H[mean_n p_nlk], in [h_a, ln M]
 *   mutual_information        h_b - h_a
 *   dead                      modules that under 1/(10 M) of the rows use
 *   layers                    each with name, members, usage and counts (rows
 *                             whose mode picks the module), counts_by_class,
 *                             dead, h_a, h_b, collapse_average and
 *                             collapse_worst (in [0, 1], 0 is even usage)
 * docs/runtime.md has the formulas, and members of evaluations on data whose
 * rules are known. */
MODC_API int modc_session_evaluate(modc_session_t *session, int64_t points,
                                   const void *const *inputs,
                                   const void *const *wanted, int64_t samples,
                                   uint64_t seed, char **json, char **error);

/*===--- Any program
 * -------------------------------------------------------===*/

/* Runs a program of the signature by name. Buffers, integers and reals are in
 * the order of the signature; their number and sizes, choices and labels are
 * checked. `points` and `candidates` are N and S. */
MODC_API int modc_session_call(modc_session_t *session, const char *program,
                               int64_t points, int64_t candidates,
                               void *const *buffers,
                               const int64_t *buffer_bytes, size_t buffer_count,
                               const int64_t *integers, size_t integer_count,
                               const double *reals, size_t real_count,
                               char **error);

typedef enum modc_arena {
  MODC_ARENA_PARAMETERS = 0,
  MODC_ARENA_GRADIENTS = 1,
  MODC_ARENA_STATE = 2
} modc_arena;

/* An arena of the session, laid out by the signature, and its bytes; null when
 * there is no memory or a device was lost. Asking for the parameters counts as
 * setting them. All tensors are row-major. With a device, or where the signature
 * has `panels`, it is a copy, which the session takes back at its next call: ask
 * again before each reading or writing. After m_step, gradients of groups whose
 * `touched` is 0 are undefined; after train_step all are. */
MODC_API void *modc_session_arena(modc_session_t *session, modc_arena which,
                                  int64_t *bytes);

/* The built-in toy regression: x and y [points, 2], component [points] (may be
 * null). `test` is 0 or 1. */
MODC_API void modc_toy_data(uint64_t seed, int64_t points, int test, float *x,
                            float *y, int32_t *component);

#ifdef __cplusplus
}
#endif

#endif /* MODC_RUNTIME_MODC_H */
