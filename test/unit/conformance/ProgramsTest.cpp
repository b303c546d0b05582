//===- ProgramsTest.cpp - Every program on a device -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Examples, and what none of them has: many groups, many parameters.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace modc;

namespace {

class Programs : public testing::TestWithParam<const char *> {};

/// An example, or a network that is there for this test.
std::string pathOf(std::string name) {
  std::string example = MODC_EXAMPLES "/" + name + ".mlir";
  return std::filesystem::exists(example)
             ? example
             : MODC_CONFORMANCE_INPUTS "/" + name + ".mlir";
}

/// All programs of a network, for these numbers of points.
void compareAll(const std::string &path, std::vector<int64_t> points) {
  auto model = compile(path);
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  Comparison comparison(model, device);
  for (int64_t n : points)
    ASSERT_NO_FATAL_FAILURE(comparison.runAll(n, 3));
  for (const std::string &message : device->takeMessages())
    ADD_FAILURE() << message;
}

void compareText(const std::string &text, std::vector<int64_t> points) {
  std::string path =
      testing::TempDir() + "/modc-shared-" + std::to_string(getpid()) + ".mlir";
  std::ofstream(path) << text;
  compareAll(path, std::move(points));
  std::filesystem::remove(path);
}

TEST_P(Programs, AgreeWithTheProcessor) {
  compareAll(pathOf(GetParam()), {1, 37});
}

TEST(Gradients, OfAnyFormAgreeWithTheProcessor) {
  compareAll(MODC_CONFORMANCE_INPUTS "/gradients.mlir", {1, 37});
}

/// A network of other tests, in the type that devices compute in: bodies that
/// compute with what belongs to the point or to all, so that gradients of
/// members are by points; four rows a point, picks that count once.
TEST(SharedOperands, AgreeWithTheProcessor) {
  std::ifstream source(MODC_TEST_NETWORKS "/shared.mlir");
  std::string text((std::istreambuf_iterator<char>(source)), {});
  ASSERT_FALSE(text.empty());
  for (size_t at; (at = text.find("f64")) != std::string::npos;)
    text.replace(at, 3, "f32");
  compareText(text, {1, 37});
}

/// More for each point and member than positions leave in memory.
TEST(SharedOperands, OfManyElementsAgree) {
  compareText(R"mlir(
modular.network @tables {
  modular.module @look(%x: tensor<?x40xf32>, shared %table: tensor<40x32xf32>) -> tensor<?x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<32x4xf32>
    %v = modular.linear %table, %w : tensor<40x32xf32>, tensor<32x4xf32> -> tensor<40x4xf32>
    %y = modular.linear %x, %v : tensor<?x40xf32>, tensor<40x4xf32> -> tensor<?x4xf32>
    modular.yield %y : tensor<?x4xf32>
  }
  modular.pool @lookers [@look x 2]
  modular.controller @router(%x: tensor<?x40xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<40x2xf32>
    %s = modular.linear %x, %w : tensor<?x40xf32>, tensor<40x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2x40xf32>, %base: tensor<?x40x3xf32>) -> tensor<?x8xf32> {
    %zero = arith.constant 0 : index
    %points = tensor.dim %x, %zero : tensor<?x2x40xf32>
    %mix = modular.parameter "mix" init(glorot_uniform) : tensor<3x32xf32>
    %tables = modular.linear %base, %mix : tensor<?x40x3xf32>, tensor<3x32xf32> -> tensor<?x40x32xf32>
    %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x2x40xf32> into tensor<?x40xf32>
    %y = modular.layer @lookers(%rows : tensor<?x40xf32> shared %tables : tensor<?x40x32xf32>)
        by @router(%rows : tensor<?x40xf32>) choose 1 compose sum rows 2 -> tensor<?x4xf32>
    %parts = tensor.expand_shape %y [[0, 1], [2]] output_shape [%points, 2, 4] : tensor<?x4xf32> into tensor<?x2x4xf32>
    %flat = modular.reshape %parts : tensor<?x2x4xf32> -> tensor<?x8xf32>
    modular.output %flat : tensor<?x8xf32>
  }
  modular.objective gaussian(sigma = 1.0)
})mlir",
              {1, 3});
}

