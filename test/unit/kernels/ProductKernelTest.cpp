//===- ProductKernelTest.cpp - Products of rows on a device ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products are within the bound of a chain of f32 sums from loops in f64, and
// have the same bits whatever the tile and the groups.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ProductKernel.h"
#include "Groups.h"
#include "KernelFixture.h"

#include <cmath>

using namespace modc;

namespace {

struct Kind {
  int64_t members; ///< 0: rows without offsets
  int64_t depth, width;
  ProductTile tile = ProductTile::small();
  bool transposed = false;
  bool gathered = false;  ///< x through a plan's rows
  bool scattered = false; ///< y through a plan's rows
  bool bias = true, epilogue = false;
  std::string name() const {
    return "product_" + std::to_string(members) + "_" + std::to_string(depth) +
           "_" + std::to_string(width) + "_" + std::to_string(tile.rows) + "x" +
           std::to_string(tile.columns) + (tile.twice ? "_twice" : "") +
           (transposed ? "_transposed" : "");
  }
};

ProductTile twice(ProductTile tile) {
  tile.twice = true;
  return tile;
}

const ProductTile kFew = ProductTile::few(), kSmall = ProductTile::small(),
                  kStandard = ProductTile::standard(),
                  kLarge = ProductTile::large();

const Kind kKinds[] = {
    {0, 20, 40},
    {0, 7, 5, kStandard, /*transposed=*/true, false, false, /*bias=*/false},
    {0, 64, 10, kLarge, false, true, true, true, /*epilogue=*/true},
    {1, 33, 64, kStandard, false, true, true},
    {3, 20, 40, kSmall, false, true, true, true, true},
    {3, 100, 70, twice(kStandard), false, true, false},
    {3, 70, 100, twice(kLarge), true, false, true, false},
    {8, 64, 96, kLarge, false, true, true},
    {5, 1, 1, kStandard, false, true, true},
    {64, 49, 35, kFew, true, true, true},
    {5, 50, 36, twice(kSmall), true, true, true, true, true},
    {1024, 12, 8, kStandard, false, true, true}};

BuiltKernel makeProduct(const Kind &kind) {
  int64_t m = kind.members, d = kind.depth, h = kind.width;
  std::vector<int64_t> weights = {d, h};
  if (kind.transposed)
    weights = {h, d};
  if (m)
    weights.insert(weights.begin(), m);
  return BuiltKernel(
      kind.name(),
      {{kRead, 'f', {-1, d}},
       {kRead, 'f', weights},
       {kRead, 'f', m ? std::vector<int64_t>{m, h} : std::vector<int64_t>{h}},
       {kRead, 'i', {m + 1}},
       {kRead, 'i', {-1}},
       {kRead, 'f', {-1}},
       {kWrite, 'f', {-1, h}}},
      1, kind.tile.threads(),
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        ProductBuffers buffers;
        buffers.x = in[0];
        buffers.w = in[1];
        if (kind.bias)
          buffers.b = in[2];
        if (m)
          buffers.offsets = in[3];
        else
          buffers.rowCount = words[0];
        if (kind.gathered)
          buffers.operandRows = in[4];
        if (kind.scattered)
          buffers.resultRows = in[4];
        buffers.y = in[6];
        buffers.transposed = kind.transposed;
        if (!kind.epilogue)
          return buildProduct(b, buffers, kind.tile);
        // relu, times a number of the row.
        buildProduct(b, buffers, kind.tile,
                     [&](DeviceBuilder &b, mlir::Value sum,
                         const ProductPlace &place) -> mlir::Value {
                       mlir::Value positive = mlir::arith::CmpFOp::create(
                           b, mlir::arith::CmpFPredicate::OGT, sum, b.real(0));
                       return mlir::arith::MulFOp::create(
                           b, b.select(positive, sum, b.real(0)),
                           b.load(in[5], place.row));
                     });
      });
}

