//===- toy_network.h - The toy network, built in C++ ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What examples/toy.mlir says in text, said with the builder: the two give the
// same network, and a test compares them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_EXAMPLES_CPP_TOY_NETWORK_H
#define MODC_EXAMPLES_CPP_TOY_NETWORK_H

#include "frontend/Network.h"

/// Two affine modules and a linear controller that chooses one of them.
inline modc::api::Network toyNetwork() {
  using namespace modc::api;
  Network network("toy");
  network.module("affine", {{2}}, [](Body &body) {
    return std::vector<Value>{body.linear(body.input(0), 2)};
  });
  network.pool("experts", {{"affine", 2}});
  network.controller("router", {{2}}, [](Body &body) {
    Value scores = body.linear(body.input(0), 2);
    return std::vector<Value>{body.reshape(scores, {1, 2})};
  });
  network.graph({{"x", {2}}}, [](Body &body) {
    Layer layer;
    layer.pool = "experts";
    layer.inputs = {body.input(0)};
    layer.controller = "router";
    layer.controllerInputs = {body.input(0)};
    return std::vector<Value>{body.layer(layer)};
  });
  network.objective("gaussian", 1.0);
  network.optimizer("adam");
  return network;
}

#endif // MODC_EXAMPLES_CPP_TOY_NETWORK_H
