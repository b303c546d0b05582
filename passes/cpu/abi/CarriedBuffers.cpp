//===- CarriedBuffers.cpp - Fixed places for what loops carry -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A new buffer cannot have a fixed place in the workspace if the next
// iteration reads it while it makes the next one. One copy an iteration
// settles it; it is as large as the state of a recurrence.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/CarriedBuffers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace modc;

/// A buffer of the shape of `like`, in front of `before`.
static Value allocateLike(OpBuilder &builder, Location loc, Value like) {
  auto type = cast<MemRefType>(like.getType());
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(memref::DimOp::create(builder, loc, like, i));
  auto plain = MemRefType::get(type.getShape(), type.getElementType());
  return memref::AllocOp::create(builder, loc, plain, sizes);
}

/// The carried values that may be buffers made inside of the loop.
static SmallVector<unsigned>
findCarried(scf::ForOp loop, const BufferViewFlowAnalysis &aliases) {
  SmallVector<unsigned> carried;
  for (auto [i, value] : llvm::enumerate(loop.getYieldedValues())) {
    if (!isa<MemRefType>(value.getType()))
      continue;
    bool made = llvm::any_of(aliases.resolveReverse(value), [&](Value origin) {
      auto alloc = origin.getDefiningOp<memref::AllocOp>();
      return alloc && loop->isProperAncestor(alloc);
    });
    if (made)
      carried.push_back(i);
  }
  return carried;
}

static void pin(scf::ForOp loop, ArrayRef<unsigned> carried) {
  Location loc = loop.getLoc();
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  SmallVector<Value> places, sources;
  for (unsigned i : carried) {
    OpBuilder builder(loop);
    Value init = loop.getInitArgs()[i];
    Value place = allocateLike(builder, loc, init);
    memref::CopyOp::create(builder, loc, init, place);
    Value typed = place;
    if (place.getType() != init.getType())
      typed = memref::CastOp::create(builder, loc, init.getType(), place);
    loop.getInitArgsMutable()[i].assign(typed);
    places.push_back(place);
    sources.push_back(yield.getOperand(i));
    yield->setOperand(i, loop.getRegionIterArg(i));
  }
  OpBuilder builder(yield);
  // Two places may trade their contents: all are read before one is written.
  if (places.size() > 1)
    for (auto [source, place] : llvm::zip_equal(sources, places)) {
      OpBuilder outside(loop);
      Value staged = allocateLike(outside, loc, place);
      memref::CopyOp::create(builder, loc, source, staged);
      source = staged;
    }
  for (auto [source, place] : llvm::zip_equal(sources, places))
    memref::CopyOp::create(builder, loc, source, place);
}

unsigned modc::pinCarriedBuffers(func::FuncOp function) {
  unsigned count = 0;
  // Inner loops first: their results may be what an outer one carries. The
  // analysis covers the whole function, so only loops that carry buffers ask
  // for it: most carry none.
  SmallVector<scf::ForOp> loops;
  function.walk([&](scf::ForOp loop) {
    if (llvm::any_of(loop.getYieldedValues().getTypes(),
                     llvm::IsaPred<MemRefType>))
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops) {
    BufferViewFlowAnalysis aliases(function);
    SmallVector<unsigned> carried = findCarried(loop, aliases);
    if (!carried.empty())
      pin(loop, carried);
    count += carried.size();
  }
  return count;
}
