//===- LaunchFlops.cpp - Operations of a launch ---------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Goes through the body with the range of invocations that reach it: launches
// that were merged tell theirs apart by their numbers. What tiles compute is
// known without them.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/LaunchFlops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/gpu/KernelFunction.h"
#include "passes/gpu/TileKernels.h"

#include <map>

using namespace mlir;
using namespace modc;

namespace {

/// Operations: a number, and one for each row of a loop over rows. Kept as
/// doubles: counts beyond 2^53 are no less wrong than their roofline.
struct Work {
  double fixed = 0;
  /// By the argument that has the rows, and by how many members share them.
  std::map<std::pair<int64_t, int64_t>, double> perRow;

  double size() const {
    double sum = fixed;
    for (const auto &[key, value] : perRow)
      sum += value;
    return sum;
  }
  void add(const Work &other, double times = 1) {
    fixed += times * other.fixed;
    for (const auto &[key, value] : other.perRow)
      perRow[key] += times * value;
  }
};

/// Numbers of invocations.
struct Range {
  int64_t begin, end;
  double count() const { return double(std::max<int64_t>(0, end - begin)); }
};

int64_t flopsOf(Operation *op) {
  bool isArith = isa_and_present<arith::ArithDialect>(op->getDialect());
  if (!isArith && !isa_and_present<math::MathDialect>(op->getDialect()))
    return 0;
  if (isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp, arith::ExtFOp,
          arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
          arith::FPToUIOp>(op))
    return 0;
  Type type = op->getOperand(0).getType();
  if (!isa<FloatType>(getElementTypeOrSelf(type)))
    return 0;
  auto vector = dyn_cast<VectorType>(type);
  return (isa<math::FmaOp>(op) ? 2 : 1) *
         (vector ? vector.getNumElements() : 1);
}

class Counter {
public:
  explicit Counter(Value id) : id(id) {}

  /// Of all invocations of `range`; of one, where it has only that.
  Work count(Block &block, Range range) {
    Work sum;
    if (range.count() > 0)
      for (Operation &op : block)
        sum.add(count(op, range));
    return sum;
  }
  Work count(Operation &op, Range range) {
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return countBranch(branch, range);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return countLoop(loop, range);
    Work work = largest(op.getRegions(), range);
    work.fixed += double(flopsOf(&op)) * range.count();
    return work;
  }
  bool isKnown() const { return known; }

private:
  Work largest(MutableArrayRef<Region> regions, Range range) {
    Work most;
    for (Region &region : regions) {
      if (region.empty())
        continue;
      Work one = count(region.front(), range);
      // Only branches of a switch are left; others would repeat.
      if (one.size() > 0 &&
          !isa<scf::IfOp, scf::IndexSwitchOp>(region.getParentOp()))
        known = false;
      if (one.size() > most.size())
        most = std::move(one);
    }
    return most;
  }

  /// "number − constant", or the number itself.
  std::optional<int64_t> offsetOf(Value value) {
    if (value == id)
      return 0;
    if (auto sub = value.getDefiningOp<arith::SubIOp>())
      if (auto constant = getConstantIntValue(sub.getRhs()))
        if (auto inner = offsetOf(sub.getLhs()))
          return *inner + *constant;
    if (auto add = value.getDefiningOp<arith::AddIOp>())
      if (auto constant = getConstantIntValue(add.getRhs()))
        if (auto inner = offsetOf(add.getLhs()))
          return *inner - *constant;
    return std::nullopt;
  }

  Work countBranch(scf::IfOp op, Range range) {
    auto compare = op.getCondition().getDefiningOp<arith::CmpIOp>();
    if (compare && id && compare.getPredicate() == arith::CmpIPredicate::ult) {
      auto offset = offsetOf(compare.getLhs());
      auto bound = getConstantIntValue(compare.getRhs());
      if (offset && bound) {
        int64_t split = std::clamp(*offset + *bound, range.begin, range.end);
        Work both = count(*op.thenBlock(), {range.begin, split});
        if (op.elseBlock())
          both.add(count(*op.elseBlock(), {split, range.end}));
        return both;
      }
    }
    return largest(op->getRegions(), range);
  }

