//===- Output.cpp - Messages, data and exit codes -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Messages share one prefix, so that they can be told from what a wrapped tool
// or the shell says. A progress line that is on the terminal is wiped before a
// message appears.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Output.h"

#include "runtime/formats/File.h"
#include "tools/modc/Progress.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace modc::driver {

static void message(std::string_view kind, std::string_view text) {
  ProgressLine::wipe();
  std::string line = fmt::format("modc: {}{}\n", kind, text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int fail(std::string_view text) {
  // The compiler's diagnostics begin with a file and a line of their own, and
  // say what they are.
  std::string_view first = text.substr(0, text.find('\n'));
  if (first.find(": error: ") != first.npos ||
      first.find(": warning: ") != first.npos) {
    ProgressLine::wipe();
    std::fprintf(stderr, "%.*s\n", int(text.size()), text.data());
    return WorkFailed;
  }
  message("error: ", text);
  return WorkFailed;
}

void warn(std::string_view text) { message("warning: ", text); }
void say(std::string_view text) { message("", text); }

int misuse(std::string_view command, std::string_view text) {
  message("error: ", text);
  message("", fmt::format("see 'modc {}{}--help'", command,
                          command.empty() ? "" : " "));
  return UsageError;
}

/// Why standard output failed first.
static int outputError = 0;

void print(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() &&
      outputError == 0)
    outputError = errno;
}

void printJson(const nlohmann::ordered_json &value) {
  // Names come from files; bytes that are not UTF-8 must not throw.
  print(value.dump(2, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace));
  print("\n");
}

int finish(int code) {
  bool good = !std::ferror(stdout);
  errno = outputError;
  if ((std::fflush(stdout) != 0 || !good) && code == Done)
    return fail("cannot write to standard output: " +
                reasonText(errno ? errno : EIO));
  return code;
}

Status checkWritable(const std::string &path) {
  if (path.empty())
    return makeError("cannot write '': the name is empty");
  // What `compile` takes for standard output must not be a file elsewhere.
  if (path == "-")
    return Error("cannot write '-': only 'modc compile' writes to standard "
                 "output; './-' is a file of that name");
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode))
      return makeError("cannot write '", path, "': it is a directory");
    // A pipe must not be opened and closed: its reader would see the end.
    if (access(path.c_str(), W_OK) != 0)
      return makeError("cannot write '", path, "': ", reasonText(errno));
    return {};
  }
  // What this makes is gone again at once.
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return file.error();
  return {};
}

/// Columns that a terminal needs for UTF-8 text of ours: one per code point.
/// True if both are names of one file, which need not exist.
static bool isSameFile(const std::string &a, const std::string &b) {
  std::error_code error;
  auto whole = [&](const std::string &path) {
    // What does not exist would stay relative.
    auto absolute = std::filesystem::absolute(path, error);
    return std::filesystem::weakly_canonical(absolute, error);
  };
  return whole(a) == whole(b) && !error;
}

Status checkDistinct(const std::vector<OutputFile> &files) {
  for (size_t i = 0; i < files.size(); ++i)
    for (size_t j = i + 1; j < files.size(); ++j) {
      const std::string &path = files[i].path;
      struct stat status = {};
      bool isStream = stat(path.c_str(), &status) == 0 &&
                      !S_ISREG(status.st_mode);
      if (!path.empty() && !isStream && isSameFile(path, files[j].path))
        return makeError(files[i].what, " and ", files[j].what,
                         " name one file: ", inQuotes(path));
    }
  return {};
}

Status checkDirectory(const std::string &path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path existing = fs::absolute(path, error).lexically_normal();
  while (!fs::exists(existing, error) && existing.has_relative_path())
    existing = existing.has_filename() ? existing.parent_path()
                                       : existing.parent_path().parent_path();
  int reason = 0;
  if (!fs::is_directory(existing, error))
    reason = ENOTDIR;
  else if (access(existing.c_str(), W_OK | X_OK) != 0)
    reason = errno;
  if (reason != 0)
    return makeError("cannot write to directory ", inQuotes(path, pathLimit),
                     ": ", reasonText(reason));
  return {};
}

static size_t columns(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (c & 0xC0) != 0x80; });
}

std::string Table::text(std::string_view indent) const {
  std::vector<size_t> widths;
  for (const auto &row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string out;
  for (const auto &row : rows) {
    std::string line(indent);
    for (size_t i = 0; i < row.size(); ++i) {
      std::string padding(widths[i] - columns(row[i]), ' ');
      if (i)
        line += "  ";
      line += i ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string sizeText(int64_t bytes) {
  if (bytes < 1000)
    return fmt::format("{} B", bytes);
  if (bytes < 1000 * 1000)
    return fmt::format("{:.1f} kB", double(bytes) / 1e3);
  if (bytes < int64_t(1000) * 1000 * 1000)
    return fmt::format("{:.1f} MB", double(bytes) / 1e6);
  return fmt::format("{:.1f} GB", double(bytes) / 1e9);
}

std::string durationText(double seconds) {
  if (!(seconds >= 0) || seconds > 1e7)
    return "?";
  auto whole = int64_t(std::llround(seconds));
  if (whole < 3600)
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60,
                     whole % 60);
}

} // namespace modc::driver
