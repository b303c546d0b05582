//===- File.cpp - Mapped files and atomic writes --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// POSIX underneath: mmap to read; open, fsync and rename to write. Every
// failure is reported with the path and what the system said.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/File.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace modc;

namespace {

Error systemError(const char *what, const std::string &path, int reason) {
  return makeError(what, " ", inQuotes(path, pathLimit), ": ",
                   reasonText(reason));
}

/// Closes on every way out.
/// How many names of temporary files are tried.
constexpr int kAttempts = 100;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

int openRetrying(const char *path, int flags, mode_t mode = 0) {
  int fd;
  do
    fd = ::open(path, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

Result<std::vector<uint8_t>> readToEnd(int fd, const std::string &path) {
  std::vector<uint8_t> bytes;
  try {
    for (;;) {
      size_t used = bytes.size();
      bytes.resize(used + std::max<size_t>(used, 1 << 16));
      ssize_t got = ::read(fd, bytes.data() + used, bytes.size() - used);
      if (got < 0 && errno != EINTR)
        return systemError("cannot read", path, errno);
      bytes.resize(used + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0)
        return bytes;
    }
  } catch (const std::bad_alloc &) {
    return systemError("cannot read", path, ENOMEM);
  }
}

std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Makes a new name in `directory` durable.
Status syncDirectory(const std::string &directory) {
  Descriptor handle{openRetrying(directory.c_str(), O_RDONLY | O_DIRECTORY)};
  // A directory that may be written but not read cannot be synced, and some
  // file systems know no such thing. What was made is there all the same.
  if (handle.fd < 0)
    return {};
  if (::fsync(handle.fd) != 0 && errno != EINVAL && errno != ENOTSUP)
    return systemError("cannot sync", directory, errno);
  return {};
}

} // namespace

Result<File> File::open(const std::string &path) {
  Descriptor descriptor{openRetrying(path.c_str(), O_RDONLY)};
  if (descriptor.fd < 0)
    return systemError("cannot open", path, errno);
  struct stat status;
  if (::fstat(descriptor.fd, &status) != 0)
    return systemError("cannot open", path, errno);
  if (S_ISDIR(status.st_mode))
    return systemError("cannot open", path, EISDIR);
  if (S_ISFIFO(status.st_mode)) {
    Result<std::vector<uint8_t>> bytes = readToEnd(descriptor.fd, path);
    if (!bytes)
      return bytes.error();
    return fromBuffer(path, *std::move(bytes));
  }
  if (!S_ISREG(status.st_mode))
    return makeError("cannot open ", inQuotes(path, pathLimit),
                     ": neither a file nor a pipe");

  File file;
  file.path = path;
  file.length = static_cast<size_t>(status.st_size);
  if (file.length == 0)
    return file; // mmap refuses a length of zero
  void *address =
      ::mmap(nullptr, file.length, PROT_READ, MAP_PRIVATE, descriptor.fd, 0);
  if (address == MAP_FAILED)
    return systemError("cannot map", path, errno);
  file.bytes = static_cast<const uint8_t *>(address);
  file.keeper = std::shared_ptr<const void>(
      address, [size = file.length](void *mapped) { ::munmap(mapped, size); });
  return file;
}

File File::fromBuffer(std::string name, std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  File file = fromMemory(std::move(name), owner->data(), owner->size());
  file.keeper = std::move(owner);
  return file;
}

File File::fromMemory(std::string name, const void *bytes, size_t size) {
  File file;
  file.path = std::move(name);
  file.bytes = static_cast<const uint8_t *>(bytes);
  file.length = size;
  return file;
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path(std::move(other.path)), target(std::move(other.target)),
      temporary(std::exchange(other.temporary, {})),
      nameless(other.nameless), fd(std::exchange(other.fd, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd >= 0)
    ::close(fd);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

Error AtomicFile::failed(const char *what, int reason) {
  return systemError(what, path, reason);
}

std::string AtomicFile::nextTemporary() const {
  static std::atomic<unsigned> counter{0};
  return target + ".tmp." + std::to_string(::getpid()) + "." +
         std::to_string(counter++);
}

Result<AtomicFile> AtomicFile::create(const std::string &path, mode_t mode) {
  AtomicFile file(path);
  file.target = path;
  struct stat status;
  bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists) {
    if (S_ISDIR(status.st_mode))
      return file.failed("cannot write", EISDIR);
    if (!S_ISREG(status.st_mode)) {
      file.fd = openRetrying(path.c_str(), O_WRONLY);
      if (file.fd < 0)
        return file.failed("cannot write", errno);
      return file;
    }
    // Renaming over a link would replace the link, not what it points to; and
    // renaming over a file that may not be written would get around its mode.
    if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0)
      return file.failed("cannot write", errno);
    char *resolved = ::realpath(path.c_str(), nullptr);
    if (!resolved)
      return file.failed("cannot write", errno);
    file.target = resolved;
    std::free(resolved);
  }

  // Without a name until it is whole, so that not even a killed process leaves
  // half a file behind. Some file systems cannot do that, and giving the name
  // in the end takes /proc.
  if (::access("/proc/self/fd", X_OK) == 0)
    file.fd = openRetrying(directoryOf(file.target).c_str(),
                           O_WRONLY | O_TMPFILE, mode);
  file.nameless = file.fd >= 0;
  for (int attempt = 0; file.fd < 0 && attempt < kAttempts; ++attempt) {
    std::string name = file.nextTemporary();
    file.fd = openRetrying(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode);
    if (file.fd >= 0)
      file.temporary = std::move(name);
    else if (errno != EEXIST) // left by a killed process of the same id
      return file.failed("cannot write", errno);
  }
  if (file.fd < 0)
    return file.failed("cannot write", EEXIST);
  // Some file systems have no modes; the file is good without.
  if (exists)
    (void)::fchmod(file.fd, status.st_mode & 07777);
  return file;
}

Status AtomicFile::write(const void *bytes, size_t size) {
  assert(fd >= 0 && "write after commit");
  const char *next = static_cast<const char *>(bytes);
  while (size > 0) {
    // Linux writes at most 2 GiB less a page at once.
    ssize_t done = ::write(fd, next, std::min<size_t>(size, 1u << 30));
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return failed("cannot write", errno);
    if (done == 0) // would spin for ever
      return failed("cannot write", EIO);
    next += done;
    size -= static_cast<size_t>(done);
  }
  return {};
}

Status AtomicFile::takeName() {
  std::string source = "/proc/self/fd/" + std::to_string(fd);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string name = nextTemporary();
    if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(),
                 AT_SYMLINK_FOLLOW) == 0) {
      temporary = std::move(name);
      return {};
    }
    if (errno != EEXIST)
      break;
  }
  return failed("cannot write", errno);
}

