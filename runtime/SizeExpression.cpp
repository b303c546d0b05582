//===- SizeExpression.cpp - Bytes as a formula of N and S -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas come from files, perhaps of strangers: every step is checked.
//
//===----------------------------------------------------------------------===//

#include "runtime/SizeExpression.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace modc {
namespace {

/// A term of text() with its constant factor apart.
struct Term {
  int64_t factor = 1;
  /// Empty for a number.
  std::string rest;
  /// Whether `rest` has to stand in brackets as an operand.
  bool isSum = false;

  std::string text() const {
    if (rest.empty())
      return std::to_string(factor);
    if (factor == 1)
      return rest;
    return std::to_string(factor) + " " + (isSum ? "(" + rest + ")" : rest);
  }
  std::string operand() const {
    return factor == 1 && isSum ? "(" + rest + ")" : text();
  }
};

} // namespace

Result<SizeExpression> SizeExpression::parse(std::string_view text) {
  static constexpr std::pair<std::string_view, Kind> names[] = {
      {"N", Kind::Points},      {"S", Kind::Candidates},
      {"+", Kind::Add},         {"-", Kind::Subtract},
      {"*", Kind::Multiply},    {"/", Kind::Divide},
      {"ceil", Kind::DivideUp}, {"%", Kind::Remainder},
      {"min", Kind::Smallest},  {"max", Kind::Largest}};
  auto fail = [&](std::string_view why) {
    return makeError("formula ", inQuotes(std::string(text)), ": ", why);
  };
  SizeExpression result;
  size_t depth = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(' ', at), text.size());
    std::string_view word = text.substr(at, end - at);
    at = end + 1;
    auto name = std::find_if(std::begin(names), std::end(names),
                             [&](auto &pair) { return pair.first == word; });
    Token token = {Kind::Number, 0};
    if (name != std::end(names))
      token.kind = name->second;
    else if (auto [stop, error] = std::from_chars(
                 word.data(), word.data() + word.size(), token.number);
             error != std::errc() || stop != word.data() + word.size())
      return fail("a word is no number, size or operator");
    if (token.kind > Kind::Candidates && depth < 2)
      return fail("an operator lacks an operand");
    depth += token.kind <= Kind::Candidates ? size_t(1) : size_t(-1);
    result.tokens.push_back(token);
  }
  if (depth != 1)
    return fail("it does not have one value");
  return result;
}

std::optional<int64_t> SizeExpression::apply(Kind kind, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (kind) {
  case Kind::Add:
    return __builtin_add_overflow(a, b, &result) ? std::nullopt
                                                 : std::optional(result);
  case Kind::Subtract:
    return __builtin_sub_overflow(a, b, &result) ? std::nullopt
                                                 : std::optional(result);
  case Kind::Multiply:
    return __builtin_mul_overflow(a, b, &result) ? std::nullopt
                                                 : std::optional(result);
  case Kind::Divide:
  case Kind::DivideUp:
  case Kind::Remainder:
    if (b == 0 || (a == INT64_MIN && b == -1))
      return std::nullopt;
    if (kind == Kind::Remainder)
      return a % b;
    return a / b + (kind == Kind::DivideUp && a % b != 0 && (a < 0) == (b < 0));
  case Kind::Smallest:
    return std::min(a, b);
  case Kind::Largest:
    return std::max(a, b);
  default:
    return std::nullopt;
  }
}

std::optional<int64_t> SizeExpression::evaluate(int64_t points,
                                                int64_t candidates) const {
  std::vector<int64_t> stack;
  for (const Token &token : tokens) {
    if (token.kind <= Kind::Candidates) {
      stack.push_back(token.kind == Kind::Number   ? token.number
                      : token.kind == Kind::Points ? points
                                                   : candidates);
      continue;
    }
    int64_t right = stack.back();
    stack.pop_back();
    std::optional<int64_t> value = apply(token.kind, stack.back(), right);
    if (!value)
      return std::nullopt;
    stack.back() = *value;
  }
  return stack.back();
}

std::string SizeExpression::text() const {
  std::vector<Term> stack;
  for (const Token &token : tokens) {
    if (token.kind <= Kind::Candidates) {
      if (token.kind == Kind::Number)
        stack.push_back({token.number, "", false});
      else
        stack.push_back({1, token.kind == Kind::Points ? "N" : "S", false});
      continue;
    }
    Term b = std::move(stack.back());
    stack.pop_back();
    Term &a = stack.back();
    std::optional<int64_t> constant;
    if (a.rest.empty() && b.rest.empty())
      constant = apply(token.kind, a.factor, b.factor);
    std::optional<int64_t> factor = apply(Kind::Multiply, a.factor, b.factor);
    auto joined = [&](const char *between) {
      return a.operand() + between + b.operand();
    };
    auto call = [&](const char *name, const char *between) {
      return name + ("(" + a.text()) + between + b.text() + ")";
    };
    if (constant)
      a = {*constant, "", false};
    else if (token.kind == Kind::Multiply && factor &&
             (a.rest.empty() || b.rest.empty()))
      a = {*factor, a.rest.empty() ? b.rest : a.rest,
           a.rest.empty() ? b.isSum : a.isSum};
    else if (token.kind == Kind::Multiply)
      a = {1, joined(" "), false};
    else if (token.kind == Kind::Add || token.kind == Kind::Subtract)
      a = {1, joined(token.kind == Kind::Add ? " + " : " - "), true};
    else if (token.kind == Kind::Divide)
      a = {1, call("floor", " / "), false};
    else if (token.kind == Kind::DivideUp)
      a = {1, call("ceil", " / "), false};
    else if (token.kind == Kind::Remainder)
      a = {1, call("", " mod "), false};
    else
      a = {1, call(token.kind == Kind::Smallest ? "min" : "max", ", "), false};
  }
  return stack.back().text();
}

} // namespace modc
