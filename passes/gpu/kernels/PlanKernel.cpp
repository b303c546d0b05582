//===- PlanKernel.cpp - Plans on a device ---------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Picks go through in blocks of one an invocation. In a block, each member has
// a set of bits for those who pick it: the rank of a pick is how many bits
// stand before its own, so that the sort is stable without a search.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/PlanKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

/// Of shared memory that every device has.
constexpr int64_t kSharedWords = 16384 / 4;
constexpr int64_t kWordBits = 32;

int64_t modc::getPlanThreads(int64_t members) {
  // A counter and the bits of each member, and a sum an invocation.
  for (int64_t threads : {128, 64, 32})
    if ((1 + threads / kWordBits) * members + threads <= kSharedWords)
      return threads;
  return 0;
}

int64_t modc::getPlanHistogramWidth(const PlanBuffers &plan) {
  bool counted = plan.usage && plan.skips();
  return counted ? 2 * plan.members() : plan.members();
}

namespace {

struct PlanBuilder {
  DeviceBuilder &b;
  const PlanBuffers &plan;
  int64_t choose = plan.choose(), members = plan.members();
  int64_t threads = getPlanThreads(members), words = threads / kWordBits;
  Value rowCount = b.toIndex(plan.rowCount), picks = b.mul(rowCount, choose);
  Value thread = b.thread();
  /// Of each member: picks at first, then its next position.
  Value counters = b.shared(members, b.getI32Type());
  /// Of each member, those of the block who pick it.
  Value bits = b.shared(members * words, b.getI32Type());
  /// Of each member, the picks that name it; null where all of them count. In
  /// the place of the bits, which come later.
  Value usage = plan.usage && plan.skips() ? bits : Value();

  Value blockCount() { return b.div(b.add(picks, kPlanBlock - 1), kPlanBlock); }
  /// The group's first pick, and the one behind its last.
  std::pair<Value, Value> blockOfGroup() {
    Value first = b.mul(b.group(), kPlanBlock);
    return {first, b.min(b.add(first, kPlanBlock), picks)};
  }

  struct Pick {
    Value row, slot, member, operandRow;
    Value counts; ///< null: yes
  };
  Pick loadPick(Value number) {
    Pick pick{b.div(number, choose), b.rem(number, choose), {}, {}, {}};
    Value named = b.load(plan.selection, {pick.row, pick.slot});
    // Never outside of a buffer, whatever a selection holds.
    pick.member = b.clamp(b.toIndex(named), members - 1);
    if (plan.operandRows) {
      pick.operandRow = b.load(plan.operandRows, pick.row);
      pick.counts = arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                          pick.operandRow, b.integer(0));
    }
    if (!plan.once || choose == 1)
      return pick;
    Value repeated = b.loop(
        b.index(0), b.index(choose - 1), 1, b.integer(0),
        [&](Value other, ValueRange seen) {
          Value same =
              b.equal(b.load(plan.selection, {pick.row, other}), named);
          return DeviceBuilder::Values{b.select(
              b.both(b.less(other, pick.slot), same), b.integer(1), seen[0])};
        })[0];
    pick.counts = b.both(pick.counts, b.equal(repeated, b.integer(0)));
    return pick;
  }

  void clear(Value shared, int64_t size) {
    b.each(b.index(size), threads,
           [&](Value i) { b.store(b.integer(0), shared, i); });
  }

  /// Counts the picks in [first, last).
  void count(Value first, Value last) {
    clear(counters, members);
    if (usage)
      clear(usage, members);
    b.barrier();
    b.loop(first, last, threads, [&](Value block) {
      Value number = b.add(block, thread);
      b.when(b.less(number, last), [&] {
        Pick pick = loadPick(number);
        if (usage)
          b.atomicAdd(b.integer(1), usage, pick.member);
        b.when(pick.counts,
               [&] { b.atomicAdd(b.integer(1), counters, pick.member); });
      });
    });
    b.barrier();
  }

