//===- DistinctKernelTest.cpp - Distinct rows on a device -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The numbers of distinct rows equal those of a loop with a map, exactly.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/DistinctKernel.h"
#include "KernelFixture.h"

#include <map>

using namespace modc;

namespace {

enum Step { Match, Number, Index };

BuiltKernel makeDistinct(int64_t keys, bool parents, Step step) {
  // Each launch has the buffers that it needs: `same` and `number` are read
  // where they are not written.
  Access same = step == Match ? kWrite : kRead;
  Access number = step == Match ? kWrite : step == Number ? kReadWrite : kRead;
  Access counts = step == Match ? kWrite : kRead;
  std::vector<BufferType> buffers = {
      {kRead, 'i', {-1, keys}}, {kRead, 'i', {-1}},  {same, 'i', {-1}},
      {number, 'i', {-1}},      {kWrite, 'i', {-1}}, {kWrite, 'i', {-1}},
      {kWrite, 'i', {1}},       {counts, 'i', {-1}}};
  return BuiltKernel(
      "distinct_" + std::to_string(keys) + (parents ? "_of_" : "_") +
          std::to_string(step),
      buffers, 2, kDistinctThreads,
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        DistinctBuffers rows{in[0],    parents ? in[1] : mlir::Value(),
                             words[0], words[1],
                             in[2],    in[3],
                             in[4],    in[5],
                             in[6]};
        switch (step) {
        case Match:
          return buildDistinctMatch(b, rows, in[7]);
        case Number:
          return buildDistinctNumber(b, rows, in[7]);
        case Index:
          return buildDistinctIndex(b, rows);
        }
      });
}

class DistinctKernelRuns : public KernelRuns {
protected:
  /// `parents`: some points share a parent, and rows stand in any order.
  void check(int64_t width, bool parents) {
    std::vector<std::shared_ptr<const Kernel>> kernels;
    for (Step step : {Match, Number, Index})
      kernels.push_back(load(makeDistinct(width, parents, step)));
    struct Case {
      size_t points, candidates;
      unsigned members;
    };
    std::mt19937 random(3);
    for (Case now :
         {Case{0, 4, 2}, Case{1, 1, 2}, Case{31, 1, 1}, Case{33, 10, 10},
          Case{320, 10, 8}, Case{7, 64, 2}, Case{1500, 12, 3}}) {
      size_t rows = now.points * now.candidates;
      std::vector<int32_t> keys(rows * size_t(width)), parent(rows);
      for (int32_t &key : keys)
        key = int32_t(random() % now.members);
      for (size_t r = 0; r < rows; ++r)
        parent[r] = int32_t(parents ? random() % now.points : r % now.points);
      std::map<std::vector<int32_t>, int32_t> numbers;
      std::vector<int32_t> index, first;
      for (size_t r = 0; r < rows; ++r) {
        auto begin = keys.begin() + int64_t(r) * width;
        std::vector<int32_t> row(begin, begin + width);
        row.push_back(parent[r]);
        auto [at, isNew] = numbers.try_emplace(row, int32_t(first.size()));
        if (isNew)
          first.push_back(int32_t(r));
        index.push_back(at->second);
      }
      // More groups than rows need, as where the count of rows has a bound.
      int64_t groups = int64_t(rows) / kDistinctThreads + 2;
      std::vector<int32_t> junk(rows, -7);
      std::vector<DeviceRange> in = {
          put(keys),
          put(parent),
          put(junk),
          put(junk),
          put(junk),
          put(junk),
          put(std::vector<int32_t>{-7}),
          put(std::vector<int32_t>(size_t(groups), -7))};
      CommandList commands;
      for (const auto &kernel : kernels)
        commands.push_back(
            LaunchCommand{kernel,
                          {groups, 1, 1},
                          in,
                          {uint32_t(rows), parents ? 1 : uint32_t(now.points)},
                          ""});
      run(commands);
      SCOPED_TRACE(std::to_string(rows) + " rows");
      EXPECT_EQ(get<int32_t>(in[6], 1)[0], int32_t(first.size()));
      EXPECT_EQ(get<int32_t>(in[4], rows), index);
      EXPECT_EQ(get<int32_t>(in[5], first.size()), first);
    }
  }
};

TEST_F(DistinctKernelRuns, NumbersCandidatesOfPoints) {
  for (int64_t keys : {1, 2, 3})
    check(keys, false);
}

TEST_F(DistinctKernelRuns, NumbersRowsOfParents) { check(2, true); }

TEST(DistinctKernel, AssemblesWithoutSpills) {
  for (Step step : {Match, Number, Index})
    makeDistinct(2, true, step).checkPtx();
}

} // namespace
