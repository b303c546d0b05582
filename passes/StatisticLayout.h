//===- StatisticLayout.h - Statistics as libMLIR lays them out --*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For builds with assertions, before any other header of a library with passes.
// Without NDEBUG, a Pass::Statistic counts in members that its constructor, which
// is in the packaged libMLIR, has not and leaves uninitialised.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_STATISTICLAYOUT_H
#define MODC_PASSES_STATISTICLAYOUT_H

#ifndef NDEBUG
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#endif
#include <cassert>

#endif // MODC_PASSES_STATISTICLAYOUT_H