  /// Counts become first positions, and offsets.
  Value prefixSum(Value scratch) {
    int64_t share = llvm::divideCeil(members, threads);
    Value first = b.mul(thread, share);
    Value last = b.clamp(b.add(first, share), members);
    Value own =
        b.loop(first, last, 1, b.integer(0), [&](Value m, ValueRange sum) {
          return DeviceBuilder::Values{b.add(sum[0], b.load(counters, m))};
        })[0];
    DeviceBuilder::Sums sums = b.scan(own, threads, scratch);
    b.loop(first, last, 1, sums.before, [&](Value m, ValueRange next) {
      Value count = b.load(counters, m);
      b.store(next[0], counters, m);
      b.store(next[0], plan.offsets, m);
      if (plan.usage)
        b.store(usage ? b.load(usage, m) : count, plan.usage, m);
      return DeviceBuilder::Values{b.add(next[0], count)};
    });
    storeEnd(sums.all);
    b.barrier();
    return sums.all;
  }
  void storeEnd(Value end) {
    b.when(b.equal(thread, b.index(0)),
           [&] { b.store(end, plan.offsets, b.index(members)); });
  }

  /// How many bits of a word are set (Warren 2002, section 5-1).
  Value countBits(Value word) {
    auto mask = [&](Value v, int32_t bits) -> Value {
      return arith::AndIOp::create(b, v, b.integer(bits));
    };
    auto shift = [&](Value v, int32_t by) -> Value {
      return arith::ShRUIOp::create(b, v, b.integer(by));
    };
    word = b.sub(word, mask(shift(word, 1), 0x55555555));
    word = b.add(mask(word, 0x33333333), mask(shift(word, 2), 0x33333333));
    word = mask(b.add(word, shift(word, 4)), 0x0F0F0F0F);
    return shift(
        arith::MulIOp::create(b, word, b.integer(0x01010101)).getResult(), 24);
  }

  /// Gives the picks in [first, last) their positions, from counters that hold
  /// the first one of each member. `end` is the position behind the last one.
  void place(Value first, Value last, Value end) {
    clear(bits, members * words);
    b.barrier();
    Value word = b.div(thread, kWordBits);
    Value ownBit = arith::ShLIOp::create(b, b.integer(1),
                                         b.toInteger(b.rem(thread, kWordBits)));
    // Of each word, the bits of invocations before this one.
    SmallVector<Value> before;
    for (int64_t w = 0; w < words; ++w)
      before.push_back(
          b.select(b.less(word, w), b.integer(0),
                   b.select(b.equal(word, b.index(w)),
                            b.sub(ownBit, b.integer(1)), b.integer(-1))));
    b.loop(first, last, threads, [&](Value block) {
      Value number = b.add(block, thread);
      Value exists = b.less(number, last);
      // The loop runs only if there is a pick.
      Pick pick = loadPick(b.min(number, b.sub(last, b.index(1))));
      Value counts = b.both(exists, pick.counts);
      Value firstWord = b.mul(pick.member, words);
      Value ownWord = b.add(firstWord, word);
      b.when(counts, [&] { b.atomicAdd(ownBit, bits, ownWord); });
      b.barrier();
      Value position = b.load(counters, pick.member);
      for (int64_t w = 0; w < words; ++w) {
        Value set = b.load(bits, b.add(firstWord, w));
        position = b.add(position,
                         countBits(arith::AndIOp::create(b, set, before[w])));
      }
      b.when(counts, [&] {
        Value at = b.toIndex(position);
        b.store(plan.operandRows ? pick.operandRow : b.toInteger(pick.row),
                plan.rows, at);
        if (plan.slots)
          b.store(b.toInteger(pick.slot), plan.slots, at);
      });
      if (pick.counts)
        position = b.select(pick.counts, position, b.integer(-1));
      b.when(exists,
             [&] { b.store(position, plan.position, {pick.row, pick.slot}); });
      if (plan.skips()) {
        Value behind =
            b.both(exists, arith::CmpIOp::create(b, arith::CmpIPredicate::uge,
                                                 b.toInteger(number), end));
        b.when(behind, [&] {
          b.store(b.integer(0), plan.rows, number);
          if (plan.slots)
            b.store(b.integer(0), plan.slots, number);
        });
      }
      b.barrier();
      b.when(counts, [&] {
        b.atomicAdd(b.integer(1), counters, pick.member);
        b.atomicAdd(b.sub(b.integer(0), ownBit), bits, ownWord);
      });
      b.barrier();
    });
  }

