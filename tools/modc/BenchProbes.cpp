//===- BenchProbes.cpp - What the machine can do right now ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assembly, so that the peak does not depend on the flags that modc was
// compiled with, and no compiler can find that the results are not used.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/BenchProbes.h"

#include "runtime/CpuFeatures.h"

#include <algorithm>
#include <chrono>
#include <unistd.h>

namespace modc::driver {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

#if defined(__x86_64__)

// Twelve chains: two units of latency 4 or 5 are busy with ten. Registers
// beyond 15 are left alone, so that the clobbers mean the same to every
// compiler. All values are zero, which takes as long as any other.
#define MODC_FMA(type, r, n)                                                   \
  "vfmadd231" type " %%" r "14, %%" r "15, %%" r #n "\n\t"
#define MODC_FMAS(type, r)                                                     \
  MODC_FMA(type, r, 0)                                                         \
  MODC_FMA(type, r, 1)                                                         \
  MODC_FMA(type, r, 2)                                                         \
  MODC_FMA(type, r, 3)                                                         \
  MODC_FMA(type, r, 4)                                                         \
  MODC_FMA(type, r, 5)                                                         \
  MODC_FMA(type, r, 6)                                                         \
  MODC_FMA(type, r, 7)                                                         \
  MODC_FMA(type, r, 8)                                                         \
  MODC_FMA(type, r, 9)                                                         \
  MODC_FMA(type, r, 10)                                                        \
  MODC_FMA(type, r, 11)
#define MODC_SSE(type, n)                                                      \
  "mul" type " %%xmm15, %%xmm" #n "\n\tadd" type " %%xmm15, %%xmm" #n "\n\t"
#define MODC_SSES(type)                                                        \
  MODC_SSE(type, 0)                                                            \
  MODC_SSE(type, 1)                                                            \
  MODC_SSE(type, 2)                                                            \
  MODC_SSE(type, 3)                                                            \
  MODC_SSE(type, 4)                                                            \
  MODC_SSE(type, 5)                                                            \
  MODC_SSE(type, 6)                                                            \
  MODC_SSE(type, 7)                                                            \
  MODC_SSE(type, 8)                                                            \
  MODC_SSE(type, 9)                                                            \
  MODC_SSE(type, 10)                                                           \
  MODC_SSE(type, 11)
#define MODC_CLOBBERS                                                          \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",      \
      "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc"
#define MODC_PEAK_LOOP(name, clear, body, leave)                               \
  void name(int64_t iterations) {                                              \
    __asm__ volatile(clear "1:\n\t" body "dec %0\n\tjnz 1b\n\t" leave          \
                     : "+r"(iterations)                                        \
                     :                                                         \
                     : MODC_CLOBBERS);                                         \
  }
MODC_PEAK_LOOP(avx512Single, "vzeroall\n\t", MODC_FMAS("ps", "zmm"),
               "vzeroupper")
MODC_PEAK_LOOP(avx512Double, "vzeroall\n\t", MODC_FMAS("pd", "zmm"),
               "vzeroupper")
MODC_PEAK_LOOP(fmaSingle, "vzeroall\n\t", MODC_FMAS("ps", "ymm"), "vzeroupper")
MODC_PEAK_LOOP(fmaDouble, "vzeroall\n\t", MODC_FMAS("pd", "ymm"), "vzeroupper")
// Products of what the registers happen to hold could be denormal and slow.
#define MODC_CLEAR_SSE                                                         \
  "xorps %%xmm0, %%xmm0\n\txorps %%xmm1, %%xmm1\n\txorps %%xmm2, %%xmm2\n\t"   \
  "xorps %%xmm3, %%xmm3\n\txorps %%xmm4, %%xmm4\n\txorps %%xmm5, %%xmm5\n\t"   \
  "xorps %%xmm6, %%xmm6\n\txorps %%xmm7, %%xmm7\n\txorps %%xmm8, %%xmm8\n\t"   \
  "xorps %%xmm9, %%xmm9\n\txorps %%xmm10, %%xmm10\n\t"                         \
  "xorps %%xmm11, %%xmm11\n\txorps %%xmm15, %%xmm15\n\t"
MODC_PEAK_LOOP(sseSingle, MODC_CLEAR_SSE, MODC_SSES("ps"), "")
MODC_PEAK_LOOP(sseDouble, MODC_CLEAR_SSE, MODC_SSES("pd"), "")

/// Reads `bytes` (a positive multiple of 512) from an address that is a
/// multiple of 64.
void readSse(const char *memory, int64_t bytes) {
  const char *end = memory + bytes;
  __asm__ volatile("1:\n\t"
                   "movaps (%0), %%xmm0\n\tmovaps 16(%0), %%xmm1\n\t"
                   "movaps 32(%0), %%xmm2\n\tmovaps 48(%0), %%xmm3\n\t"
                   "movaps 64(%0), %%xmm4\n\tmovaps 80(%0), %%xmm5\n\t"
                   "movaps 96(%0), %%xmm6\n\tmovaps 112(%0), %%xmm7\n\t"
                   "add $128, %0\n\tcmp %1, %0\n\tjb 1b\n\t"
                   : "+r"(memory)
                   : "r"(end)
                   : MODC_CLOBBERS, "memory");
}

void readAvx(const char *memory, int64_t bytes) {
  const char *end = memory + bytes;
  __asm__ volatile("1:\n\t"
                   "vmovaps (%0), %%ymm0\n\tvmovaps 32(%0), %%ymm1\n\t"
                   "vmovaps 64(%0), %%ymm2\n\tvmovaps 96(%0), %%ymm3\n\t"
                   "vmovaps 128(%0), %%ymm4\n\tvmovaps 160(%0), %%ymm5\n\t"
                   "vmovaps 192(%0), %%ymm6\n\tvmovaps 224(%0), %%ymm7\n\t"
                   "add $256, %0\n\tcmp %1, %0\n\tjb 1b\n\tvzeroupper\n\t"
                   : "+r"(memory)
                   : "r"(end)
                   : MODC_CLOBBERS, "memory");
}

#endif // __x86_64__

/// Runs `tasks` tasks on the executor's workers.
template <typename Body>
void runTasks(Executor &executor, int64_t tasks, Body body) {
  executor.parallelFor(
      tasks,
      [](void *context, int64_t task, int64_t) {
        (*static_cast<Body *>(context))(task);
      },
      &body);
}

/// Enough for threads that start late to find work left.
constexpr int64_t kTasksOfWorker = 8;

} // namespace

