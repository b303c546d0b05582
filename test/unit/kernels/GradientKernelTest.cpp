//===- GradientKernelTest.cpp - Gradients of weights on a device ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients are within the bound of a chain of f32 sums from loops in f64; one
// launch makes several.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/GradientKernel.h"
#include "Groups.h"
#include "KernelFixture.h"

#include <cmath>

using namespace modc;

namespace {

struct Piece {
  int64_t members; ///< 0: rows without offsets
  int64_t depth, width;
  bool gathered = false, scattered = false, bias = true, keepsEmpty = false;
  bool split = false; ///< into blocks of positions
};

const GradientTile kSmall = GradientTile::small(),
                   kLarge = GradientTile::large();

constexpr size_t kBuffers = 7;

GradientPiece bind(const Piece &piece, mlir::ValueRange in,
                   mlir::Value rowCount) {
  GradientPiece bound;
  bound.x = in[0];
  bound.g = in[1];
  bound.dw = in[4];
  if (piece.bias)
    bound.db = in[5];
  if (piece.members)
    bound.offsets = in[2];
  else
    bound.rowCount = rowCount;
  if (piece.gathered)
    bound.operandRows = in[3];
  if (piece.scattered)
    bound.resultRows = in[3];
  bound.keepsEmpty = piece.keepsEmpty;
  if (piece.split)
    bound.partials = in[6];
  return bound;
}

std::vector<BufferType> getBuffers(const Piece &piece) {
  std::vector<int64_t> dw = {piece.depth, piece.width}, db = {piece.width};
  if (piece.members) {
    dw.insert(dw.begin(), piece.members);
    db.insert(db.begin(), piece.members);
  }
  return {{kRead, 'f', {-1, piece.depth}},
          {kRead, 'f', {-1, piece.width}},
          {kRead, 'i', {piece.members + 1}},
          {kRead, 'i', {-1}},
          {kWrite, 'f', dw},
          {kWrite, 'f', db},
          {kReadWrite, 'f', {-1, piece.depth + 1, piece.width}}};
}

/// Also gives the number of groups.
BuiltKernel makeGradients(const std::vector<Piece> &pieces,
                          const GradientTile &tile, int64_t &groups) {
  std::vector<BufferType> buffers;
  for (const Piece &piece : pieces)
    for (const BufferType &buffer : getBuffers(piece))
      buffers.push_back(buffer);
  std::string name = "gradient_" + std::to_string(tile.rows);
  for (const Piece &piece : pieces)
    name +=
        "_" + std::to_string(piece.depth) + "x" + std::to_string(piece.width);
  groups = 0;
  return BuiltKernel(
      name, buffers, 1, tile.threads(),
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        llvm::SmallVector<GradientPiece> bound;
        for (size_t i = 0; i < pieces.size(); ++i) {
          bound.push_back(
              bind(pieces[i], in.slice(i * kBuffers, kBuffers), words[0]));
          groups += getGradientGroups(bound.back(), tile);
        }
        buildGradients(b, bound, tile);
      });
}

/// Of a piece that is split. Also gives the number of groups.
BuiltKernel makeSums(const Piece &piece, int64_t &groups) {
  return BuiltKernel(
      "gradient_sums", getBuffers(piece), 1, kGradientThreads,
      [&](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        GradientPiece bound = bind(piece, in, words[0]);
        groups = getGradientSumGroups(bound);
        buildGradientSums(b, bound);
      });
}

class GradientKernelRuns : public KernelRuns {
protected:
  struct Made {
    std::vector<float> x, g;
    DeviceRange dw, db;
  };

  Made put(const Piece &piece, const Groups &groups,
           std::vector<DeviceRange> &bindings) {
    std::mt19937 random(17);
    size_t rows = groups.rows.size();
    size_t members = size_t(std::max<int64_t>(piece.members, 1));
    size_t d = size_t(piece.depth), h = size_t(piece.width);
    Made made{
        drawFloats(random, rows * d), drawFloats(random, rows * h), {}, {}};
    made.dw = KernelRuns::put(std::vector<float>(members * d * h, 77.f));
    made.db = KernelRuns::put(std::vector<float>(members * h, 77.f));
    size_t blocks = piece.split ? size_t(countBlocks(piece, groups)) : 0;
    std::vector<float> partials(blocks * (d + 1) * h, NAN);
    for (const DeviceRange &range :
         {KernelRuns::put(made.x), KernelRuns::put(made.g),
          KernelRuns::put(groups.offsets), KernelRuns::put(groups.rows),
          made.dw, made.db, KernelRuns::put(partials)})
      bindings.push_back(range);
    return made;
  }

  static int64_t countBlocks(const Piece &piece, const Groups &groups) {
    return getPositionBlocks(int64_t(groups.rows.size()), piece.members,
                             kGradientBlock);
  }

