//===- JsonLinesTest.cpp - Logs of one object a line ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a log holds after writes, after a resume over a torn line and after a
// write that failed half-way.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/JsonLines.h"

#include "TestFiles.h"

#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

using namespace modc;
using namespace modc::test;
using Json = nlohmann::ordered_json;

namespace {

TEST(JsonLines, WritesEachLineAtOnce) {
  TemporaryDirectory directory;
  Result<JsonLines> log =
      JsonLines::open(directory / "log", JsonLines::Mode::Truncate);
  ASSERT_TRUE(log) << messageOf(log);
  EXPECT_TRUE(log->write({{"step", 1}, {"a", {1.5, 2}}}));
  EXPECT_EQ(slurp(directory / "log"), "{\"step\":1,\"a\":[1.5,2]}\n");
  EXPECT_TRUE(log->write({{"loss", NAN}, {"text", "a\n\xff"}}));
  EXPECT_EQ(slurp(directory / "log"),
            "{\"step\":1,\"a\":[1.5,2]}\n"
            "{\"loss\":null,\"text\":\"a\\n\xef\xbf\xbd\"}\n");
}

TEST(JsonLines, TruncatesOrAppends) {
  TemporaryDirectory directory;
  std::string path = directory / "log";
  spit(path, "{\"a\":1}\n{\"torn");
  {
    Result<JsonLines> log = JsonLines::open(path, JsonLines::Mode::Append);
    ASSERT_TRUE(log) << messageOf(log);
    EXPECT_TRUE(log->write({{"b", 2}}));
  }
  EXPECT_EQ(slurp(path), "{\"a\":1}\n{\"b\":2}\n");
  {
    Result<JsonLines> log = JsonLines::open(path, JsonLines::Mode::Truncate);
    ASSERT_TRUE(log) << messageOf(log);
  }
  EXPECT_EQ(slurp(path), "");
  Result<JsonLines> log =
      JsonLines::open(directory / "new", JsonLines::Mode::Append);
  ASSERT_TRUE(log) << messageOf(log);
  EXPECT_TRUE(log->write({{"c", 3}}));
  EXPECT_EQ(slurp(directory / "new"), "{\"c\":3}\n");
}

TEST(JsonLines, ReportsFailures) {
  TemporaryDirectory directory;
  EXPECT_REFUSED(JsonLines::open(directory / "no/log", JsonLines::Mode::Append),
                 "cannot write '" + (directory / "no/log") +
                     "': no such file or directory");
  if (::access("/dev/full", W_OK) != 0)
    GTEST_SKIP() << "no /dev/full";
  Result<JsonLines> log = JsonLines::open("/dev/full", JsonLines::Mode::Append);
  ASSERT_TRUE(log) << messageOf(log);
  EXPECT_REFUSED(log->write({{"a", 1}}),
                 "cannot write '/dev/full': no space left on device");
}

TEST(JsonLines, TakesBackHalfALine) {
  TemporaryDirectory directory;
  Result<JsonLines> log =
      JsonLines::open(directory / "log", JsonLines::Mode::Truncate);
  ASSERT_TRUE(log) << messageOf(log);
  ASSERT_TRUE(log->write({{"a", 1}}));
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Status written = log->write({{"b", std::string(500, 'x')}});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_REFUSED(written, "file too large");
  EXPECT_EQ(slurp(directory / "log"), "{\"a\":1}\n");
  EXPECT_TRUE(log->write({{"c", 2}}));
  EXPECT_EQ(slurp(directory / "log"), "{\"a\":1}\n{\"c\":2}\n");
}

} // namespace
