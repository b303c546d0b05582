//===- JsonLines.h - Logs of one object a line ------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The writer of training logs: one JSON object a line, on disk as soon as it is
// written, so that a killed run leaves whole lines behind.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_JSONLINES_H
#define MODC_RUNTIME_FORMATS_JSONLINES_H

#include "runtime/formats/Result.h"

#include <nlohmann/json_fwd.hpp>

namespace modc {

/// Appends lines to a file, a pipe or a device. Movable; closes on destruction.
class JsonLines {
public:
  enum class Mode {
    /// Starts an empty file.
    Truncate,
    /// Goes on after the last line, for a run that resumes. A last line without
    /// its end, left by a full disk, is cut off.
    Append,
  };

  static Result<JsonLines> open(const std::string &path, Mode mode);

  JsonLines(JsonLines &&other) noexcept;
  JsonLines &operator=(JsonLines &&) = delete;
  ~JsonLines();

  /// Writes one line. NaN and infinity become null; text that is not UTF-8 has
  /// its bad bytes replaced. After a failed write the file ends with the line
  /// before, and the error names the path.
  Status write(const nlohmann::ordered_json &object);

private:
  JsonLines(std::string path, int fd) : path(std::move(path)), fd(fd) {}

  std::string path;
  int fd;
};

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_JSONLINES_H
