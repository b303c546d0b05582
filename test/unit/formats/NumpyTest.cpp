//===- NumpyTest.cpp - Against NumPy, both ways ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads what NumPy and an independent safetensors writer made, and lets them
// read what we made. numpy_files.py is the other side; both know the values.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Npy.h"
#include "runtime/formats/Safetensors.h"

#include "TestFiles.h"

using namespace modc;
using namespace modc::test;

namespace {

/// Runs the script; false if this machine's Python has no NumPy.
bool haveNumpy() {
  static bool have =
      std::system(MODC_PYTHON " -c 'import numpy' 2>/dev/null") == 0;
  return have;
}

int script(const std::string &mode, const TemporaryDirectory &directory) {
  std::string command = MODC_PYTHON " " MODC_FORMATS_TESTS "/numpy_files.py " +
                        mode + " '" + directory.path + "'";
  return std::system(command.c_str());
}

/// As `values` in numpy_files.py.
std::vector<double> values(DType type) {
  std::vector<double> out;
  for (int i = 0; i < 15; ++i)
    out.push_back(type == DType::Bool ? i * 7 % 11 % 2 : i * 7 % 11);
  return out;
}

/// The same as a tensor of any type. bf16 is not among NumPy's.
Tensor tensorOf(DType type) {
  std::vector<double> from = values(type);
  std::vector<uint8_t> bytes;
  for (double value : from) {
    auto append = [&](auto typed) {
      const auto *begin = reinterpret_cast<const uint8_t *>(&typed);
      bytes.insert(bytes.end(), begin, begin + sizeof typed);
    };
    // 0 to 10 as binary16: the exponent is that of the highest bit.
    auto half = [](unsigned v) -> uint16_t {
      unsigned e = v ? 31 - __builtin_clz(v) : 0;
      return v ? uint16_t((15 + e) << 10 | (v << (10 - e) & 1023)) : 0;
    };
    switch (type) {
    case DType::F16:
      append(half(unsigned(value)));
      break;
    case DType::F32:
      append(float(value));
      break;
    case DType::F64:
      append(value);
      break;
    default: {
      auto integer = uint64_t(value); // little-endian: the low bytes come first
      const auto *begin = reinterpret_cast<const uint8_t *>(&integer);
      bytes.insert(bytes.end(), begin, begin + sizeOf(type));
    }
    }
  }
  Tensor tensor = makeTensor<uint8_t>("t", {}, std::move(bytes));
  tensor.type = type;
  tensor.shape = {3, 5};
  return tensor;
}

const DType numpyTypes[] = {DType::Bool, DType::U8,  DType::I8,  DType::U16,
                            DType::I16,  DType::F16, DType::U32, DType::I32,
                            DType::F32,  DType::U64, DType::I64, DType::F64};

void expectValues(const Tensor &tensor, DType type) {
  EXPECT_EQ(tensor.type, type);
  EXPECT_EQ(tensor.shape, (Shape{3, 5}));
  Result<std::vector<double>> read = tensor.convert<double>();
  ASSERT_TRUE(read) << messageOf(read);
  EXPECT_EQ(*read, values(type));
}

TEST(Numpy, ReadsItsFiles) {
  if (!haveNumpy())
    GTEST_SKIP() << "no NumPy for " MODC_PYTHON;
  TemporaryDirectory directory;
  ASSERT_EQ(script("write", directory), 0);
  for (DType type : numpyTypes) {
    Result<Tensor> tensor =
        readNpy(directory / (std::string(nameOf(type)) + ".npy"));
    ASSERT_TRUE(tensor) << messageOf(tensor);
    expectValues(*tensor, type);
    // NumPy pads its header so that this holds.
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->data) % 64, 0u);
  }
  for (const char *name : {"v1.npy", "v2.npy", "v3.npy"}) {
    Result<Tensor> tensor = readNpy(directory / name);
    ASSERT_TRUE(tensor) << messageOf(tensor);
    expectValues(*tensor, DType::F32);
  }
  Result<Tensor> scalar = readNpy(directory / "scalar.npy");
  ASSERT_TRUE(scalar) << messageOf(scalar);
  EXPECT_EQ(*scalar->as<double>(), 2.5);
  Result<Tensor> empty = readNpy(directory / "empty.npy");
  ASSERT_TRUE(empty) << messageOf(empty);
  EXPECT_EQ(empty->shape, (Shape{0, 4}));
  EXPECT_REFUSED(readNpy(directory / "fortran.npy"), "Fortran order");

  Result<Safetensors> all = readSafetensors(directory / "all.safetensors");
  ASSERT_TRUE(all) << messageOf(all);
  EXPECT_EQ(all->tensors.size(), std::size(numpyTypes));
  EXPECT_EQ(all->metadata,
            (std::map<std::string, std::string>{
                {"note", "\xc3\xa9 \"quoted\"\n"}, {"step", "17"}}));
  for (DType type : numpyTypes)
    expectValues(all->tensors.at(std::string(nameOf(type))), type);
}

TEST(Numpy, ReadsOurFiles) {
  if (!haveNumpy())
    GTEST_SKIP() << "no NumPy for " MODC_PYTHON;
  TemporaryDirectory directory;
  Safetensors all;
  all.metadata["key"] = "\xe2\x82\xac\t";
  for (DType type : numpyTypes) {
    std::string name(nameOf(type));
    all.tensors[name] = tensorOf(type);
    Status written = writeNpy(directory / (name + ".npy"), all.tensors[name]);
    ASSERT_TRUE(written) << messageOf(written);
  }
  Status written =
      writeNpy(directory / "scalar.npy", makeTensor<float>("t", {}, {1.f}));
  ASSERT_TRUE(written) << messageOf(written);
  written = writeSafetensors(directory / "all.safetensors", all);
  ASSERT_TRUE(written) << messageOf(written);
  EXPECT_EQ(script("check", directory), 0);
}

} // namespace
