//===- KernelTimesTest.cpp - How long kernels take ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prints the times that docs/gpu.md has, beside kernels of one invocation a row
// or an element. Only where it is asked for:
//
//   modc-kernel-tests --gtest_also_run_disabled_tests --gtest_filter='*Times*'
//
//===----------------------------------------------------------------------===//

#include "Groups.h"
#include "KernelFixture.h"
#include "passes/gpu/kernels/ChainKernel.h"
#include "passes/gpu/kernels/GradientKernel.h"
#include "passes/gpu/kernels/PlanKernel.h"

#include <cstdio>

using namespace modc;
using mlir::Value;
using mlir::ValueRange;

namespace {

class DISABLED_KernelTimes : public KernelRuns {
protected:
  // The layer takes time.
  DISABLED_KernelTimes() { options.validate = false; }

  /// Runs the launches five times after a first one and prints the shortest and
  /// the longest time from the first one's begin to the last one's end.
  void measure(const std::string &what, CommandList commands,
               double flops = 0) {
    auto recording = device->record(std::move(commands), /*timed=*/true);
    ASSERT_TRUE(recording) << recording.error().message();
    double least = 1e30, most = 0;
    for (int round = 0; round < 6; ++round) {
      ASSERT_TRUE(device->submit(**recording));
      auto times = device->times(**recording);
      ASSERT_TRUE(times) << times.error().message();
      double taken = double(times->back().end - times->front().begin) * 1e-3;
      if (round == 0)
        continue;
      least = std::min(least, taken);
      most = std::max(most, taken);
    }
    std::printf("%-44s %9.0f .. %9.0f us", what.c_str(), least, most);
    if (flops)
      std::printf("  %5.2f GFLOP/s", flops / least * 1e-3);
    std::printf("\n");
  }

