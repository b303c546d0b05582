//===- FlopCount.cpp - Work of programs in the signature ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Follows the first dimension of every tensor back to the arguments of its
// program, where it is N or S*N. Row-wise ops keep it, so that only the few
// that change the number of rows need a rule.
//
//===----------------------------------------------------------------------===//

#include "frontend/FlopCount.h"

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <array>

using namespace mlir;

namespace modc {
namespace {

/// a + b·N + c·S + d·S·N, without overflow and not negative.
struct Amount {
  enum Term { One, Points, Candidates, Both, NumTerms };
  std::array<int64_t, NumTerms> terms = {};

  static Amount of(Term term, int64_t factor = 1) {
    Amount amount;
    amount.terms[term] = factor;
    return amount;
  }
  bool operator==(const Amount &other) const { return terms == other.terms; }
};

using MaybeAmount = std::optional<Amount>;

MaybeAmount plus(const Amount &a, const Amount &b) {
  Amount sum;
  for (int i = 0; i < Amount::NumTerms; ++i) {
    std::optional<int64_t> term = llvm::checkedAdd(a.terms[i], b.terms[i]);
    if (!term)
      return std::nullopt;
    sum.terms[i] = *term;
  }
  return sum;
}

/// The product, if no symbol stands in it twice.
MaybeAmount times(const Amount &a, const Amount &b) {
  Amount product;
  for (int i = 0; i < Amount::NumTerms; ++i)
    for (int j = 0; j < Amount::NumTerms; ++j) {
      if (!a.terms[i] || !b.terms[j])
        continue;
      // Bit 0 of a term says N, bit 1 says S.
      if (i & j)
        return std::nullopt;
      std::optional<int64_t> term =
          llvm::checkedMulAdd(a.terms[i], b.terms[j], product.terms[i | j]);
      if (!term)
        return std::nullopt;
      product.terms[i | j] = *term;
    }
  return product;
}

/// Counts one program. Every question answers nothing where it is not known.
class Counter {
public:
  explicit Counter(func::FuncOp program) : program(program) {}

  MaybeAmount count() { return work(program.getBody().front()); }

private:
  MaybeAmount work(Block &block);
  MaybeAmount work(Operation *op);
  MaybeAmount workOfLoops(linalg::LinalgOp op);
  MaybeAmount workOfMembers(GroupedOp op);

  /// Dimension `dim` of a tensor, or the rows of a selection or plan.
  MaybeAmount extent(Value value, int64_t dim);
  MaybeAmount rows(Value value);
  MaybeAmount rowsOfArgument(BlockArgument argument);
  MaybeAmount rowsOfResult(OpResult result);
  MaybeAmount index(OpFoldResult value);

  func::FuncOp program;
  DenseMap<Value, MaybeAmount> known;
};

} // namespace

MaybeAmount Counter::work(Block &block) {
  Amount total;
  for (Operation &op : block) {
    MaybeAmount part = work(&op);
    MaybeAmount sum = part ? plus(total, *part) : std::nullopt;
    if (!sum)
      return std::nullopt;
    total = *sum;
  }
  return total;
}

MaybeAmount Counter::work(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op)) {
    auto type = cast<RankedTensorType>(linear.getResult().getType());
    int64_t depth =
        cast<RankedTensorType>(linear.getWeight().getType()).getDimSize(0);
    MaybeAmount amount = Amount::of(Amount::One, 2 * depth);
    for (int64_t dim = 0; dim < type.getRank() && amount; ++dim) {
      MaybeAmount size = extent(linear.getInput(), dim);
      if (dim + 1 == type.getRank())
        size = Amount::of(Amount::One, type.getDimSize(dim));
      amount = size ? times(*amount, *size) : std::nullopt;
    }
    return amount;
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return workOfLoops(linalgOp);
  if (auto grouped = dyn_cast<GroupedOp>(op))
    return workOfMembers(grouped);
  if (auto scan = dyn_cast<ScanOp>(op)) {
    MaybeAmount step = work(*scan.getBody().getBlocks().begin());
    MaybeAmount length = extent(scan.getSequences().front(), 1);
    return step && length ? times(*step, *length) : std::nullopt;
  }
  // Rules of updates, and elementwise bodies, hold no products of matrices;
  // what an unknown region repeats cannot be known.
  bool holdsWork = false;
  for (Region &region : op->getRegions())
    region.walk([&](Operation *inner) {
      holdsWork |= isa<LinearOp, linalg::LinalgOp, GroupedOp, ScanOp>(inner);
    });
  if (holdsWork)
    return std::nullopt;
  return Amount();
}