class ProductKernelRuns : public KernelRuns {
protected:
  struct Inputs {
    std::vector<float> x, w, b, gate;
  };
  static Inputs draw(const Kind &kind, size_t rows) {
    std::mt19937 random(11);
    size_t members = size_t(std::max<int64_t>(kind.members, 1));
    size_t d = size_t(kind.depth), h = size_t(kind.width);
    return {drawFloats(random, rows * d), drawFloats(random, members * d * h),
            drawFloats(random, members * h), drawFloats(random, rows)};
  }

  std::vector<float> multiply(const Kind &kind,
                              const std::shared_ptr<const Kernel> &kernel,
                              const Groups &groups, const Inputs &in) {
    size_t rows = groups.rows.size(), h = size_t(kind.width);
    int64_t tiles = getProductTiles(int64_t(rows), kind.members, kind.tile);
    int64_t columns = (kind.width + kind.tile.columns - 1) / kind.tile.columns;
    // A row more, which no position has.
    DeviceRange y = put(std::vector<float>((rows + 1) * h, 77.f));
    run({LaunchCommand{kernel,
                       {tiles, columns, 1},
                       {put(in.x), put(in.w), put(in.b), put(groups.offsets),
                        put(groups.rows), put(in.gate), y},
                       {uint32_t(rows)},
                       ""}});
    std::vector<float> got = get<float>(y, (rows + 1) * h);
    for (size_t j = 0; j < h; ++j)
      EXPECT_EQ(got[rows * h + j], 77.f);
    got.resize(rows * h);
    return got;
  }

  void check(const Kind &kind, const std::shared_ptr<const Kernel> &kernel,
             const Groups &groups) {
    size_t rows = groups.rows.size(), d = size_t(kind.depth),
           h = size_t(kind.width);
    Inputs in = draw(kind, rows);
    std::vector<float> got = multiply(kind, kernel, groups, in);
    double worst = 0;
    for (size_t p = 0; p < rows; ++p) {
      size_t from = kind.gathered ? size_t(groups.rows[p]) : p;
      size_t to = kind.scattered ? size_t(groups.rows[p]) : p;
      size_t m = kind.members ? groups.memberOf(p) : 0;
      for (size_t j = 0; j < h; ++j) {
        double sum = kind.bias ? in.b[m * h + j] : 0, size = std::fabs(sum);
        for (size_t k = 0; k < d; ++k) {
          size_t at = kind.transposed ? j * d + k : k * h + j;
          double part = double(in.x[from * d + k]) * in.w[m * d * h + at];
          sum += part;
          size += std::fabs(part);
        }
        // Each term goes through a product and up to d sums.
        double bound = gamma(kind.depth + 1) * size;
        if (kind.epilogue) {
          sum = std::max(sum, 0.0) * in.gate[to];
          bound = gamma(kind.depth + 2) * size * std::fabs(in.gate[to]);
        }
        double error = std::fabs(got[to * h + j] - sum);
        worst = std::max(worst, bound == 0 ? error : error / bound);
        if (!(error <= bound))
          return void(ADD_FAILURE()
                      << kind.name() << ", " << rows << " rows, position " << p
                      << ", column " << j << ": " << got[to * h + j] << " for "
                      << sum);
      }
    }
    EXPECT_LE(worst, 1);
  }
};

TEST_F(ProductKernelRuns, IsWithinTheBoundOfSums) {
  for (const Kind &kind : kKinds) {
    auto kernel = load(makeProduct(kind));
    for (const Groups &groups : drawGroups(std::max<int64_t>(kind.members, 1)))
      check(kind, kernel, groups);
  }
}

