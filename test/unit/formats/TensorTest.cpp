//===- TensorTest.cpp - Typed views of bytes from files -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conversions at the edges of each type, with expected values worked out by
// hand from the formats' definitions.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Tensor.h"

#include "TestFiles.h"

#include <cmath>
#include <limits>

using namespace modc;
using namespace modc::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <typename To, typename From>
Result<std::vector<To>> convert(std::vector<From> values) {
  Shape shape{int64_t(values.size())};
  return makeTensor<From>("t", shape, std::move(values)).template convert<To>();
}

TEST(Tensor, CountsElements) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({2, 3}), 6);
  EXPECT_EQ(elementCount({2, 0, 3}), 0);
  EXPECT_EQ(elementCount({2, -1}), std::nullopt);
  EXPECT_EQ(elementCount({0, -1}), std::nullopt);
  int64_t big = int64_t(1) << 32;
  EXPECT_EQ(elementCount({big, big}), std::nullopt);
  EXPECT_EQ(elementCount({0, big, big}), std::nullopt);
  EXPECT_EQ(elementCount({big, big, 0}), std::nullopt);
  EXPECT_EQ(elementCount({big, big / 4}), int64_t(1) << 62);
  EXPECT_EQ(elementCount({big, big / 4}, 4), std::nullopt);
}

TEST(Tensor, NamesTypes) {
  for (int i = 0; i <= int(DType::F64); ++i)
    EXPECT_EQ(dtypeNamed(nameOf(DType(i))), DType(i));
  EXPECT_EQ(dtypeNamed("f31"), std::nullopt);
  EXPECT_EQ(sizeOf(DType::BF16), 2u);
  EXPECT_EQ(sizeOf(DType::F64), 8u);
  EXPECT_EQ(toString({2, 3}), "[2, 3]");
  EXPECT_EQ(toString({}), "[]");
  EXPECT_EQ(toString(Shape(10, 1)), "[1, 1, 1, 1, 1, 1, 1, 1, ... 2 more]");
}

TEST(Tensor, WidensHalves) {
  // 1, the largest finite, the smallest subnormal, -0, infinity.
  std::vector<uint16_t> bits{0x3c00, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7c01};
  Tensor tensor = makeTensor<uint16_t>("t", {6}, bits);
  tensor.type = DType::F16;
  Result<std::vector<double>> values = tensor.convert<double>();
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[0], 1.0);
  EXPECT_EQ((*values)[1], 65504.0);
  EXPECT_EQ((*values)[2], std::ldexp(1.0, -24));
  EXPECT_TRUE((*values)[3] == 0 && std::signbit((*values)[3]));
  EXPECT_EQ((*values)[4], infinity);
  EXPECT_TRUE(std::isnan((*values)[5]));
  EXPECT_EQ(tensor.firstNonFinite(), 4);
}

TEST(Tensor, WidensBrainFloats) {
  Tensor tensor = makeTensor<uint16_t>("t", {2}, {0x3fc0, 0xff80});
  tensor.type = DType::BF16;
  Result<std::vector<float>> values = tensor.convert<float>();
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[0], 1.5f);
  EXPECT_EQ((*values)[1], -std::numeric_limits<float>::infinity());
}

TEST(Tensor, RefusesIntegersThatDoNotFit) {
  EXPECT_TRUE((convert<int32_t, int64_t>({INT32_MAX, INT32_MIN})));
  EXPECT_REFUSED((convert<int32_t, int64_t>({0, int64_t(INT32_MAX) + 1})),
                 "t: element 1 is 2147483648, which i32 cannot hold");
  EXPECT_REFUSED((convert<int32_t, int64_t>({int64_t(INT32_MIN) - 1})),
                 "element 0 is -2147483649");
  EXPECT_REFUSED((convert<int64_t, uint64_t>({uint64_t(1) << 63})),
                 "element 0 is 9223372036854775808, which i64");
  EXPECT_REFUSED((convert<int32_t, uint32_t>({uint32_t(1) << 31})), "i32");
  EXPECT_TRUE((convert<int64_t, uint32_t>({~0u})));
}

TEST(Tensor, RefusesFractionsAsIntegers) {
  EXPECT_EQ(*(convert<int32_t, float>({-3.0f, 9.0f})),
            (std::vector<int32_t>{-3, 9}));
  EXPECT_REFUSED((convert<int64_t, double>({2.5})),
                 "element 0 is 2.5, which i64 cannot hold");
  EXPECT_REFUSED((convert<int64_t, double>({0x1p63})), "i64 cannot hold");
  EXPECT_TRUE((convert<int64_t, double>({-0x1p63})));
  EXPECT_REFUSED((convert<int32_t, float>({0x1p31f})), "i32 cannot hold");
  EXPECT_REFUSED((convert<int32_t, double>({NAN})), "nan, which i32");
  EXPECT_REFUSED((convert<int32_t, double>({-infinity})), "-inf, which i32");
}

TEST(Tensor, RoundsDoublesToFloats) {
  Result<std::vector<float>> values =
      convert<float, double>({0.1, infinity, 1e-60});
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[0], 0.1f);
  EXPECT_TRUE(std::isinf((*values)[1]));
  EXPECT_EQ((*values)[2], 0.0f);
  EXPECT_REFUSED((convert<float, double>({1e39})),
                 "element 0 is 1e+39, which f32 cannot hold");
}

TEST(Tensor, ReadsUnalignedBytes) {
  std::vector<uint8_t> bytes(9);
  double value = 2.25;
  std::memcpy(bytes.data() + 1, &value, 8);
  Tensor tensor{"t", DType::F64, {1}, bytes.data() + 1, nullptr};
  EXPECT_EQ(tensor.as<double>(), nullptr);
  EXPECT_EQ((*tensor.convert<float>())[0], 2.25f);
  EXPECT_EQ((*tensor.convert<double>())[0], 2.25);
  EXPECT_EQ(tensor.firstNonFinite(), std::nullopt);
}

TEST(Tensor, ConvertsARange) {
  Tensor tensor = makeTensor<uint8_t>("t", {4}, {1, 2, 3, 255});
  float out[2] = {};
  ASSERT_TRUE(tensor.convert(2, 2, out));
  EXPECT_EQ(out[0], 3.0f);
  EXPECT_EQ(out[1], 255.0f);
  EXPECT_TRUE(tensor.convert(4, 0, out));
}

TEST(Tensor, FindsNonFiniteValues) {
  EXPECT_EQ(makeTensor<float>("t", {2}, {1.0f, NAN}).firstNonFinite(), 1);
  EXPECT_EQ(makeTensor<double>("t", {1}, {-infinity}).firstNonFinite(), 0);
  EXPECT_EQ(makeTensor<int64_t>("t", {1}, {-1}).firstNonFinite(), std::nullopt);
}

} // namespace
