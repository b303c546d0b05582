//===- JsonLines.cpp - Logs of one object a line --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each line is one write to a file opened for appending: no buffer of ours can
// be lost, and lines of two writers do not mix.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/JsonLines.h"

#include "runtime/formats/File.h"

#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

using namespace modc;

namespace {

Error systemError(const std::string &path, int reason) {
  return makeError("cannot write ", inQuotes(path, pathLimit), ": ",
                   reasonText(reason));
}

/// The size of what `path` holds up to the end of its last whole line.
Result<off_t> wholeLines(const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  size_t end = file->size();
  while (end > 0 && file->data()[end - 1] != '\n')
    --end;
  return off_t(end);
}

} // namespace

Result<JsonLines> JsonLines::open(const std::string &path, Mode mode) {
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  int fd = ::open(path.c_str(),
                  mode == Mode::Truncate ? flags | O_TRUNC : flags, 0666);
  if (fd < 0)
    return systemError(path, errno);
  JsonLines lines(path, fd);
  struct stat status;
  if (mode == Mode::Append && ::fstat(fd, &status) == 0 &&
      S_ISREG(status.st_mode)) {
    Result<off_t> end = wholeLines(path);
    if (!end)
      return end.error();
    if (*end != status.st_size && ::ftruncate(fd, *end) != 0)
      return systemError(path, errno);
  }
  return lines;
}

JsonLines::JsonLines(JsonLines &&other) noexcept
    : path(std::move(other.path)), fd(std::exchange(other.fd, -1)) {}

JsonLines::~JsonLines() {
  if (fd >= 0)
    ::close(fd);
}

Status JsonLines::write(const nlohmann::ordered_json &object) {
  std::string line =
      object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  line += '\n';
  struct stat before;
  bool regular = ::fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
  for (size_t done = 0; done < line.size();) {
    ssize_t more = ::write(fd, line.data() + done, line.size() - done);
    if (more < 0 && errno == EINTR)
      continue;
    if (more <= 0) {
      int reason = more < 0 ? errno : EIO;
      // Half a line would spoil the file for whoever reads it.
      bool spoilt = regular && done > 0 && ::ftruncate(fd, before.st_size) != 0;
      Error error = systemError(path, reason);
      return spoilt ? Error(error.message() + ", and its last line is cut")
                    : error;
    }
    done += size_t(more);
  }
  return {};
}
