//===- IdxTest.cpp - IDX files (MNIST), gzip too --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small files built by hand, damaged ones, and Fashion-MNIST as Debian ships
// it.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Idx.h"

#include "TestFiles.h"

#include <zlib.h>

using namespace modc;
using namespace modc::test;

namespace {

std::string big(uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

std::string idx(int type, std::vector<uint32_t> sizes,
                std::string_view payload) {
  std::string out{'\0', '\0', char(type), char(sizes.size())};
  for (uint32_t size : sizes)
    out += big(size);
  return out.append(payload);
}

std::string gzip(std::string_view bytes) {
  z_stream zlib = {};
  EXPECT_EQ(deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string out(deflateBound(&zlib, bytes.size()), '\0');
  zlib.next_in = (Bytef *)bytes.data();
  zlib.avail_in = bytes.size();
  zlib.next_out = (Bytef *)out.data();
  zlib.avail_out = out.size();
  EXPECT_EQ(deflate(&zlib, Z_FINISH), Z_STREAM_END);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

Result<Tensor> read(std::string_view bytes) {
  return readIdx(fileOf(bytes, "t.idx"));
}

TEST(Idx, ReadsBytesInPlace) {
  File file = fileOf(idx(8, {2, 3}, "abcdef"));
  Result<Tensor> tensor = readIdx(file);
  ASSERT_TRUE(tensor) << messageOf(tensor);
  EXPECT_EQ(tensor->type, DType::U8);
  EXPECT_EQ(tensor->shape, (Shape{2, 3}));
  EXPECT_EQ(tensor->data, file.data() + 12);
}

TEST(Idx, ReadsEveryTypePlainAndCompressed) {
  struct Case {
    int code;
    std::string payload; // -2 and 3 as big-endian
    DType type;
  } cases[] = {
      {9, {'\xfe', '\3'}, DType::I8},
      {0x0b, {'\xff', '\xfe', '\0', '\3'}, DType::I16},
      {0x0c, big(0xfffffffe) + big(3), DType::I32},
      {0x0d, big(0xc0000000) + big(0x40400000), DType::F32},
      {0x0e, big(0xc0000000) + big(0) + big(0x40080000) + big(0), DType::F64},
  };
  for (const Case &item : cases) {
    std::string plain = idx(item.code, {2}, item.payload);
    for (const std::string &bytes : {plain, gzip(plain)}) {
      Result<Tensor> tensor = read(bytes);
      ASSERT_TRUE(tensor) << messageOf(tensor);
      EXPECT_EQ(tensor->type, item.type);
      EXPECT_EQ(*tensor->convert<double>(), (std::vector<double>{-2, 3}));
    }
  }
}

TEST(Idx, ReadsEmptyArrays) {
  EXPECT_TRUE(read(idx(8, {0, 28, 28}, "")));
  EXPECT_TRUE(read(gzip(idx(13, {0}, ""))));
}

TEST(Idx, ReadsGzipOfSeveralMembers) {
  std::string bytes = idx(8, {6}, "abcdef");
  for (size_t cut : {1, 6, 10}) {
    Result<Tensor> tensor =
        read(gzip(bytes.substr(0, cut)) + gzip(bytes.substr(cut)));
    ASSERT_TRUE(tensor) << messageOf(tensor);
    EXPECT_EQ(tensor->data[5], 'f');
  }
}

TEST(Idx, RefusesOtherFiles) {
  EXPECT_REFUSED(read(""), "'t.idx': not an IDX file");
  EXPECT_REFUSED(read("\0\0\x08"), "not an IDX file");
  EXPECT_REFUSED(read("abcdefgh"), "not an IDX file");
  EXPECT_REFUSED(read(gzip("abcdefgh")), "not an IDX file");
  EXPECT_REFUSED(read(idx(10, {1}, "a")), "its magic number has type 10");
  EXPECT_REFUSED(read(idx(8, {}, "a")), "no dimensions");
  EXPECT_REFUSED(read(std::string("\0\0\x08\x03\0\0\0\1\0\0", 10)),
                 "ends within the header's 3 sizes");
}

TEST(Idx, RefusesSizesThatLie) {
  EXPECT_REFUSED(read(idx(8, {2, 3}, "abcde")),
                 "shape [2, 3] of u8 needs 6 bytes but the file has 5 after "
                 "its header");
  EXPECT_REFUSED(read(idx(8, {2, 3}, "abcdefg")),
                 "needs 6 bytes but the file has 7");
  EXPECT_REFUSED(read(idx(14, {1}, "1234567")), "needs 8 bytes");
  EXPECT_REFUSED(read(idx(8, {~0u, ~0u, ~0u}, "")), "does not fit memory");
  EXPECT_REFUSED(read(idx(8, {0, ~0u, ~0u, ~0u}, "")), "does not fit memory");
  EXPECT_REFUSED(read(gzip(idx(8, {3}, "ab"))),
                 "needs 3 bytes but the file has 2");
  EXPECT_REFUSED(read(gzip(idx(8, {3}, "abcd"))), "the file has more");
}

TEST(Idx, BoundsDecompression) {
  // A megabyte of zeros behind a header that claims one byte: not inflated.
  std::string bomb = gzip(idx(8, {1}, std::string(1 << 20, '\0')));
  EXPECT_LT(bomb.size(), 2000u);
  EXPECT_REFUSED(read(bomb), "the file has more after its header");
  // A header that claims 4 EB in a file of some bytes: nothing is allocated.
  EXPECT_REFUSED(read(gzip(idx(8, {~0u, 1u << 30}, "a"))),
                 "bytes but the file has at most");
}

TEST(Idx, RefusesDamagedGzip) {
  std::string good = gzip(idx(8, {6}, "abcdef"));
  ASSERT_TRUE(read(good));
  for (size_t size = 2; size < good.size(); ++size)
    EXPECT_REFUSED(read(good.substr(0, size)), "gzip data is cut short");
  EXPECT_REFUSED(read(good + "x"), "gzip data is followed by 1 other bytes");
  std::string crc = good;
  crc[crc.size() - 8] ^= 1;
  EXPECT_REFUSED(read(crc), "gzip data is damaged: incorrect data check");
  std::string length = good;
  length[length.size() - 4] ^= 1;
  EXPECT_REFUSED(read(length), "gzip data is damaged: incorrect length check");
  std::string body = good;
  body[10] ^= 6; // the kind of the first block
  EXPECT_FALSE(read(body));
}

TEST(Idx, ReadsFashionMnist) {
  std::string folder = "/usr/share/datasets/fashion-mnist/";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "Debian's dataset-fashion-mnist is not installed";
  Result<Tensor> images = readIdx(folder + "train-images-idx3-ubyte.gz");
  ASSERT_TRUE(images) << messageOf(images);
  EXPECT_EQ(images->type, DType::U8);
  EXPECT_EQ(images->shape, (Shape{60000, 28, 28}));
  Result<Tensor> labels = readIdx(folder + "train-labels-idx1-ubyte.gz");
  ASSERT_TRUE(labels) << messageOf(labels);
  EXPECT_EQ(labels->shape, (Shape{60000}));
  // The data set's own description: 6,000 images of each of ten classes.
  int counts[256] = {};
  for (int64_t i = 0; i < labels->count(); ++i)
    ++counts[labels->data[i]];
  for (int label = 0; label < 256; ++label)
    EXPECT_EQ(counts[label], label < 10 ? 6000 : 0) << label;
  Result<Tensor> test = readIdx(folder + "t10k-images-idx3-ubyte.gz");
  ASSERT_TRUE(test) << messageOf(test);
  EXPECT_EQ(test->shape, (Shape{10000, 28, 28}));
}

} // namespace