/// True if the body is out + a·b of two operands: sums of squares are not.
static bool multipliesAndAdds(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || op->getNumResults() != 1)
    return false;
  auto yield = cast<linalg::YieldOp>(op.getBlock()->getTerminator());
  auto add = yield.getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value out = op.getBlock()->getArguments().back();
  for (auto [sum, product] : {std::pair(add.getLhs(), add.getRhs()),
                              std::pair(add.getRhs(), add.getLhs())})
    if (auto factors = product.getDefiningOp<arith::MulFOp>())
      if (sum == out && isa<BlockArgument>(factors.getLhs()) &&
          isa<BlockArgument>(factors.getRhs()) &&
          factors.getLhs() != factors.getRhs())
        return true;
  return false;
}

/// Two operations for each point of the iteration space.
MaybeAmount Counter::workOfLoops(linalg::LinalgOp op) {
  if (!multipliesAndAdds(op))
    return Amount();
  SmallVector<MaybeAmount> loops(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dim, expression] : llvm::enumerate(map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expression))
        if (!loops[loop.getPosition()])
          loops[loop.getPosition()] = extent(operand.get(), dim);
  }
  MaybeAmount amount = Amount::of(Amount::One, 2);
  for (const MaybeAmount &loop : loops)
    amount = amount && loop ? times(*amount, *loop) : std::nullopt;
  return amount;
}

/// Rows are shared out among members; the sum does not depend on how, if all
/// members work alike.
MaybeAmount Counter::workOfMembers(GroupedOp op) {
  MaybeAmount all;
  for (unsigned c = 0; c < op.getNumClasses(); ++c) {
    MaybeAmount one = work(op.getClassBody(c));
    if (!one || (all && !(*all == *one)))
      return std::nullopt;
    all = one;
  }
  return all ? all : Amount();
}

MaybeAmount Counter::extent(Value value, int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && dim < type.getRank() && !type.isDynamicDim(dim))
    return Amount::of(Amount::One, type.getDimSize(dim));
  return dim == 0 ? rows(value) : std::nullopt;
}

MaybeAmount Counter::rows(Value value) {
  auto [place, isNew] = known.try_emplace(value, std::nullopt);
  if (!isNew)
    return place->second;
  auto argument = dyn_cast<BlockArgument>(value);
  MaybeAmount found =
      argument ? rowsOfArgument(argument) : rowsOfResult(cast<OpResult>(value));
  known[value] = found;
  return found;
}

MaybeAmount Counter::rowsOfArgument(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  if (parent == program) {
    auto rows = program.getArgAttrOfType<StringAttr>(number, "modular.rows");
    if (!rows)
      return std::nullopt;
    return rows.getValue() == "N"     ? MaybeAmount(Amount::of(Amount::Points))
           : rows.getValue() == "S*N" ? MaybeAmount(Amount::of(Amount::Both))
                                      : std::nullopt;
  }
  if (auto grouped = dyn_cast<GroupedOp>(parent)) {
    // All members' rows together.
    if (number < grouped.getGathered().size() + grouped.getAlong().size())
      return rows(grouped.getPlan());
    // Slices of points are static; then come the shared operands.
    unsigned before = grouped.getGathered().size() + grouped.getAlong().size() +
                      grouped.getPoints().size();
    unsigned shared = number - before;
    return number >= before && shared < grouped.getShared().size()
               ? rows(grouped.getShared()[shared])
               : std::nullopt;
  }
  if (auto scan = dyn_cast<ScanOp>(parent)) {
    unsigned carried = scan.getInits().size();
    if (number == 0)
      return std::nullopt;
    return number <= carried ? rows(scan.getInits()[number - 1])
                             : rows(scan.getSequences()[number - 1 - carried]);
  }
  return std::nullopt;
}