Status AtomicFile::commit() {
  assert(fd >= 0 && "commit after commit");
  bool direct = temporary.empty() && !nameless;
  if (!direct && ::fsync(fd) != 0)
    return failed("cannot write", errno);
  if (nameless)
    if (Status named = takeName(); !named)
      return named;
  // Network file systems may report a full disk as late as here.
  if (::close(std::exchange(fd, -1)) != 0 && errno != EINTR)
    return failed("cannot write", errno);
  if (direct)
    return {};
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    return failed("cannot write", errno);
  temporary.clear();

  return syncDirectory(directoryOf(target));
}

Status modc::writeFile(const std::string &path, std::string_view bytes,
                       mode_t mode) {
  Result<AtomicFile> file = AtomicFile::create(path, mode);
  if (!file)
    return file.error();
  if (Status written = file->write(bytes.data(), bytes.size()); !written)
    return written;
  return file->commit();
}

Status modc::createDirectories(const std::string &path) {
  if (path.empty())
    return systemError("cannot make directory", path, ENOENT);
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0777) == 0) {
      if (Status synced = syncDirectory(part + "/.."); !synced)
        return synced;
      continue;
    }
    if (errno == EEXIST)
      continue;
    // A parent on a read-only or foreign file system says so before it says
    // that it exists; only the whole path must be there in the end.
    if (end == std::string::npos)
      return systemError("cannot make directory", path, errno);
  }
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    return systemError("cannot make directory", path, errno);
  if (!S_ISDIR(status.st_mode))
    return systemError("cannot make directory", path, ENOTDIR);
  return {};
}
