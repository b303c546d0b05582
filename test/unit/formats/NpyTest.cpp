//===- NpyTest.cpp - NumPy's .npy files -----------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Headers as NumPy writes them and headers that lie. Whether NumPy reads our
// files and we read NumPy's is checked in NumpyTest.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Npy.h"

#include "TestFiles.h"

using namespace modc;
using namespace modc::test;

namespace {

/// A file of the given version with this header and payload.
std::string npy(std::string_view header, std::string_view payload,
                char major = 1) {
  std::string out = "\x93NUMPY";
  out += major;
  out += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i)
    out += char(header.size() >> (8 * i) & 255);
  return out.append(header).append(payload);
}

std::string header(std::string_view descr, std::string_view shape,
                   std::string_view order = "False") {
  return "{'descr': '" + std::string(descr) +
         "', 'fortran_order': " + std::string(order) +
         ", 'shape': " + std::string(shape) + ", }\n";
}

Result<Tensor> read(std::string_view bytes) {
  return readNpy(fileOf(bytes, "x.npy"));
}

TEST(Npy, ReadsAllVersionsInPlace) {
  for (char version : {1, 2, 3}) {
    File file =
        fileOf(npy(header("<i2", "(2, 3)"),
                   std::string("\1\0\2\0\3\0\4\0\5\0\xff\xff", 12), version));
    Result<Tensor> tensor = readNpy(file);
    ASSERT_TRUE(tensor) << messageOf(tensor);
    EXPECT_EQ(tensor->type, DType::I16);
    EXPECT_EQ(tensor->shape, (Shape{2, 3}));
    EXPECT_EQ(tensor->data, file.data() + file.size() - 12);
    Result<std::vector<int32_t>> values = tensor->convert<int32_t>();
    ASSERT_TRUE(values);
    EXPECT_EQ(*values, (std::vector<int32_t>{1, 2, 3, 4, 5, -1}));
  }
}

TEST(Npy, TensorOutlivesTheFile) {
  Result<Tensor> tensor = read(npy(header("|u1", "(2,)"), "ab"));
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->data[1], 'b');
}

TEST(Npy, ReadsWhatPythonMayWrite) {
  EXPECT_TRUE(read(
      npy("{'shape': (), 'fortran_order': False, 'descr': '<f4'}", "0000")));
  EXPECT_TRUE(read(npy("{\"descr\":\"<f4\",\"fortran_order\":False,"
                       "\"shape\":(1L,)}",
                       "0000")));
  EXPECT_TRUE(read(npy(header("<f8", "(0, 5)"), "")));
  EXPECT_TRUE(read(npy(header("<i1", "(1,)"), "x")));
}

TEST(Npy, RefusesDamagedFraming) {
  EXPECT_REFUSED(read(""), "'x.npy': not a .npy file");
  EXPECT_REFUSED(read("\x93NUMPY\1"), "not a .npy file");
  EXPECT_REFUSED(read("\x93NUMPX\1\0\0\0"), "not a .npy file");
  EXPECT_REFUSED(read(npy(header("<f4", "(1,)"), "0000", 4)),
                 "version 4.0 of .npy is not one of 1.0, 2.0 and 3.0");
  std::string good = npy(header("<f4", "(1,)"), "0000", 2);
  EXPECT_REFUSED(read(good.substr(0, 11)), "ends within the header");
  EXPECT_REFUSED(read(good.substr(0, 30)), "goes beyond the file's 30");
  good[11] = '\x7f';
  EXPECT_REFUSED(read(good), "goes beyond the file's");
  EXPECT_REFUSED(read(npy(std::string(1 << 17, ' '), "", 2)),
                 "header of 131072 bytes is longer than 65536");
}

TEST(Npy, RefusesHeadersThatDoNotParse) {
  EXPECT_REFUSED(read(npy("", "")), "header is not a dictionary");
  EXPECT_REFUSED(read(npy("{", "")), "dictionary of named values");
  EXPECT_REFUSED(read(npy("{'descr", "")), "dictionary of named values");
  EXPECT_REFUSED(read(npy("{'a': 1}", "")), "unknown key 'a'");
  EXPECT_REFUSED(read(npy("{'shape': (), 'shape': ()}", "")),
                 "key 'shape' twice");
  EXPECT_REFUSED(read(npy("{'shape': () 'descr': '<f4'}", "")),
                 "no comma after the value of 'shape'");
  EXPECT_REFUSED(read(npy("{'shape': ()}", "")), "no key 'descr'");
  EXPECT_REFUSED(read(npy("{'shape': (), 'descr': '<f4'}", "")),
                 "no key 'fortran_order'");
  EXPECT_REFUSED(read(npy(header("<f4", "()") + "x", "0000")),
                 "goes on after the dictionary");
  EXPECT_REFUSED(read(npy(header("<f4", "()") + std::string(1, '\0'), "0000")),
                 "goes on after the dictionary");
  EXPECT_REFUSED(read(npy(header("<f4", "()", "0"), "0000")),
                 "neither True nor False");
  EXPECT_REFUSED(read(npy(header("<f4", "5"), "0000")), "not a tuple");
  EXPECT_REFUSED(read(npy(header("<f4", "(1 1)"), "0000")), "tuple of sizes");
  EXPECT_REFUSED(read(npy(header("<f4", "(,)"), "0000")), "tuple of sizes");
  EXPECT_REFUSED(read(npy(header("<f4", "(1.0,)"), "0000")), "tuple of sizes");
}

