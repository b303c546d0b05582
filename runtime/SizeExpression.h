//===- SizeExpression.h - Bytes as a formula of N and S ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A formula of a signature, in postfix notation ("N 8 * 4 *"): checked,
// computed for the sizes of a call, and written for people.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SIZEEXPRESSION_H
#define MODC_RUNTIME_SIZEEXPRESSION_H

#include "runtime/formats/Result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

class SizeExpression {
public:
  /// Fails at a token that is none, or where operands are missing or left over.
  static Result<SizeExpression> parse(std::string_view text);

  /// Nothing where a step overflows or divides by zero.
  std::optional<int64_t> evaluate(int64_t points, int64_t candidates) const;

  /// "2048 N": constants multiplied out, in infix notation.
  std::string text() const;

private:
  enum class Kind : uint8_t {
    Number,
    Points,
    Candidates,
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideUp,
    Remainder,
    Smallest,
    Largest
  };
  struct Token {
    Kind kind;
    int64_t number = 0;
  };
  static std::optional<int64_t> apply(Kind kind, int64_t a, int64_t b);

  std::vector<Token> tokens;
};

} // namespace modc

#endif // MODC_RUNTIME_SIZEEXPRESSION_H
