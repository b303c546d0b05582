//===- SizeExpressionTest.cpp - Bytes as a formula of N and S -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas by hand: what they are worth, how they read, and which are refused.
//
//===----------------------------------------------------------------------===//

#include "runtime/SizeExpression.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

SizeExpression parsed(const char *text) {
  auto expression = SizeExpression::parse(text);
  EXPECT_TRUE(expression) << text;
  return std::move(*expression);
}

TEST(SizeExpression, Evaluates) {
  EXPECT_EQ(parsed("48").evaluate(5, 7), 48);
  EXPECT_EQ(parsed("N 8 *").evaluate(5, 7), 40);
  EXPECT_EQ(parsed("S N * 4 *").evaluate(5, 7), 140);
  EXPECT_EQ(parsed("N 1 - 2 /").evaluate(8, 1), 3);
  EXPECT_EQ(parsed("N 3 ceil").evaluate(8, 1), 3);
  EXPECT_EQ(parsed("N 3 %").evaluate(8, 1), 2);
  EXPECT_EQ(parsed("N 3 min S max").evaluate(8, 5), 5);
}

TEST(SizeExpression, SaysWhatDoesNotFit) {
  EXPECT_EQ(parsed("N 4 *").evaluate(int64_t(1) << 62, 1), std::nullopt);
  EXPECT_EQ(parsed("N S +").evaluate(INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(parsed("N S -").evaluate(-2, INT64_MAX), std::nullopt);
  EXPECT_EQ(parsed("N S /").evaluate(1, 0), std::nullopt);
  EXPECT_EQ(parsed("N S ceil").evaluate(INT64_MIN, -1), std::nullopt);
  EXPECT_EQ(parsed("N S %").evaluate(1, 0), std::nullopt);
}

TEST(SizeExpression, ReadsWell) {
  EXPECT_EQ(parsed("2 3 *").text(), "6");
  EXPECT_EQ(parsed("512 N 4 * *").text(), "2048 N");
  EXPECT_EQ(parsed("4 S N * *").text(), "4 S N");
  EXPECT_EQ(parsed("12 N 64 ceil 32 + *").text(), "12 (ceil(N / 64) + 32)");
  EXPECT_EQ(parsed("N 1 + S 2 - *").text(), "(N + 1) (S - 2)");
  EXPECT_EQ(parsed("N 64 min 4 *").text(), "4 min(N, 64)");
  EXPECT_EQ(parsed("N 2 / N 3 % max").text(), "max(floor(N / 2), (N mod 3))");
}

TEST(SizeExpression, RefusesWhatIsNoFormula) {
  auto failure = [](const char *text) {
    auto expression = SizeExpression::parse(text);
    return expression ? "no failure" : expression.error().message();
  };
  EXPECT_EQ(failure("N *"), "formula 'N *': an operator lacks an operand");
  EXPECT_EQ(failure("N 4"), "formula 'N 4': it does not have one value");
  EXPECT_EQ(failure(""), "formula '': it does not have one value");
  for (const char *text : {"M", "4x", "N  4 *", "99999999999999999999", "1.5"})
    EXPECT_EQ(failure(text), std::string("formula '") + text +
                                 "': a word is no number, size or operator");
}

} // namespace
