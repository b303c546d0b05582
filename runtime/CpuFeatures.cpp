//===- CpuFeatures.cpp - What this processor can run ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CPUID by hand rather than by the compiler's builtins: the AVX bits count only
// where the operating system saves the wide registers (XCR0), and both gcc and
// clang must give the same answer.
//
//===----------------------------------------------------------------------===//

#include "runtime/CpuFeatures.h"

#include "runtime/ModelAbi.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace modc {

uint64_t cpuFeatures() {
  uint64_t mask = 0;
#if defined(__x86_64__)
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    return 0;
  unsigned leaf1 = ecx;
  uint64_t saved = 0;
  if (leaf1 & (1u << 27)) { // OSXSAVE
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    saved = (uint64_t(high) << 32) | low;
  }
  bool avxSaved = (saved & 0x6) == 0x6;
  bool avx512Saved = (saved & 0xe6) == 0xe6;
  auto add = [&](bool has, uint64_t bit) { mask |= has ? bit : 0; };
  add(leaf1 & (1u << 20), MODC_CPU_SSE4_2);
  add(leaf1 & (1u << 23), MODC_CPU_POPCNT);
  add(avxSaved && (leaf1 & (1u << 28)), MODC_CPU_AVX);
  add(avxSaved && (leaf1 & (1u << 12)), MODC_CPU_FMA);
  add(avxSaved && (leaf1 & (1u << 29)), MODC_CPU_F16C);
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    add(avxSaved && (ebx & (1u << 5)), MODC_CPU_AVX2);
    add(ebx & (1u << 8), MODC_CPU_BMI2);
    add(avx512Saved && (ebx & (1u << 16)), MODC_CPU_AVX512F);
    add(avx512Saved && (ebx & (1u << 17)), MODC_CPU_AVX512DQ);
    add(avx512Saved && (ebx & (1u << 28)), MODC_CPU_AVX512CD);
    add(avx512Saved && (ebx & (1u << 30)), MODC_CPU_AVX512BW);
    add(avx512Saved && (ebx & (1u << 31)), MODC_CPU_AVX512VL);
  }
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
    add(ecx & (1u << 5), MODC_CPU_LZCNT);
#endif
  return mask;
}

std::string describeFeatures(uint64_t mask) {
  static const char *const names[] = {
      "sse4.2",  "popcnt",   "avx",      "avx2",     "fma",      "bmi2", "f16c",
      "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd", "lzcnt"};
  std::string text;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!(mask >> bit & 1))
      continue;
    text += text.empty() ? "" : ", ";
    text += bit < sizeof(names) / sizeof(*names) ? names[bit]
                                                 : "bit " + std::to_string(bit);
  }
  return text;
}

} // namespace modc
