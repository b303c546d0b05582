//===- DecomposeRandom.cpp - Random numbers as integer linalg -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Philox4x32-10 in the counters of docs/artefact.md, as elementwise integer
// code, for the draws of controllers and the initialisers of parameters.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/cpu/Decompose.h"
#include <array>

using namespace mlir;
using namespace modc;

namespace {

/// Philox4x32-10 on four 32-bit words under a 64-bit key.
struct Philox {
  TensorBuilder &b;
  Type i32 = b.getI32Type();

  Value truncate(Value word) { return arith::TruncIOp::create(b, i32, word); }
  Value exclusiveOr(Value x, Value y) { return arith::XOrIOp::create(b, x, y); }
  /// The words of a product; not in i64, which kernels do not have.
  arith::MulUIExtendedOp product(Value word, uint32_t factor) {
    return arith::MulUIExtendedOp::create(b, word,
                                          b.integer(i32, int32_t(factor)));
  }

  std::array<Value, 4> operator()(std::array<Value, 4> c, Value seed) {
    Value key0 = truncate(seed);
    Value key1 = truncate(
        arith::ShRUIOp::create(b, seed, b.integer(b.getI64Type(), 32)));
    for (int round = 0; round < 10; ++round) {
      arith::MulUIExtendedOp product0 = product(c[0], 0xD2511F53);
      arith::MulUIExtendedOp product1 = product(c[2], 0xCD9E8D57);
      c = {exclusiveOr(exclusiveOr(product1.getHigh(), c[1]), key0),
           product1.getLow(),
           exclusiveOr(exclusiveOr(product0.getHigh(), c[3]), key1),
           product0.getLow()};
      key0 = b.add(key0, b.integer(i32, int32_t(0x9E3779B9)));
      key1 = b.add(key1, b.integer(i32, int32_t(0xBB67AE85)));
    }
    return c;
  }

  Value shift(Value word, int64_t by) {
    return arith::ShRUIOp::create(b, word, b.integer(i32, by));
  }

  /// u in [0, 1): 24 bits of the first word, or 53 of the first two.
  Value uniform(const std::array<Value, 4> &words, Type type) {
    if (type.isF32())
      return arith::MulFOp::create(
          b, arith::UIToFPOp::create(b, type, shift(words[0], 8)),
          b.real(type, 0x1p-24));
    Value upper = arith::MulFOp::create(
        b, arith::UIToFPOp::create(b, type, shift(words[0], 5)),
        b.real(type, 0x1p26));
    Value lower = arith::UIToFPOp::create(b, type, shift(words[1], 6));
    return arith::MulFOp::create(b, arith::AddFOp::create(b, upper, lower),
                                 b.real(type, 0x1p-53));
  }

  /// Box-Muller on the first two words, in f64.
  Value normal(const std::array<Value, 4> &words) {
    Type f64 = b.getF64Type();
    Value scale = b.real(f64, 0x1p-32);
    Value w0 = arith::UIToFPOp::create(b, f64, words[0]);
    Value w1 = arith::UIToFPOp::create(b, f64, words[1]);
    Value u1 = arith::MulFOp::create(
        b, arith::AddFOp::create(b, w0, b.real(f64, 1)), scale);
    Value u2 = arith::MulFOp::create(b, w1, scale);
    Value radius = math::SqrtOp::create(
        b,
        arith::MulFOp::create(b, b.real(f64, -2), math::LogOp::create(b, u1)));
    Value angle = math::CosOp::create(
        b, arith::MulFOp::create(b, b.real(f64, 6.283185307179586477), u2));
    return arith::MulFOp::create(b, radius, angle);
  }
};

} // namespace