  Work countLoop(scf::ForOp loop, Range range) {
    Work body = count(*loop.getBody(), range), sum;
    if (body.size() == 0)
      return sum;
    auto first = getConstantIntValue(loop.getLowerBound());
    auto last = getConstantIntValue(loop.getUpperBound());
    auto step = getConstantIntValue(loop.getStep());
    if (first && last && step && *step > 0) {
      sum.add(body, double(std::max<int64_t>(
                        0, llvm::divideCeil(*last - *first, *step))));
      return sum;
    }
    if (auto most = spanOf(loop)) {
      sum.add(body, double(*most));
      return sum;
    }
    // A loop over rows in another one.
    known &= body.perRow.empty();
    int64_t members = membersOf(loop.getUpperBound(), 0);
    sum.perRow[{members ? FlopTerm::kLongest : rowsOf(loop.getUpperBound()),
                members ? members : 1}] = body.fixed;
    return sum;
  }

  /// Of a part of fixed length: begin to min(begin + length, end).
  std::optional<int64_t> spanOf(scf::ForOp loop) {
    auto end = loop.getUpperBound().getDefiningOp<arith::MinUIOp>();
    if (!end)
      return std::nullopt;
    for (Value side : end->getOperands())
      if (auto add = side.getDefiningOp<arith::AddIOp>())
        if (add.getLhs() == loop.getLowerBound())
          if (auto length = getConstantIntValue(add.getRhs()))
            return *length;
    return std::nullopt;
  }

  /// How many members share the rows that a bound counts, if it comes from the
  /// first positions of members, of which there is one more; else 0.
  int64_t membersOf(Value bound, int depth) {
    Operation *op = bound.getDefiningOp();
    if (!op || depth > 6)
      return 0;
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      MemRefType type = load.getMemRefType();
      return type.getRank() == 1 && type.hasStaticShape() &&
                     type.getElementType().isInteger() && type.getDimSize(0) > 1
                 ? type.getDimSize(0) - 1
                 : 0;
    }
    if (!isa_and_present<arith::ArithDialect>(op->getDialect()))
      return 0;
    for (Value operand : op->getOperands())
      if (int64_t members = membersOf(operand, depth + 1))
        return members;
    return 0;
  }

  /// The argument whose rows a bound is.
  int64_t rowsOf(Value bound) {
    while (Operation *op = bound.getDefiningOp()) {
      if (!isa<arith::IndexCastOp, arith::IndexCastUIOp, memref::DimOp>(op))
        return FlopTerm::kLongest;
      bound = op->getOperand(0);
    }
    auto argument = cast<BlockArgument>(bound);
    return isa<func::FuncOp>(argument.getOwner()->getParentOp())
               ? int64_t(argument.getArgNumber())
               : FlopTerm::kLongest;
  }

  Value id;
  bool known = true;
};

/// The arguments of a kernel with tiles, or of one of its pieces.
struct TileNotes {
  mutable func::FuncOp function;
  DictionaryAttr roles;

  /// Of the argument; -1 where there is none.
  int64_t number(StringRef name) const {
    auto value = roles.getAs<IntegerAttr>(name);
    return value && value.getInt() < int64_t(function.getNumArguments())
               ? value.getInt()
               : -1;
  }
  /// Twice the elements of a matrix, or of each of a stack: 0 without one.
  int64_t flops(StringRef name) const {
    int64_t argument = number(name);
    auto type =
        argument < 0
            ? MemRefType()
            : dyn_cast<MemRefType>(function.getArgumentTypes()[argument]);
    if (!type || type.getRank() < 2)
      return 0;
    ArrayRef<int64_t> sizes = type.getShape().take_back(2);
    return ShapedType::isDynamicShape(sizes) ? 0 : 2 * sizes[0] * sizes[1];
  }
};

/// Those of a launch, where it has several; else all there is.
SmallVector<TileNotes> piecesOf(const TileNotes &tiles) {
  SmallVector<TileNotes> list;
  if (auto pieces = tiles.roles.getAs<ArrayAttr>("pieces"))
    for (auto piece : pieces.getAsRange<DictionaryAttr>())
      list.push_back({tiles.function, piece});
  else
    list.push_back(tiles);
  return list;
}

