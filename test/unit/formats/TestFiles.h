//===- TestFiles.h - Helpers of the format tests ---------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A directory that goes away with the test, and short ways to make files of
// bytes and to look at what went wrong.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_FORMATS_TESTFILES_H
#define MODC_TEST_UNIT_FORMATS_TESTFILES_H

#include "runtime/formats/File.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace modc::test {

class TemporaryDirectory {
public:
  TemporaryDirectory() {
    std::string pattern =
        std::filesystem::temp_directory_path() / "modc-XXXXXX";
    path = ::mkdtemp(pattern.data()) ? pattern : std::string();
    EXPECT_FALSE(path.empty()) << std::strerror(errno);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path.empty())
      std::filesystem::remove_all(path, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory &) = delete;

  std::string operator/(std::string_view name) const {
    return path + "/" + std::string(name);
  }

  /// How many entries there are; what is left of temporary files counts.
  size_t entries() const {
    std::filesystem::directory_iterator begin(path), end;
    return std::distance(begin, end);
  }

  std::string path;
};

inline void spit(const std::string &path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
}

inline std::string slurp(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::vector<uint8_t> bytesOf(std::string_view text) {
  return {text.begin(), text.end()};
}

/// The bytes in a heap block of exactly their size, so that the sanitizer sees
/// a read beyond them.
inline File fileOf(std::string_view bytes, std::string name = "test") {
  std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  exact.shrink_to_fit();
  return File::fromBuffer(std::move(name), std::move(exact));
}

/// The message of a result, or "" if it is good.
template <typename T>
std::string messageOf(const Result<T> &result) {
  return result ? std::string() : result.error().message();
}

} // namespace modc::test

/// Expects a failed result whose message contains `text`.
#define EXPECT_REFUSED(result, text)                                           \
  do {                                                                         \
    auto &&refused = (result);                                                 \
    EXPECT_FALSE(refused) << "accepted, but wanted: " << (text);               \
    std::string message = modc::test::messageOf(refused);                      \
    EXPECT_NE(message.find(text), std::string::npos)                           \
        << "wanted: " << (text) << "\nfound:  " << message;                    \
  } while (false)

#endif // MODC_TEST_UNIT_FORMATS_TESTFILES_H
