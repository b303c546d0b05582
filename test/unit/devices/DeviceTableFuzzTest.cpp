//===- DeviceTableFuzzTest.cpp - Tables of launches from strangers --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every formula of a table is replaced by numbers that no compiler writes, and
// the program run on lavapipe: it fails with a message, or the validation layer
// has nothing to say of what the driver was asked for.
//
//===----------------------------------------------------------------------===//

#include "DeviceModel.h"
#include "LavapipeFixture.h"
#include "runtime/Session.h"

#include <set>

using namespace modc;

namespace {

const char *const kNasty[] = {
    "0",
    "0 1 -",
    "1",
    "N",
    "S",
    "16",
    "N 4 * 4 +",
    "65536",
    "4294967296",
    "9223372036854775807",
    "9223372036854775807 N *",
    "9223372036854775807 4 -",
    "0 9223372036854775807 - 1 -",
    "1 0 /",
    "0 9223372036854775807 - 1 - 0 1 - %",
};

/// A formula in the text of a signature, and the program that it is part of.
struct Place {
  size_t begin, length;
  std::string program;
};

std::vector<Place> formulasOf(const std::string &text) {
  std::vector<Place> places;
  std::string program;
  size_t at = text.find("\"programs\": {", text.find("\"devices\""));
  while ((at = text.find('"', at)) != std::string::npos) {
    size_t end = text.find('"', at + 1);
    std::string word = text.substr(at + 1, end - at - 1);
    if (text.compare(end + 1, 4, ": {\"") == 0)
      program = word;
    else if (text[end + 1] != ':' && SizeExpression::parse(word))
      places.push_back({at + 1, word.size(), program});
    at = end + 1;
  }
  return places;
}

class DeviceTableFuzz : public Lavapipe {
protected:
  /// Runs one program of a table for N points.
  Status run(const std::shared_ptr<const Model> &model,
             const std::string &program, int64_t n) {
    SessionOptions settings;
    settings.device = device;
    auto session = Session::create(model, settings);
    if (!session)
      return session.error();
    if (Status s = (*session)->init(1); !s)
      return s;
    int index = model->signature().findProgram(program);
    const ProgramSpec &spec = model->signature().programs[size_t(index)];
    std::vector<std::vector<char>> memory;
    std::vector<Buffer> buffers;
    for (const TensorSpec &buffer : spec.buffers)
      memory.emplace_back(size_t(*buffer.bytes(n, 1)), char(0));
    for (std::vector<char> &bytes : memory)
      buffers.push_back({bytes.data(), int64_t(bytes.size())});
    std::vector<int64_t> integers(spec.integers.size(), 1);
    std::vector<double> reals(spec.reals.size(), 1);
    return (*session)->call(index, buffers.data(), buffers.size(), n, 1,
                            integers.data(), integers.size(), reals.data(),
                            reals.size());
  }
};

TEST_F(DeviceTableFuzz, EachFormulaIsCheckedOrHarmless) {
  const std::string text = deviceSignature();
  std::vector<Place> places = formulasOf(text);
  ASSERT_GT(places.size(), 60u);
  size_t refused = 0, ran = 0;
  std::set<std::string> programs;
  for (const Place &place : places)
    for (const char *nasty : kNasty) {
      std::string changed = text;
      changed.replace(place.begin, place.length, nasty);
      SCOPED_TRACE(place.program + ": " +
                   text.substr(place.begin, place.length) + " became " + nasty);
      auto model = deviceModelOf(changed);
      ASSERT_TRUE(model) << model.error().message();
      programs.insert(place.program);
      Status status = run(*model, place.program, 3);
      if (status) {
        ++ran;
      } else {
        ++refused;
        EXPECT_EQ(
            status.error().message().find("program '" + place.program + "': "),
            0u)
            << status.error().message();
      }
      ASSERT_FALSE(device->isLost());
      for (const std::string &message : device->takeMessages())
        FAIL() << message;
    }
  EXPECT_EQ(programs.size(), 7u);
  EXPECT_GT(refused, places.size() * 3);
  EXPECT_GT(ran, places.size());
}

} // namespace