  void check(const Piece &piece, const Groups &groups, const Made &made) {
    size_t members = size_t(std::max<int64_t>(piece.members, 1));
    size_t d = size_t(piece.depth), h = size_t(piece.width);
    std::vector<float> dw = get<float>(made.dw, members * d * h),
                       db = get<float>(made.db, members * h);
    for (size_t m = 0; m < members; ++m) {
      size_t begin = piece.members ? size_t(groups.offsets[m]) : 0;
      size_t end =
          piece.members ? size_t(groups.offsets[m + 1]) : groups.rows.size();
      bool kept = begin == end && piece.keepsEmpty;
      // db comes as a row of ones of x would make it.
      for (size_t k = 0; k <= d; ++k)
        for (size_t j = 0; j < h; ++j) {
          double sum = 0, size = 0;
          for (size_t p = begin; p < end; ++p) {
            size_t from = piece.gathered ? size_t(groups.rows[p]) : p;
            size_t to = piece.scattered ? size_t(groups.rows[p]) : p;
            double part = k < d ? double(made.x[from * d + k]) : 1;
            part *= double(made.g[to * h + j]);
            sum += part;
            size += std::fabs(part);
          }
          double got = k < d ? dw[(m * d + k) * h + j] : db[m * h + j];
          if (kept || (k == d && !piece.bias))
            sum = 77;
          double bound = gamma(int64_t(end - begin) + 1) * size;
          if (!(std::fabs(got - sum) <= bound))
            return void(ADD_FAILURE()
                        << piece.depth << "x" << piece.width << ", "
                        << groups.rows.size() << " rows, member " << m
                        << ", row " << k << ", column " << j << ": " << got
                        << " for " << sum);
        }
    }
  }

  void run(const std::vector<Piece> &pieces, const GradientTile &tile,
           const std::vector<Groups> &cases) {
    int64_t count = 0;
    auto kernel = load(makeGradients(pieces, tile, count));
    std::vector<std::shared_ptr<const Kernel>> sums(pieces.size());
    std::vector<int64_t> groupsOfSums(pieces.size());
    for (size_t i = 0; i < pieces.size(); ++i)
      if (pieces[i].split)
        sums[i] = load(makeSums(pieces[i], groupsOfSums[i]));
    for (const Groups &groups : cases) {
      std::vector<DeviceRange> bindings;
      std::vector<Made> made;
      int64_t blocks = 1;
      for (const Piece &piece : pieces) {
        made.push_back(put(piece, groups, bindings));
        if (piece.split)
          blocks = std::max(blocks, countBlocks(piece, groups));
      }
      std::vector<uint32_t> rows = {uint32_t(groups.rows.size())};
      CommandList commands = {
          LaunchCommand{kernel, {count, blocks, 1}, bindings, rows, ""}};
      for (size_t i = 0; i < pieces.size(); ++i) {
        if (!pieces[i].split)
          continue;
        auto first = bindings.begin() + int64_t(i * kBuffers);
        commands.push_back(LaunchCommand{sums[i],
                                         {groupsOfSums[i], 1, 1},
                                         {first, first + kBuffers},
                                         rows,
                                         ""});
      }
      KernelRuns::run(commands);
      for (size_t i = 0; i < pieces.size(); ++i)
        check(pieces[i], groups, made[i]);
    }
  }
};

TEST_F(GradientKernelRuns, IsWithinTheBoundOfSums) {
  for (const Piece &piece :
       {Piece{0, 20, 40}, Piece{1, 7, 5, true, true, false},
        Piece{3, 70, 33, true, false},
        Piece{5, 64, 96, false, true, true, true}, Piece{8, 1, 1, true, true},
        Piece{33, 45, 12, true, true, true, true}})
    for (const GradientTile &tile : {kSmall, kLarge})
      run({piece}, tile, drawGroups(std::max<int64_t>(piece.members, 1)));
  run({{1024, 12, 8, true, true}}, kSmall, drawGroups(1024));
}

TEST_F(GradientKernelRuns, MakesSeveralInOneLaunch) {
  run({{8, 84, 64, true, true}, {0, 84, 8}, {0, 64, 10}, {8, 3, 2}}, kSmall,
      drawGroups(8));
}

// Member 1 has several blocks, one of them not full.
TEST_F(GradientKernelRuns, AddsBlocksOfPositions) {
  std::vector<Groups> cases = drawGroups(4);
  for (size_t rows : {1024, 3000}) {
    std::vector<int32_t> choice(rows, 1);
    for (size_t r = 0; r < rows; r += 7)
      choice[r] = int32_t(r % 4);
    cases.emplace_back(choice, 4);
  }
  Piece ofAll{0, 33, 10, false, false, true, false, /*split=*/true},
      ofMembers{4, 5, 36, true, true, true, true, /*split=*/true},
      withoutBias{4, 12, 8, true, true, false, false, /*split=*/true};
  run({ofAll, ofMembers, {4, 20, 6}, withoutBias}, kSmall, cases);
}

TEST(GradientKernel, AssemblesWithoutSpills) {
  for (const GradientTile &tile : {kSmall, kLarge}) {
    int64_t count;
    makeGradients({{8, 784, 64, true, true}, {0, 784, 8}, {0, 64, 10}}, tile,
                  count)
        .checkPtx();
    makeGradients({{64, 49, 35, true, true}}, tile, count).checkPtx();
    Piece split{8, 49, 35, true, true, true, true, /*split=*/true};
    makeGradients({split}, tile, count).checkPtx();
    makeSums(split, count).checkPtx();
  }
}

} // namespace