/// All candidates of the first layer agree, some of the second; between and
/// behind them are layers wide enough for tiles.
TEST(Candidates, ShareTilesOfWideLayers) {
  compareText(R"mlir(
modular.network @wide {
  modular.module @widen(%x: tensor<?x5xf32>) -> tensor<?x70xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<5x70xf32>
    %y = modular.linear %x, %w : tensor<?x5xf32>, tensor<5x70xf32> -> tensor<?x70xf32>
    modular.yield %y : tensor<?x70xf32>
  }
  modular.module @mix(%x: tensor<?x70xf32>) -> tensor<?x70xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<70x70xf32>
    %y = modular.linear %x, %w : tensor<?x70xf32>, tensor<70x70xf32> -> tensor<?x70xf32>
    %r = modular.relu %y : tensor<?x70xf32>
    modular.yield %r : tensor<?x70xf32>
  }
  modular.module @narrow(%x: tensor<?x70xf32>) -> tensor<?x3xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<70x3xf32>
    %y = modular.linear %x, %w : tensor<?x70xf32>, tensor<70x3xf32> -> tensor<?x3xf32>
    modular.yield %y : tensor<?x3xf32>
  }
  modular.pool @one [@widen x 1]
  modular.pool @two [@mix x 2]
  modular.controller @first(%x: tensor<?x5xf32>) -> tensor<?x1x1xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<5x1xf32>
    %s = modular.linear %x, %w : tensor<?x5xf32>, tensor<5x1xf32> -> tensor<?x1xf32>
    %r = modular.reshape %s : tensor<?x1xf32> -> tensor<?x1x1xf32>
    modular.yield %r : tensor<?x1x1xf32>
  }
  modular.controller @second(%x: tensor<?x70xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<70x2xf32>
    %s = modular.linear %x, %w : tensor<?x70xf32>, tensor<70x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x5xf32>) -> tensor<?x3xf32> {
    %h = modular.layer @one(%x : tensor<?x5xf32>) by @first(%x : tensor<?x5xf32>)
        choose 1 compose sum -> tensor<?x70xf32>
    %m = modular.apply @mix as "between"(%h) : (tensor<?x70xf32>) -> tensor<?x70xf32>
    %g = modular.layer @two(%m : tensor<?x70xf32>) by @second(%m : tensor<?x70xf32>)
        choose 1 compose sum -> tensor<?x70xf32>
    %y = modular.apply @narrow as "behind"(%g) : (tensor<?x70xf32>) -> tensor<?x3xf32>
    modular.output %y : tensor<?x3xf32>
  }
  modular.objective gaussian(sigma = 1.0)
})mlir",
              {1, 37});
}

/// 4, 6 for each modular layer, one more where it picks several members, and 3
/// for each other layer with parameters; 8 for each step of a recurrence.
TEST(Launches, OfAStepAreFew) {
  struct Bar {
    const char *name;
    size_t launches;
  };
  for (Bar bar : {Bar{"toy", 10}, Bar{"fashion-mnist", 13},
                  Bar{"fashion-mnist-mixed", 13}, Bar{"mnist", 19},
                  Bar{"fashion-mnist-recurrent", 28 * 8 + 6}}) {
    auto model = compile(std::string(MODC_EXAMPLES "/") + bar.name + ".mlir",
                         {"train_step"});
    ASSERT_TRUE(model);
    const Signature &signature = model->signature();
    int step = signature.findProgram("train_step");
    ASSERT_GE(step, 0);
    ASSERT_EQ(signature.devices.size(), 1u);
    const auto &program = signature.devices[0].programs[size_t(step)];
    ASSERT_TRUE(program.has_value());
    EXPECT_LE(program->launches.size(), bar.launches) << bar.name;
  }
}

/// Where the rows between them fit shared memory.
TEST(Launches, OfTwoLayersAreOne) {
  auto model = compile(MODC_CONFORMANCE_INPUTS "/two-layers.mlir", {"infer"});
  ASSERT_TRUE(model);
  const Signature &signature = model->signature();
  const auto &program =
      signature.devices[0].programs[size_t(signature.findProgram("infer"))];
  ASSERT_TRUE(program.has_value());
  size_t ofPool = 0;
  for (const DeviceLaunch &launch : program->launches)
    ofPool += launch.label.find("grouped") != std::string::npos;
  EXPECT_EQ(ofPool, 1u);
}

/// lavapipe would give a wrong number.
TEST(Launches, OfTooManyRoundsAreRefused) {
  auto model =
      compile(MODC_CONFORMANCE_INPUTS "/wide-softmax.mlir", {"init", "infer"});
  auto device = lavapipe();
  ASSERT_TRUE(model && device);
  if (device->info().limits.rounds == 0)
    GTEST_SKIP() << device->info().label() << " has no limit of rounds";
  SessionOptions options;
  options.device = device;
  auto session = Session::create(model, options);
  ASSERT_TRUE(bool(session)) << session.error().message();
  ASSERT_TRUE(bool((*session)->init(1)));
  int number = model->signature().findProgram("infer");
  Buffers buffers(model->signature().programs[size_t(number)], 1, 1);
  Status status =
      (*session)->call(number, buffers.list.data(), buffers.list.size(), 1, 1,
                       nullptr, 0, nullptr, 0);
  ASSERT_FALSE(bool(status));
  EXPECT_NE(status.error().message().find(
                "rounds of loops in an invocation, the device has at most"),
            std::string::npos)
      << status.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Examples, Programs,
    testing::Values("toy", "fashion-mnist", "mnist", "pasted-gated",
                    "pasted-convolution", "pasted-layer-norm",
                    "fashion-mnist-plain", "attention-heads",
                    "fashion-mnist-mixed", "fashion-mnist-recurrent"),
    [](const auto &info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

} // namespace
