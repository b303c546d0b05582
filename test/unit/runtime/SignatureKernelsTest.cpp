//===- SignatureKernelsTest.cpp - What programs compute, and by what ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products and kernels in a signature: read where they are right, refused with
// the field named where they point outside of what they number.
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "ToyModel.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

/// The toy's signature with two products, that of `infer` twice.
Result<Signature>
parse(const std::string &uses = "[0, 1, 1, 2]",
      const std::string &kernels = R"([["matmul", 12, 2, false]])",
      const std::string &chosen = "[0, -1]") {
  std::string text = toySignature();
  auto insert = [&](const std::string &before, const std::string &added) {
    size_t at = text.find(before);
    EXPECT_NE(at, std::string::npos) << before;
    text.insert(at + before.size(), added);
  };
  insert(R"({"name": "x86-64", "features": 0)",
         R"(, "kernels": )" + kernels + R"(, "uses": )" + chosen);
  insert(R"({"name": "infer")", R"(, "products": )" + uses);
  insert("{", R"("products": [{"name": "layer0.linear", "shape": "nx2x2",
      "flops": 8, "bytes": 16, "weights": 16, "members": 2, "rows": 1},
     {"name": "conv", "flops": 5}],)");
  return Signature::parse(text);
}

std::string failure(const Result<Signature> &signature) {
  return signature ? "no failure" : signature.error().message();
}

TEST(SignatureKernels, AreRead) {
  auto signature = parse();
  ASSERT_TRUE(signature) << signature.error().message();
  ASSERT_EQ(signature->products.size(), 2u);
  const ProductSpec &linear = signature->products[0];
  EXPECT_EQ(linear.name, "layer0.linear");
  EXPECT_EQ(linear.shape, "nx2x2");
  EXPECT_EQ(linear.flops, 8);
  EXPECT_EQ(linear.weights, 16);
  EXPECT_EQ(linear.members, 2);
  EXPECT_EQ(signature->products[1].shape, "");
  EXPECT_EQ(signature->products[1].bytes, 0);
  const ProgramSpec &infer =
      signature->programs[size_t(signature->findProgram("infer"))];
  ASSERT_EQ(infer.products.size(), 2u);
  EXPECT_EQ(infer.products[1].product, 1);
  EXPECT_EQ(infer.products[1].term, ProductUse::Term::Candidate);
  const TargetSpec &target = signature->targets[0];
  EXPECT_EQ(target.kernels[0].name, "matmul");
  EXPECT_EQ(target.kernels[0].tileRows, 12);
  EXPECT_EQ(target.uses, (std::vector<int32_t>{0, -1}));
}

TEST(SignatureKernels, MayBeAbsent) {
  auto signature = Signature::parse(toySignature());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(signature->products.empty());
  EXPECT_TRUE(signature->targets[0].uses.empty());
}

TEST(SignatureKernels, AreChecked) {
  EXPECT_EQ(failure(parse("[0, 1, 1]")),
            "program 'infer': 'products' has 3 numbers, which are no pairs");
  EXPECT_EQ(failure(parse("[2, 1, 1, 2]")),
            "program 'infer': a product is 2, outside [0, 1]");
  EXPECT_EQ(failure(parse("[0, 3, 1, 2]")),
            "program 'infer': a product's term is 3, outside [0, 2]");
  EXPECT_EQ(failure(parse("[0, 1, 1, 2]", "[[1, 2, 3, false]]")),
            "target 'x86-64': a kernel is not [name, rows, columns, packed]");
  EXPECT_EQ(failure(parse("[0, 1, 1, 2]", R"([["m", 1, 2, true]])", "[1, 0]")),
            "target 'x86-64': a used kernel is 1, outside [-1, 0]");
  EXPECT_EQ(failure(parse("[0, 1, 1, 2]", R"([["m", 1, 2, true]])", "[0]")),
            "target 'x86-64': 'uses' has 1 kernels for 2 products");
}

} // namespace
