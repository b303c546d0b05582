//===- PieceKernelTest.cpp - Products of several classes ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pool of four classes, of a product, two products with relu between them,
// elements alone and nothing: within the bounds of chains of f32 sums from
// loops in f64.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/PieceKernel.h"
#include "Groups.h"
#include "KernelFixture.h"

#include <cmath>

using namespace modc;

namespace {

constexpr size_t kMembers = 7;
const std::vector<int64_t> kSingle = {0, 1, 3}, kChained = {2, 5},
                           kElements = {4}; // 6 is of no class.

struct Kind {
  int64_t depth, hidden, width;
  bool transposed = false, twice = false;
  std::string name() const {
    return "pieces_" + std::to_string(depth) + "_" + std::to_string(hidden) +
           "_" + std::to_string(width) + (transposed ? "_transposed" : "") +
           (twice ? "_twice" : "");
  }
  ProductTile tile() const {
    ProductTile tile = ProductTile::forWidth(std::max(hidden, width));
    tile.twice = twice;
    return tile;
  }
};

const Kind kKinds[] = {
    {20, 8, 30}, {33, 40, 64}, {50, 5, 100, true}, {9, 64, 70}, {4, 1, 1}};

mlir::Value relu(DeviceBuilder &b, mlir::Value sum) {
  mlir::Value positive = mlir::arith::CmpFOp::create(
      b, mlir::arith::CmpFPredicate::OGT, sum, b.real(0));
  return b.select(positive, sum, b.real(0));
}

BuiltKernel makePieces(const Kind &kind, int64_t &columns) {
  int64_t d = kind.depth, k = kind.hidden, h = kind.width;
  auto matrix = [&](int64_t count, int64_t rows, int64_t width) {
    return kind.transposed ? std::vector<int64_t>{count, width, rows}
                           : std::vector<int64_t>{count, rows, width};
  };
  return BuiltKernel(
      kind.name(),
      {{kRead, 'f', {-1, d}},
       {kRead, 'f', matrix(3, d, h)},
       {kRead, 'f', {3, h}},
       {kRead, 'f', matrix(2, d, k)},
       {kRead, 'f', matrix(2, k, h)},
       {kRead, 'i', {kMembers + 1}},
       {kRead, 'i', {-1}},
       {kWrite, 'f', {-1, k}},
       {kWrite, 'f', {-1, h}}},
      0, kind.tile().threads(),
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange) {
        auto store = [y = in[8]](DeviceBuilder &b, mlir::Value sum,
                                 const ProductPlace &place) {
          b.store(sum, y, {place.position, place.column});
        };
        ProductPiece single{ClassMembers(kSingle)};
        single.x = in[0];
        single.gathered = true;
        single.w = in[1];
        single.b = in[2];
        single.transposedW = kind.transposed;
        single.width = h;
        single.store = store;
        ProductPiece chained{ClassMembers(kChained)};
        chained.x = in[0];
        chained.w = in[3];
        chained.v = in[4];
        chained.transposedW = chained.transposedV = kind.transposed;
        chained.width = h;
        chained.middle = [between = in[7]](DeviceBuilder &b, mlir::Value sum,
                                           const ProductPlace &place) {
          b.store(sum, between, {place.position, place.column});
          return relu(b, sum);
        };
        chained.store = store;
        // The first bias, whose class has another first member.
        ProductPiece elements{ClassMembers(kElements)};
        elements.width = h;
        elements.store = [y = in[8], bias = in[2]](DeviceBuilder &b,
                                                   mlir::Value,
                                                   const ProductPlace &place) {
          b.store(b.load(bias, {place.member, place.column}), y,
                  {place.position, place.column});
        };
        ProductPiece pieces[] = {single, chained, elements};
        columns = getPieceColumns(pieces, kind.tile());
        buildPieces(b, pieces, in[5], in[6], kind.tile());
      },
      kind.twice ? kCudaSharedBytes : kVulkanSharedBytes);
}

class PieceKernelRuns : public KernelRuns {
protected:
  std::vector<float> results; ///< of the last check

