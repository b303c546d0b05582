//===- OrderGlobals.cpp - Constants in the order of their uses ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// modular-order-globals: bufferization makes constants in an order that
// changes from run to run. Named and placed by their first use, the same
// network gives the same bytes.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/Passes.h"

namespace modc {
#define GEN_PASS_DEF_ORDERGLOBALSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

struct OrderGlobalsPass : modc::impl::OrderGlobalsPassBase<OrderGlobalsPass> {
  using OrderGlobalsPassBase::OrderGlobalsPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    // By first use; what is not used goes.
    llvm::MapVector<StringAttr, memref::GlobalOp> used;
    SmallVector<memref::GetGlobalOp> uses;
    getOperation().walk([&](memref::GetGlobalOp use) {
      auto global = symbols.lookup<memref::GlobalOp>(use.getName());
      if (!global || !global.isPrivate())
        return;
      used.insert({global.getSymNameAttr(), global});
      uses.push_back(use);
    });
    DenseMap<StringAttr, StringAttr> names;
    Operation *place = &getOperation().getBody()->front();
    for (auto [number, entry] : llvm::enumerate(used)) {
      names[entry.first] =
          StringAttr::get(&getContext(), "constant" + Twine(number));
      if (place != entry.second)
        entry.second->moveBefore(place);
      else
        place = place->getNextNode();
      ++numOrdered;
    }
    for (memref::GetGlobalOp use : uses)
      use.setName(names.lookup(use.getNameAttr().getAttr()));
    for (auto &[name, global] : used)
      global.setSymNameAttr(names.lookup(name));
  }
};

} // namespace