  /// Column `m` of a block's row of the histogram becomes the first position
  /// of the block's picks of member m. Each member's blocks are shared out
  /// among `parts` invocations, side by side.
  void scanHistogram(Value histogram, Value scratch) {
    int64_t side = std::min<int64_t>(llvm::PowerOf2Ceil(members), threads);
    int64_t parts = threads / side;
    Value blocks = blockCount();
    Value share = b.div(b.add(blocks, parts - 1), parts);
    Value part = b.rem(thread, parts);
    Value first = b.min(arith::MulIOp::create(b, part, share), blocks);
    Value last = b.min(b.add(first, share), blocks);
    if (plan.usage && !plan.skips())
      clear(counters, members);
    Value end = b.loop(
        b.index(0), b.index(members), side, b.integer(0),
        [&](Value chunk, ValueRange carried) {
          Value m = b.add(chunk, b.div(thread, parts));
          Value exists = members % side ? b.less(m, members) : Value();
          Value column = b.clamp(m, members - 1);
          Value stop = b.select(exists, last, first);
          auto sum = [&](Value block, ValueRange sums) {
            return DeviceBuilder::Values{
                b.add(sums[0], b.load(histogram, {block, column}))};
          };
          Value own = b.loop(first, stop, 1, b.integer(0), sum)[0];
          DeviceBuilder::Sums sums = b.scan(own, threads, scratch);
          Value begin = b.add(carried[0], sums.before);
          b.loop(first, stop, 1, begin, [&](Value block, ValueRange next) {
            Value count = b.load(histogram, {block, column});
            b.store(next[0], histogram, {block, column});
            return DeviceBuilder::Values{b.add(next[0], count)};
          });
          if (plan.usage && !plan.skips())
            b.when(exists, [&] { b.atomicAdd(own, counters, m); });
          b.when(b.both(exists, b.equal(part, b.index(0))),
                 [&] { b.store(begin, plan.offsets, m); });
          return DeviceBuilder::Values{b.add(carried[0], sums.all)};
        })[0];
    storeEnd(end);
  }

  /// From the counters that the scan leaves, and the picks that don't count.
  void storeUsage(Value histogram) {
    b.barrier();
    b.each(b.index(members), threads, [&](Value m) {
      if (!plan.skips())
        return b.store(b.load(counters, m), plan.usage, m);
      Value all = b.loop(b.index(0), blockCount(), 1, b.integer(0),
                         [&](Value block, ValueRange sum) {
                           Value column = b.add(m, members);
                           return DeviceBuilder::Values{b.add(
                               sum[0], b.load(histogram, {block, column}))};
                         })[0];
      b.store(all, plan.usage, m);
    });
  }
};

} // namespace

static PlanBuilder makeBuilder(DeviceBuilder &b, const PlanBuffers &plan) {
  assert(getPlanThreads(plan.members()) && "too many members for a group");
  return {b, plan};
}

void modc::buildPlan(DeviceBuilder &b, const PlanBuffers &plan) {
  PlanBuilder builder = makeBuilder(b, plan);
  Value first = b.index(0);
  builder.count(first, builder.picks);
  Value scratch = b.shared(builder.threads, b.getI32Type());
  Value end = builder.prefixSum(scratch);
  builder.place(first, builder.picks, end);
}

void modc::buildPlanCounts(DeviceBuilder &b, const PlanBuffers &plan,
                           Value histogram) {
  PlanBuilder builder = makeBuilder(b, plan);
  auto [first, last] = builder.blockOfGroup();
  builder.count(first, last);
  Value block = b.group();
  b.each(b.index(builder.members), builder.threads, [&](Value m) {
    b.store(b.load(builder.counters, m), histogram, {block, m});
    if (builder.usage)
      b.store(b.load(builder.usage, m), histogram,
              {block, b.add(m, builder.members)});
  });
}

void modc::buildPlanOffsets(DeviceBuilder &b, const PlanBuffers &plan,
                            Value histogram) {
  PlanBuilder builder = makeBuilder(b, plan);
  Value scratch = b.shared(builder.threads, b.getI32Type());
  builder.scanHistogram(histogram, scratch);
  if (plan.usage)
    builder.storeUsage(histogram);
}

void modc::buildPlanPositions(DeviceBuilder &b, const PlanBuffers &plan,
                              Value histogram) {
  PlanBuilder builder = makeBuilder(b, plan);
  auto [first, last] = builder.blockOfGroup();
  Value block = b.group();
  b.each(b.index(builder.members), builder.threads, [&](Value m) {
    b.store(b.load(histogram, {block, m}), builder.counters, m);
  });
  Value end = b.load(plan.offsets, b.index(builder.members));
  builder.place(first, last, end);
}
