//===- BodyTest.cpp - What the builder can say ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Networks that are built hold what the same text holds: scans, gates, shared
// operands, rows of points, regions of objectives and update rules. One is
// compiled and trained.
//
//===----------------------------------------------------------------------===//

#include "frontend/Jit.h"
#include "frontend/Network.h"

#include "gtest/gtest.h"

using namespace modc;
using namespace modc::api;

namespace {

using Values = std::vector<Value>;

void expectText(const Network &network, const char *text) {
  Result<std::string> built = network.text();
  ASSERT_TRUE(bool(built)) << built.error().message();
  auto parsed = Network::parse(text);
  ASSERT_TRUE(bool(parsed)) << parsed.error().message();
  Result<std::string> read = parsed->text();
  ASSERT_TRUE(bool(read)) << read.error().message();
  EXPECT_EQ(*built, *read);
}

void expectError(const Network &network, const char *message) {
  Result<std::string> text = network.text();
  ASSERT_FALSE(bool(text));
  EXPECT_EQ(text.error().message(), message);
}

//===----------------------------------------------------------------------===//
// Attention: shared operands, rows of points, soft gates
//===----------------------------------------------------------------------===//

Network attention() {
  Network network("attention");
  network.module("head", {{8}}, {{6, 4}, {6, 4}}, [](Body &body) {
    Value query = body.parameter("query", {8, 4});
    Value output = body.parameter("output", {4, 8});
    Value scaled = body.multiply(body.input(1), body.constant({6, 4}, 0.5));
    Value q = body.linear(body.input(0), query);
    Value scores = body.linear(q, body.transpose(scaled));
    Value read = body.linear(body.softmax(scores), body.input(2));
    return Values{body.linear(read, output)};
  });
  network.pool("heads", {{"head", 4}});
  network.controller("router", {{8}}, [](Body &body) {
    return Values{body.reshape(body.linear(body.input(0), 8), {2, 4})};
  });
  network.graph({{"x", {6, 8}}}, [](Body &body) {
    Value keys = body.linear(body.input(0), body.parameter("key", {8, 4}));
    Value tokens = body.joinRows(body.input(0));
    Layer layer;
    layer.pool = "heads";
    layer.inputs = {tokens};
    layer.shared = {keys, keys};
    layer.controller = "router";
    layer.controllerInputs = {tokens};
    layer.choose = 2;
    layer.compose = "gated";
    layer.gate = "soft";
    layer.rowsPerPoint = 6;
    layer.name = "attention";
    Value sum = body.add(tokens, body.layer(layer));
    Value flat = body.reshape(body.splitRows(sum, 6), {48});
    return Values{body.linear(flat, 3)};
  });
  network.objective("categorical");
  network.optimizer("adam");
  return network;
}

const char *attentionText = R"(
modular.network @attention {
  modular.module @head(%x: tensor<?x8xf32>, shared %shared: tensor<6x4xf32>, shared %shared1: tensor<6x4xf32>) -> tensor<?x8xf32> {
    %query = modular.parameter "query" init(glorot_uniform) : tensor<8x4xf32>
    %output = modular.parameter "output" init(glorot_uniform) : tensor<4x8xf32>
    %half = arith.constant dense<0.5> : tensor<6x4xf32>
    %scaled = arith.mulf %shared, %half : tensor<6x4xf32>
    %q = modular.linear %x, %query : tensor<?x8xf32>, tensor<8x4xf32> -> tensor<?x4xf32>
    %empty = tensor.empty() : tensor<4x6xf32>
    %kt = linalg.transpose ins(%scaled : tensor<6x4xf32>) outs(%empty : tensor<4x6xf32>) permutation = [1, 0]
    %s = modular.linear %q, %kt : tensor<?x4xf32>, tensor<4x6xf32> -> tensor<?x6xf32>
    %a = modular.softmax %s : tensor<?x6xf32>
    %r = modular.linear %a, %shared1 : tensor<?x6xf32>, tensor<6x4xf32> -> tensor<?x4xf32>
    %y = modular.linear %r, %output : tensor<?x4xf32>, tensor<4x8xf32> -> tensor<?x8xf32>
    modular.yield %y : tensor<?x8xf32>
  }
  modular.pool @heads [@head x 4]
  modular.controller @router(%x: tensor<?x8xf32>) -> tensor<?x2x4xf32> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<8x8xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<8xf32>
    %s = modular.linear %x, %w, %b : tensor<?x8xf32>, tensor<8x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
    %r = modular.reshape %s : tensor<?x8xf32> -> tensor<?x2x4xf32>
    modular.yield %r : tensor<?x2x4xf32>
  }
  modular.graph(%x: tensor<?x6x8xf32>) -> tensor<?x3xf32> {
    %key = modular.parameter "key" init(glorot_uniform) : tensor<8x4xf32>
    %k = modular.linear %x, %key : tensor<?x6x8xf32>, tensor<8x4xf32> -> tensor<?x6x4xf32>
    %t = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x6x8xf32> into tensor<?x8xf32>
    %h = modular.layer @heads(%t : tensor<?x8xf32> shared %k : tensor<?x6x4xf32>, %k : tensor<?x6x4xf32>)
        by @router(%t : tensor<?x8xf32>) choose 2 compose gated gate soft rows 6 name "attention" -> tensor<?x8xf32>
    %sum = arith.addf %t, %h : tensor<?x8xf32>
    %zero = arith.constant 0 : index
    %six = arith.constant 6 : index
    %n = tensor.dim %sum, %zero : tensor<?x8xf32>
    %points = arith.divui %n, %six : index
    %e = tensor.expand_shape %sum [[0, 1], [2]] output_shape [%points, 6, 8] : tensor<?x8xf32> into tensor<?x6x8xf32>
    %f = modular.reshape %e : tensor<?x6x8xf32> -> tensor<?x48xf32>
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<48x3xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<3xf32>
    %y = modular.linear %f, %w, %b : tensor<?x48xf32>, tensor<48x3xf32>, tensor<3xf32> -> tensor<?x3xf32>
    modular.output %y : tensor<?x3xf32>
  }
  modular.objective categorical
  modular.optimizer adam
}
)";

