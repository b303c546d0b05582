//===- BodyUnits.cpp - Products of a grouped body -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each product of a body begins a step, to which all belongs that is made of
// its sums and of no later product's. Two steps are one unit where the rows
// between them can stay in shared memory.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/BodyUnits.h"

#include "passes/gpu/ElementFunction.h"
#include "passes/gpu/ReadValues.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace modc;

/// A group makes all columns of a second product, one tile after the other.
constexpr int64_t kChainColumns = 256;

Value modc::operandOf(GroupedOp op, unsigned c, Value argument) {
  unsigned number = cast<BlockArgument>(argument).getArgNumber();
  SmallVector<Value> operands(op.getGathered());
  llvm::append_range(operands, op.getAlong());
  llvm::append_range(operands, op.getPoints());
  llvm::append_range(operands, op.getShared());
  llvm::append_range(operands, op.getClassParameters(c));
  return operands[number];
}

bool modc::isGatheredArgument(GroupedOp op, Value argument) {
  return cast<BlockArgument>(argument).getArgNumber() < op.getGathered().size();
}

bool modc::isRowArgument(GroupedOp op, Value argument) {
  return cast<BlockArgument>(argument).getArgNumber() <
         op.getGathered().size() + op.getAlong().size();
}

namespace {

class UnitFinder {
public:
  UnitFinder(GroupedOp op, unsigned c)
      : op(op), body(op.getClassBody(c)), numResults(op.getRowResults().size()),
        firstParameter(op.getGathered().size() + op.getAlong().size() +
                       op.getPoints().size() + op.getShared().size()) {}

  std::optional<SmallVector<BodyUnit>> find() {
    for (Operation &inner : body.without_terminator())
      number(&inner);
    stored.resize(products.size() + 1);
    laterUses.resize(products.size() + 1);
    for (Operation &inner : body.without_terminator())
      collectUses(&inner);
    if (!collectResults())
      return std::nullopt;
    if (!build() || !llvm::all_of(units, [&](const BodyUnit &unit) {
          return isMadeByElements(unit);
        }))
      return std::nullopt;
    return units;
  }

private:
  /// How many of the products have gone into a value.
  unsigned stepOf(Value value) { return steps.lookup(value); }

  void number(Operation *inner) {
    unsigned step = 0;
    if (isProduct(inner)) {
      products.push_back(inner);
      step = products.size();
    } else if (!isa<tensor::DimOp, tensor::EmptyOp>(inner)) {
      for (Value operand : getReadValues(inner))
        step = std::max(step, stepOf(operand));
    }
    for (Value result : inner->getResults())
      steps[result] = step;
  }

  bool isProduct(Operation *inner) {
    auto product = MatrixProduct::match(inner);
    auto isParameter = [&](Value value) {
      auto argument = dyn_cast<BlockArgument>(value);
      return argument && argument.getArgNumber() >= firstParameter;
    };
    if (!product || !isParameter(product->w) ||
        (product->b && !isParameter(product->b)))
      return false;
    auto argument = dyn_cast<BlockArgument>(product->x);
    return !argument || isRowArgument(op, argument);
  }

  bool isProductOf(unsigned step, Operation *inner) {
    return step > 0 && products[step - 1] == inner;
  }

  /// What a later step reads is stored, unless it is made anew of arguments.
  void collectUses(Operation *inner) {
    if (isa<tensor::DimOp, tensor::EmptyOp>(inner))
      return;
    unsigned step = inner->getNumResults() ? stepOf(inner->getResult(0)) : 0;
    bool isProduct = isProductOf(step, inner);
    for (Value operand : getReadValues(inner)) {
      unsigned source = stepOf(operand);
      if (isa<BlockArgument>(operand) || source == step ||
          (source == 0 && !isProduct) || isFill(operand))
        continue;
      stored[source].insert(operand);
      ++uses[operand];
      if (!isProduct)
        laterUses[source].insert(step);
    }
  }
  /// What a product starts from.
  static bool isFill(Value value) {
    return value.getDefiningOp<linalg::FillOp>() ||
           value.getDefiningOp<tensor::EmptyOp>();
  }

  static int64_t widthOf(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getRank() == 2 ? type.getDimSize(1) : -1;
  }

