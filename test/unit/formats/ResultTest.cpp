//===- ResultTest.cpp - Errors as values ----------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the result types and the quoting of outside text in messages. Both
// are used by every other reader.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Result.h"

#include <gtest/gtest.h>
#include <memory>

using namespace modc;

namespace {

Result<std::unique_ptr<int>> positive(int value) {
  if (value <= 0)
    return makeError("value ", value, " is not positive");
  return std::make_unique<int>(value);
}

Status check(int value) {
  Result<std::unique_ptr<int>> result = positive(value);
  if (!result)
    return result.error().within("check");
  return {};
}

TEST(Result, HoldsAMoveOnlyValue) {
  Result<std::unique_ptr<int>> result = positive(7);
  ASSERT_TRUE(result);
  EXPECT_EQ(**result, 7);
  std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, CarriesTheError) {
  EXPECT_TRUE(check(1));
  Status status = check(-3);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(), "check: value -3 is not positive");
}

TEST(Result, QuotesWhatDoesNotPrint) {
  EXPECT_EQ(inQuotes("a\n\x7f"), "'a\\x0a\\x7f'");
  EXPECT_EQ(inQuotes("abcdef", 3), "'abc...'");
  EXPECT_EQ(inQuotes("abc", 3), "'abc'");
  EXPECT_EQ(inQuotes(""), "''");
  // Characters of two, three and four bytes print.
  EXPECT_EQ(inQuotes("\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82"),
            "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82'");
  // A C1 control, a lone byte, an overlong slash, a surrogate, a cut sequence.
  EXPECT_EQ(inQuotes("\xc2\x9b"), "'\\xc2\\x9b'");
  EXPECT_EQ(inQuotes("\xff"), "'\\xff'");
  EXPECT_EQ(inQuotes("\xc0\xaf"), "'\\xc0\\xaf'");
  EXPECT_EQ(inQuotes("\xed\xa0\x80"), "'\\xed\\xa0\\x80'");
  EXPECT_EQ(inQuotes("\xe2\x82"), "'\\xe2\\x82'");
  // A cut falls between characters.
  EXPECT_EQ(inQuotes("a\xc3\xa9", 2), "'a...'");
}

TEST(Result, SpeaksLikeTheSystemInLowerCase) {
  EXPECT_EQ(reasonText(2), "no such file or directory");
}

} // namespace
