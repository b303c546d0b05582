//===- MalformedTest.cpp - Files that readers must refuse -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs every reader over the folder that test/Inputs/malformed/make.py writes:
// each file must be refused with the message that the script expects.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Csv.h"
#include "runtime/formats/Idx.h"
#include "runtime/formats/Npy.h"
#include "runtime/formats/Safetensors.h"

#include "TestFiles.h"

using namespace modc;
using namespace modc::test;

namespace {

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

/// The message of the reader that the file's name asks for.
std::string refusal(const std::string &path) {
  if (endsWith(path, ".npy"))
    return messageOf(readNpy(path));
  if (endsWith(path, ".safetensors"))
    return messageOf(readSafetensors(path));
  if (endsWith(path, ".csv"))
    return messageOf(readCsv(path));
  return messageOf(readIdx(path));
}

TEST(Malformed, EveryFileIsRefused) {
  TemporaryDirectory directory;
  std::string command = MODC_PYTHON " " MODC_TEST_INPUTS
                                    "/malformed/make.py '" +
                        directory.path + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream expectations(directory / "expected.tsv");
  int files = 0;
  for (std::string line; std::getline(expectations, line); ++files) {
    size_t tab = line.find('\t');
    std::string path = directory / line.substr(0, tab);
    std::string wanted = line.substr(tab + 1);
    std::string message = refusal(path);
    EXPECT_NE(message.find(wanted), std::string::npos)
        << line.substr(0, tab) << "\nwanted: " << wanted
        << "\nfound:  " << message;
    EXPECT_EQ(message.find("'" + path + "': "), 0u) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 1000u);
  }
  EXPECT_GE(files, 65);
}

} // namespace
