//===- ModelAbi.h - Contract between compiled models and hosts --*- C -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The binary interface of a compiled model: what a `model.so` (or a model in a
// JIT) exports, and the table of functions that it asks of its host. A model
// imports nothing else but libc's memory functions. The meaning of every
// tensor, size and scalar stands in the model's signature (docs/artefact.md).
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_MODELABI_H
#define MODC_RUNTIME_MODELABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Version of everything in this header and of the signature's fields. A host
/// refuses a model of another version.
#define MODC_ABI_VERSION 5

/// Processor features that compiled code may need, as bits of a mask.
enum {
  MODC_CPU_SSE4_2 = 1u << 0,
  MODC_CPU_POPCNT = 1u << 1,
  MODC_CPU_AVX = 1u << 2,
  MODC_CPU_AVX2 = 1u << 3,
  MODC_CPU_FMA = 1u << 4,
  MODC_CPU_BMI2 = 1u << 5,
  MODC_CPU_F16C = 1u << 6,
  MODC_CPU_AVX512F = 1u << 7,
  MODC_CPU_AVX512DQ = 1u << 8,
  MODC_CPU_AVX512BW = 1u << 9,
  MODC_CPU_AVX512VL = 1u << 10,
  MODC_CPU_AVX512CD = 1u << 11,
  MODC_CPU_LZCNT = 1u << 12
};

/// One task of a parallel loop: `task` is its number, `worker` < workers names
/// the scratch memory that it may use while it runs.
typedef void (*modc_task)(void *context, int64_t task, int64_t worker);

/// What a model asks of its host. All members are set by the host and stay
/// valid during a call.
typedef struct modc_host {
  /// Handed back to the functions below.
  void *user;
  /// Number of workers that `parallel_for` may use at once, at least 1. Results
  /// never depend on it.
  int64_t workers;
  /// Runs `body(context, t, w)` once for every t in [0, tasks), in any order
  /// and on any workers w in [0, workers), no two running tasks with the same
  /// w. Returns when all of them have ended. Never called from inside a task.
  /// `name` says what runs, for people: "layer0.grouped". It is as long-lived
  /// as the model.
  void (*parallel_for)(void *user, int64_t tasks, modc_task body, void *context,
                       const char *name);
  /// If not 0, parallel loops of one task go through `parallel_for` too, so
  /// that a host that traces sees all of them. Else the model runs those by
  /// itself.
  int64_t every_region;
} modc_host;

/// The arguments of one run of a program. The host has rounding to nearest and
/// subnormal numbers as zeros set on the threads of programs and of tasks
/// (runtime/FloatMode.h); other modes cost bits or speed, nothing else. Arenas
/// and the workspace are aligned to 64 bytes by the host, buffers to their
/// elements; none overlap.
typedef struct modc_call {
  const modc_host *host;
  /// Parameter arena, laid out by the signature's `parameters`.
  void *parameters;
  /// Gradient arena: the same offsets as the parameters.
  void *gradients;
  /// Optimizer-state arena, laid out by the signature's `state`.
  void *state;
  /// Scratch of at least `workspace(sizes, workers)` bytes.
  void *workspace;
  /// One pointer per entry of the program's `buffers` in the signature.
  void *const *buffers;
  /// Values of the size symbols: sizes[0] = points N, sizes[1] = candidates S.
  const int64_t *sizes;
  /// One value per entry of the program's `integers`.
  const int64_t *integers;
  /// One value per entry of the program's `reals`.
  const double *reals;
} modc_call;

/// One compiled program. The signature lists programs in the same order.
typedef struct modc_program {
  const char *name;
  void (*run)(const modc_call *call);
  /// Bytes of workspace needed for these sizes and number of workers.
  int64_t (*workspace)(const int64_t *sizes, int64_t workers);
} modc_program;

/// One model compiled for one processor family.
typedef struct modc_model {
  int64_t abi;
  const char *target;
  int64_t program_count;
  const modc_program *programs;
  /// Images of kernels for devices, one behind the other as the signature's
  /// `devices` say; null where there are none. Aligned to 8 bytes.
  const void *device_code;
  int64_t device_code_bytes;
} modc_model;

/// The one exported symbol, `modc_model_entry`: the best variant that runs with
/// `cpu_features`, or null if there is none or the version differs.
typedef const modc_model *(*modc_model_entry_fn)(int64_t abi,
                                                 uint64_t cpu_features);

#ifdef __cplusplus
}
#endif

#endif // MODC_RUNTIME_MODELABI_H
