//===- RecurrencesTest.cpp - Networks with scans on a device --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the recurrent example does not have: several carried values, a scan
// backwards over what another one stacks, outputs that are stacked. Kernels
// must not become more with the number of steps.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

using namespace modc;

namespace {

/// A cell with a memory beside its state, chosen at each of `steps` steps; a
/// plain recurrence backwards over its states; a layer on the last of these.
std::string network(int64_t steps) {
  std::string text = R"(
modular.network @memory {
  modular.module @gates(%x: tensor<?x7xf32>) -> tensor<?x16xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<7x16xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<16xf32>
    %y = modular.linear %x, %w, %b : tensor<?x7xf32>, tensor<7x16xf32>, tensor<16xf32> -> tensor<?x16xf32>
    modular.yield %y : tensor<?x16xf32>
  }
  modular.module @affine(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<4x4xf32>
    %y = modular.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  modular.pool @cells [@gates x 3]
  modular.pool @heads [@affine x 2]
  modular.controller @cell_router(%x: tensor<?x7xf32>) -> tensor<?x1x3xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<7x3xf32>
    %s = modular.linear %x, %w : tensor<?x7xf32>, tensor<7x3xf32> -> tensor<?x3xf32>
    %scores = modular.reshape %s : tensor<?x3xf32> -> tensor<?x1x3xf32>
    modular.yield %scores : tensor<?x1x3xf32>
  }
  modular.controller @head_router(%x: tensor<?x4xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<4x2xf32>
    %s = modular.linear %x, %w : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %scores : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?xSTEPSx3xf32>, %h0: tensor<?x4xf32>, %m0: tensor<?x4xf32>) -> tensor<?x4xf32> {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %h0, %c0 : tensor<?x4xf32>
    %h, %m, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x4xf32>, %mp = %m0 : tensor<?x4xf32>)
        over(%x = %xs : tensor<?xSTEPSx3xf32>) -> tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xSTEPSx4xf32> {
      %both = tensor.concat dim(1) %x, %hp : (tensor<?x3xf32>, tensor<?x4xf32>) -> tensor<?x7xf32>
      %gates = modular.layer @cells(%both : tensor<?x7xf32>) by @cell_router(%both : tensor<?x7xf32>)
          choose 1 compose sum -> tensor<?x16xf32>
      %a = tensor.extract_slice %gates[0, 0] [%n, 4] [1, 1] : tensor<?x16xf32> to tensor<?x4xf32>
      %b = tensor.extract_slice %gates[0, 4] [%n, 4] [1, 1] : tensor<?x16xf32> to tensor<?x4xf32>
      %c = tensor.extract_slice %gates[0, 8] [%n, 4] [1, 1] : tensor<?x16xf32> to tensor<?x4xf32>
      %d = tensor.extract_slice %gates[0, 12] [%n, 4] [1, 1] : tensor<?x16xf32> to tensor<?x4xf32>
      %input = modular.sigmoid %a : tensor<?x4xf32>
      %forget = modular.sigmoid %b : tensor<?x4xf32>
      %output = modular.sigmoid %c : tensor<?x4xf32>
      %new = math.tanh %d : tensor<?x4xf32>
      %kept = arith.mulf %forget, %mp : tensor<?x4xf32>
      %added = arith.mulf %input, %new : tensor<?x4xf32>
      %mn = arith.addf %kept, %added : tensor<?x4xf32>
      %squashed = math.tanh %mn : tensor<?x4xf32>
      %hn = arith.mulf %output, %squashed : tensor<?x4xf32>
      modular.yield %hn, %mn, %hn : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
    }
    %back = modular.scan step(%t) carry(%bp = %m : tensor<?x4xf32>) over(%state = %all : tensor<?xSTEPSx4xf32>) reverse
        -> tensor<?x4xf32> {
      %mixed = modular.apply @affine as "back"(%bp) : (tensor<?x4xf32>) -> tensor<?x4xf32>
      %sum = arith.addf %mixed, %state : tensor<?x4xf32>
      %bn = math.tanh %sum : tensor<?x4xf32>
      modular.yield %bn : tensor<?x4xf32>
    }
    %y = modular.layer @heads(%back : tensor<?x4xf32>) by @head_router(%back : tensor<?x4xf32>)
        choose 1 compose sum -> tensor<?x4xf32>
    modular.output %y : tensor<?x4xf32>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer adam
}
)";
  for (size_t at; (at = text.find("STEPS")) != std::string::npos;)
    text.replace(at, 5, std::to_string(steps));
  return text;
}

TEST(Recurrences, AgreeWithTheProcessor) {
  auto model = compileText(network(5), "memory");
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  Comparison comparison(model, device);
  for (int64_t n : {1, 19})
    for (const char *name : {"infer", "forward", "score", "evaluate", "sample",
                             "e_step", "m_step", "update", "train_step",
                             "train_step"}) {
      if (model->signature().findProgram(name) < 0)
        continue;
      ASSERT_NO_FATAL_FAILURE(comparison.run(name, n, 3));
      ASSERT_NO_FATAL_FAILURE(comparison.compareArenas());
    }
  for (const std::string &message : device->takeMessages())
    ADD_FAILURE() << message;
}

/// Steps differ in numbers that launches pass. The plain recurrence is one
/// launch, cut where it has too many buffers.
TEST(Recurrences, HaveTheKernelsOfFewSteps) {
  size_t kernels[2];
  for (int i : {0, 1}) {
    auto model = compileText(network(i ? 12 : 6), "memory", {"train_step"});
    ASSERT_TRUE(model);
    ASSERT_EQ(model->signature().devices.size(), 1u);
    kernels[i] = model->signature().devices[0].kernels.size();
  }
  EXPECT_LE(kernels[1], kernels[0] + 3);
}

} // namespace