TEST(Body, BuildsAttention) { expectText(attention(), attentionText); }

//===----------------------------------------------------------------------===//
// A recurrence: scan, several results, states, regions
//===----------------------------------------------------------------------===//

/// Cells with two results in a scan, an objective and an update rule as regions.
Network recurrent() {
  Network network("recurrent");
  network.module("cell", {{2}, {3}}, [](Body &body) {
    Value mean = body.parameter("mean", {2}, {"zeros", {}}, Kind::State);
    Value u = body.parameter("u", {2, 3}, {"normal", {0.0, 0.3}}, Kind::Frozen);
    Value w = body.parameter("w", {3, 3});
    Value x = body.linear(body.input(0), u);
    Value h = body.tanh(body.add(x, body.linear(body.input(1), w)));
    (void)mean;
    return Values{h, body.sigmoid(h)};
  });
  network.pool("cells", {{"cell", 2}});
  network.controller("router", {{3}}, [](Body &body) {
    Value scores = body.linear(body.input(0), body.parameter("w", {3, 2}));
    return Values{body.reshape(scores, {1, 2})};
  });
  network.graph({{"xs", {4, 2}}, {"h0", {3}}}, [](Body &body) {
    Values results = body.scan(
        {body.input(1)}, {body.input(0)},
        [](Body &step, const Values &carried, const Values &elements) {
          Layer layer;
          layer.pool = "cells";
          layer.inputs = {elements[0], carried[0]};
          layer.controller = "router";
          layer.controllerInputs = {carried[0]};
          layer.compose = "gated";
          layer.gate = "fixed";
          layer.gates = {0.5};
          Values both = step.layerResults(layer);
          return both.size() == 2 ? both : Values{};
        });
    return Values{results.at(0)};
  });
  network.objective({{"target", {3}}}, [](Body &body) {
    Value error = body.subtract(body.input(0), body.input(1));
    return Values{body.sum(body.multiply(error, body.subtract(
                                                    body.input(1),
                                                    body.input(0))))};
  });
  network.optimizer(1, [](Body &rule) {
    // Momentum: v ← 0.9·v + g, p − lr·v.
    Value v = rule.add(rule.multiply(rule.number(0.9), rule.input(4)),
                       rule.input(1));
    return Values{rule.subtract(rule.input(0), rule.multiply(rule.input(2), v)),
                  v};
  });
  return network;
}

