//===- NetworkState.h - What a network's builder owns -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The context, the module and the first error of a network that is being
// built: shared by the builder and the JIT, hidden from their public headers.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_NETWORKSTATE_H
#define MODC_FRONTEND_NETWORKSTATE_H

#include "frontend/Compiler.h"
#include "frontend/Network.h"

#include "dialect/ModularOps.h"

namespace modc {
namespace api {

struct Network::State {
  Compiler compiler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Null for a network that was parsed.
  NetworkOp network;
  mlir::FloatType element;
  /// The phase that the module is in: after `Network` for tests of lowerings.
  Phase phase = Phase::Network;
  /// The first mistake of the builder's caller.
  std::string error;

  /// The module, checked; its owner stays the state.
  Result<mlir::ModuleOp> verified();
  void fail(const std::string &message) {
    if (error.empty())
      error = message;
  }
};

} // namespace api
} // namespace modc

#endif // MODC_FRONTEND_NETWORKSTATE_H
