//===- SpirvTest.cpp - What a SPIR-V module says of itself ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The assembled kernels of the tests, whole and broken in every place.
//
//===----------------------------------------------------------------------===//

#include "LavapipeFixture.h"

#include "runtime/devices/Spirv.h"

using namespace modc;

namespace {

TEST(Spirv, NamesEntriesAndGroups) {
  std::string image = readKernels();
  auto module = readSpirv(image);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->major, 1u);
  EXPECT_EQ(module->minor, 3u);
  EXPECT_EQ(module->capabilities, std::vector<uint32_t>{1});
  EXPECT_TRUE(module->extensions.empty());
  ASSERT_EQ(module->entries.size(), 4u);
  EXPECT_EQ(module->entries[0].name, "scale");
  EXPECT_EQ(module->entries[3].name, "count");
  EXPECT_EQ(module->entries[2].groupSize, (std::array<int64_t, 3>{64, 1, 1}));
  EXPECT_EQ(module->words.size() * 4, image.size());
}

TEST(Spirv, RefusesWhatItIsNot) {
  EXPECT_EQ(readSpirv("").error().message(),
            "no SPIR-V: 0 bytes are no header and whole words");
  EXPECT_EQ(readSpirv(std::string(22, 'x')).error().message(),
            "no SPIR-V: 22 bytes are no header and whole words");
  EXPECT_EQ(readSpirv(std::string(24, 'x')).error().message(),
            "no SPIR-V: another magic number");
  std::string image = readKernels();
  image.resize(6 * 4);
  EXPECT_EQ(readSpirv(image).error().message(),
            "no SPIR-V: the instruction at word 5 of 6 has 2 words");
}

TEST(Spirv, SurvivesAnyByte) {
  const std::string image = readKernels();
  for (size_t at = 0; at < image.size(); ++at)
    for (char byte : {'\0', '\1', '\x7f', '\xff'}) {
      std::string broken = image;
      broken[at] = byte;
      // Read or refused, within its bounds.
      if (auto module = readSpirv(broken))
        EXPECT_LE(module->entries.size(), 5u);
    }
}

} // namespace
