//===- SizeFormula.cpp - Bounds of sizes as formulas ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Follows a size back to the sizes of the call. Where a value of a loop is on
// the way, an upper bound takes its place: of a minimum, any operand that has
// one; of an induction variable, the loop's end.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/abi/SizeFormula.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace modc;

StringRef modc::roleOf(func::FuncOp function, unsigned argument) {
  auto role = function.getArgAttrOfType<StringAttr>(argument, kRole);
  return role ? role.getValue() : StringRef();
}

SizeFormula::SizeFormula(OpBuilder &builder, Location loc, func::FuncOp program,
                         Value points, Value candidates, bool checked)
    : builder(builder), loc(loc), program(program), points(points),
      candidates(candidates), checked(checked) {}

Value SizeFormula::constant(int64_t value) {
  return arith::ConstantIntOp::create(builder, loc, value, 64);
}

/// Folds what is constant, so that static programs get static offsets.
static std::optional<int64_t> constantOf(Value value) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return number.getSExtValue();
  return std::nullopt;
}

Value SizeFormula::add(Value a, Value b) {
  auto left = constantOf(a), right = constantOf(b);
  int64_t sum;
  if (left && right && !__builtin_add_overflow(*left, *right, &sum))
    return constant(sum);
  if (left && *left == 0)
    return b;
  if (right && *right == 0)
    return a;
  if (!checked)
    return arith::AddIOp::create(builder, loc, a, b);
  auto pair = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {builder.getI64Type(), builder.getI1Type()});
  Value both = LLVM::SAddWithOverflowOp::create(builder, loc, pair, a, b);
  Value flag = LLVM::ExtractValueOp::create(builder, loc, both, 1);
  overflow =
      overflow ? arith::OrIOp::create(builder, loc, overflow, flag) : flag;
  return LLVM::ExtractValueOp::create(builder, loc, both, 0);
}

Value SizeFormula::mul(Value a, Value b) {
  auto left = constantOf(a), right = constantOf(b);
  int64_t product;
  if (left && right && !__builtin_mul_overflow(*left, *right, &product))
    return constant(product);
  if (left && *left == 1)
    return b;
  if (right && *right == 1)
    return a;
  if (!checked)
    return arith::MulIOp::create(builder, loc, a, b);
  auto pair = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {builder.getI64Type(), builder.getI1Type()});
  Value both = LLVM::SMulWithOverflowOp::create(builder, loc, pair, a, b);
  Value flag = LLVM::ExtractValueOp::create(builder, loc, both, 1);
  overflow =
      overflow ? arith::OrIOp::create(builder, loc, overflow, flag) : flag;
  return LLVM::ExtractValueOp::create(builder, loc, both, 0);
}

Value SizeFormula::max(Value a, Value b) {
  auto left = constantOf(a), right = constantOf(b);
  if (a == b)
    return a;
  if (left && right)
    return constant(std::max(*left, *right));
  return arith::MaxSIOp::create(builder, loc, a, b);
}

Value SizeFormula::aligned(Value bytes) {
  if (auto number = constantOf(bytes))
    return constant((*number + 63) & ~int64_t(63));
  Value sum = add(bytes, constant(63));
  return arith::AndIOp::create(builder, loc, sum, constant(~int64_t(63)));
}

Value SizeFormula::checkedResult(Value total) {
  if (!overflow)
    return total;
  return arith::SelectOp::create(builder, loc, overflow, constant(-1), total);
}

Value SizeFormula::bytes(MemRefType type, ValueRange sizes) {
  Value total = constant(
      int64_t(DataLayout::closest(program).getTypeSize(type.getElementType())));
  for (int64_t dimension : type.getShape())
    if (!ShapedType::isDynamic(dimension))
      total = mul(total, constant(dimension));
  for (Value size : sizes) {
    Value limit = bound(size);
    if (!limit)
      return nullptr;
    total = mul(total, limit);
  }
  return total;
}

Value SizeFormula::bound(Value size) {
  Bound result = visit(size);
  if (result)
    return result.value;
  Operation *where = size.getDefiningOp();
  if (!where)
    where = size.getParentRegion()->getParentOp();
  where->emitError("a temporary's size depends on this value, which has no "
                   "bound in terms of the sizes N and S");
  return nullptr;
}

SizeFormula::Bound SizeFormula::visit(Value value) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second;
  Bound result = build(value);
  known[value] = result;
  return result;
}

SizeFormula::Bound SizeFormula::build(Value value) {
  if (auto number = constantOf(value))
    return {constant(*number)};
  if (auto argument = dyn_cast<BlockArgument>(value))
    return buildArgument(argument);
  Operation *op = value.getDefiningOp();
  if (auto dim = dyn_cast<memref::DimOp>(op))
    return buildDim(dim);
  // Either branch may have been taken.
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    Bound result = maximum(visit(branch.thenYield().getOperand(number)),
                           visit(branch.elseYield().getOperand(number)));
    result.exact = false;
    return result;
  }
  return buildArith(op);
}

SizeFormula::Bound SizeFormula::buildArgument(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  if (parent == program) {
    if (roleOf(program, argument.getArgNumber()) != "size")
      return {};
    auto name =
        program.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kName);
    return {name && name.getValue() == "S" ? candidates : points};
  }
  // An induction variable stays below the loop's end.
  Bound end;
  if (auto loop = dyn_cast<scf::ForOp>(parent)) {
    if (argument == loop.getInductionVar())
      end = visit(loop.getUpperBound());
  } else if (auto loop = dyn_cast<scf::ParallelOp>(parent)) {
    end = visit(loop.getUpperBound()[argument.getArgNumber()]);
  }
  end.exact = false;
  return end;
}

