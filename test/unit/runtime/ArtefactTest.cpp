//===- ArtefactTest.cpp - A compiled model, ready to be called ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the model written by hand as a shared library, and files that are no
// models, are damaged, or were made for another version or processor.
//
//===----------------------------------------------------------------------===//

#include "runtime/Artefact.h"

#include "ToyModel.h"
#include "runtime/CpuFeatures.h"
#include "runtime/ElfNote.h"
#include "runtime/Philox.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <unistd.h>

using namespace modc;

namespace {

std::string readAll(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A file in the temporary folder that is removed at the end.
struct Temporary {
  std::string path;
  Temporary(const std::string &name, const std::string &bytes)
      : path(testing::TempDir() + "modc-" + std::to_string(getpid()) + name) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~Temporary() { std::remove(path.c_str()); }
};

std::string failure(const std::string &path) {
  auto model = Model::open(path);
  return model ? "no failure" : model.error().message();
}

/// The library with `from` in its note replaced by `to` of the same length.
std::string patched(const std::string &from, const std::string &to) {
  std::string bytes = readAll(MODC_TOY_LIBRARY);
  size_t note = bytes.find("\"abi\": 5");
  EXPECT_NE(note, std::string::npos);
  EXPECT_EQ(from.size(), to.size());
  size_t at = bytes.find(from, note);
  EXPECT_NE(at, std::string::npos);
  return bytes.replace(at, to.size(), to);
}

TEST(Artefact, OpensALibrary) {
  auto model = Model::open(MODC_TOY_LIBRARY);
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->signature().network, "toy");
  EXPECT_STREQ((*model)->target(), "by hand");
  EXPECT_EQ((*model)->signatureText(), toySignature());
  auto session = Session::create(*model);
  ASSERT_TRUE(session);
  EXPECT_TRUE((*session)->init(1));
  // The session keeps the library loaded.
  model = Error("gone");
  EXPECT_TRUE((*session)->init(2));
}

TEST(Artefact, ReadsANoteWithoutLoading) {
  auto note = readArtefactNote(MODC_TOY_LIBRARY);
  ASSERT_TRUE(note) << note.error().message();
  EXPECT_EQ(note->text, toySignature());
}

TEST(Artefact, RefusesWhatIsNoModel) {
  Temporary text("text.so", "not a library at all");
  EXPECT_EQ(failure(text.path),
            "'" + text.path + "' is not a modc model: not an ELF file");
  Temporary empty("empty.so", "");
  EXPECT_EQ(failure(empty.path),
            "'" + empty.path + "' is not a modc model: not an ELF file");
  std::string bytes = readAll(MODC_TOY_LIBRARY);
  size_t at = bytes.find(std::string(".note.modc") + '\0');
  ASSERT_NE(at, std::string::npos);
  bytes[at + 6] = 'X';
  Temporary other("other.so", bytes);
  EXPECT_EQ(failure(other.path),
            "'" + other.path + "' is not a modc model: no .note.modc");
}

TEST(Artefact, RefusesAnotherVersion) {
  Temporary file("version.so", patched("\"abi\": 5", "\"abi\": 7"));
  EXPECT_EQ(failure(file.path),
            "'" + file.path +
                "': made for version 7 of the model interface, this runtime "
                "has version 5");
}

TEST(Artefact, NamesAMissingFeature) {
  // A bit that no processor has a name for.
  std::string signature = toySignature();
  std::string from = "\"features\": 0";
  signature.replace(signature.find(from), from.size(),
                    "\"features\": " + std::to_string(uint64_t(1) << 40));
  auto model = Model::fromEntry(toyEntry, signature);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message(),
            "compiled for x86-64, but this processor has no bit 40");
}

TEST(Artefact, ComparesTableAndSignature) {
  std::string signature = toySignature();
  std::string from = "\"name\": \"forward\"";
  signature.replace(signature.find(from), from.size(),
                    "\"name\": \"backward\"");
  auto model = Model::fromEntry(toyEntry, signature);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message(),
            "program 2 of the model's table is not 'backward'");
}

TEST(CpuFeatures, Describes) {
  EXPECT_EQ(describeFeatures(MODC_CPU_AVX2 | MODC_CPU_FMA), "avx2, fma");
  EXPECT_EQ(describeFeatures(0), "");
  // AVX2 never comes without AVX.
  if (cpuFeatures() & MODC_CPU_AVX2)
    EXPECT_TRUE(cpuFeatures() & MODC_CPU_AVX);
}

TEST(ElfNote, SurvivesTruncation) {
  std::string bytes = readAll(MODC_TOY_LIBRARY);
  ASSERT_TRUE(findModelNote(bytes));
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 64) {
    // A copy of its own, so that AddressSanitizer sees a read past its end.
    std::string cut(bytes.data(), size);
    EXPECT_FALSE(findModelNote(cut));
  }
}

TEST(ElfNote, SurvivesFlippedBits) {
  std::string bytes = readAll(MODC_TOY_LIBRARY);
  auto note = findModelNote(bytes);
  ASSERT_TRUE(note);
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  // The header, the table of sections and the head of the note.
  std::vector<std::pair<size_t, size_t>> places = {
      {0, sizeof(header)},
      {header.e_shoff, size_t(header.e_shnum) * header.e_shentsize},
      {size_t(note->data() - bytes.data()) - 20, 20}};
  for (auto [first, size] : places)
    for (uint32_t round = 0; round < 3000; ++round) {
      PhiloxBlock words = philox({round, uint32_t(first), 0, 0}, 1);
      std::string damaged = bytes;
      for (int i = 0; i < 2; ++i)
        damaged[first + words[size_t(i)] % size] ^=
            char(1u << (words[size_t(i)] >> 29));
      auto found = findModelNote(damaged);
      if (found) {
        EXPECT_GE(found->data(), damaged.data());
        EXPECT_LE(found->data() + found->size(),
                  damaged.data() + damaged.size());
      }
    }
}

} // namespace