  template <typename T>
  DeviceRange fill(size_t count) {
    return put(std::vector<T>(count));
  }
};

std::vector<int32_t> drawMembers(size_t rows, int64_t members) {
  std::mt19937 random(1);
  std::vector<int32_t> choice(rows);
  for (int32_t &member : choice)
    member = int32_t(random() % unsigned(members));
  return choice;
}

/// A counting sort by one invocation.
void sortAlone(DeviceBuilder &b, const PlanBuffers &plan) {
  using Values = DeviceBuilder::Values;
  Value zero = b.index(0), rows = b.toIndex(plan.rowCount);
  Value next = b.shared(plan.members(), b.getI32Type());
  Value members = b.index(plan.members());
  auto advance = [&](Value m) {
    Value old = b.load(next, m);
    b.store(b.add(old, b.integer(1)), next, m);
    return old;
  };
  b.loop(zero, members, 1, [&](Value m) { b.store(b.integer(0), next, m); });
  b.loop(zero, rows, 1,
         [&](Value r) { advance(b.loadIndex(plan.selection, {r, zero})); });
  Value end =
      b.loop(zero, members, 1, b.integer(0), [&](Value m, ValueRange sum) {
        Value count = b.load(next, m);
        b.store(sum[0], next, m);
        b.store(sum[0], plan.offsets, m);
        return Values{b.add(sum[0], count)};
      })[0];
  b.store(end, plan.offsets, members);
  b.loop(zero, rows, 1, [&](Value r) {
    Value at = advance(b.loadIndex(plan.selection, {r, zero}));
    b.store(b.toInteger(r), plan.rows, b.toIndex(at));
    b.store(at, plan.position, {r, zero});
  });
}

TEST_F(DISABLED_KernelTimes, Plans) {
  for (int64_t members : {8, 1024}) {
    std::vector<BufferType> buffers = {{kRead, 'i', {-1, 1}},
                                       {kReadWrite, 'i', {members + 1}},
                                       {kWrite, 'i', {-1}},
                                       {kWrite, 'i', {-1, 1}},
                                       {kReadWrite, 'i', {-1, members}}};
    std::vector<std::shared_ptr<const Kernel>> kernels;
    for (int step = 0; step < 5; ++step)
      kernels.push_back(load(
          BuiltKernel("plan" + std::to_string(step), buffers, 1,
                      step ? getPlanThreads(members) : 1,
                      [&](DeviceBuilder &b, ValueRange in, ValueRange words) {
                        PlanBuffers plan;
                        plan.selection = in[0];
                        plan.rowCount = words[0];
                        plan.offsets = in[1];
                        plan.rows = in[2];
                        plan.position = in[3];
                        switch (step) {
                        case 0:
                          return sortAlone(b, plan);
                        case 1:
                          return buildPlan(b, plan);
                        case 2:
                          return buildPlanCounts(b, plan, in[4]);
                        case 3:
                          return buildPlanOffsets(b, plan, in[4]);
                        default:
                          return buildPlanPositions(b, plan, in[4]);
                        }
                      })));
    for (size_t rows : {32, 320, 4096, 40960}) {
      int64_t blocks = int64_t(rows + kPlanBlock - 1) / kPlanBlock;
      std::vector<DeviceRange> in = {put(drawMembers(rows, members)),
                                     fill<int32_t>(size_t(members) + 1),
                                     fill<int32_t>(rows), fill<int32_t>(rows),
                                     fill<int32_t>(size_t(blocks * members))};
      auto launch = [&](size_t step, int64_t groups) {
        return LaunchCommand{
            kernels[step], {groups, 1, 1}, in, {uint32_t(rows)}, ""};
      };
      std::string what = "plan, " + std::to_string(rows) + " rows, " +
                         std::to_string(members) + " members, ";
      measure(what + "one invocation", {launch(0, 1)});
      measure(what + "one group", {launch(1, 1)});
      measure(what + "three launches",
              {launch(2, blocks), launch(3, 1), launch(4, blocks)});
    }
  }
}

struct Shape {
  int64_t rows, members, depth, width;
};

/// The member of a position, by one invocation.
Value findMember(DeviceBuilder &b, Value offsets, Value position) {
  Value member = b.index(0);
  int64_t members = sizeOf(offsets, 0) - 1;
  for (int64_t m = 1; m < members; ++m) {
    Value first = b.loadIndex(offsets, b.index(m));
    member = b.select(b.less(position, first), member, b.index(m));
  }
  return member;
}

/// The positions of one invocation of a group of 64, and all columns.
void multiplyAlone(DeviceBuilder &b, ValueRange in, Value rows, bool elements) {
  using Values = DeviceBuilder::Values;
  int64_t depth = sizeOf(in[0], 1), width = sizeOf(in[5], 1);
  Value number = b.add(b.mul(b.group(), 64), b.thread());
  Value position = elements ? b.div(number, width) : number;
  b.when(b.less(position, b.toIndex(rows)), [&] {
    Value m = findMember(b, in[3], position);
    Value row = b.loadIndex(in[4], position);
    auto multiply = [&](Value j) {
      Value sum =
          b.loop(b.index(0), b.index(depth), 1, b.load(in[2], {m, j}),
                 [&](Value k, ValueRange carried) {
                   return Values{b.fma(b.load(in[0], {row, k}),
                                       b.load(in[1], {m, k, j}), carried[0])};
                 })[0];
      b.store(sum, in[5], {row, j});
    };
    if (elements)
      return multiply(b.rem(number, width));
    b.loop(b.index(0), b.index(width), 1, multiply);
  });
}

TEST_F(DISABLED_KernelTimes, Products) {
  for (Shape s : {Shape{512, 8, 784, 64}, Shape{512, 8, 64, 64},
                  Shape{320, 64, 96, 32}}) {
    std::vector<BufferType> buffers = {
        {kRead, 'f', {-1, s.depth}},
        {kRead, 'f', {s.members, s.depth, s.width}},
        {kRead, 'f', {s.members, s.width}},
        {kRead, 'i', {s.members + 1}},
        {kRead, 'i', {-1}},
        {kWrite, 'f', {-1, s.width}}};
    Groups groups(drawMembers(size_t(s.rows), s.members), s.members);
    std::vector<DeviceRange> in = {
        fill<float>(size_t(s.rows * s.depth)),
        fill<float>(size_t(s.members * s.depth * s.width)),
        fill<float>(size_t(s.members * s.width)),
        put(groups.offsets),
        put(groups.rows),
        fill<float>(size_t(s.rows * s.width))};
    double flops = 2. * double(s.rows * s.depth * s.width);
    auto time = [&](const std::string &what, const BuiltKernel &kernel,
                    std::array<int64_t, 3> grid) {
      measure("product " + std::to_string(s.rows) + "x" +
                  std::to_string(s.depth) + "x" + std::to_string(s.width) +
                  " of " + std::to_string(s.members) + ", " + what,
              {LaunchCommand{load(kernel), grid, in, {uint32_t(s.rows)}, ""}},
              flops);
    };
    for (bool elements : {false, true})
      time(elements ? "an element" : "a row",
           BuiltKernel("alone", buffers, 1, 64,
                       [&](DeviceBuilder &b, ValueRange in, ValueRange words) {
                         multiplyAlone(b, in, words[0], elements);
                       }),
           {(s.rows * (elements ? s.width : 1) + 63) / 64, 1, 1});
    for (bool twice : {false, true})
      for (ProductTile tile : {ProductTile::few(), ProductTile::small(),
                               ProductTile::standard(), ProductTile::large()}) {
        tile.twice = twice;
        time(std::to_string(tile.rows) + "x" + std::to_string(tile.columns) +
                 (twice ? " twice" : ""),
             BuiltKernel("product", buffers, 1, tile.threads(),
                         [&](DeviceBuilder &b, ValueRange in, ValueRange) {
                           ProductBuffers buffers;
                           buffers.x = in[0];
                           buffers.w = in[1];
                           buffers.b = in[2];
                           buffers.offsets = in[3];
                           buffers.operandRows = buffers.resultRows = in[4];
                           buffers.y = in[5];
                           buildProduct(b, buffers, tile);
                         }),
             {getProductTiles(s.rows, s.members, tile),
              (s.width + tile.columns - 1) / tile.columns, 1});
      }
  }
}

TEST_F(DISABLED_KernelTimes, Chains) {
  for (Shape s : {Shape{512, 8, 96, 32}, Shape{512, 64, 48, 48}}) {
    Groups groups(drawMembers(size_t(s.rows), s.members), s.members);
    std::vector<DeviceRange> in = {
        fill<float>(size_t(s.rows * s.depth)),
        fill<float>(size_t(s.members * s.depth * s.width)),
        fill<float>(size_t(s.members * s.width)),
        fill<float>(size_t(s.members * s.width * s.depth)),
        fill<float>(size_t(s.members * s.depth)),
        put(groups.offsets),
        put(groups.rows),
        fill<float>(size_t(s.rows * s.width)),
        fill<float>(size_t(s.rows * s.depth))};
    std::vector<BufferType> buffers = {
        {kRead, 'f', {-1, s.depth}},
        {kRead, 'f', {s.members, s.depth, s.width}},
        {kRead, 'f', {s.members, s.width}},
        {kRead, 'f', {s.members, s.width, s.depth}},
        {kRead, 'f', {s.members, s.depth}},
        {kRead, 'i', {s.members + 1}},
        {kRead, 'i', {-1}},
        {kReadWrite, 'f', {-1, s.width}},
        {kWrite, 'f', {-1, s.depth}}};
    double flops = 4. * double(s.rows * s.depth * s.width);
    std::string what = "chain " + std::to_string(s.rows) + "x" +
                       std::to_string(s.depth) + "x" + std::to_string(s.width) +
                       " of " + std::to_string(s.members);
    for (bool fewRows : {false, true}) {
      ProductTile tile = getChainTile(fewRows);
      BuiltKernel chain("chain", buffers, 0, tile.threads(),
                        [&](DeviceBuilder &b, ValueRange in, ValueRange) {
                          ChainBuffers bound;
                          bound.x = in[0];
                          bound.w = in[1];
                          bound.b = in[2];
                          bound.v = in[3];
                          bound.c = in[4];
                          bound.offsets = in[5];
                          bound.operandRows = bound.resultRows = in[6];
                          bound.y = in[8];
                          bound.hidden = s.width;
                          buildChain(b, bound, tile, {});
                        });
      measure(what + ", tiles of " + std::to_string(tile.rows) + " rows",
              {LaunchCommand{load(chain),
                             {getProductTiles(s.rows, s.members, tile), 1, 1},
                             in,
                             {},
                             ""}},
              flops);
    }
    ProductTile tile = ProductTile::standard();
    CommandList two;
    for (bool second : {false, true}) {
      BuiltKernel product("product", buffers, 0, tile.threads(),
                          [&](DeviceBuilder &b, ValueRange in, ValueRange) {
                            ProductBuffers bound;
                            bound.x = in[second ? 7 : 0];
                            bound.w = in[second ? 3 : 1];
                            bound.b = in[second ? 4 : 2];
                            bound.offsets = in[5];
                            (second ? bound.resultRows : bound.operandRows) =
                                in[6];
                            bound.y = in[second ? 8 : 7];
                            buildProduct(b, bound, tile);
                          });
      int64_t width = second ? s.depth : s.width;
      two.push_back(
          LaunchCommand{load(product),
                        {getProductTiles(s.rows, s.members, tile),
                         (width + tile.columns - 1) / tile.columns, 1},
                        in,
                        {},
                        ""});
    }
    measure(what + ", two products", two, flops);
  }
}

TEST_F(DISABLED_KernelTimes, Gradients) {
  for (Shape s : {Shape{512, 8, 784, 64}, Shape{512, 8, 64, 64},
                  Shape{4096, 1, 64, 10}}) {
    std::vector<BufferType> buffers = {
        {kRead, 'f', {-1, s.depth}},
        {kRead, 'f', {-1, s.width}},
        {kRead, 'i', {s.members + 1}},
        {kRead, 'i', {-1}},
        {kWrite, 'f', {s.members, s.depth, s.width}},
        {kWrite, 'f', {s.members, s.width}}};
    Groups groups(drawMembers(size_t(s.rows), s.members), s.members);
    std::vector<DeviceRange> in = {
        fill<float>(size_t(s.rows * s.depth)),
        fill<float>(size_t(s.rows * s.width)),
        put(groups.offsets),
        put(groups.rows),
        fill<float>(size_t(s.members * s.depth * s.width)),
        fill<float>(size_t(s.members * s.width))};
    double flops = 2. * double(s.rows * s.depth * s.width);
    auto time = [&](const std::string &what, const BuiltKernel &kernel,
                    int64_t grid) {
      measure("gradient " + std::to_string(s.rows) + "x" +
                  std::to_string(s.depth) + "x" + std::to_string(s.width) +
                  " of " + std::to_string(s.members) + ", " + what,
              {LaunchCommand{load(kernel), {grid, 1, 1}, in, {}, ""}}, flops);
    };
    // An invocation an element of dW, without db.
    time("an element",
         BuiltKernel("alone", buffers, 0, 64,
                     [&](DeviceBuilder &b, ValueRange in, ValueRange) {
                       Value number = b.add(b.mul(b.group(), 64), b.thread());
                       Value j = b.rem(number, s.width);
                       Value k = b.rem(b.div(number, s.width), s.depth);
                       Value m = b.div(number, s.width * s.depth);
                       b.when(b.less(m, s.members), [&] {
                         Value sum = b.loop(
                             b.loadIndex(in[2], m),
                             b.loadIndex(in[2], b.add(m, 1)), 1, b.real(0),
                             [&](Value p, ValueRange carried) {
                               Value row = b.loadIndex(in[3], p);
                               return DeviceBuilder::Values{
                                   b.fma(b.load(in[0], {row, k}),
                                         b.load(in[1], {row, j}), carried[0])};
                             })[0];
                         b.store(sum, in[4], {m, k, j});
                       });
                     }),
         (s.members * s.depth * s.width + 63) / 64);
    for (GradientTile tile : {GradientTile::small(), GradientTile::large()}) {
      int64_t count = 0;
      BuiltKernel kernel("gradient", buffers, 0, tile.threads(),
                         [&](DeviceBuilder &b, ValueRange in, ValueRange) {
                           GradientPiece piece;
                           piece.x = in[0];
                           piece.g = in[1];
                           piece.offsets = in[2];
                           piece.operandRows = piece.resultRows = in[3];
                           piece.dw = in[4];
                           piece.db = in[5];
                           count = getGradientGroups(piece, tile);
                           buildGradients(b, piece, tile);
                         });
      time(std::to_string(tile.rows) + "x" + std::to_string(tile.columns),
           kernel, count);
    }
  }
}

} // namespace