Value modc::buildUniformRow(TensorBuilder &b, UniformOp op,
                            RankedTensorType type, Value point, Value seed,
                            Value step, Value slot, Value candidate,
                            Value within) {
  Philox philox{b};
  int64_t picks = type.getDimSize(1);
  Value purpose =
      b.integer(philox.i32, int32_t(uint32_t(op.getPurpose()) << 24));
  Value last = b.add(b.toInteger(candidate, philox.i32), purpose);
  Value first = b.add(slot, b.mul(within, b.index(picks)));
  Value words[] = {philox.truncate(point), philox.truncate(step)};
  return b.generic(
      {}, b.empty(type), b.getMultiDimIdentityMap(2), 0, [&](ValueRange) {
        Value pick = linalg::IndexOp::create(b, 1);
        std::array<Value, 4> drawn =
            philox({words[0], words[1],
                    b.toInteger(b.add(first, pick), philox.i32), last},
                   seed);
        return SmallVector<Value>{philox.uniform(drawn, type.getElementType())};
      })[0];
}

namespace {

struct DecomposeUniform : OpRewritePattern<UniformOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UniformOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    RankedTensorType type = op.getType();
    Philox philox{b};
    // A candidate at a time, [points, rows of a point, picks] with the points
    // inside: where a number belongs costs no division, and draws run in
    // vectors.
    int64_t perPoint = op.getRowsPerPoint(), picks = type.getDimSize(1);
    Value points = b.dim(op.getPoints(), 0);
    Value rows = b.mul(points, b.index(perPoint));
    Value all = tensor::EmptyOp::create(
        b,
        ArrayRef<OpFoldResult>{b.mul(op.getCandidates(), rows),
                               b.getIndexAttr(picks)},
        type.getElementType());
    Value step = philox.truncate(op.getStep());
    Value purpose =
        b.integer(philox.i32, int32_t(uint32_t(op.getPurpose()) << 24));
    AffineMap loops = b.getMultiDimIdentityMap(3);
    SmallVector<ReassociationIndices> groups = {{0, 1}, {2}};
    auto drawn = [&](Value candidate, Value into) -> Value {
      Value last = b.add(b.toInteger(candidate, philox.i32), purpose);
      return b.generic(op.getPoints(), into,
                       {loops.getSubMap({2}), loops.getSubMap({2, 0, 1})}, 0,
                       [&](ValueRange v) {
                         Value within = linalg::IndexOp::create(b, 0);
                         Value pick = linalg::IndexOp::create(b, 1);
                         Value slot = b.add(b.add(op.getSlot(), pick),
                                            b.mul(within, b.index(picks)));
                         std::array<Value, 4> words =
                             philox({philox.truncate(v[0]), step,
                                     b.toInteger(slot, philox.i32), last},
                                    op.getSeed());
                         return SmallVector<Value>{
                             philox.uniform(words, type.getElementType())};
                       })[0];
    };
    Value result = b.loop(
        b.index(0), op.getCandidates(), all, [&](Value s, ValueRange carried) {
          Value first = b.mul(s, rows);
          Value into = tensor::ExpandShapeOp::create(
              b,
              RankedTensorType::get({ShapedType::kDynamic, perPoint, picks},
                                    type.getElementType()),
              b.rows(carried[0], first, rows), groups,
              ArrayRef<OpFoldResult>{points, b.getIndexAttr(perPoint),
                                     b.getIndexAttr(picks)});
          Value part =
              tensor::CollapseShapeOp::create(b, type, drawn(s, into), groups);
          return SmallVector<Value>{
              b.insertRows(part, carried[0], first, rows)};
        })[0];
    rewriter.replaceOp(op, result);
    return success();
  }
};

uint32_t fnv1a(StringRef text) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : text)
    hash = (hash ^ c) * 16777619u;
  return hash;
}

/// Uniform in [a, b), or normal with mean a and deviation b, or a constant a.
struct Distribution {
  enum Kind { Constant, Uniform, Normal } kind;
  double a, b;
};