const char *recurrentText = R"(
modular.network @recurrent {
  modular.module @cell(%x: tensor<?x2xf32>, %x1: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
    %m = modular.parameter "mean" init(zeros) state : tensor<2xf32>
    %u = modular.parameter "u" init(normal(0.0, 0.3)) frozen : tensor<2x3xf32>
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x3xf32>
    %0 = modular.linear %x, %u : tensor<?x2xf32>, tensor<2x3xf32> -> tensor<?x3xf32>
    %1 = modular.linear %x1, %w : tensor<?x3xf32>, tensor<3x3xf32> -> tensor<?x3xf32>
    %2 = arith.addf %0, %1 : tensor<?x3xf32>
    %h = math.tanh %2 : tensor<?x3xf32>
    %s = modular.sigmoid %h : tensor<?x3xf32>
    modular.yield %h, %s : tensor<?x3xf32>, tensor<?x3xf32>
  }
  modular.pool @cells [@cell x 2]
  modular.controller @router(%x: tensor<?x3xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x2xf32>
    %s = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?x4x2xf32>, %h0: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf32>) over(%xt = %xs : tensor<?x4x2xf32>)
        -> tensor<?x3xf32>, tensor<?x4x3xf32> {
      %hn, %s = modular.layer @cells(%xt : tensor<?x2xf32>, %hp : tensor<?x3xf32>) by @router(%hp : tensor<?x3xf32>)
          choose 1 compose gated gate fixed [0.5] -> tensor<?x3xf32>, tensor<?x3xf32>
      modular.yield %hn, %s : tensor<?x3xf32>, tensor<?x3xf32>
    }
    modular.output %h : tensor<?x3xf32>
  }
  modular.objective(%y: tensor<?x3xf32>, %target: tensor<?x3xf32>) -> tensor<?xf32> {
    %e = arith.subf %y, %target : tensor<?x3xf32>
    %d = arith.subf %target, %y : tensor<?x3xf32>
    %p = arith.mulf %e, %d : tensor<?x3xf32>
    %c0 = arith.constant 0 : index
    %n = tensor.dim %p, %c0 : tensor<?x3xf32>
    %empty = tensor.empty(%n) : tensor<?xf32>
    %zero = arith.constant 0.0 : f32
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
    %l = linalg.reduce ins(%p : tensor<?x3xf32>) outs(%zeros : tensor<?xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %a = arith.addf %in, %init : f32
        linalg.yield %a : f32
      }
    modular.yield %l : tensor<?xf32>
  }
  modular.optimizer(%p: f32, %g: f32, %lr: f32, %step: f32, %s0: f32) {
    %c = arith.constant 0.9 : f32
    %k = arith.mulf %c, %s0 : f32
    %v = arith.addf %k, %g : f32
    %d = arith.mulf %lr, %v : f32
    %n = arith.subf %p, %d : f32
    modular.yield %n, %v : f32, f32
  }
}
)";

TEST(Body, BuildsARecurrence) { expectText(recurrent(), recurrentText); }

TEST(Body, TrainsARecurrence) {
  JitOptions quick;
  quick.optimization = 0;
  auto jit = Jit::compile(recurrent(), quick);
  ASSERT_TRUE(bool(jit)) << jit.error().message();
  EXPECT_NE(jit->signature().find("cells.0.w"), std::string::npos);
  api::Session session(jit->model());
  session.init(3);
  // Point n is to end at (n, -n, 0)/20, whatever stands in its sequence.
  constexpr int64_t points = 10;
  std::vector<float> xs(points * 4 * 2), h0(points * 3), target(points * 3);
  for (int64_t n = 0; n < points; ++n) {
    for (int64_t i = 0; i < 8; ++i)
      xs[n * 8 + i] = float(n) / points;
    h0[n * 3] = 0.1f;
    target[n * 3] = float(n) / 20;
    target[n * 3 + 1] = -float(n) / 20;
  }
  std::vector<float> h(points * 3);
  auto squaredError = [&] {
    session.infer(points, {xs.data(), h0.data()}, {h.data()});
    double sum = 0;
    for (size_t i = 0; i < h.size(); ++i)
      sum += (h[i] - target[i]) * (h[i] - target[i]);
    return sum / points;
  };
  double before = squaredError();
  modc_train_options options = trainOptions();
  options.steps = 300;
  options.batch = points;
  options.samples = 4;
  options.learning_rate = 0.02;
  options.seed = 1;
  session.train(options, points, {xs.data(), h0.data()}, {target.data()});
  double after = squaredError();
  EXPECT_LT(after, before / 4) << before;
}

//===----------------------------------------------------------------------===//
// Mistakes
//===----------------------------------------------------------------------===//

TEST(Body, MistakesAreTold) {
  Network scan("scan");
  scan.graph({{"x", {4, 2}}, {"h", {3}}}, [](Body &body) {
    body.scan({body.input(1)}, {body.input(0)},
              [](Body &, const Values &, const Values &) { return Values{}; });
    return Values{body.input(1)};
  });
  expectError(scan, "a step of a scan gives 0 values, but the scan carries 1");

  Network gate("gate");
  gate.graph({{"x", {2}}}, [](Body &body) {
    Layer layer;
    layer.gate = "open";
    return Values{body.layer(layer)};
  });
  expectError(gate, "a layer has the gate 'open', expected hard, fixed or soft");

  Network early("early");
  early.objective({{"t", {}, true}},
                  [](Body &body) { return Values{body.input(0)}; });
  expectError(early, "an objective is built before the graph, whose outputs it "
                     "takes");

  Network rows("rows");
  rows.module("m", {{2, 3}}, [](Body &body) {
    return Values{body.transpose(body.input(0))};
  });
  expectError(rows, "a transposed tensor has two dimensions and no rows");

  Network two("two");
  two.module("m", {{2}}, [](Body &body) {
    return Values{body.input(0), body.input(0)};
  });
  two.graph({{"x", {2}}}, [](Body &body) {
    return Values{body.apply("m", "head", {body.input(0)})};
  });
  expectError(two, "instance 'head' has 2 results, expected one");

  auto parsed = Network::parse(attentionText);
  ASSERT_TRUE(bool(parsed)) << parsed.error().message();
  parsed->optimizer(0, [](Body &rule) { return Values{rule.input(0)}; });
  expectError(*parsed, "a network that was parsed cannot be built further");
}

} // namespace
