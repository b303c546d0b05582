//===- ChainKernelTest.cpp - Two products in one launch -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chained products with relu between them are within the bounds of two chains
// of f32 sums from loops in f64, and so is what the first one stores.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ChainKernel.h"
#include "Groups.h"
#include "KernelFixture.h"

#include <cmath>

using namespace modc;

namespace {

struct Kind {
  int64_t members; ///< 0: rows without offsets
  int64_t depth, hidden, width;
  bool fewRows = false, transposed = false, mapped = true, twice = false;
  ProductTile tile() const {
    ProductTile tile = getChainTile(fewRows);
    tile.twice = twice;
    return tile;
  }
  std::string name() const {
    return "chain_" + std::to_string(members) + "_" + std::to_string(depth) +
           "_" + std::to_string(hidden) + "_" + std::to_string(width) +
           (fewRows ? "_few" : "") + (transposed ? "_transposed" : "") +
           (twice ? "_twice" : "");
  }
};

const Kind kKinds[] = {{3, 20, 7, 70},
                       {8, 96, 32, 96, /*fewRows=*/true},
                       {0, 33, 64, 10, false, /*transposed=*/true, false},
                       {5, 48, 48, 48, true, true},
                       {4, 9, 1, 130},
                       {1024, 12, 8, 5}};

BuiltKernel makeChain(const Kind &kind) {
  int64_t m = kind.members, d = kind.depth, h = kind.hidden, o = kind.width;
  auto stacked = [&](std::vector<int64_t> shape) {
    if (kind.transposed)
      std::reverse(shape.begin(), shape.end());
    if (m)
      shape.insert(shape.begin(), m);
    return shape;
  };
  ProductTile tile = kind.tile();
  return BuiltKernel(
      kind.name(),
      {{kRead, 'f', {-1, d}},
       {kRead, 'f', stacked({d, h})},
       {kRead, 'f', stacked({h})},
       {kRead, 'f', stacked({h, o})},
       {kRead, 'f', stacked({o})},
       {kRead, 'i', {m + 1}},
       {kRead, 'i', {-1}},
       {kWrite, 'f', {-1, h}},
       {kWrite, 'f', {-1, o}}},
      1, tile.threads(),
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        ChainBuffers buffers;
        buffers.x = in[0];
        buffers.w = in[1];
        buffers.b = in[2];
        buffers.v = in[3];
        buffers.c = in[4];
        if (m)
          buffers.offsets = in[5];
        else
          buffers.rowCount = words[0];
        if (kind.mapped)
          buffers.operandRows = buffers.resultRows = in[6];
        buffers.y = in[8];
        buffers.hidden = h;
        buffers.transposedW = buffers.transposedV = kind.transposed;
        buildChain(b, buffers, tile,
                   [&](DeviceBuilder &b, mlir::Value sum,
                       const ProductPlace &place) -> mlir::Value {
                     b.store(sum, in[7], {place.row, place.column});
                     mlir::Value positive = mlir::arith::CmpFOp::create(
                         b, mlir::arith::CmpFPredicate::OGT, sum, b.real(0));
                     return b.select(positive, sum, b.real(0));
                   });
      },
      kind.twice ? kCudaSharedBytes : kVulkanSharedBytes);
}

class ChainKernelRuns : public KernelRuns {
protected:
  std::vector<float> results; ///< of the last check

  void check(const Kind &kind, const std::shared_ptr<const Kernel> &kernel,
             const Groups &groups) {
    std::mt19937 random(23);
    size_t rows = groups.rows.size();
    size_t members = size_t(std::max<int64_t>(kind.members, 1));
    size_t d = size_t(kind.depth), h = size_t(kind.hidden),
           o = size_t(kind.width);
    std::vector<float> x = drawFloats(random, rows * d),
                       w = drawFloats(random, members * d * h),
                       b = drawFloats(random, members * h),
                       v = drawFloats(random, members * h * o),
                       c = drawFloats(random, members * o);
    DeviceRange between = put(std::vector<float>((rows + 1) * h, 77.f)),
                y = put(std::vector<float>((rows + 1) * o, 77.f));
    int64_t tiles = getProductTiles(int64_t(rows), kind.members, kind.tile());
    run({LaunchCommand{kernel,
                       {tiles, 1, 1},
                       {put(x), put(w), put(b), put(v), put(c),
                        put(groups.offsets), put(groups.rows), between, y},
                       {uint32_t(rows)},
                       ""}});
    std::vector<float> gotBetween = get<float>(between, (rows + 1) * h),
                       got = get<float>(y, (rows + 1) * o);
    results = got;
    for (size_t p = 0; p < rows; ++p) {
      size_t row = kind.mapped ? size_t(groups.rows[p]) : p;
      size_t m = kind.members ? groups.memberOf(p) : 0;
      auto at = [&](size_t i, size_t j, size_t height, size_t width) {
        return m * height * width +
               (kind.transposed ? j * height + i : i * width + j);
      };
      std::vector<double> middle(h), bound(h);
      for (size_t j = 0; j < h; ++j) {
        double sum = b[m * h + j], size = std::fabs(sum);
        for (size_t k = 0; k < d; ++k) {
          double part = double(x[row * d + k]) * w[at(k, j, d, h)];
          sum += part;
          size += std::fabs(part);
        }
        bound[j] = gamma(kind.depth + 1) * size;
        ASSERT_NEAR(gotBetween[p * h + j], sum, bound[j])
            << kind.name() << ", " << rows << " rows, position " << p;
        middle[j] = std::max(sum, 0.0);
      }
      for (size_t j = 0; j < o; ++j) {
        double sum = c[m * o + j], size = std::fabs(sum), moved = 0;
        for (size_t k = 0; k < h; ++k) {
          double factor = v[at(k, j, h, o)];
          sum += middle[k] * factor;
          size += (middle[k] + bound[k]) * std::fabs(factor);
          moved += bound[k] * std::fabs(factor);
        }
        ASSERT_NEAR(got[row * o + j], sum,
                    gamma(kind.hidden + 1) * size + moved)
            << kind.name() << ", " << rows << " rows, position " << p;
      }
    }
    for (size_t j = 0; j < o; ++j)
      EXPECT_EQ(got[rows * o + j], 77.f);
    for (size_t j = 0; j < h; ++j)
      EXPECT_EQ(gotBetween[rows * h + j], 77.f);
  }
};

TEST_F(ChainKernelRuns, IsWithinTheBoundOfSums) {
  for (Kind kind : kKinds) {
    auto kernel = load(makeChain(kind));
    kind.twice = true;
    auto twice = load(makeChain(kind));
    for (const Groups &groups :
         drawGroups(std::max<int64_t>(kind.members, 1))) {
      check(kind, kernel, groups);
      std::vector<float> once = results;
      check(kind, twice, groups);
      EXPECT_EQ(results, once);
    }
  }
}

TEST(ChainKernel, AssemblesWithoutSpills) {
  for (bool fewRows : {false, true})
    for (bool transposed : {false, true})
      for (bool twice : {false, true}) {
        makeChain({8, 96, 32, 96, fewRows, transposed, true, twice}).checkPtx();
        makeChain({64, 49, 35, 33, fewRows, transposed, true, twice})
            .checkPtx();
      }
}

} // namespace
