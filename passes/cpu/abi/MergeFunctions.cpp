//===- MergeFunctions.cpp - Keep one of several equal functions -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-merge-functions: programs of one network run the same tasks, which
// outlining has made a function for each. Fewer functions compile faster and
// share the instruction cache.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_MERGEFUNCTIONSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// Whether nobody outside of the module can name `op`.
bool isInternal(Operation *op) {
  if (auto function = dyn_cast<func::FuncOp>(op))
    return function.isPrivate() && !function.isExternal();
  if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op))
    return function.getLinkage() == LLVM::Linkage::Internal &&
           !function.isExternal();
  return false;
}

/// The attributes of a function but its name.
DictionaryAttr attributesOf(Operation *function) {
  NamedAttrList attributes(function->getAttrDictionary());
  attributes.erase(SymbolTable::getSymbolAttrName());
  return attributes.getDictionary(function->getContext());
}

/// Equal for equal functions.
llvm::hash_code hashOf(Operation *function) {
  llvm::hash_code hash =
      llvm::hash_combine(function->getName(), attributesOf(function));
  function->getRegion(0).walk([&](Operation *op) {
    hash = llvm::hash_combine(hash, op->getName(), op->getAttrDictionary(),
                              op->getNumOperands(),
                              llvm::hash_combine_range(op->result_type_begin(),
                                                       op->result_type_end()));
  });
  return hash;
}

bool areEqual(Operation *left, Operation *right) {
  return left->getName() == right->getName() &&
         attributesOf(left) == attributesOf(right) &&
         OperationEquivalence::isRegionEquivalentTo(
             &left->getRegion(0), &right->getRegion(0),
             OperationEquivalence::IgnoreLocations);
}

struct MergeFunctionsPass
    : modc::impl::MergeFunctionsPassBase<MergeFunctionsPass> {
  using MergeFunctionsPassBase::MergeFunctionsPassBase;

  void runOnOperation() override {
    shared.clear();
    // Functions that call equal functions are equal once those are one.
    while (mergeOnce())
      ;
    renameShared();
  }

private:
  /// The program that a function was made for: "infer" of "infer.relu".
  static StringRef programOf(Operation *function) {
    return SymbolTable::getSymbolName(function).getValue().split('.').first;
  }

  /// A function of several programs has the name of none.
  void renameShared() {
    DenseMap<StringAttr, StringAttr> renamed;
    DenseSet<StringAttr> taken;
    for (Operation &op : *getOperation().getBody())
      if (auto name = SymbolTable::getSymbolName(&op))
        taken.insert(name);
    for (Operation *function : shared) {
      StringAttr name = SymbolTable::getSymbolName(function);
      auto rest = StringAttr::get(&getContext(),
                                  name.getValue().split('.').second);
      if (rest.empty() || !taken.insert(rest).second)
        continue;
      renamed[name] = rest;
      SymbolTable::setSymbolName(function, rest);
    }
    replaceNames(renamed);
  }

  void replaceNames(const DenseMap<StringAttr, StringAttr> &renamed) {
    if (renamed.empty())
      return;
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](FlatSymbolRefAttr reference) -> Attribute {
      StringAttr name = renamed.lookup(reference.getAttr());
      return name ? FlatSymbolRefAttr::get(name) : reference;
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/false);
  }

  bool mergeOnce() {
    // What no code refers to is looked up by name: `infer_workspace`.
    DenseSet<StringAttr> used;
    AttrTypeWalker walker;
    walker.addWalk(
        [&](FlatSymbolRefAttr reference) { used.insert(reference.getAttr()); });
    getOperation()->walk(
        [&](Operation *op) { walker.walk(op->getAttrDictionary()); });

    DenseMap<size_t, SmallVector<Operation *>> known;
    DenseMap<StringAttr, StringAttr> renamed;
    for (Operation &op : llvm::make_early_inc_range(
             getOperation().getBody()->getOperations())) {
      if (!isInternal(&op) || !used.contains(SymbolTable::getSymbolName(&op)))
        continue;
      SmallVector<Operation *> &candidates = known[hashOf(&op)];
      auto *same = llvm::find_if(candidates, [&](Operation *candidate) {
        return areEqual(candidate, &op);
      });
      if (same == candidates.end()) {
        candidates.push_back(&op);
        continue;
      }
      renamed[SymbolTable::getSymbolName(&op)] =
          SymbolTable::getSymbolName(*same);
      if (programOf(*same) != programOf(&op))
        shared.insert(*same);
      shared.remove(&op);
      op.erase();
      ++numMerged;
    }
    replaceNames(renamed);
    return !renamed.empty();
  }

  /// Functions that were one in several programs each, in their order.
  SetVector<Operation *> shared;
};

} // namespace
