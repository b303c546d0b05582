//===- NetworkTest.cpp - Tests of the builder -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the builder makes is what the model file of the same network holds;
// mistakes of its caller are told.
//
//===----------------------------------------------------------------------===//

#include "frontend/Network.h"

#include "examples/cpp/toy_network.h"

#include "gtest/gtest.h"

using namespace modc;
using namespace modc::api;

namespace {

TEST(Network, BuildsWhatTheModelFileHolds) {
  Result<std::string> built = toyNetwork().text();
  ASSERT_TRUE(bool(built)) << built.error().message();
  auto file = Network::load(MODC_EXAMPLES "/toy.mlir");
  ASSERT_TRUE(bool(file)) << file.error().message();
  Result<std::string> read = file->text();
  ASSERT_TRUE(bool(read)) << read.error().message();
  EXPECT_EQ(*built, *read);
}

TEST(Network, TextReadsBack) {
  Result<std::string> built = toyNetwork().text();
  ASSERT_TRUE(bool(built)) << built.error().message();
  auto again = Network::parse(*built);
  ASSERT_TRUE(bool(again)) << again.error().message();
  EXPECT_EQ(*again->text(), *built);
}

TEST(Network, MistakesAreTold) {
  Network network("wrong");
  network.module("f", {{3}}, [](Body &body) {
    return std::vector<Value>{
        body.add(body.input(0), body.reshape(body.input(0), {3, 1}))};
  });
  Result<std::string> text = network.text();
  ASSERT_FALSE(bool(text));
  EXPECT_EQ(text.error().message(),
            "the operands of an element by element operation have different "
            "shapes");

  Network unknown("unknown");
  unknown.objective("hinge");
  text = unknown.text();
  ASSERT_FALSE(bool(text));
  EXPECT_EQ(text.error().message(),
            "unknown objective 'hinge', expected gaussian, laplace, "
            "categorical or bernoulli");
}

TEST(Network, VerifiersJudgeTheWhole) {
  Network network("empty");
  Result<std::string> text = network.text();
  ASSERT_FALSE(bool(text));
  EXPECT_NE(text.error().message().find("modular.network"), std::string::npos)
      << text.error().message();
}

TEST(Network, SyntaxErrorsHaveAPlace) {
  auto network = Network::parse("modular.network", "mine.mlir");
  ASSERT_FALSE(bool(network));
  EXPECT_EQ(network.error().message().substr(0, 10), "mine.mlir:");
}

} // namespace