TEST(Npy, RefusesShapesThatLie) {
  EXPECT_REFUSED(read(npy(header("<f4", "(-1,)"), "0000")), "negative size");
  EXPECT_REFUSED(read(npy(header("<f4", "(2, 2)"), "0000")),
                 "shape [2, 2] of f32 needs 16 bytes but the file has 4 after "
                 "its header");
  EXPECT_REFUSED(read(npy(header("<f4", "(1,)"), "00000")),
                 "needs 4 bytes but the file has 5");
  EXPECT_REFUSED(read(npy(header("<f4", "(9223372036854775808,)"), "")),
                 "tuple of sizes that fit 63 bits");
  EXPECT_REFUSED(read(npy(header("<f4", "(4611686018427387904,)"), "")),
                 "does not fit memory");
  // The product is 2^64, which wraps to no bytes at all.
  EXPECT_REFUSED(read(npy(header("<f4", "(4294967296, 1073741824)"), "")),
                 "does not fit memory");
  EXPECT_REFUSED(read(npy(header("<f4", "(0, 4294967296, 4294967296)"), "")),
                 "does not fit memory");
  std::string deep = "(";
  for (int i = 0; i < 33; ++i)
    deep += "1, ";
  EXPECT_REFUSED(read(npy(header("<f4", deep + ")"), "0000")),
                 "more than 32 dimensions");
}

TEST(Npy, RefusesOtherTypesAndOrders) {
  EXPECT_REFUSED(read(npy(header(">f4", "(1,)"), "0000")),
                 "dtype '>f4' is big-endian");
  EXPECT_REFUSED(read(npy(header("<c8", "(1,)"), "00000000")),
                 "dtype '<c8' is not supported");
  EXPECT_REFUSED(read(npy(header("|O", "(1,)"), "0000")),
                 "dtype '|O' is not supported");
  EXPECT_REFUSED(read(npy("{'descr': [('a', '<f4')]}", "")),
                 "structured dtypes are not supported");
  EXPECT_REFUSED(read(npy(header("<f4", "(1, 1)", "True"), "0000")),
                 "Fortran order");
}

TEST(Npy, WritesAnAlignedHeader) {
  Tensor tensor = makeTensor<float>("t", {3, 4}, std::vector<float>(12, 1.5f));
  Result<std::string> text = npyHeader(tensor);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->size() % 64, 0u);
  EXPECT_EQ(text->substr(10, 56),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)");
  EXPECT_EQ(text->back(), '\n');
}

template <typename T>
void roundTrip(Shape shape, std::vector<T> values) {
  TemporaryDirectory directory;
  std::string path = directory / "a.npy";
  Status written = writeNpy(path, makeTensor<T>("t", shape, values));
  ASSERT_TRUE(written) << messageOf(written);
  Result<Tensor> tensor = readNpy(path);
  ASSERT_TRUE(tensor) << messageOf(tensor);
  EXPECT_EQ(tensor->shape, shape);
  ASSERT_NE(tensor->template as<T>(), nullptr);
  EXPECT_EQ(std::memcmp(tensor->data, values.data(), values.size() * sizeof(T)),
            0);
}

TEST(Npy, RoundTripsEveryType) {
  roundTrip<float>({}, {1.5f});
  roundTrip<double>({2}, {1.5, -0.0});
  roundTrip<int8_t>({2, 1}, {-1, 2});
  roundTrip<uint8_t>({1, 2}, {255, 2});
  roundTrip<int16_t>({1}, {-300});
  roundTrip<uint16_t>({1}, {65535});
  roundTrip<int32_t>({1}, {-70000});
  roundTrip<uint32_t>({1}, {4000000000u});
  roundTrip<int64_t>({1, 1, 1}, {-(int64_t(1) << 40)});
  roundTrip<uint64_t>({1}, {uint64_t(1) << 63});
}

TEST(Npy, RefusesToWriteWhatNumpyCannotRead) {
  Tensor tensor{"t", DType::BF16, {0}, nullptr, nullptr};
  EXPECT_REFUSED(writeNpy("/nowhere/x.npy", tensor),
                 "cannot write '/nowhere/x.npy': .npy has no dtype bf16");
  tensor.type = DType::F32;
  tensor.shape.assign(33, 0);
  EXPECT_REFUSED(writeNpy("/nowhere/x.npy", tensor), "33 dimensions");
}

} // namespace