  bool collectResults() {
    for (Value value :
         body.getTerminator()->getOperands().take_front(numResults)) {
      if (value.getDefiningOp<tensor::EmptyOp>())
        continue;
      ++uses[value];
      unsigned step = stepOf(value);
      if (widthOf(value) < 0)
        return false;
      // Made of arguments alone: beside the last product of that width.
      if (step == 0)
        for (unsigned i = products.size(); i > 0 && step == 0; --i)
          if (widthOf(products[i - 1]->getResult(0)) == widthOf(value))
            step = i;
      stored[step].insert(value);
    }
    return true;
  }

  /// Whether the rows that product `step` + 1 multiplies can stay where the
  /// sums of product `step` were.
  bool canChain(unsigned step) {
    if (step + 1 > products.size() || laterUses[step].contains(step + 1))
      return false;
    Value x = MatrixProduct::match(products[step])->x;
    return stepOf(x) == step && !isa<BlockArgument>(x) &&
           widthOf(products[step - 1]->getResult(0)) <= kChained &&
           widthOf(products[step]->getResult(0)) <= kChainColumns;
  }

  bool build() {
    if (!stored[0].empty())
      units.push_back({{}, {}, stored[0].takeVector(), 0});
    for (unsigned step = 1; step <= products.size(); ++step) {
      BodyUnit unit;
      unit.products.push_back(products[step - 1]);
      if (canChain(step)) {
        unit.products.push_back(products[step]);
        Value x = MatrixProduct::match(products[step])->x;
        for (Value value : stored[step])
          if (value != x || uses[value] > 1)
            unit.between.push_back(value);
        ++step;
      }
      unit.stored = stored[step].takeVector();
      units.push_back(std::move(unit));
    }
    for (BodyUnit &unit : units) {
      unit.width =
          widthOf(unit.products.empty() ? unit.stored.front()
                                        : unit.sum(unit.products.size() - 1));
      auto fits = [](ArrayRef<Value> values, int64_t width) {
        return llvm::all_of(
            values, [&](Value value) { return widthOf(value) == width; });
      };
      if (unit.width <= 0 || !fits(unit.stored, unit.width) ||
          (!unit.between.empty() && !fits(unit.between, widthOf(unit.sum(0)))))
        return false;
    }
    return true;
  }

  /// Of arguments, the unit's sums and what others have stored.
  bool isMadeByElements(const BodyUnit &unit) {
    SmallVector<Value> given;
    for (const BodyUnit &other : units)
      if (&other != &unit) {
        llvm::append_range(given, other.between);
        llvm::append_range(given, other.stored);
      }
    auto check = [&](SmallVector<Value> values, Value sum) {
      auto function = ElementFunction::build(op.getLoc(), values, sum, given);
      return function &&
             llvm::all_of(function->loads, [&](const ElementLoad &load) {
               return readsOwnRow(load);
             });
    };
    if (unit.products.empty())
      return check(unit.stored, {});
    if (unit.products.size() == 2) {
      SmallVector<Value> values(unit.between);
      values.push_back(MatrixProduct::match(unit.products[1])->x);
      if (!check(values, unit.sum(0)))
        return false;
    }
    return check(unit.stored, unit.sum(unit.products.size() - 1));
  }

  bool readsOwnRow(const ElementLoad &load) {
    ArrayRef<AffineExpr> at = load.map.getResults();
    AffineExpr row = getAffineDimExpr(0, op.getContext());
    if (isRowArgument(op, load.argument)) {
      if (at.empty() || at.front() != row)
        return false;
      at = at.drop_front();
    }
    return llvm::none_of(
        at, [](AffineExpr expr) { return expr.isFunctionOfDim(0); });
  }

  GroupedOp op;
  Block &body;
  size_t numResults, firstParameter;
  SmallVector<Operation *> products;
  DenseMap<Value, unsigned> steps;
  /// By step, from 0: values that results or later steps need, and the later
  /// steps that read them other than as rows of a product.
  SmallVector<SetVector<Value>> stored;
  SmallVector<llvm::SmallSet<unsigned, 4>> laterUses;
  DenseMap<Value, unsigned> uses;
  SmallVector<BodyUnit> units;
};

} // namespace

std::optional<SmallVector<BodyUnit>> modc::findUnits(GroupedOp op, unsigned c) {
  return UnitFinder(op, c).find();
}

bool modc::isWorthTiles(ArrayRef<BodyUnit> units) {
  return llvm::any_of(units, [](const BodyUnit &unit) {
    return llvm::any_of(unit.products, [](Operation *product) {
      return isWide(MatrixProduct::match(product)->w, kWide);
    });
  });
}
