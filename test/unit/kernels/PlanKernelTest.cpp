//===- PlanKernelTest.cpp - Plans on a device -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans of one group and of three launches equal a loop over members, exactly.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/PlanKernel.h"
#include "KernelFixture.h"

#include <optional>

using namespace modc;

namespace {

struct Kind {
  int64_t members, choose;
  bool once = false, stands = false, slots = true, usage = true;
  /// Two rows of three have no positions.
  bool sparse = false;
  std::string name() const {
    return "plan_" + std::to_string(members) + "_" + std::to_string(choose) +
           (once ? "_once" : "") + (stands ? "_stands" : "") +
           (sparse ? "_sparse" : "");
  }
};

const Kind kKinds[] = {{8, 1},
                       {1, 1},
                       {1, 2, /*once=*/true},
                       {5, 3},
                       {5, 3, /*once=*/true},
                       {33, 2, false, /*stands=*/true, /*slots=*/false},
                       {130, 1, false, true, true, /*usage=*/false},
                       {8, 1, false, true, true, true, /*sparse=*/true},
                       {5, 3, true, true, true, true, /*sparse=*/true},
                       {1024, 2, /*once=*/true},
                       {1024, 1},
                       {2000, 1}};

enum Step { All, Counts, Offsets, Positions };

BuiltKernel makePlan(const Kind &kind, Step step) {
  int64_t m = kind.members, k = kind.choose;
  bool skips = kind.stands || (kind.once && k > 1);
  int64_t width = kind.usage && skips ? 2 * m : m;
  // Unused ones stay bound: a kernel's buffers are numbered.
  std::vector<BufferType> buffers = {
      {kRead, 'i', {-1, k}},      {kRead, 'i', {-1}},
      {kReadWrite, 'i', {m + 1}}, {kWrite, 'i', {-1}},
      {kWrite, 'i', {-1}},        {kWrite, 'i', {-1, k}},
      {kWrite, 'i', {m}},         {kReadWrite, 'i', {-1, width}}};
  return BuiltKernel(
      kind.name() + "_" + std::to_string(step), buffers, 1, getPlanThreads(m),
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        PlanBuffers plan{in[0],
                         words[0],
                         kind.stands ? in[1] : mlir::Value(),
                         in[2],
                         in[3],
                         kind.slots ? in[4] : mlir::Value(),
                         in[5],
                         kind.usage ? in[6] : mlir::Value(),
                         kind.once};
        EXPECT_EQ(getPlanHistogramWidth(plan), width);
        switch (step) {
        case All:
          return buildPlan(b, plan);
        case Counts:
          return buildPlanCounts(b, plan, in[7]);
        case Offsets:
          return buildPlanOffsets(b, plan, in[7]);
        case Positions:
          return buildPlanPositions(b, plan, in[7]);
        }
      });
}

struct Plan {
  std::vector<int32_t> offsets, rows, slots, position, usage;
};

Plan sort(const Kind &kind, const std::vector<int32_t> &selection,
          const std::vector<int32_t> &stands) {
  size_t choose = size_t(kind.choose), picks = selection.size();
  Plan plan{{0},
            std::vector<int32_t>(picks, 0),
            std::vector<int32_t>(picks, 0),
            std::vector<int32_t>(picks, -1),
            {}};
  int32_t next = 0;
  for (int32_t m = 0; m < kind.members; ++m) {
    int32_t named = 0;
    for (size_t p = 0; p < picks; ++p) {
      if (selection[p] != m)
        continue;
      ++named;
      size_t row = p / choose;
      bool repeated = false;
      for (size_t q = row * choose; q < p; ++q)
        repeated |= selection[q] == m;
      if ((kind.once && repeated) || (kind.stands && stands[row] < 0))
        continue;
      plan.rows[size_t(next)] = kind.stands ? stands[row] : int32_t(row);
      plan.slots[size_t(next)] = int32_t(p % choose);
      plan.position[p] = next++;
    }
    plan.offsets.push_back(next);
    plan.usage.push_back(named);
  }
  return plan;
}

