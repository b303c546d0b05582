//===- SafetensorsTest.cpp - Named tensors in one file --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files as written, byte for byte, and headers that lie about what follows.
// The reference implementation is compared with in NumpyTest.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Safetensors.h"
#include "runtime/formats/Hash.h"

#include "TestFiles.h"

using namespace modc;
using namespace modc::test;

namespace {

std::string file(std::string_view header, std::string_view payload = {}) {
  std::string out;
  for (int i = 0; i < 8; ++i)
    out += char(uint64_t(header.size()) >> (8 * i) & 255);
  return out.append(header).append(payload);
}

std::string entry(std::string_view name, std::string_view dtype,
                  std::string_view shape, std::string_view offsets) {
  return "\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) +
         "\",\"shape\":[" + std::string(shape) + "],\"data_offsets\":[" +
         std::string(offsets) + "]}";
}

Result<Safetensors> read(std::string_view bytes) {
  return readSafetensors(fileOf(bytes, "w.st"));
}

Safetensors sample() {
  Safetensors contents;
  contents.tensors["b"] = makeTensor<uint8_t>("b", {3}, {1, 2, 3});
  contents.tensors["a.weight"] =
      makeTensor<float>("a", {2, 2}, {1.f, -2.f, 3.f, -4.f});
  contents.tensors["steps"] = makeTensor<int64_t>("s", {}, {7});
  contents.tensors["empty"] = makeTensor<float>("e", {0, 5}, {});
  contents.metadata["note"] = "h\"i\n\xc3\xa9";
  return contents;
}

std::string encode(const Safetensors &contents) {
  TemporaryDirectory directory;
  Status written = writeSafetensors(directory / "w", contents);
  EXPECT_TRUE(written) << messageOf(written);
  return slurp(directory / "w");
}

TEST(Hash, IsXxh64) {
  // Of the empty input and of "a", from the xxHash project's own table.
  EXPECT_EQ(Hash().hex(), "ef46db3751d8e999");
  Hash hash;
  hash.add("a", 1);
  EXPECT_EQ(hash.hex(), "d24ec4f1a98c6e5b");
}

TEST(Safetensors, ReadsInPlace) {
  File bytes = fileOf(file("{" + entry("w", "F32", "1,2", "1,9") + "," +
                               entry("m", "BOOL", "", "0,1") + "}  ",
                           std::string("\1\0\0\x80\x3f\0\0\0\x40", 9)));
  Result<Safetensors> contents = readSafetensors(bytes);
  ASSERT_TRUE(contents) << messageOf(contents);
  ASSERT_EQ(contents->tensors.size(), 2u);
  const Tensor &w = contents->tensors.at("w");
  EXPECT_EQ(w.source, "'test': tensor 'w'");
  EXPECT_EQ(w.shape, (Shape{1, 2}));
  EXPECT_EQ(w.data + 8, bytes.data() + bytes.size());
  EXPECT_EQ(*w.convert<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(contents->tensors.at("m").type, DType::Bool);
}

TEST(Safetensors, RoundTrips) {
  Safetensors before = sample();
  Result<Safetensors> after = read(encode(before));
  ASSERT_TRUE(after) << messageOf(after);
  EXPECT_EQ(after->metadata, before.metadata);
  ASSERT_EQ(after->tensors.size(), before.tensors.size());
  for (const auto &[name, tensor] : before.tensors) {
    const Tensor &read = after->tensors.at(name);
    EXPECT_EQ(read.type, tensor.type);
    EXPECT_EQ(read.shape, tensor.shape);
    EXPECT_EQ(std::string_view((const char *)read.data, read.byteSize()),
              std::string_view((const char *)tensor.data, tensor.byteSize()));
  }
}

TEST(Safetensors, WritesTheSameBytesEachTime) {
  std::string bytes = encode(sample());
  EXPECT_EQ(bytes, encode(sample()));
  // Wider types first, then names; the payload starts at a multiple of 64.
  size_t payload = 8 + uint8_t(bytes[8 - 8]) + 256 * uint8_t(bytes[1]);
  EXPECT_EQ(payload % 64, 0u);
  EXPECT_EQ(bytes.size(), payload + 8 + 16 + 3);
  EXPECT_EQ(bytes[payload], 7);
  size_t steps = bytes.find("\"steps\""), a = bytes.find("\"a.weight\"");
  EXPECT_TRUE(steps < a && a < bytes.find("\"b\""));
}

TEST(Safetensors, EmptyFileRoundTrips) {
  Result<Safetensors> contents = read(encode({}));
  ASSERT_TRUE(contents) << messageOf(contents);
  EXPECT_TRUE(contents->tensors.empty());
  EXPECT_TRUE(read(file("{}")));
}

TEST(Safetensors, FindsEveryFlippedBit) {
  std::string bytes = encode(sample());
  size_t silent = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] ^= char(1 << bit % 8);
    Result<Safetensors> contents = read(damaged);
    if (!contents)
      continue;
    // Left over: a blank of the padding turned into other white space, and the
    // key of the hash itself turned into another.
    ++silent;
    bool blank = bytes[bit / 8] == ' ';
    bool key = contents->metadata.size() > 1;
    EXPECT_TRUE(blank || key) << "bit " << bit << " of byte " << bytes[bit / 8];
  }
  EXPECT_LT(silent, 400u);
  std::string damaged = bytes;
  damaged.back() ^= 4;
  EXPECT_REFUSED(read(damaged), "'w.st': payload does not match its hash");
}