PeakProbe::PeakProbe(DType type) {
#if defined(__x86_64__)
  uint64_t features = cpuFeatures();
  bool isDouble = type == DType::F64;
  int lanes = 0;
  if (features & MODC_CPU_AVX512F) {
    name = "avx512";
    loop = isDouble ? avx512Double : avx512Single;
    lanes = 16;
  } else if ((features & MODC_CPU_FMA) && (features & MODC_CPU_AVX)) {
    name = "fma";
    loop = isDouble ? fmaDouble : fmaSingle;
    lanes = 8;
  } else {
    name = "sse";
    loop = isDouble ? sseDouble : sseSingle;
    lanes = 4;
  }
  name += isDouble ? " f64" : " f32";
  flopsOfIteration = 12.0 * 2 * (isDouble ? lanes / 2 : lanes);
#endif
}

double PeakProbe::run(Executor &executor) const {
  if (!loop)
    return 0;
  // About 60 us at two vectors a cycle and 3 GHz.
  constexpr int64_t iterations = 30000;
  int64_t tasks = executor.workers() * kTasksOfWorker;
  Clock::time_point start = Clock::now();
  runTasks(executor, tasks, [&](int64_t) { loop(iterations); });
  return double(tasks) * double(iterations) * flopsOfIteration /
         secondsSince(start);
}

Status ReadProbe::prepare() {
  constexpr int64_t mebibyte = 1 << 20;
  int64_t cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  // Windows are read in turn, and each is gone from the caches when its turn
  // comes again.
  window = 32 * mebibyte;
  int64_t total =
      std::clamp(4 * std::max<int64_t>(cache, 0), 4 * window, 16 * window);
  total = total / window * window;
  // The arena writes its zeros, so that every page is one of its own.
  return arena.reserve(total, "the bandwidth probe");
}

double ReadProbe::run(Executor &executor) {
#if defined(__x86_64__)
  static const auto read = cpuFeatures() & MODC_CPU_AVX ? readAvx : readSse;
  int64_t tasks = executor.workers() * kTasksOfWorker;
  const char *base = arena.as<char>() + position;
  int64_t each = window / tasks / 512 * 512;
  if (each <= 0)
    return 0;
  position = (position + window) % arena.size();
  Clock::time_point start = Clock::now();
  runTasks(executor, tasks,
           [&](int64_t task) { read(base + task * each, each); });
  return double(each) * double(tasks) / secondsSince(start);
#else
  return 0;
#endif
}

} // namespace modc::driver