class PlanKernelRuns : public KernelRuns {
protected:
  /// Checks all outputs after the launches of `kernels`: one or three.
  void check(const Kind &kind,
             const std::vector<std::shared_ptr<const Kernel>> &kernels,
             const std::vector<int32_t> &selection) {
    size_t picks = selection.size(), rows = picks / size_t(kind.choose);
    std::vector<int32_t> stands(rows);
    for (size_t r = 0; r < rows; ++r)
      stands[r] = kind.sparse && r % 3 ? -1 : int32_t((r * 7 + 3) % (rows + 5));
    Plan wanted = sort(kind, selection, stands);
    std::vector<int32_t> junk(picks, -7);
    int64_t blocks = (int64_t(picks) + kPlanBlock - 1) / kPlanBlock;
    std::vector<DeviceRange> in = {
        put(selection),
        put(stands),
        put(std::vector<int32_t>(size_t(kind.members) + 1, -7)),
        put(junk),
        put(junk),
        put(junk),
        put(std::vector<int32_t>(size_t(kind.members), -7)),
        put(std::vector<int32_t>(size_t(blocks * 2 * kind.members), -7))};
    CommandList commands;
    for (size_t i = 0; i < kernels.size(); ++i)
      commands.push_back(
          LaunchCommand{kernels[i],
                        {kernels.size() == 1 || i == 1 ? 1 : blocks, 1, 1},
                        in,
                        {uint32_t(rows)},
                        ""});
    run(commands);
    SCOPED_TRACE(kind.name() + ", " + std::to_string(rows) + " rows, " +
                 std::to_string(kernels.size()) + " launches");
    EXPECT_EQ(get<int32_t>(in[2], wanted.offsets.size()), wanted.offsets);
    EXPECT_EQ(get<int32_t>(in[3], picks), wanted.rows);
    if (kind.slots)
      EXPECT_EQ(get<int32_t>(in[4], picks), wanted.slots);
    EXPECT_EQ(get<int32_t>(in[5], picks), wanted.position);
    if (kind.usage)
      EXPECT_EQ(get<int32_t>(in[6], wanted.usage.size()), wanted.usage);
  }
};

/// Around words, groups and blocks; members without rows, one with all.
std::vector<std::vector<int32_t>> drawSelections(const Kind &kind, bool many) {
  std::mt19937 random(5);
  std::vector<std::vector<int32_t>> all;
  auto add = [&](size_t rows, auto draw) {
    all.emplace_back(rows * size_t(kind.choose));
    for (int32_t &member : all.back())
      member = int32_t(draw() % unsigned(kind.members));
  };
  for (size_t rows : {0, 1, 31, 33, 128, 317})
    add(rows, [&] { return random(); });
  add(129, [&] { return unsigned(kind.members - 1); });
  add(200, [&] { return random() % 2 ? 0u : unsigned(kind.members - 1); });
  if (many)
    for (size_t rows : {1536, 5001})
      add(rows, [&] { return random() % 64 + random() % 1024; });
  return all;
}

TEST_F(PlanKernelRuns, SortsInOneGroup) {
  for (const Kind &kind : kKinds) {
    auto kernel = load(makePlan(kind, All));
    for (const std::vector<int32_t> &selection : drawSelections(kind, false))
      check(kind, {kernel}, selection);
  }
}

TEST_F(PlanKernelRuns, SortsInThreeLaunches) {
  for (const Kind &kind : kKinds) {
    std::vector<std::shared_ptr<const Kernel>> kernels;
    for (Step step : {Counts, Offsets, Positions})
      kernels.push_back(load(makePlan(kind, step)));
    for (const std::vector<int32_t> &selection : drawSelections(kind, true))
      check(kind, kernels, selection);
  }
}

// A count of rows that an earlier launch has found.
TEST_F(PlanKernelRuns, ReadsTheNumberOfRows) {
  BuiltKernel built(
      "counted",
      {{kRead, 'i', {-1, 1}},
       {kRead, 'i', {1}},
       {kWrite, 'i', {4}},
       {kWrite, 'i', {-1}},
       {kWrite, 'i', {-1, 1}}},
      0, getPlanThreads(3),
      [](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange) {
        PlanBuffers plan;
        plan.selection = in[0];
        plan.rowCount = b.load(in[1], b.index(0));
        plan.offsets = in[2];
        plan.rows = in[3];
        plan.position = in[4];
        buildPlan(b, plan);
      });
  std::vector<int32_t> selection = {2, 0, 2, 1, 0, 1, 1}, junk(7, -7);
  std::vector<DeviceRange> in = {put(selection), put(std::vector<int32_t>{5}),
                                 put(std::vector<int32_t>(4, -7)), put(junk),
                                 put(junk)};
  run({LaunchCommand{load(built), {1, 1, 1}, in, {}, ""}});
  EXPECT_EQ(get<int32_t>(in[2], 4), (std::vector<int32_t>{0, 2, 3, 5}));
  EXPECT_EQ(get<int32_t>(in[3], 7),
            (std::vector<int32_t>{1, 4, 3, 0, 2, -7, -7}));
  EXPECT_EQ(get<int32_t>(in[4], 7),
            (std::vector<int32_t>{3, 0, 4, 2, 1, -7, -7}));
}

TEST(PlanKernel, FitsSharedMemory) {
  EXPECT_EQ(getPlanThreads(8), 128);
  EXPECT_EQ(getPlanThreads(1024), 64);
  EXPECT_EQ(getPlanThreads(2000), 32);
  EXPECT_EQ(getPlanThreads(5000), 0);
}

TEST(PlanKernel, AssemblesWithoutSpills) {
  for (const Kind &kind : {kKinds[0], kKinds[4], kKinds[8], kKinds[9]})
    for (Step step : {All, Counts, Offsets, Positions})
      makePlan(kind, step).checkPtx();
}

} // namespace
