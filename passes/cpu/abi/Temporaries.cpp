//===- Temporaries.cpp - Which temporaries share memory -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Live ranges are intervals of the ops of one block; what happens inside a
// nested serial loop belongs to the loop as a whole. Slots are coloured
// greedily in the order of the program, equal types first.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/Temporaries.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace modc;

namespace {

/// Walks one block and what is nested in it, in order.
class Collector {
public:
  Collector(Temporaries &arena, Block &block,
            const BufferViewFlowAnalysis &aliases)
      : arena(arena), block(block), aliases(aliases) {
    for (Operation &op : block)
      positions[&op] = positions.size();
  }

  LogicalResult run() {
    for (Operation &op : block)
      if (failed(visit(&op, positions[&op])))
        return failure();
    return success();
  }

private:
  LogicalResult visit(Operation *op, unsigned position) {
    auto parallel = dyn_cast<scf::ParallelOp>(op);
    if (parallel && !arena.loop)
      return addWorkers(parallel, position);
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return addTemporary(alloc, position);
    for (Region &region : op->getRegions())
      for (Block &nested : region)
        for (Operation &child : nested)
          if (failed(visit(&child, position)))
            return failure();
    return success();
  }

  LogicalResult addWorkers(scf::ParallelOp loop, unsigned position) {
    auto workers = Temporaries::collect(*loop.getBody(), aliases, loop);
    if (failed(workers))
      return failure();
    if ((*workers)->items.empty())
      return success();
    Temporaries::Item item;
    item.workers = std::move(*workers);
    item.first = item.last = position;
    arena.items.push_back(std::move(item));
    return success();
  }

  LogicalResult addTemporary(memref::AllocOp alloc, unsigned position) {
    if (!alloc.getType().getLayout().isIdentity() ||
        alloc.getAlignment().value_or(64) > 64)
      return alloc.emitError("a temporary needs the identity layout and an "
                             "alignment of at most 64 bytes");
    Temporaries::Item item;
    item.alloc = alloc;
    item.first = item.last = position;
    for (Value alias : aliases.resolve(alloc)) {
      if (isCarried(alias, alloc))
        return alloc.emitError("a loop carries this temporary from one "
                               "iteration to the next, so that it has no "
                               "fixed place");
      for (Operation *user : alias.getUsers())
        if (Operation *top = block.findAncestorOpInBlock(*user))
          if (!isa<memref::DeallocOp>(user))
            item.last = std::max(item.last, positions.lookup(top));
    }
    arena.items.push_back(std::move(item));
    return success();
  }

  /// True if an alias of a temporary is a value that a loop around the
  /// temporary carries between iterations: one piece of memory is not enough.
  static bool isCarried(Value alias, memref::AllocOp alloc) {
    Operation *owner = alias.getDefiningOp();
    if (!owner)
      owner = alias.getParentBlock()->getParentOp();
    return isa<LoopLikeOpInterface>(owner) && owner->isProperAncestor(alloc);
  }

  Temporaries &arena;
  Block &block;
  const BufferViewFlowAnalysis &aliases;
  DenseMap<Operation *, unsigned> positions;
};

/// True if the two have the same type and the same dynamic sizes.
bool sameSize(const Temporaries::Item &a, const Temporaries::Item &b) {
  if (!a.alloc || !b.alloc)
    return false;
  memref::AllocOp first = a.alloc, second = b.alloc;
  return first.getType() == second.getType() &&
         llvm::equal(first.getDynamicSizes(), second.getDynamicSizes());
}

} // namespace

FailureOr<std::unique_ptr<Temporaries>>
Temporaries::collect(Block &block, const BufferViewFlowAnalysis &aliases,
                     scf::ParallelOp loop) {
  auto arena = std::make_unique<Temporaries>();
  arena->loop = loop;
  if (failed(Collector(*arena, block, aliases).run()))
    return failure();
  arena->assignSlots();
  return std::move(arena);
}

// Sharing never costs memory, as max(a, b) <= a + b; a slot whose last user had
// the same size costs none at all, so that such a one is taken first.
void Temporaries::assignSlots() {
  std::vector<Item *> lastOf;
  for (Item &item : items) {
    std::optional<unsigned> found;
    for (unsigned slot = 0; slot < lastOf.size(); ++slot) {
      if (lastOf[slot]->last >= item.first)
        continue;
      bool same = sameSize(*lastOf[slot], item);
      if (!found || same)
        found = slot;
      if (same)
        break;
    }
    if (!found) {
      found = lastOf.size();
      lastOf.push_back(nullptr);
    }
    item.slot = *found;
    lastOf[*found] = &item;
  }
  slots = lastOf.size();
}
