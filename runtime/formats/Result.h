//===- Result.h - Errors as values -----------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The error and result types of the whole runtime. No exception crosses a
// runtime interface; what can fail returns a Result, and ignoring one warns.
//
//   Result<File> file = File::open(path);
//   if (!file)
//     return file.error();
//   use(*file);
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_RESULT_H
#define MODC_RUNTIME_FORMATS_RESULT_H

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace modc {

/// What went wrong: one message, lower case, no full stop, naming the file,
/// layer, member or tensor and, where two things disagree, both of them.
class [[nodiscard]] Error {
public:
  explicit Error(std::string message) : text(std::move(message)) {}

  const std::string &message() const { return text; }

  /// The same error told from further out: "outer: inner".
  Error within(std::string_view outer) const {
    return Error(std::string(outer) + ": " + text);
  }

private:
  std::string text;
};

/// A value of T or an Error. Reading the value of a failed result, or the error
/// of a good one, is a bug in the caller and asserts.
template <typename T>
class [[nodiscard]] Result {
  static_assert(!std::is_same_v<T, Error>, "a result is a value or an error");

public:
  Result(T value) : storage(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : storage(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return storage.index() == 0; }

  T &operator*() & {
    assert(*this && "value of a failed result");
    return *std::get_if<0>(&storage);
  }
  const T &operator*() const & {
    assert(*this && "value of a failed result");
    return *std::get_if<0>(&storage);
  }
  T &&operator*() && {
    assert(*this && "value of a failed result");
    return std::move(*std::get_if<0>(&storage));
  }
  T *operator->() { return &**this; }
  const T *operator->() const { return &**this; }

  const Error &error() const {
    assert(!*this && "error of a good result");
    return *std::get_if<1>(&storage);
  }

private:
  std::variant<T, Error> storage;
};

/// Success or an Error. `return {};` is success.
template <>
class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : failure(std::move(error)) {}

  explicit operator bool() const { return !failure; }

  const Error &error() const {
    assert(failure && "error of a good result");
    return *failure;
  }

private:
  std::optional<Error> failure;
};

using Status = Result<void>;

namespace detail {
inline void appendTo(std::string &out, std::string_view part) { out += part; }
inline void appendTo(std::string &out, char part) { out += part; }
template <typename T>
std::enable_if_t<std::is_integral_v<T>> appendTo(std::string &out, T part) {
  out += std::to_string(part);
}
} // namespace detail

/// An error whose message is the concatenation of texts and integers.
template <typename... Parts>
Error makeError(const Parts &...parts) {
  std::string message;
  (detail::appendTo(message, parts), ...);
  return Error(std::move(message));
}

/// The longest path that Linux knows, as the second argument of inQuotes.
inline constexpr size_t pathLimit = 4096;

/// `text` between single quotes, fit for a message and a terminal whatever a
/// file holds: control characters and bytes that are not UTF-8 are escaped, and
/// what is longer than `limit` bytes is cut. (Not called `quoted`: argument-
/// dependent lookup would find that of <iomanip>.)
std::string inQuotes(std::string_view text, size_t limit = 200);

/// What the system says about an errno value: "no such file or directory".
std::string reasonText(int code);

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_RESULT_H