// An element is one chain of sums, whoever computes it.
/// Rows that stand for others may be computed, but not in tiles without any
/// other.
TEST_F(ProductKernelRuns, LeavesTilesOfOtherRows) {
  constexpr size_t kRows = 75, kDepth = 6, kWidth = 70;
  for (const ProductTile &tile : {kSmall, kStandard}) {
    auto kernel = load(BuiltKernel(
        "product_distinct_" + std::to_string(tile.columns),
        {{kRead, 'f', {-1, kDepth}},
         {kRead, 'f', {kDepth, kWidth}},
         {kRead, 'i', {-1}},
         {kWrite, 'f', {-1, kWidth}}},
        1, tile.threads(),
        [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
          ProductBuffers buffers;
          buffers.x = in[0];
          buffers.w = in[1];
          buffers.distinct = in[2];
          buffers.y = in[3];
          buffers.rowCount = words[0];
          buildProduct(b, buffers, tile);
        }));
    int64_t columns = (int64_t(kWidth) + tile.columns - 1) / tile.columns;
    // The last row of a tile, the first one of another; none.
    for (std::vector<size_t> own : {std::vector<size_t>{31, 64}, {}, {0, 40}}) {
      std::vector<int32_t> distinct(kRows);
      for (size_t r = 0; r < kRows; ++r)
        distinct[r] = std::count(own.begin(), own.end(), r)
                          ? int32_t(r)
                          : int32_t(r + 1) % int32_t(kRows);
      DeviceRange y = put(std::vector<float>(kRows * kWidth, 77.f));
      run({LaunchCommand{kernel,
                         {getProductTiles(int64_t(kRows), 0, tile), columns, 1},
                         {put(std::vector<float>(kRows * kDepth, 1.f)),
                          put(std::vector<float>(kDepth * kWidth, 1.f)),
                          put(distinct), y},
                         {uint32_t(kRows)},
                         ""}});
      std::vector<float> got = get<float>(y, kRows * kWidth);
      for (size_t r = 0; r < kRows; ++r) {
        bool runs = std::any_of(own.begin(), own.end(), [&](size_t o) {
          return o / size_t(tile.rows) == r / size_t(tile.rows);
        });
        for (size_t j = 0; j < kWidth; ++j)
          ASSERT_EQ(got[r * kWidth + j], runs ? float(kDepth) : 77.f)
              << "row " << r << ", column " << j;
      }
    }
  }
}

TEST_F(ProductKernelRuns, HasTheSameBitsInAllTilesAndGroups) {
  constexpr size_t rows = 150;
  Kind kind{4, 45, 70, kSmall, false, true, true};
  Inputs in = draw(kind, rows);
  Groups all(std::vector<int32_t>(rows, 2), 4), some;
  std::vector<int32_t> choice(rows);
  for (size_t r = 0; r < rows; ++r)
    choice[r] = int32_t(r * r % 4);
  some = Groups(choice, 4);
  std::vector<float> first;
  for (ProductTile tile : {kFew, kSmall, kStandard, kLarge, twice(kSmall),
                           twice(kStandard), twice(kLarge)}) {
    kind.tile = tile;
    auto kernel = load(makeProduct(kind));
    std::vector<float> ofAll = multiply(kind, kernel, all, in),
                       ofSome = multiply(kind, kernel, some, in);
    if (first.empty())
      first = ofAll;
    EXPECT_EQ(ofAll, first) << kind.name();
    for (size_t r = 0; r < rows; ++r)
      if (choice[r] == 2)
        for (size_t j = 0; j < 70; ++j)
          EXPECT_EQ(ofSome[r * 70 + j], first[r * 70 + j]) << kind.name();
  }
}

TEST(ProductKernel, AssemblesWithoutSpills) {
  for (ProductTile tile : {kFew, kSmall, kStandard, kLarge, twice(kSmall),
                           twice(kStandard), twice(kLarge)})
    for (bool transposed : {false, true}) {
      Kind kind{8, 784, 64, tile, transposed, true, true, true, true};
      // The other kind of loads, too.
      if (transposed)
        kind.depth = 49, kind.width = 35;
      makeProduct(kind).checkPtx();
    }
}

} // namespace
