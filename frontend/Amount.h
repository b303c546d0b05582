//===- Amount.h - Numbers that grow with the sizes of a call ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts of rows, operations and bytes as formulas of the points N and the
// candidates S of a call.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_AMOUNT_H
#define MODC_FRONTEND_AMOUNT_H

#include "llvm/Support/CheckedArithmetic.h"

#include <array>
#include <cstdint>
#include <optional>

namespace modc {

/// a + b·N + c·S + d·S·N, without overflow and not negative.
struct Amount {
  enum Term { One, Points, Candidates, Both, NumTerms };
  std::array<int64_t, NumTerms> terms = {};

  static Amount of(Term term, int64_t factor = 1) {
    Amount amount;
    amount.terms[term] = factor;
    return amount;
  }
  bool operator==(const Amount &other) const { return terms == other.terms; }
};

using MaybeAmount = std::optional<Amount>;

inline MaybeAmount plus(const Amount &a, const Amount &b) {
  Amount sum;
  for (int i = 0; i < Amount::NumTerms; ++i) {
    std::optional<int64_t> term = llvm::checkedAdd(a.terms[i], b.terms[i]);
    if (!term)
      return std::nullopt;
    sum.terms[i] = *term;
  }
  return sum;
}

/// The product, if no symbol stands in it twice.
inline MaybeAmount times(const Amount &a, const Amount &b) {
  Amount product;
  for (int i = 0; i < Amount::NumTerms; ++i)
    for (int j = 0; j < Amount::NumTerms; ++j) {
      if (!a.terms[i] || !b.terms[j])
        continue;
      // Bit 0 of a term says N, bit 1 says S.
      if (i & j)
        return std::nullopt;
      std::optional<int64_t> term =
          llvm::checkedMulAdd(a.terms[i], b.terms[j], product.terms[i | j]);
      if (!term)
        return std::nullopt;
      product.terms[i | j] = *term;
    }
  return product;
}

} // namespace modc

#endif // MODC_FRONTEND_AMOUNT_H