/// 2·rows·D·H of each gradient. A position is of one member of its plan: all
/// are taken to be of one with the most work.
std::optional<SmallVector<FlopTerm>> countGradients(const TileNotes &tiles) {
  /// For each offsets of a plan, what has its rows.
  struct Positions {
    int64_t rows;
    std::map<int64_t, int64_t> flopsOfMember;
  };
  std::map<int64_t, Positions> plans;
  SmallVector<FlopTerm> terms;
  for (const TileNotes &piece : piecesOf(tiles)) {
    // Positions are rows of a plan; without one, of both.
    int64_t rows = -1;
    for (StringRef name : {"operand_rows", "result_rows", "x"})
      if (rows < 0)
        rows = piece.number(name);
    int64_t flops = piece.flops("dw");
    if (rows < 0 || flops == 0)
      return std::nullopt;
    auto members = piece.roles.getAs<DenseI64ArrayAttr>("members");
    if (!members) {
      terms.push_back({flops, {rows}});
      continue;
    }
    auto [plan, isNew] =
        plans.try_emplace(piece.number("offsets"), Positions{rows, {}});
    for (int64_t member : members.asArrayRef())
      plan->second.flopsOfMember[member] += flops;
  }
  for (const auto &[offsets, positions] : plans) {
    int64_t most = 0;
    for (const auto &[member, flops] : positions.flopsOfMember)
      most = std::max(most, flops);
    terms.push_back({most, {positions.rows}});
  }
  return terms;
}

/// 2·rows·D·H and the bias, of kernels with tiles.
std::optional<SmallVector<FlopTerm>> countTiles(func::FuncOp function) {
  TileNotes tiles{function,
                  function->getAttrOfType<DictionaryAttr>(kTileKernel)};
  auto kind = tiles.roles.getAs<StringAttr>("kind");
  SmallVector<FlopTerm> terms;
  if (!kind)
    return std::nullopt;
  if (kind == "plan")
    return terms;
  if (kind == "gradient")
    return countGradients(tiles);
  // Each row is of one piece.
  int64_t most = 0;
  for (const TileNotes &piece : piecesOf(tiles)) {
    int64_t flops = piece.flops("w") + piece.flops("v");
    for (StringRef bias : {"b", "c"})
      if (int64_t number = piece.number(bias); number >= 0)
        if (auto type =
                dyn_cast<MemRefType>(function.getArgumentTypes()[number]))
          flops += std::max<int64_t>(0, type.getShape().back());
    most = std::max(most, flops);
  }
  int64_t rows = tiles.number("rows");
  if (most == 0 || rows < 0)
    return std::nullopt;
  auto factor = tiles.roles.getAs<IntegerAttr>("factor");
  terms.push_back({most * (factor ? factor.getInt() : 1), {rows}});
  return terms;
}

} // namespace

std::optional<SmallVector<FlopTerm>>
modc::countLaunchFlops(func::FuncOp function) {
  if (function->hasAttr(kTileKernel))
    return countTiles(function);
  SmallVector<FlopTerm> terms;
  bool known = true;
  auto add = [&](const Work &work, ArrayRef<int64_t> invocations) {
    auto term = [&](double factor, ArrayRef<int64_t> arguments,
                    int64_t divisor) {
      // Formulas are of 64 bits.
      known &= factor < 1e17;
      if (factor > 0 && known)
        terms.push_back(
            {int64_t(factor), SmallVector<int64_t, 2>(arguments), divisor});
    };
    term(work.fixed, invocations, 1);
    for (const auto &[key, factor] : work.perRow) {
      SmallVector<int64_t, 2> arguments(invocations);
      arguments.push_back(key.first);
      term(factor, arguments, key.second);
    }
  };
  auto invocations = function->getAttrOfType<DenseI64ArrayAttr>(kInvocations);
  for (Operation &op : function.getBody().front()) {
    auto loop = dyn_cast<scf::ForallOp>(op);
    if (loop && !invocations)
      return std::nullopt;
    Counter counter(loop ? Value(loop.getInductionVar(0)) : Value());
    // Without a loop one invocation does all.
    bool isFixed = !loop || invocations[1] < 0;
    Work work = !loop ? counter.count(op, {0, 1})
                      : counter.count(*loop.getBody(),
                                      {0, isFixed ? invocations[0] : 1});
    known &= counter.isKnown();
    Work all;
    all.add(work, isFixed ? 1 : double(invocations[0]));
    if (isFixed)
      add(all, {});
    else
      add(all, {invocations[1]});
  }
  return known ? std::optional(std::move(terms)) : std::nullopt;
}
