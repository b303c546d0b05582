//===- JsonFields.h - Checked access to fields of a JSON object -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads fields of an untrusted JSON object, and remembers the first thing that
// was wrong, so that a reader of many fields checks once at its end. Fields
// that fail read as empty or zero.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_JSONFIELDS_H
#define MODC_RUNTIME_JSONFIELDS_H

#include "runtime/formats/Result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace modc {

class JsonFields {
public:
  explicit JsonFields(std::optional<Error> &failure) : failure(failure) {}

  void fail(const std::string &message) {
    if (!failure)
      failure = Error(message);
  }
  bool failed() const { return failure.has_value(); }

  /// The field, or null with a failure when it is not there.
  const nlohmann::json *find(const nlohmann::json &object, const char *name,
                             const std::string &where) {
    if (!object.is_object()) {
      fail(where + " is not an object");
      return nullptr;
    }
    auto field = object.find(name);
    if (field == object.end()) {
      fail(where + " has no '" + name + "'");
      return nullptr;
    }
    return &*field;
  }

  std::string text(const nlohmann::json &object, const char *name,
                   const std::string &where) {
    const nlohmann::json *field = find(object, name, where);
    if (!field)
      return {};
    if (!field->is_string()) {
      fail(where + ": '" + name + "' is not a text");
      return {};
    }
    return field->get_ref<const std::string &>();
  }

  /// An integer in [low, high].
  int64_t integer(const nlohmann::json &object, const char *name, int64_t low,
                  int64_t high, const std::string &where) {
    const nlohmann::json *field = find(object, name, where);
    if (!field)
      return low;
    return integerOf(*field, low, high, where + ": '" + name + "'");
  }

  int64_t integerOf(const nlohmann::json &value, int64_t low, int64_t high,
                    const std::string &what) {
    if (!value.is_number_integer()) {
      fail(what + " is not an integer");
      return low;
    }
    bool fits = !value.is_number_unsigned() ||
                value.get<uint64_t>() <= uint64_t(INT64_MAX);
    int64_t number = fits ? value.get<int64_t>() : 0;
    if (!fits || number < low || number > high) {
      fail(what + " is " + value.dump() + ", outside [" + std::to_string(low) +
           ", " + std::to_string(high) + "]");
      return low;
    }
    return number;
  }

  bool boolean(const nlohmann::json &object, const char *name,
               const std::string &where) {
    const nlohmann::json *field = find(object, name, where);
    if (!field)
      return false;
    if (!field->is_boolean()) {
      fail(where + ": '" + name + "' is not true or false");
      return false;
    }
    return field->get<bool>();
  }

  /// The elements of an array; empty when it is not one.
  const nlohmann::json &array(const nlohmann::json &object, const char *name,
                              const std::string &where) {
    static const nlohmann::json empty = nlohmann::json::array();
    const nlohmann::json *field = find(object, name, where);
    if (!field)
      return empty;
    if (!field->is_array()) {
      fail(where + ": '" + name + "' is not an array");
      return empty;
    }
    return *field;
  }

private:
  std::optional<Error> &failure;
};

} // namespace modc

#endif // MODC_RUNTIME_JSONFIELDS_H