  void check(const Kind &kind, const std::shared_ptr<const Kernel> &kernel,
             int64_t columns, const Groups &groups) {
    std::mt19937 random(29);
    size_t rows = groups.rows.size(), d = size_t(kind.depth),
           k = size_t(kind.hidden), h = size_t(kind.width);
    std::vector<float> x = drawFloats(random, rows * d),
                       w = drawFloats(random, 3 * d * h),
                       b = drawFloats(random, 3 * h),
                       u = drawFloats(random, 2 * d * k),
                       v = drawFloats(random, 2 * k * h);
    DeviceRange between = put(std::vector<float>((rows + 1) * k, 77.f)),
                y = put(std::vector<float>((rows + 1) * h, 77.f));
    int64_t tiles = getProductTiles(int64_t(rows), kMembers, kind.tile());
    run({LaunchCommand{kernel,
                       {tiles, columns, 1},
                       {put(x), put(w), put(b), put(u), put(v),
                        put(groups.offsets), put(groups.rows), between, y},
                       {},
                       ""}});
    std::vector<float> gotBetween = get<float>(between, (rows + 1) * k),
                       got = get<float>(y, (rows + 1) * h);
    results = got;
    auto at = [&](size_t m, size_t i, size_t j, size_t height, size_t width) {
      return m * height * width +
             (kind.transposed ? j * height + i : i * width + j);
    };
    auto placeIn = [](const std::vector<int64_t> &members, size_t m) {
      auto found = std::find(members.begin(), members.end(), int64_t(m));
      return found == members.end() ? -1 : found - members.begin();
    };
    for (size_t p = 0; p < rows; ++p) {
      SCOPED_TRACE(kind.name() + ", " + std::to_string(rows) +
                   " rows, position " + std::to_string(p));
      size_t m = groups.memberOf(p);
      auto single = placeIn(kSingle, m), chained = placeIn(kChained, m),
           elements = placeIn(kElements, m);
      std::vector<double> middle(k, 0), bound(k, 0);
      if (chained >= 0)
        for (size_t j = 0; j < k; ++j) {
          double sum = 0, size = 0;
          for (size_t i = 0; i < d; ++i) {
            double part =
                double(x[p * d + i]) * u[at(size_t(chained), i, j, d, k)];
            sum += part;
            size += std::fabs(part);
          }
          bound[j] = gamma(kind.depth + 1) * size;
          ASSERT_NEAR(gotBetween[p * k + j], sum, bound[j]);
          middle[j] = std::max(sum, 0.0);
        }
      else
        for (size_t j = 0; j < k; ++j)
          ASSERT_EQ(gotBetween[p * k + j], 77.f);
      for (size_t j = 0; j < h; ++j) {
        double sum = 77, most = 0;
        if (single >= 0) {
          size_t row = size_t(groups.rows[p]), s = size_t(single);
          sum = b[s * h + j];
          double size = std::fabs(sum);
          for (size_t i = 0; i < d; ++i) {
            double part = double(x[row * d + i]) * w[at(s, i, j, d, h)];
            sum += part;
            size += std::fabs(part);
          }
          most = gamma(kind.depth + 1) * size;
        } else if (chained >= 0) {
          double size = 0, moved = 0;
          sum = 0;
          for (size_t i = 0; i < k; ++i) {
            double factor = v[at(size_t(chained), i, j, k, h)];
            sum += middle[i] * factor;
            size += (std::fabs(middle[i]) + bound[i]) * std::fabs(factor);
            moved += bound[i] * std::fabs(factor);
          }
          most = gamma(kind.hidden + 1) * size + moved;
        } else if (elements >= 0) {
          sum = b[j];
        }
        ASSERT_NEAR(got[p * h + j], sum, most) << "column " << j;
      }
    }
    for (size_t j = 0; j < h; ++j)
      EXPECT_EQ(got[rows * h + j], 77.f);
  }
};

TEST_F(PieceKernelRuns, IsWithinTheBoundOfSums) {
  for (Kind kind : kKinds) {
    int64_t columns = 0;
    auto kernel = load(makePieces(kind, columns));
    kind.twice = true;
    auto twice = load(makePieces(kind, columns));
    for (const Groups &groups : drawGroups(kMembers)) {
      check(kind, kernel, columns, groups);
      std::vector<float> once = results;
      check(kind, twice, columns, groups);
      EXPECT_EQ(results, once);
    }
  }
}

TEST(PieceKernel, AssemblesWithoutSpills) {
  int64_t columns;
  for (bool twice : {false, true}) {
    makePieces({784, 32, 64, false, twice}, columns).checkPtx();
    makePieces({785, 33, 65, /*transposed=*/true, twice}, columns).checkPtx();
  }
}

} // namespace
