//===- FileTest.cpp - Mapped files and atomic writes ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading of files and pipes, and what stays on disk after writes that succeed
// and writes that fail half-way.
//
//===----------------------------------------------------------------------===//

#include "TestFiles.h"

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace modc;
using namespace modc::test;

namespace {

std::string textOf(const File &file) {
  return {reinterpret_cast<const char *>(file.data()), file.size()};
}

TEST(File, MapsAFile) {
  TemporaryDirectory directory;
  spit(directory / "a", "hello");
  Result<File> file = File::open(directory / "a");
  ASSERT_TRUE(file) << messageOf(file);
  EXPECT_EQ(textOf(*file), "hello");
  EXPECT_EQ(file->name(), directory / "a");
  // The bytes outlive the name and the first handle.
  File copy = *std::move(file);
  std::filesystem::remove(directory / "a");
  EXPECT_EQ(textOf(copy), "hello");
}

TEST(File, OpensAnEmptyFile) {
  TemporaryDirectory directory;
  spit(directory / "a", "");
  Result<File> file = File::open(directory / "a");
  ASSERT_TRUE(file) << messageOf(file);
  EXPECT_EQ(file->size(), 0u);
}

TEST(File, ReadsAPipe) {
  TemporaryDirectory directory;
  std::string path = directory / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string text(300000, 'x');
  std::thread writer([&] { spit(path, text); });
  Result<File> file = File::open(path);
  writer.join();
  ASSERT_TRUE(file) << messageOf(file);
  EXPECT_EQ(textOf(*file), text);
}

TEST(File, SaysWhyItCannotOpen) {
  TemporaryDirectory directory;
  EXPECT_REFUSED(File::open(directory / "none"),
                 "cannot open '" + (directory / "none") +
                     "': no such file or directory");
  EXPECT_REFUSED(File::open(directory.path), "is a directory");
  EXPECT_REFUSED(File::open("/dev/zero"), "neither a file nor a pipe");
  EXPECT_REFUSED(File::open(""), "no such file");
}

TEST(AtomicFile, ReplacesAFileAsAWhole) {
  TemporaryDirectory directory;
  std::string path = directory / "a";
  spit(path, "old");
  ::chmod(path.c_str(), 0640);
  Result<AtomicFile> file = AtomicFile::create(path);
  ASSERT_TRUE(file) << messageOf(file);
  ASSERT_TRUE(file->write("ne", 2));
  EXPECT_EQ(slurp(path), "old");
  ASSERT_TRUE(file->write("w", 1));
  Status done = file->commit();
  ASSERT_TRUE(done) << messageOf(done);
  EXPECT_EQ(slurp(path), "new");
  EXPECT_EQ(directory.entries(), 1u);
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, LeavesNothingBehindWithoutCommit) {
  TemporaryDirectory directory;
  {
    Result<AtomicFile> file = AtomicFile::create(directory / "a");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("half", 4));
    EXPECT_LE(directory.entries(), 1u);
    AtomicFile moved = *std::move(file);
  }
  EXPECT_EQ(directory.entries(), 0u);
}

TEST(AtomicFile, LeavesNothingBehindWhenKilled) {
  TemporaryDirectory directory;
  int probe = ::open(directory.path.c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (probe < 0)
    GTEST_SKIP() << "no files without a name here";
  ::close(probe);
  pid_t child = ::fork();
  if (child == 0) {
    Result<AtomicFile> file = AtomicFile::create(directory / "a");
    if (file && file->write("half", 4))
      ::raise(SIGKILL);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(directory.entries(), 0u);
}

TEST(AtomicFile, GivesANewFileTheModeThatTheUmaskAllows) {
  TemporaryDirectory directory;
  mode_t before = ::umask(027);
  ASSERT_TRUE(writeFile(directory / "a", "x", 0777));
  ASSERT_TRUE(writeFile(directory / "b", "x"));
  ::umask(before);
  struct stat status;
  ASSERT_EQ(::stat((directory / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0750u);
  ASSERT_EQ(::stat((directory / "b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, WritesThroughASymbolicLink) {
  TemporaryDirectory directory;
  spit(directory / "real", "old");
  std::filesystem::create_symlink("real", directory / "link");
  ASSERT_TRUE(writeFile(directory / "link", "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
  EXPECT_EQ(slurp(directory / "real"), "new");
}

TEST(AtomicFile, SaysWhyItCannotWrite) {
  TemporaryDirectory directory;
  EXPECT_REFUSED(writeFile(directory / "no/a", "x"),
                 "cannot write '" + (directory / "no/a") +
                     "': no such file or directory");
  EXPECT_REFUSED(writeFile(directory.path, "x"), "is a directory");
  spit(directory / "plain", "");
  EXPECT_REFUSED(writeFile(directory / "plain/a", "x"), "not a directory");
}

TEST(AtomicFile, ObeysPermissions) {
  TemporaryDirectory directory;
  spit(directory / "locked", "old");
  ::chmod((directory / "locked").c_str(), 0444);
  ::chmod(directory.path.c_str(), 0777);
  // Root may write everywhere; be nobody for a while.
  bool root = ::geteuid() == 0;
  if (root)
    ASSERT_EQ(::seteuid(65534), 0);
  Status locked = writeFile(directory / "locked", "x");
  Status beside = writeFile(directory / "fresh", "x");
  if (root)
    ASSERT_EQ(::seteuid(0), 0);
  ::chmod(directory.path.c_str(), 0555);
  if (root)
    ASSERT_EQ(::seteuid(65534), 0);
  Status closed = writeFile(directory / "new", "x");
  if (root)
    ASSERT_EQ(::seteuid(0), 0);
  ::chmod(directory.path.c_str(), 0700);
  EXPECT_REFUSED(locked, "permission denied");
  EXPECT_TRUE(beside) << messageOf(beside);
  EXPECT_REFUSED(closed, "permission denied");
  EXPECT_EQ(slurp(directory / "locked"), "old");
  EXPECT_EQ(directory.entries(), 2u);
}

TEST(AtomicFile, ReportsAFullDevice) {
  if (::access("/dev/full", W_OK) != 0)
    GTEST_SKIP() << "no /dev/full";
  EXPECT_REFUSED(writeFile("/dev/full", "x"),
                 "cannot write '/dev/full': no space left on device");
}

TEST(AtomicFile, KeepsTheOldFileWhenTheDiskFillsUp) {
  TemporaryDirectory directory;
  std::string path = directory / "a";
  spit(path, "old");
  // A limit on the size of files cuts a write short the way a full disk does:
  // one short write, then an error.
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Status written = writeFile(path, std::string(10000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_REFUSED(written, "cannot write '" + path + "': file too large");
  EXPECT_EQ(slurp(path), "old");
  EXPECT_EQ(directory.entries(), 1u);
}

TEST(Directories, AreMadeWithParents) {
  TemporaryDirectory directory;
  EXPECT_TRUE(createDirectories(directory / "a/b//c"));
  EXPECT_TRUE(std::filesystem::is_directory(directory / "a/b/c"));
  EXPECT_TRUE(createDirectories(directory / "a/b/c/"));
  EXPECT_TRUE(createDirectories("/"));
  spit(directory / "file", "");
  EXPECT_REFUSED(createDirectories(directory / "file"), "not a directory");
  EXPECT_REFUSED(createDirectories(directory / "file/x"), "not a directory");
  EXPECT_REFUSED(createDirectories(""), "no such file or directory");
}

} // namespace
