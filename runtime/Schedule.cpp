//===- Schedule.cpp - The learning rate over the steps --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses and evaluates schedules. Numbers are read without regard to the
// locale of the host program.
//
//===----------------------------------------------------------------------===//

#include "runtime/Schedule.h"

#include <charconv>
#include <cmath>

namespace modc {
namespace {

template <typename T>
bool readNumber(std::string_view text, T *out) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

bool takePrefix(std::string_view &text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix)
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

} // namespace

double Schedule::at(int64_t step, int64_t total) const {
  if (step < warmup)
    return double(step + 1) / double(warmup);
  int64_t span = total - warmup;
  double done = span > 0 ? double(step - warmup) / double(span) : 0;
  done = done < 1 ? done : 1;
  switch (kind) {
  case Kind::Constant:
    return 1;
  case Kind::Cosine:
    return 0.5 * (1 + std::cos(3.14159265358979323846 * done));
  case Kind::Linear:
    return 1 - done;
  case Kind::Steps:
    return std::pow(factor, double(every > 0 ? step / every : 0));
  }
  return 1;
}

Result<Schedule> Schedule::parse(std::string_view text) {
  std::string_view rest = text;
  Schedule schedule;
  auto fail = [&] {
    return makeError("unknown schedule ", inQuotes(text),
                     ": write constant, cosine, linear or "
                     "steps:EVERY:FACTOR, and +warmup:STEPS after it");
  };
  size_t plus = rest.find('+');
  if (plus != std::string_view::npos) {
    std::string_view warmup = rest.substr(plus + 1);
    if (!takePrefix(warmup, "warmup:") ||
        !readNumber(warmup, &schedule.warmup) || schedule.warmup < 0)
      return fail();
    rest = rest.substr(0, plus);
  }
  if (rest == "constant")
    return schedule;
  if (rest == "cosine") {
    schedule.kind = Kind::Cosine;
    return schedule;
  }
  if (rest == "linear") {
    schedule.kind = Kind::Linear;
    return schedule;
  }
  size_t colon = rest.rfind(':');
  std::string_view factor = rest.substr(colon + 1);
  schedule.kind = Kind::Steps;
  if (!takePrefix(rest, "steps:") || colon < 6 ||
      !readNumber(rest.substr(0, colon - 6), &schedule.every) ||
      !readNumber(factor, &schedule.factor) || schedule.every < 1 ||
      !(schedule.factor > 0) || !std::isfinite(schedule.factor))
    return fail();
  return schedule;
}

std::string Schedule::text() const {
  static const char *const names[] = {"constant", "cosine", "linear", "steps"};
  std::string made = names[int(kind)];
  if (kind == Kind::Steps) {
    // The shortest digits that read back as the same number.
    char digits[32];
    auto [end, error] = std::to_chars(digits, digits + sizeof(digits), factor);
    made += ":" + std::to_string(every) + ":" + std::string(digits, end);
  }
  if (warmup > 0)
    made += "+warmup:" + std::to_string(warmup);
  return made;
}

} // namespace modc
