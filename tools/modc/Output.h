//===- Output.h - Messages, data and exit codes -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How every sub-command speaks: data to standard output, messages to standard
// error, and an exit code that a script can rely on.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_OUTPUT_H
#define MODC_TOOLS_MODC_OUTPUT_H

#include "runtime/formats/Result.h"

#include <fmt/format.h>
#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace modc::driver {

enum ExitCode : int {
  Done = 0,
  WorkFailed = 1,
  UsageError = 2,
  NotAsExpected = 3,
  Interrupted = 130
};

/// "modc: error: ..." on standard error; returns WorkFailed.
int fail(std::string_view message);
inline int fail(const Error &error) { return fail(error.message()); }

/// "modc: warning: ..." and "modc: ..." on standard error.
void warn(std::string_view message);
void say(std::string_view message);

/// A usage error, with a pointer to the command's help; returns UsageError.
/// `command` is empty for modc itself.
int misuse(std::string_view command, std::string_view message);

/// Data on standard output. What cannot be written is reported at the end, by
/// `finish`.
void print(std::string_view text);
void printJson(const nlohmann::ordered_json &value);

/// Flushes standard output. A full disk turns Done into WorkFailed.
int finish(int code);

/// Fails now if `path` could not be written later: its directory is missing or
/// read-only, or it is a directory itself. Creates nothing.
Status checkWritable(const std::string &path);

/// The same for a directory, which need not exist yet.
Status checkDirectory(const std::string &path);

/// Refuses two outputs that would be one file. `what` is the word for messages;
/// an empty path is none.
struct OutputFile {
  std::string what, path;
};
Status checkDistinct(const std::vector<OutputFile> &files);

/// Text in columns: the first one to the left, the others to the right.
class Table {
public:
  void row(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }
  std::string text(std::string_view indent = "") const;

private:
  std::vector<std::vector<std::string>> rows;
};

/// "1.2 MB", for people.
std::string sizeText(int64_t bytes);
/// "0:07", "12:34" or "1:02:03".
std::string durationText(double seconds);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_OUTPUT_H