TEST(Safetensors, HashIgnoresTheOrderInTheFile) {
  // The same contents as another writer would lay them out.
  Safetensors contents;
  contents.tensors["a"] = makeTensor<uint8_t>("a", {1}, {1});
  contents.tensors["b"] = makeTensor<uint16_t>("b", {1}, {0x0302});
  std::string ours = encode(contents);
  size_t at = ours.find("modc.hash\":\"") + 12;
  std::string meta =
      "\"__metadata__\":{\"modc.hash\":\"" + ours.substr(at, 16) + "\"}";
  EXPECT_TRUE(read(file("{" + entry("a", "U8", "1", "0,1") + "," + meta + "," +
                            entry("b", "U16", "1", "1,3") + "}",
                        "\1\2\3")));
  EXPECT_REFUSED(read(file("{" + entry("a", "I8", "1", "0,1") + "," + meta +
                               "," + entry("b", "U16", "1", "1,3") + "}",
                           "\1\2\3")),
                 "does not match its hash");
}

TEST(Safetensors, RefusesDamagedFraming) {
  EXPECT_REFUSED(read(""), "'w.st': not a safetensors file: it has 0 bytes");
  EXPECT_REFUSED(read("\1\0\0\0\0\0\0"), "not a safetensors file");
  EXPECT_REFUSED(read(std::string(8, '\xff')), "goes beyond the file's 8");
  EXPECT_REFUSED(read(file("")), "header is not a JSON object");
  EXPECT_REFUSED(read(file("[]")), "header is not a JSON object");
  EXPECT_REFUSED(read(file("{\"a\"")), "header is not JSON at its byte");
  EXPECT_REFUSED(read(file("{}x")), "header is not JSON");
  EXPECT_REFUSED(read(file("{\"\xff\":1}")), "header is not JSON");
  std::string cut = encode(sample());
  cut.pop_back();
  EXPECT_REFUSED(read(cut), "tensor 'b' ends at 27 but the payload has 26");
  EXPECT_REFUSED(read(encode(sample()) + "x"),
                 "tensors end at 27 but the payload has 28 bytes");
}

TEST(Safetensors, CapsTheHeader) {
  TemporaryDirectory directory;
  std::string path = directory / "huge";
  spit(path, std::string("\1\xe1\xf5\5\0\0\0\0{", 9)); // 100,000,001
  std::filesystem::resize_file(path, 100'000'100);     // sparse
  EXPECT_REFUSED(readSafetensors(path),
                 "header of 100000001 bytes is longer than 100000000");
}

TEST(Safetensors, RefusesWhatDoesNotBelong) {
  EXPECT_REFUSED(read(file("{\"a\":1}")), "entry 'a' has a number");
  EXPECT_REFUSED(read(file("{\"a\":null}")), "entry 'a' has null");
  EXPECT_REFUSED(read(file("{\"a\":[]}")), "entry 'a' has an array");
  EXPECT_REFUSED(read(file("{\"a\":{}}")), "tensor 'a' lacks one of");
  EXPECT_REFUSED(read(file("{\"a\":{\"x\":1}}")), "unknown key 'x'");
  EXPECT_REFUSED(read(file("{\"a\":{\"dtype\":[]}}")),
                 "tensor 'a': dtype has an array");
  EXPECT_REFUSED(read(file("{\"a\":{\"shape\":\"x\"}}")),
                 "tensor 'a': shape has a text");
  EXPECT_REFUSED(read(file("{\"a\":{\"shape\":[[]]}}")),
                 "tensor 'a': shape has an array");
  EXPECT_REFUSED(read(file("{\"a\":{\"shape\":[true]}}")), "a truth value");
  EXPECT_REFUSED(read(file("{\"a\":{\"shape\":[{}]}}")), "an object");
  EXPECT_REFUSED(read(file("{\"__metadata__\":1}")),
                 "entry '__metadata__' has a number");
  EXPECT_REFUSED(read(file("{\"__metadata__\":{\"k\":1}}")),
                 "__metadata__ at key 'k' has a number");
  EXPECT_REFUSED(read(file("{\"__metadata__\":{\"k\":{}}}")), "an object");
  // Nesting costs neither stack nor memory.
  EXPECT_REFUSED(read(file("{\"a\":" + std::string(1 << 20, '['))),
                 "has an array");
  EXPECT_REFUSED(read(file("{\"a\":{\"dtype\":" + std::string(1 << 20, '{'))),
                 "an object");
}

