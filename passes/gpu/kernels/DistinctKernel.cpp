//===- DistinctKernel.cpp - Distinct rows on a device ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each row looks for the first one like it among the candidates of its point,
// which are few. What the groups then exchange goes from launch to launch.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/DistinctKernel.h"

using namespace mlir;
using namespace modc;

namespace {

struct DistinctBuilder {
  DeviceBuilder &b;
  const DistinctBuffers &rows;
  Value rowCount = b.toIndex(rows.rowCount);
  Value thread = b.thread(), group = b.group();
  Value row = b.add(b.mul(group, kDistinctThreads), thread);
  Value exists = b.less(row, rowCount);

  /// The first row that agrees with this one, as i32.
  Value findSame() {
    Value stride = b.toIndex(rows.stride);
    Value own = b.toInteger(row);
    SmallVector<Value> keys;
    for (int64_t p = 0; p < sizeOf(rows.keys, 1); ++p)
      keys.push_back(b.load(rows.keys, {row, b.index(p)}));
    Value parent = rows.parent ? b.load(rows.parent, row) : Value();
    Value start = arith::RemUIOp::create(b, row, stride);
    return b.loop(start, row, stride, own, [&](Value other, ValueRange found) {
      Value same = b.equal(found[0], own);
      if (parent)
        same = b.both(same, b.equal(b.load(rows.parent, other), parent));
      for (auto [p, key] : llvm::enumerate(keys))
        same =
            b.both(same, b.equal(b.load(rows.keys, {other, b.index(p)}), key));
      return DeviceBuilder::Values{
          b.select(same, b.toInteger(other), found[0])};
    })[0];
  }

  void match(Value counts) {
    Value scratch = b.shared(kDistinctThreads, b.getI32Type());
    auto search = scf::IfOp::create(b, b.getI32Type(), exists, true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(search.thenBlock());
      Value same = findSame();
      b.store(same, rows.same, row);
      scf::YieldOp::create(b, b.count(b.equal(same, b.toInteger(row))));
      b.setInsertionPointToStart(search.elseBlock());
      scf::YieldOp::create(b, b.integer(0));
    }
    DeviceBuilder::Sums firsts =
        b.scan(search.getResult(0), kDistinctThreads, scratch);
    // The rank in the group, until the numbers of earlier groups are known.
    b.when(exists, [&] { b.store(firsts.before, rows.number, row); });
    b.when(b.equal(thread, b.index(0)),
           [&] { b.store(firsts.all, counts, group); });
  }

  void number(Value counts) {
    Value scratch = b.shared(kDistinctThreads, b.getI32Type());
    // All rows' groups and no other: a launch may have more of them.
    Value groups =
        b.div(b.add(rowCount, kDistinctThreads - 1), kDistinctThreads);
    // The groups before this one; the first one also counts all.
    Value isFirst = b.equal(group, b.index(0));
    Value last = b.select(isFirst, groups, b.min(group, groups));
    Value own =
        b.loop(thread, last, kDistinctThreads, b.integer(0),
               [&](Value i, ValueRange sum) {
                 return DeviceBuilder::Values{b.add(sum[0], b.load(counts, i))};
               })[0];
    Value sum = b.scan(own, kDistinctThreads, scratch).all;
    b.when(b.both(isFirst, b.equal(thread, b.index(0))),
           [&] { b.store(sum, rows.count, b.index(0)); });
    Value before = b.select(isFirst, b.integer(0), sum);
    b.when(exists, [&] {
      Value own = b.toInteger(row);
      b.when(b.equal(b.load(rows.same, row), own), [&] {
        Value number = b.add(before, b.load(rows.number, row));
        b.store(number, rows.number, row);
        b.store(own, rows.first, b.toIndex(number));
      });
    });
  }

  void writeIndex() {
    b.when(exists, [&] {
      Value same = b.loadIndex(rows.same, row);
      b.store(b.load(rows.number, same), rows.index, row);
    });
  }
};

} // namespace

void modc::buildDistinctMatch(DeviceBuilder &b, const DistinctBuffers &rows,
                              Value counts) {
  DistinctBuilder{b, rows}.match(counts);
}

void modc::buildDistinctNumber(DeviceBuilder &b, const DistinctBuffers &rows,
                               Value counts) {
  DistinctBuilder{b, rows}.number(counts);
}

void modc::buildDistinctIndex(DeviceBuilder &b, const DistinctBuffers &rows) {
  DistinctBuilder{b, rows}.writeIndex();
}
