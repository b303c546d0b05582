//===- ToyModel.h - A model written by hand ---------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The toy regression network (two affine modules, one linear controller,
// gaussian objective, Adam) as plain C++ behind the model interface. It stands
// in for compiled code, independently of the compiler.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_RUNTIME_TOYMODEL_H
#define MODC_TEST_UNIT_RUNTIME_TOYMODEL_H

#include "runtime/Artefact.h"
#include "runtime/Session.h"

#include <memory>
#include <string>

namespace modc {

/// Offsets of the toy's parameters in its arena, in floats: the two members'
/// weights [2, 2] (in, out) and biases [2], then the controller's.
namespace toy {
inline constexpr int kWeight = 0, kBias = 16, kRouterWeight = 32,
                     kRouterBias = 48, kFloats = 64;
} // namespace toy

std::string toySignature();
const modc_model *toyEntry(int64_t abi, uint64_t features);
std::shared_ptr<const Model> toyModel();
std::unique_ptr<Session> toySession(int64_t workers = 1);

} // namespace modc

#endif // MODC_TEST_UNIT_RUNTIME_TOYMODEL_H
