//===- WorkspaceTable.cpp - What a workspace holds ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads formulas back from the ops that compute them: what is printed is what
// runs.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/WorkspaceTable.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "passes/OpNames.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

/// The operator that an op stands for, or empty.
static StringRef operatorOf(Operation *op) {
  return TypeSwitch<Operation *, StringRef>(op)
      .Case<arith::AddIOp, LLVM::SAddWithOverflowOp>([](auto) { return "+"; })
      .Case<arith::MulIOp, LLVM::SMulWithOverflowOp>([](auto) { return "*"; })
      .Case<arith::SubIOp>([](auto) { return "-"; })
      .Case<arith::DivSIOp>([](auto) { return "/"; })
      .Case<arith::CeilDivSIOp>([](auto) { return "ceil"; })
      .Case<arith::RemSIOp>([](auto) { return "%"; })
      .Case<arith::MaxSIOp>([](auto) { return "max"; })
      .Case<arith::MinSIOp>([](auto) { return "min"; })
      .Default([](Operation *) { return ""; });
}

static bool append(Value value, std::string &text) {
  // No formula that people read is as long.
  constexpr size_t longest = 1000;
  auto add = [&](StringRef token) {
    text += text.empty() ? "" : " ";
    text += token;
    return text.size() < longest;
  };
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return add(std::to_string(number.getSExtValue()));
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getArgNumber() < 2 &&
           add(argument.getArgNumber() == 0 ? "N" : "S");
  Operation *op = value.getDefiningOp();
  // A sum or product beside whether it overflowed.
  if (auto extract = dyn_cast<LLVM::ExtractValueOp>(op))
    op = extract.getContainer().getDefiningOp();
  StringRef name = op ? operatorOf(op) : "";
  return !name.empty() && append(op->getOperand(0), text) &&
         append(op->getOperand(1), text) && add(name);
}

std::string modc::formulaOf(Value value) {
  std::string text;
  return append(value, text) ? text : std::string();
}

llvm::json::Value modc::describeTemporary(memref::AllocOp alloc, Value bytes) {
  std::string type;
  llvm::raw_string_ostream out(type);
  for (int64_t size : alloc.getType().getShape())
    if (ShapedType::isDynamic(size))
      out << "?x";
    else
      out << size << 'x';
  out << alloc.getType().getElementType();
  return llvm::json::Array{opNameOf(alloc.getLoc()), type, formulaOf(bytes)};
}