MaybeAmount Counter::rowsOfResult(OpResult result) {
  Operation *op = result.getOwner();
  if (auto plan = dyn_cast<PlanOp>(op)) {
    MaybeAmount each = rows(plan.getSelection());
    int64_t choose = cast<PlanType>(result.getType()).getChoose();
    return each ? times(*each, Amount::of(Amount::One, choose)) : std::nullopt;
  }
  if (auto combine = dyn_cast<CombineOp>(op)) {
    auto plan = combine.getPlan().getDefiningOp<PlanOp>();
    return plan ? rows(plan.getSelection()) : std::nullopt;
  }
  if (auto tile = dyn_cast<TileRowsOp>(op)) {
    MaybeAmount each = rows(tile.getInput()), copies = index(tile.getTimes());
    return each && copies ? times(*each, *copies) : std::nullopt;
  }
  if (auto uniform = dyn_cast<UniformOp>(op)) {
    MaybeAmount points = rows(uniform.getPoints());
    MaybeAmount candidates = index(uniform.getCandidates());
    MaybeAmount both =
        points && candidates ? times(*points, *candidates) : std::nullopt;
    return both ? times(*both,
                        Amount::of(Amount::One, uniform.getRowsPerPoint()))
                : std::nullopt;
  }
  if (auto scan = dyn_cast<ScanOp>(op))
    return scan.getInits().empty() ? rows(scan.getSequences().front())
                                   : rows(scan.getInits().front());
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return index(empty.getMixedSizes().front());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return slice.getSourceType().getRank() == slice.getType().getRank()
               ? index(slice.getMixedSizes().front())
               : std::nullopt;
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return rows(insert.getDest());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return index(expand.getMixedOutputShape().front());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    MaybeAmount amount = Amount::of(Amount::One);
    for (int64_t dim : collapse.getReassociationIndices().front()) {
      MaybeAmount size = extent(collapse.getSrc(), dim);
      amount = amount && size ? times(*amount, *size) : std::nullopt;
    }
    return amount;
  }
  if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
    return rows(style.getTiedOpOperand(result)->get());
  // Only fewer points than rows come out of this one.
  if (isa<KeepBestOp>(op))
    return std::nullopt;
  // In general row i of the results depends on row i of the operands. Of shared
  // dialects only elementwise ops do for certain.
  if (!op->getDialect() || !isa<ModularDialect>(op->getDialect()))
    if (!op->hasTrait<OpTrait::Elementwise>() && !isa<tensor::ConcatOp>(op))
      return std::nullopt;
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType, SelectionType, PlanType>(operand.getType()))
      return extent(operand, 0);
  return std::nullopt;
}

MaybeAmount Counter::index(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant >= 0 ? MaybeAmount(Amount::of(Amount::One, *constant))
                          : std::nullopt;
  Value dynamic = cast<Value>(value);
  if (auto argument = dyn_cast<BlockArgument>(dynamic)) {
    if (argument.getOwner()->getParentOp() != program)
      return std::nullopt;
    auto name = program.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                     "modular.name");
    auto role = program.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                     "modular.role");
    if (!name || !role || role.getValue() != "size")
      return std::nullopt;
    return Amount::of(name.getValue() == "N" ? Amount::Points
                                             : Amount::Candidates);
  }
  if (auto dim = dynamic.getDefiningOp<tensor::DimOp>()) {
    std::optional<int64_t> position = dim.getConstantIndex();
    return position ? extent(dim.getSource(), *position) : std::nullopt;
  }
  if (auto product = dynamic.getDefiningOp<arith::MulIOp>()) {
    MaybeAmount a = index(product.getLhs()), b = index(product.getRhs());
    return a && b ? times(*a, *b) : std::nullopt;
  }
  return std::nullopt;
}

void recordFlops(ModuleOp module) {
  auto text = module->getAttrOfType<StringAttr>("modular.signature");
  if (!text)
    return;
  llvm::Expected<llvm::json::Value> signature =
      llvm::json::parse(text.getValue());
  if (!signature)
    // The reader of the signature has the message.
    return llvm::consumeError(signature.takeError());
  llvm::json::Object *root = signature->getAsObject();
  llvm::json::Array *programs = root ? root->getArray("programs") : nullptr;
  if (!programs)
    return;
  for (llvm::json::Value &value : *programs) {
    llvm::json::Object *program = value.getAsObject();
    std::optional<llvm::StringRef> name =
        program ? program->getString("name") : std::nullopt;
    auto function = name ? module.lookupSymbol<func::FuncOp>(*name) : nullptr;
    if (!function || function.isExternal())
      continue;
    MaybeAmount amount = Counter(function).count();
    // Nothing runs for a candidate but not for its points.
    if (!amount || amount->terms[Amount::Candidates])
      continue;
    (*program)["flops"] = llvm::json::Array{amount->terms[Amount::One],
                                            amount->terms[Amount::Points],
                                            amount->terms[Amount::Both]};
  }
  std::string result;
  llvm::raw_string_ostream(result) << *signature;
  module->setAttr("modular.signature",
                  StringAttr::get(module.getContext(), result));
}

} // namespace modc
