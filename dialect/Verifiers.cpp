//===- Verifiers.cpp - Pieces of the verifiers ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the verifiers of several ops have in common.
//
//===----------------------------------------------------------------------===//

#include "dialect/Verifiers.h"

using namespace mlir;
using namespace modc;

bool modc::isName(StringRef name, bool dots) {
  return !name.empty() && llvm::all_of(name, [&](char c) {
    return llvm::isAlnum(c) || c == '_' || c == '-' || (dots && c == '.');
  });
}

bool modc::hasRows(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() >= 1 && tensor.isDynamicDim(0);
}

NetworkOp modc::getNetwork(Operation *op) {
  return op->getParentOfType<NetworkOp>();
}

/// "1 result", "2 results".
static std::string count(size_t n, StringRef what) {
  return (Twine(n) + " " + what + (n == 1 ? "" : "s")).str();
}

LogicalResult modc::verifyTypes(Operation *op, StringRef what, TypeRange mine,
                                Operation *other, StringRef otherName,
                                TypeRange theirs) {
  auto note = [&](InFlightDiagnostic &error) {
    if (other)
      error.attachNote(other->getLoc()) << otherName << " is here";
  };
  if (mine.size() != theirs.size()) {
    InFlightDiagnostic error = op->emitOpError("has ")
                               << count(mine.size(), what) << " but "
                               << otherName << " has " << theirs.size();
    note(error);
    return error;
  }
  for (auto [index, left, right] : llvm::enumerate(mine, theirs)) {
    if (left == right)
      continue;
    InFlightDiagnostic error = op->emitOpError("has ")
                               << what << ' ' << index << " of type " << left
                               << " but that of " << otherName << " is "
                               << right;
    note(error);
    return error;
  }
  return success();
}

LogicalResult modc::verifySignature(Operation *op, Block &body,
                                    FunctionType type, ArrayAttr names,
                                    StringRef terminator) {
  if (failed(verifyTypes(op, "region argument", body.getArgumentTypes(),
                         nullptr, "its type", type.getInputs())))
    return failure();
  if (names.size() != type.getNumInputs())
    return op->emitOpError("has ") << count(type.getNumInputs(), "input")
                                   << " but " << count(names.size(), "name");
  Operation *last = body.getTerminator();
  if (last->getName().getStringRef() != terminator)
    return op->emitOpError("must end with '")
           << terminator << "', not '" << last->getName() << "'";
  return verifyTypes(last, "value", last->getOperandTypes(), op,
                     "the result list", type.getResults());
}
