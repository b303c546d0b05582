//===- FuzzTest.cpp - Readers over damaged valid files --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flips bits, overwrites, cuts and inserts at random in valid files and reads
// them. Nothing may crash or read out of bounds (run it under the sanitizers);
// whatever is accepted must hold together. MODC_FUZZ_SEED repeats a run and
// MODC_LONG makes it twenty times as long.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Csv.h"
#include "runtime/formats/Idx.h"
#include "runtime/formats/Npy.h"
#include "runtime/formats/Safetensors.h"

#include "TestFiles.h"

#include <functional>
#include <random>
#include <zlib.h>

using namespace modc;
using namespace modc::test;

namespace {

uint64_t seed() {
  const char *text = std::getenv("MODC_FUZZ_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 20240229;
}

int cases() { return std::getenv("MODC_LONG") ? 200000 : 10000; }

/// std::uniform_int_distribution is not the same everywhere; this is.
uint64_t below(std::mt19937_64 &random, uint64_t bound) {
  return random() % bound;
}

std::string damaged(std::string bytes, std::mt19937_64 &random) {
  // Values at which arithmetic goes wrong.
  static const uint64_t edges[] = {0,           1,          0x7f,
                                   0xff,        0x7fff,     0xffff,
                                   0x7fffffff,  0xffffffff, ~uint64_t(0) >> 1,
                                   ~uint64_t(0)};
  // Text that means something to one parser or another.
  static const std::string_view words[] = {"{",
                                           "}",
                                           "[",
                                           "]",
                                           "\"",
                                           "'",
                                           ",",
                                           ":",
                                           "(",
                                           ")",
                                           "-1",
                                           "1e999",
                                           "nan",
                                           "99999999999999999999",
                                           "True",
                                           "\\u0000",
                                           "\n",
                                           "\t",
                                           ";",
                                           "0x",
                                           "\x1f\x8b",
                                           "__metadata__",
                                           "data_offsets",
                                           "modc.hash"};
  for (uint64_t times = 1 + below(random, 4); times > 0; --times) {
    if (bytes.empty())
      return bytes;
    size_t at = below(random, bytes.size());
    switch (below(random, 7)) {
    case 0:
    case 1:
      bytes[at] ^= char(1 << below(random, 8));
      break;
    case 2:
      bytes[at] = char(random());
      break;
    case 3:
      bytes.resize(at);
      break;
    case 4:
      bytes.insert(
          at, bytes.substr(below(random, bytes.size()), below(random, 24)));
      break;
    case 5: {
      std::string_view word = words[below(random, std::size(words))];
      bytes.replace(at, below(random, 2) * word.size(), word);
      break;
    }
    default: {
      uint64_t edge = edges[below(random, std::size(edges))];
      size_t width =
          std::min<size_t>(size_t(1) << below(random, 4), bytes.size() - at);
      for (size_t i = 0; i < width; ++i)
        bytes[at + i] =
            char(edge >> 8 * (below(random, 2) ? i : width - 1 - i));
    }
    }
  }
  return bytes;
}

/// Touches every byte of a tensor and converts it every way.
void expectWhole(const Tensor &tensor) {
  ASSERT_EQ(elementCount(tensor.shape, sizeOf(tensor.type)), tensor.count());
  unsigned sum = 0;
  for (size_t i = 0; i < tensor.byteSize(); ++i)
    sum += tensor.data[i];
  volatile unsigned sink = sum;
  (void)sink;
  (void)tensor.firstNonFinite();
  (void)bool(tensor.convert<float>());
  (void)bool(tensor.convert<double>());
  (void)bool(tensor.convert<int32_t>());
  (void)bool(tensor.convert<int64_t>());
}

/// Damages each sample and reads it; `read` says whether it was accepted.
void fuzz(const std::vector<std::string> &samples,
          const std::function<bool(const File &, std::string &)> &read) {
  std::printf("seed %llu, %d cases\n", (unsigned long long)seed(), cases());
  std::mt19937_64 random(seed());
  std::string message;
  for (const std::string &sample : samples)
    ASSERT_TRUE(read(fileOf(sample), message)) << message;
  int accepted = 0;
  for (int i = 0; i < cases(); ++i) {
    std::string bytes = damaged(samples[below(random, samples.size())], random);
    message.clear();
    bool good = read(fileOf(bytes), message);
    accepted += good;
    if (good)
      continue;
    ASSERT_EQ(message.find("'test'"), 0u) << "case " << i << ": " << message;
    ASSERT_EQ(message.find('\n'), std::string::npos) << "case " << i;
    ASSERT_LT(message.size(), 1000u) << "case " << i;
  }
  // Damage that nobody can see exists (a flipped bit of a plain payload), but
  // a reader that takes everything or nothing is not tested by this.
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, cases());
}

template <typename T>
bool keep(const Result<T> &result, std::string &message) {
  message = messageOf(result);
  return bool(result);
}

std::string gzip(const std::string &bytes) {
  std::string out(bytes.size() + 100, '\0');
  z_stream zlib = {};
  deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  zlib.next_in = (Bytef *)bytes.data();
  zlib.avail_in = bytes.size();
  zlib.next_out = (Bytef *)out.data();
  zlib.avail_out = out.size();
  deflate(&zlib, Z_FINISH);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

TEST(Fuzz, Npy) {
  std::vector<std::string> samples;
  std::vector<Tensor> tensors{
      makeTensor<float>("t", {2, 3}, {1, 2, 3, 4, 5, 6}),
      makeTensor<int64_t>("t", {1}, {-1}), makeTensor<uint8_t>("t", {0, 7}, {}),
      makeTensor<double>("t", {}, {0.5})};
  for (const Tensor &tensor : tensors)
    samples.push_back(
        *npyHeader(tensor) +
        std::string((const char *)tensor.data, tensor.byteSize()));
  fuzz(samples, [](const File &file, std::string &message) {
    Result<Tensor> tensor = readNpy(file);
    if (tensor)
      expectWhole(*tensor);
    return keep(tensor, message);
  });
}

TEST(Fuzz, Safetensors) {
  TemporaryDirectory directory;
  Safetensors contents;
  contents.tensors["experts.0.weight"] =
      makeTensor<float>("t", {2, 2}, {1, 2, 3, 4});
  contents.tensors["b"] = makeTensor<int8_t>("t", {3}, {1, 2, 3});
  contents.tensors["e"] = makeTensor<double>("t", {0}, {});
  contents.metadata["k"] = "v";
  ASSERT_TRUE(writeSafetensors(directory / "w", contents));
  std::string hashed = slurp(directory / "w");
  // Without its hash more of the damage gets as far as the offsets.
  std::string plain = hashed;
  plain.replace(plain.find("modc.hash"), 9, "some.hash");
  fuzz({hashed, plain, plain}, [](const File &file, std::string &message) {
    Result<Safetensors> read = readSafetensors(file);
    if (read)
      for (const auto &item : read->tensors)
        expectWhole(item.second);
    return keep(read, message);
  });
}

TEST(Fuzz, Idx) {
  std::string bytes("\0\0\x08\2\0\0\0\3\0\0\0\4abcdefghijkl", 24);
  std::string floats("\0\0\x0d\1\0\0\0\2\x3f\x80\0\0\x40\0\0\0", 16);
  fuzz({bytes, floats, gzip(bytes), gzip(floats), gzip(bytes) + gzip("")},
       [](const File &file, std::string &message) {
         Result<Tensor> tensor = readIdx(file);
         if (tensor)
           expectWhole(*tensor);
         return keep(tensor, message);
       });
}

TEST(Fuzz, Csv) {
  fuzz({"x,y,z\n1,2,3\n4,5.5,-6e-7\n", "1;2\r\n\"3\";4\r\n", "1\t2\n3\t4\n"},
       [](const File &file, std::string &message) {
         Result<Csv> csv = readCsv(file);
         if (csv) {
           expectWhole(csv->inputs);
           expectWhole(csv->targets);
           EXPECT_EQ(csv->inputs.shape[0], csv->targets.shape[0]);
           EXPECT_EQ(csv->inputs.firstNonFinite(), std::nullopt);
         }
         return keep(csv, message);
       });
}

} // namespace
