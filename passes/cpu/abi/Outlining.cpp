//===- Outlining.cpp - Code that moves into a function --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the values that an op uses from outside, tells which buffers among
// them cannot overlap, and builds the function around the op.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/Outlining.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/OpNames.h"

using namespace mlir;
using namespace modc;

/// The buffer that a value is a view of: a function's argument, or a view of
/// the workspace. Null where that is not known.
static Value rootOf(Value value) {
  while (true) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return isa<func::FuncOp>(argument.getOwner()->getParentOp()) ? value
                                                                   : Value();
    Operation *op = value.getDefiningOp();
    // Temporaries that are live at one time do not overlap.
    if (isa<memref::ViewOp>(op))
      return value;
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    if (!view)
      return Value();
    value = view.getViewSource();
  }
}

Captures::Captures(Operation *op) : op(op) {
  SetVector<Value> used;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, used);
  used.insert(op->operand_begin(), op->operand_end());
  DenseMap<Value, unsigned> uses;
  for (Value value : used) {
    Operation *maker = value.getDefiningOp();
    if (maker && (matchPattern(maker, m_Constant()) ||
                  isa<memref::GetGlobalOp>(maker))) {
      constants.push_back(value);
      continue;
    }
    values.push_back(value);
    if (isa<MemRefType>(value.getType()))
      ++uses[rootOf(value)];
  }
  for (Value value : values) {
    Value root = isa<MemRefType>(value.getType()) ? rootOf(value) : Value();
    // A buffer of unknown origin may be any of the others.
    distinct.push_back(root && uses[root] == 1 && !uses.contains(Value()));
  }
}

LogicalResult Captures::partTypes(const MemRefParts &parts) {
  for (auto [value, alone] : llvm::zip_equal(values, distinct)) {
    auto ofValue = parts.types(value.getType());
    if (failed(ofValue))
      return op->emitError("uses a value of type ")
             << value.getType() << ", which cannot be handed to a function";
    llvm::append_range(types, *ofValue);
    noAlias.push_back(alone);
    noAlias.append(ofValue->size() - 1, false);
  }
  return success();
}

SmallVector<Value> Captures::split(OpBuilder &builder, Location loc,
                                   const MemRefParts &parts) const {
  SmallVector<Value> result;
  for (Value value : values)
    llvm::append_range(result, parts.split(builder, loc, value));
  return result;
}

func::FuncOp Captures::buildFunction(Operation *place, StringRef name,
                                     ArrayRef<Type> extra,
                                     const MemRefParts &parts,
                                     IRMapping &mapping) const {
  Location loc = op->getLoc();
  OpBuilder builder(place->getContext());
  builder.setInsertionPointAfter(place);
  SmallVector<Type> inputs(types);
  llvm::append_range(inputs, extra);
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(inputs, {}));
  function.setPrivate();
  for (auto [i, alone] : llvm::enumerate(noAlias))
    if (alone)
      function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                          builder.getUnitAttr());
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (Value constant : constants)
    builder.clone(*constant.getDefiningOp(), mapping);
  ValueRange arguments(entry->getArguments());
  for (Value value : values)
    mapping.map(value, parts.join(builder, loc, value.getType(), arguments));
  return function;
}

FunctionNames::FunctionNames(ModuleOp module) {
  for (Operation &op : *module.getBody())
    if (auto name = SymbolTable::getSymbolName(&op))
      taken[name.getValue()] = 0;
}

std::string FunctionNames::get(func::FuncOp program, Location loc,
                               StringRef kind) {
  StringRef part = opNameOf(loc);
  std::string base =
      joinNames(program.getName(), part.empty() ? kind : part);
  if (taken.try_emplace(base, 0).second)
    return base;
  std::string name;
  do
    name = base + "." + std::to_string(++taken[base]);
  while (!taken.try_emplace(name, 0).second);
  return name;
}

void modc::keepApart(func::FuncOp function) {
  Builder builder(function->getContext());
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
}