Distribution getDistribution(InitAttr init, ArrayRef<int64_t> shape) {
  double fanIn = 1, fanOut = 1;
  if (shape.size() == 1)
    fanIn = fanOut = shape[0];
  if (shape.size() >= 2) {
    fanIn = shape[shape.size() - 2];
    fanOut = shape.back();
    for (int64_t size : shape.drop_back(2)) {
      fanIn *= size;
      fanOut *= size;
    }
  }
  ArrayRef<double> values = init.getValues().asArrayRef();
  auto uniform = [](double limit) {
    return Distribution{Distribution::Uniform, -limit, limit};
  };
  auto normal = [](double variance) {
    return Distribution{Distribution::Normal, 0, std::sqrt(variance)};
  };
  switch (init.getKind()) {
  case InitKind::Zeros:
    return {Distribution::Constant, 0, 0};
  case InitKind::Constant:
    return {Distribution::Constant, values[0], 0};
  case InitKind::Uniform:
    return {Distribution::Uniform, values[0], values[1]};
  case InitKind::Normal:
    return {Distribution::Normal, values[0], values[1]};
  case InitKind::GlorotUniform:
    return uniform(std::sqrt(6 / (fanIn + fanOut)));
  case InitKind::GlorotNormal:
    return normal(2 / (fanIn + fanOut));
  case InitKind::HeUniform:
    return uniform(std::sqrt(6 / fanIn));
  case InitKind::HeNormal:
    return normal(2 / fanIn);
  }
  llvm_unreachable("unknown initialiser");
}

struct DecomposeInitialize : OpRewritePattern<InitializeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(InitializeOp op,
                                PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    RankedTensorType type = op.getType();
    bool stacked = op.getStacked() || op.getNames().size() > 1;
    ArrayRef<int64_t> shape = type.getShape().drop_front(stacked ? 1 : 0);
    Distribution distribution = getDistribution(op.getInit(), shape);
    Value empty = b.empty(type);
    if (distribution.kind == Distribution::Constant) {
      rewriter.replaceOp(op, b.fill(empty, distribution.a));
      return success();
    }
    SmallVector<int32_t> hashes;
    for (Attribute name : op.getNames())
      hashes.push_back(int32_t(fnv1a(cast<StringAttr>(name).getValue())));
    Value names = arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               RankedTensorType::get({int64_t(hashes.size())}, b.getI32Type()),
               ArrayRef<int32_t>(hashes)));
    rewriter.replaceOp(
        op, fillRandom(b, op.getSeed(), empty, names, stacked, distribution));
    return success();
  }

  static Value fillRandom(TensorBuilder &b, Value seed, Value empty,
                          Value names, bool stacked,
                          Distribution distribution) {
    RankedTensorType type = tensorType(empty);
    Type element = type.getElementType();
    Philox philox{b};
    AffineMap all = b.getMultiDimIdentityMap(type.getRank());
    return b.generic({}, empty, all, 0, [&](ValueRange) {
      Value name =
          b.extract(names, stacked ? linalg::IndexOp::create(b, 0).getResult()
                                   : b.index(0));
      Value position = b.index(0);
      for (int64_t d = stacked; d < type.getRank(); ++d)
        position = b.add(b.mul(position, b.index(type.getDimSize(d))),
                         linalg::IndexOp::create(b, d));
      Value zero = b.integer(philox.i32, 0);
      std::array<Value, 4> words =
          philox({b.toInteger(position, philox.i32), zero, name, zero}, seed);
      if (distribution.kind == Distribution::Uniform) {
        Value width = b.real(element, distribution.b - distribution.a);
        Value scaled =
            arith::MulFOp::create(b, philox.uniform(words, element), width);
        return SmallVector<Value>{
            arith::AddFOp::create(b, scaled, b.real(element, distribution.a))};
      }
      Type f64 = b.getF64Type();
      Value scaled = arith::MulFOp::create(b, philox.normal(words),
                                           b.real(f64, distribution.b));
      Value value =
          arith::AddFOp::create(b, scaled, b.real(f64, distribution.a));
      if (element != f64)
        value = arith::TruncFOp::create(b, element, value);
      return SmallVector<Value>{value};
    })[0];
  }
};

} // namespace

void modc::populateDecomposeRandomPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeUniform, DecomposeInitialize>(patterns.getContext());
}