TEST(Safetensors, RefusesDuplicates) {
  std::string a = entry("a", "U8", "1", "0,1");
  EXPECT_REFUSED(read(file("{" + a + "," + a + "}", "x")),
                 "name 'a' stands twice in the header");
  // The same name in another spelling.
  EXPECT_REFUSED(
      read(file("{" + a + "," + entry("\\u0061", "U8", "1", "0,1") + "}", "x")),
      "name 'a' stands twice");
  EXPECT_REFUSED(read(file("{\"__metadata__\":{},\"__metadata__\":{}}")),
                 "'__metadata__' stands twice");
  EXPECT_REFUSED(read(file("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}")),
                 "key 'k' stands twice in __metadata__");
  EXPECT_REFUSED(read(file("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}")),
                 "tensor 'a' has key 'dtype' twice");
}

TEST(Safetensors, RefusesBadTypesAndShapes) {
  auto one = [](std::string_view dtype, std::string_view shape,
                std::string_view offsets) {
    return read(
        file("{" + entry("t", dtype, shape, offsets) + "}", "01234567"));
  };
  EXPECT_TRUE(one("F64", "1", "0,8"));
  EXPECT_REFUSED(one("F8_E4M3", "8", "0,8"),
                 "'w.st': tensor 't': dtype 'F8_E4M3' is not supported");
  EXPECT_REFUSED(one("F32", "1", "0,8"),
                 "tensor 't': shape [1] of f32 needs 4 bytes but the offsets 0 "
                 "to 8 have 8");
  EXPECT_REFUSED(one("F64", "-1", "0,8"), "tensor 't': shape has a negative");
  EXPECT_REFUSED(one("F64", "1.5", "0,8"), "not a 64-bit integer");
  EXPECT_REFUSED(one("F64", "1e0", "0,8"), "not a 64-bit integer");
  EXPECT_REFUSED(one("F64", "99999999999999999999", "0,8"),
                 "not a 64-bit integer");
  EXPECT_REFUSED(one("F64", "9223372036854775808", "0,8"),
                 "does not fit 63 bits");
  EXPECT_REFUSED(one("F64", "4294967296,4294967296", "0,8"),
                 "does not fit memory");
  EXPECT_REFUSED(one("F64", "2305843009213693953", "0,8"),
                 "does not fit memory");
  std::string deep = "1";
  for (int i = 0; i < 64; ++i)
    deep += ",1";
  EXPECT_REFUSED(one("F64", deep, "0,8"), "more than 64 dimensions");
}

TEST(Safetensors, RefusesBadOffsets) {
  auto two = [](std::string_view a, std::string_view b) {
    return read(file("{" + entry("a", "U8", "4", a) + "," +
                         entry("b", "U8", "4", b) + "}",
                     "01234567"));
  };
  EXPECT_TRUE(two("0,4", "4,8"));
  EXPECT_TRUE(two("4,8", "0,4"));
  EXPECT_REFUSED(two("0,4", "3,7"),
                 "tensor 'b' begins at 3, within the end 4 of tensor 'a'");
  EXPECT_REFUSED(two("0,4", "0,4"), "tensor 'b' begins at 0");
  EXPECT_REFUSED(two("0,4", "5,9"), "tensor 'b' ends at 9");
  EXPECT_REFUSED(two("1,5", "5,9"), "tensor 'a' begins at 1, not at the end 0");
  EXPECT_REFUSED(two("0,4", "8,4"), "offsets begin at 8 but end at 4");
  EXPECT_REFUSED(two("0,4", "-4,0"), "data_offsets has a negative number");
  EXPECT_REFUSED(two("0,4", "4,8,9"), "more than two numbers");
  EXPECT_REFUSED(two("0,4", "4"), "fewer than two numbers");
  EXPECT_REFUSED(two("0,4", ""), "fewer than two numbers");
  EXPECT_REFUSED(two("0,4", "9223372036854775803,9223372036854775807"),
                 "ends at 9223372036854775807 but the payload has 8");
  EXPECT_REFUSED(two("0,4", "4,18446744073709551615"), "63 bits");
}

TEST(Safetensors, RefusesToWriteBadNames) {
  Safetensors contents;
  contents.tensors["\xff"] = makeTensor<float>("t", {1}, {1.f});
  EXPECT_REFUSED(writeSafetensors("/nowhere/w", contents),
                 "cannot write '/nowhere/w': name '\\xff' is not UTF-8");
  contents.tensors.clear();
  contents.tensors["__metadata__"] = makeTensor<float>("t", {1}, {1.f});
  EXPECT_REFUSED(writeSafetensors("/nowhere/w", contents), "is reserved");
  contents.tensors.clear();
  contents.metadata["modc.hash"] = "0";
  EXPECT_REFUSED(writeSafetensors("/nowhere/w", contents), "is reserved");
  contents.metadata = {{"k", "\x80"}};
  EXPECT_REFUSED(writeSafetensors("/nowhere/w", contents),
                 "metadata 'k' is not UTF-8");
}

} // namespace
