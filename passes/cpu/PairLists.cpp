//===- PairLists.cpp - Distinct pairs, by lists  --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A list starts at `first[parent]`, has `count[parent]` pairs and goes on by
// `next[pair]`. Nothing but counts is initialised, and nothing branches.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/PairLists.h"

using namespace mlir;
using namespace modc;

namespace {
enum { Count, First, Next, Key, Size };
} // namespace

PairLists::State PairLists::create(Value parents, Value pairs) {
  Type i32 = b.getI32Type();
  auto make = [&](Value size) -> Value {
    return tensor::EmptyOp::create(b, ArrayRef<OpFoldResult>{size}, i32);
  };
  return {b.fillInteger(make(parents), 0), make(parents), make(pairs),
          make(pairs), b.integer(i32, 0)};
}

PairLists::Found PairLists::add(State &state, Value parent, Value key) {
  Type i32 = b.getI32Type();
  Value count = b.extract(state[Count], parent);
  Value head = b.extract(state[First], parent);
  SmallVector<Value> search = b.loop(
      b.index(0), b.toIndex(count), {head, b.integer(i32, -1)},
      [&](Value, ValueRange c) {
        Value at = b.toIndex(c[0]);
        Value same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                           b.extract(state[Key], at), key);
        return SmallVector<Value>{b.extract(state[Next], at),
                                  arith::SelectOp::create(b, same, c[0], c[1])};
      });
  Value found = search[1];
  Value isNew = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, found,
                                      b.integer(i32, 0));
  Value one = arith::ExtUIOp::create(b, i32, isNew);
  Value pair = arith::SelectOp::create(b, isNew, state[Size], found);
  // A new pair comes first; another one stays as it is.
  Value at = b.toIndex(pair);
  Value next =
      arith::SelectOp::create(b, isNew, head, b.extract(state[Next], at));
  Value first = arith::SelectOp::create(b, isNew, pair, head);
  state = {b.insert(b.add(count, one), state[Count], parent),
           b.insert(first, state[First], parent),
           b.insert(next, state[Next], at), b.insert(key, state[Key], at),
           b.add(state[Size], one)};
  return {pair, isNew};
}

SmallVector<Value> PairLists::forEach(
    ValueRange state, Value parent, ValueRange inits,
    function_ref<State(Value pair, Value key, ValueRange)> body) {
  SmallVector<Value> carried = {b.extract(state[First], parent)};
  llvm::append_range(carried, inits);
  carried =
      b.loop(b.index(0), b.toIndex(b.extract(state[Count], parent)), carried,
             [&](Value, ValueRange c) {
               Value at = b.toIndex(c[0]);
               SmallVector<Value> results = {b.extract(state[Next], at)};
               llvm::append_range(results, body(at, b.extract(state[Key], at),
                                                c.drop_front()));
               return results;
             });
  carried.erase(carried.begin());
  return carried;
}