SizeFormula::Bound SizeFormula::buildDim(memref::DimOp dim) {
  std::optional<int64_t> index = dim.getConstantIndex();
  return index ? sizeOf(dim.getSource(), *index) : Bound{};
}

SizeFormula::Bound SizeFormula::sizeOf(Value memref, int64_t index) {
  auto type = dyn_cast<MemRefType>(memref.getType());
  if (!type)
    return {};
  if (!type.isDynamicDim(index))
    return {constant(type.getDimSize(index))};
  if (auto argument = dyn_cast<BlockArgument>(memref)) {
    // What a loop carries keeps its sizes.
    if (auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp()))
      return sizeOf(loop.getTiedLoopInit(argument)->get(), index);
    if (argument.getOwner()->getParentOp() != program || index != 0)
      return {};
    auto rows =
        program.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRows);
    if (!rows)
      return {};
    return {rows.getValue() == "S*N" ? mul(candidates, points) : points};
  }
  return TypeSwitch<Operation *, Bound>(memref.getDefiningOp())
      .Case<memref::AllocOp>([&](auto alloc) {
        return visit(alloc.getDynamicSizes()[type.getDynamicDimIndex(index)]);
      })
      .Case<memref::SubViewOp>([&](auto view) -> Bound {
        if (view.getDroppedDims().any())
          return {};
        auto size = dyn_cast<Value>(view.getMixedSizes()[index]);
        return size ? visit(size) : Bound{};
      })
      .Case<memref::CastOp>(
          [&](auto cast) { return sizeOf(cast.getSource(), index); })
      .Case<memref::ExpandShapeOp>([&](auto expand) {
        return visit(expand.getOutputShape()[type.getDynamicDimIndex(index)]);
      })
      .Case<memref::CollapseShapeOp>([&](auto collapse) {
        Bound product = {constant(1)};
        for (int64_t d : collapse.getReassociationIndices()[index]) {
          Bound size = sizeOf(collapse.getSrc(), d);
          if (!size)
            return Bound{};
          product = {mul(product.value, size.value),
                     product.exact && size.exact};
        }
        return product;
      })
      .Case<scf::ForOp>([&](auto loop) {
        unsigned number = cast<OpResult>(memref).getResultNumber();
        return sizeOf(loop.getInitArgs()[number], index);
      })
      .Default([](Operation *) { return Bound{}; });
}

SizeFormula::Bound SizeFormula::minimum(Bound a, Bound b) {
  if (!a || !b) {
    Bound one = a ? a : b;
    one.exact = false;
    return one;
  }
  return {arith::MinSIOp::create(builder, loc, a.value, b.value),
          a.exact && b.exact};
}

SizeFormula::Bound SizeFormula::maximum(Bound a, Bound b) {
  if (!a || !b)
    return {};
  return {max(a.value, b.value), a.exact && b.exact};
}

SizeFormula::Bound SizeFormula::buildArith(Operation *op) {
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::ExtUIOp>(op))
    return visit(op->getOperand(0));
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    Bound result =
        maximum(visit(select.getTrueValue()), visit(select.getFalseValue()));
    result.exact = false;
    return result;
  }
  if (op->getNumOperands() != 2 || !op->getResult(0).getType().isIntOrIndex())
    return {};
  Bound a = visit(op->getOperand(0)), b = visit(op->getOperand(1));
  if (isa<arith::MinSIOp, arith::MinUIOp>(op))
    return minimum(a, b);
  if (!a || !b)
    // What is taken from a size is not negative.
    return isa<arith::SubIOp>(op) && a ? Bound{a.value, false} : Bound{};
  bool exact = a.exact && b.exact;
  // A divisor must be exact: a bound of it would bound from the wrong side.
  auto divide = [&](auto make) -> Bound {
    return b.exact ? Bound{make(), exact} : Bound{a.value, false};
  };
  return TypeSwitch<Operation *, Bound>(op)
      .Case<arith::AddIOp>(
          [&](auto) { return Bound{add(a.value, b.value), exact}; })
      .Case<arith::MulIOp>([&](auto) {
        // What is not negative, times what is, is at most 0: a bound of it
        // would bound from the wrong side.
        APInt factor;
        if (!exact && matchPattern(op->getOperand(1), m_ConstantInt(&factor)) &&
            factor.isNegative())
          return Bound{constant(0), false};
        return Bound{mul(a.value, b.value), exact};
      })
      .Case<arith::MaxSIOp, arith::MaxUIOp>([&](auto) { return maximum(a, b); })
      .Case<arith::SubIOp>([&](auto) -> Bound {
        if (!b.exact)
          return {a.value, false};
        return {arith::SubIOp::create(builder, loc, a.value, b.value), exact};
      })
      .Case<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>([&](auto) {
        return divide([&]() -> Value {
          return arith::DivSIOp::create(builder, loc, a.value, b.value);
        });
      })
      .Case<arith::CeilDivSIOp, arith::CeilDivUIOp>([&](auto) {
        return divide([&]() -> Value {
          return arith::CeilDivSIOp::create(builder, loc, a.value, b.value);
        });
      })
      .Case<arith::RemSIOp, arith::RemUIOp>([&](auto) -> Bound {
        if (!exact)
          return {b.value, false};
        return {arith::RemSIOp::create(builder, loc, a.value, b.value)};
      })
      .Default([](Operation *) { return Bound{}; });
}
