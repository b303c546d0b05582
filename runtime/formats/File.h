//===- File.h - Mapped files and atomic writes -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How every reader gets its bytes and every writer puts them down. Reading maps
// the file; writing never leaves a half-written file under its final name.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_FILE_H
#define MODC_RUNTIME_FORMATS_FILE_H

#include "runtime/formats/Result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace modc {

/// The bytes of a file or a buffer, read-only. Copies share the bytes, which
/// live until the last of them and of the tensors made from them is gone.
///
/// A mapped file must not be cut short by somebody else while it is in use (the
/// system answers with SIGBUS); AtomicFile replaces files and never does that.
class File {
public:
  /// Maps a regular file, or reads a pipe to its end. Errors name the path.
  static Result<File> open(const std::string &path);

  /// Takes over a buffer; `name` stands for the path in messages.
  static File fromBuffer(std::string name, std::vector<uint8_t> bytes);

  /// Looks at memory that the caller keeps alive for as long as any tensor
  /// that was read from it.
  static File fromMemory(std::string name, const void *bytes, size_t size);

  const std::string &name() const { return path; }
  const uint8_t *data() const { return bytes; }
  size_t size() const { return length; }
  const std::shared_ptr<const void> &owner() const { return keeper; }

private:
  std::string path;
  const uint8_t *bytes = nullptr;
  size_t length = 0;
  std::shared_ptr<const void> keeper;
};

/// Writes a file so that its name holds the old bytes or all the new ones: a
/// file without a name (where there is no such thing, with a temporary one) in
/// the same directory, fsync, rename, fsync of the directory.
/// A path that is a pipe or a device (/dev/stdout) is written directly. An
/// existing file keeps its permissions; a symbolic link to one stays a link.
class AtomicFile {
public:
  /// `mode` is that of a new file, before the umask.
  static Result<AtomicFile> create(const std::string &path,
                                   mode_t mode = 0666);

  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  /// Removes the temporary file unless `commit` succeeded.
  ~AtomicFile();

  /// Appends; after an error only destruction makes sense. Errors name the path
  /// and the system's reason (no space left on device, ...).
  Status write(const void *bytes, size_t size);

  /// Makes the file durable and gives it its name. Called at most once.
  Status commit();

private:
  explicit AtomicFile(std::string path) : path(std::move(path)) {}
  Error failed(const char *what, int reason);
  std::string nextTemporary() const;
  /// Links a nameless file to a temporary name.
  Status takeName();

  std::string path;      // as the caller gave it, for messages
  std::string target;    // with symbolic links resolved
  std::string temporary; // empty: written directly, or nothing to remove
  bool nameless = false;
  int fd = -1;
};

/// Writes all of `bytes` through an AtomicFile.
Status writeFile(const std::string &path, std::string_view bytes,
                 mode_t mode = 0666);

/// Makes a directory and its parents; one that exists already is fine.
Status createDirectories(const std::string &path);

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_FILE_H
