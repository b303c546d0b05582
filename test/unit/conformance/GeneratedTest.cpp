//===- GeneratedTest.cpp - Networks of many groups and parameters ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What no example has, as text: all programs on a device and the processor.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

using namespace modc;

namespace {

void expectAgreement(std::shared_ptr<const Model> model,
                     std::shared_ptr<Device> device) {
  Comparison comparison(model, device);
  for (int64_t n : {1, 37})
    ASSERT_NO_FATAL_FAILURE(comparison.runAll(n, 3));
  for (const std::string &message : device->takeMessages())
    ADD_FAILURE() << message;
}

/// One of `members` affine modules for each point, and their controller.
std::string poolOf(int64_t members) {
  const std::string m = std::to_string(members);
  return R"(modular.network @groups {
  modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<2xf32>
    %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.pool @experts [@affine x )" +
         m + R"(]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x)" +
         m + R"(xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x)" +
         m + R"(xf32>
    %s = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x)" +
         m + R"(xf32> -> tensor<?x)" + m + R"(xf32>
    %scores = modular.reshape %s : tensor<?x)" +
         m + R"(xf32> -> tensor<?x1x)" + m + R"(xf32>
    modular.yield %scores : tensor<?x1x)" +
         m + R"(xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
})";
}

/// Layers one after another, of two parameters each.
std::string chainOf(int64_t layers) {
  std::string text = R"(modular.network @parameters {
  modular.module @dense(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<4x4xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<4xf32>
    %y = modular.linear %x, %w, %b : tensor<?x4xf32>, tensor<4x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  modular.graph(%h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
)";
  for (int64_t i = 0; i < layers; ++i)
    text += "    %h" + std::to_string(i + 1) +
            " = modular.apply @dense as \"d" + std::to_string(i) + "\"(%h" +
            std::to_string(i) + ") : (tensor<?x4xf32>) -> tensor<?x4xf32>\n";
  return text + "    modular.output %h" + std::to_string(layers) +
         R"( : tensor<?x4xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
})";
}

/// Members and controllers have a flag and a number of steps each.
TEST(Generated, OfManyGroups) {
  auto device = lavapipe();
  ASSERT_TRUE(device);
  for (int64_t members : {65, 1024}) {
    SCOPED_TRACE(std::to_string(members) + " members");
    auto model = compileText(
        poolOf(members), "groups",
        {"init", "infer", "e_step", "m_step", "update", "train_step"});
    ASSERT_TRUE(model);
    expectAgreement(model, device);
  }
}

/// More gradients than a launch has buffers, whose norm is clipped.
TEST(Generated, OfManyParameters) {
  auto model = compileText(chainOf(17), "parameters",
                           {"init", "infer", "m_step", "update", "train_step"});
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  expectAgreement(model, device);
}

} // namespace
