//===- ContractionFusion.cpp - What products take in ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both fusions move an op across others in its block, so they ask which ops
// between touch the same buffers, through whatever view.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/ContractionFusion.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace modc;

/// Ops above which it is better to read the sums again than to have a copy of
/// them for each vector of a tile.
constexpr size_t kCheapOps = 8;

/// The buffer that `value` is a part of.
static Value getRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// Whether a root is known to be no part of another: not a value that a branch
/// or a loop passes on.
static bool isKnownRoot(Value root) {
  if (auto argument = dyn_cast<BlockArgument>(root))
    return isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
  return isa<memref::AllocOp, memref::AllocaOp, memref::GetGlobalOp>(
      root.getDefiningOp());
}

static bool sharesRoot(Value value, Value other) {
  return value && isa<MemRefType>(value.getType()) &&
         getRoot(value) == getRoot(other);
}

/// Calls `visit` with each op that uses the buffer `root` or a part of it.
static void forEachUser(Value root, function_ref<void(Operation *)> visit) {
  for (Operation *user : root.getUsers()) {
    if (auto view = dyn_cast<ViewLikeOpInterface>(user);
        view && view.getViewSource() == root)
      forEachUser(user->getResult(0), visit);
    else
      visit(user);
  }
}

/// Whether `user` reads the buffer `root` at most.
static bool onlyReads(Operation *user, Value root) {
  if (isa<memref::LoadOp, memref::DimOp, memref::DeallocOp>(user))
    return true;
  auto op = dyn_cast<linalg::LinalgOp>(user);
  return op && llvm::none_of(op.getDpsInits(), [&](Value init) {
           return sharesRoot(init, root);
         });
}

/// Whether any op in the block after `first` and before `last` writes the
/// buffer of `value`, or reads it where `reads` is set.
static bool isTouched(Value value, Operation *first, Operation *last,
                      bool reads) {
  Block *block = first->getBlock();
  Value root = getRoot(value);
  bool touched = false;
  forEachUser(root, [&](Operation *user) {
    Operation *op = block->findAncestorOpInBlock(*user);
    if (!op || !first->isBeforeInBlock(op) || !op->isBeforeInBlock(last) ||
        isa<memref::DimOp>(user))
      return;
    touched |= reads || !onlyReads(user, root);
  });
  return touched;
}

//===----------------------------------------------------------------------===//
// Start
//===----------------------------------------------------------------------===//

/// The op in `block` before `op` that touches the buffer of `value` last.
static Operation *getLastUser(Value value, Block *block, Operation *op) {
  Operation *last = nullptr;
  forEachUser(getRoot(value), [&](Operation *user) {
    Operation *other = block->findAncestorOpInBlock(*user);
    if (other && !isa<memref::DimOp>(user) && other->isBeforeInBlock(op) &&
        (!last || last->isBeforeInBlock(other)))
      last = other;
  });
  return last;
}

static bool isZeroFill(Operation *op, Value buffer) {
  if (!op)
    return false;
  Value value;
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    if (fill.getDpsInits()[0] != buffer)
      return false;
    value = fill.getInputs()[0];
  } else if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    // A fill after generalization.
    if (generic.getNumDpsInputs() != 1 || generic.getNumDpsInits() != 1 ||
        generic.getDpsInits()[0] != buffer ||
        generic.getBody()->getTerminator()->getOperand(0) !=
            generic.getBody()->getArgument(0))
      return false;
    value = generic.getDpsInputs()[0];
  } else {
    return false;
  }
  FloatAttr constant;
  return matchPattern(value, m_Constant(&constant)) &&
         constant.getValue().isPosZero();
}

/// The row that `op` copies to each row of `buffer`; null if it does not.
static Value getCopiedRow(Operation *op, Value buffer) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1 ||
      generic.getNumDpsInits() != 1 || generic.getDpsInits()[0] != buffer ||
      generic.getNumLoops() != 2 || generic.getNumParallelLoops() != 2 ||
      generic.getBody()->getTerminator()->getOperand(0) !=
          generic.getBody()->getArgument(0))
    return {};
  AffineMap in = generic.getIndexingMapsArray()[0];
  AffineMap out = generic.getIndexingMapsArray()[1];
  if (!out.isIdentity() || in.getNumResults() != 1 ||
      in.getResult(0) != getAffineDimExpr(1, op->getContext()))
    return {};
  Value row = generic.getDpsInputs()[0];
  auto type = dyn_cast<MemRefType>(row.getType());
  if (!type || sharesRoot(row, buffer) ||
      type.getElementType() !=
          cast<MemRefType>(buffer.getType()).getElementType() ||
      !type.areTrailingDimsContiguous(1))
    return {};
  return row;
}

/// Whether the rounds of `loop` continue the sums of `op`, which `fill` starts.
static bool continuesSums(scf::ForOp loop, linalg::GenericOp op, Value c,
                          Operation *fill) {
  if (op->getBlock() != loop.getBody() || c.getParentBlock() == loop.getBody())
    return false;
  bool only = true;
  forEachUser(getRoot(c), [&](Operation *user) {
    if (loop->isProperAncestor(user) && user != op && !isa<memref::DimOp>(user))
      only = false;
  });
  return only && !isTouched(c, fill, loop, /*reads=*/true);
}

bool modc::fuseStart(linalg::GenericOp op, Contraction &contraction,
                     AbsorbedOps &absorbed) {
  Value c = contraction.c;
  if (!isKnownRoot(getRoot(c)))
    return false;
  if (Operation *before = getLastUser(c, op->getBlock(), op)) {
    if (absorbed.contains(before))
      return false;
    if (isZeroFill(before, c)) {
      contraction.start = Contraction::Start::Zero;
    } else {
      Value row = getCopiedRow(before, c);
      if (!row || !isKnownRoot(getRoot(row)) ||
          isTouched(row, before, op, /*reads=*/false))
        return false;
      contraction.start = Contraction::Start::Bias;
      contraction.bias = row;
    }
    contraction.starter = before;
    return absorbed.insert(before);
  }
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (!loop)
    return false;
  Operation *fill = getLastUser(c, loop->getBlock(), loop);
  if (!isZeroFill(fill, c) || absorbed.contains(fill) ||
      !continuesSums(loop, op, c, fill))
    return false;
  // No round, no start: the fill stays for that case.
  OpBuilder builder(loop);
  Location loc = fill->getLoc();
  Value none =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                            loop.getLowerBound(), loop.getUpperBound());
  auto branch = scf::IfOp::create(builder, loc, none, /*withElse=*/false);
  fill->moveBefore(branch.thenBlock()->getTerminator());
  builder.setInsertionPoint(op);
  contraction.fresh =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                            loop.getInductionVar(), loop.getLowerBound());
  contraction.start = Contraction::Start::Zero;
  return true;
}

//===----------------------------------------------------------------------===//
// Finish
//===----------------------------------------------------------------------===//

/// Whether `op` is elementwise on scalars, and cheap.
static bool isCheap(linalg::GenericOp op) {
  if (op.getBody()->getOperations().size() > kCheapOps ||
      op.hasIndexSemantics())
    return false;
  auto isKnown = [&](Value value) {
    Operation *definition = value.getDefiningOp();
    return value.getParentBlock() == op.getBody() ||
           (definition && definition->hasTrait<OpTrait::ConstantLike>());
  };
  for (Operation &inner : *op.getBody()) {
    if (!llvm::all_of(inner.getOperands(), isKnown))
      return false;
    if (inner.hasTrait<OpTrait::IsTerminator>() ||
        inner.hasTrait<OpTrait::ConstantLike>())
      continue;
    if (!isa<arith::ArithDialect>(inner.getDialect()) ||
        !OpTrait::hasElementwiseMappableTraits(&inner) ||
        isa<arith::DivFOp, arith::RemFOp>(inner))
      return false;
  }
  return true;
}

/// Whether a kernel can read an input of the finish at vectors of c.
static bool isReadable(linalg::GenericOp op, OpOperand *input) {
  auto type = dyn_cast<MemRefType>(input->get().getType());
  AffineMap map = op.getMatchingIndexingMap(input);
  if (!type)
    return map.getNumResults() == 0 &&
           input->get().getType().isIntOrIndexOrFloat();
  if (!hasVectorElements(type) || !isKnownRoot(getRoot(input->get())))
    return false;
  if (!map.isProjectedPermutation())
    return false;
  if (map.getNumResults() == 2)
    return map.isIdentity() && type.areTrailingDimsContiguous(1);
  if (map.getNumResults() == 1 && map.getDimPosition(0) == 1)
    return type.areTrailingDimsContiguous(1);
  return true;
}

/// Moves what defines `value` before `op`, if that is in one block with it.
static bool hoist(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  if (!definition || definition->getBlock() != op->getBlock() ||
      definition->isBeforeInBlock(op))
    return true;
  if (!isMemoryEffectFree(definition) && !isa<memref::AllocOp>(definition))
    return false;
  if (definition->getNumRegions() ||
      !llvm::all_of(definition->getOperands(),
                    [&](Value operand) { return hoist(operand, op); }))
    return false;
  definition->moveBefore(op);
  return true;
}

/// The op after `op` in its block that touches the buffer of `value` next.
static Operation *getNextUser(Value value, Operation *op) {
  Operation *next = nullptr;
  Block *block = op->getBlock();
  forEachUser(getRoot(value), [&](Operation *user) {
    Operation *other = block->findAncestorOpInBlock(*user);
    if (other && !isa<memref::DimOp>(user) && op->isBeforeInBlock(other) &&
        (!next || other->isBeforeInBlock(next)))
      next = other;
  });
  return next;
}

bool modc::hasVectorElements(MemRefType type) {
  Type element = type.getElementType();
  if (!element.isIntOrFloat())
    return false;
  unsigned bits = element.getIntOrFloatBitWidth();
  return bits >= 8 && llvm::isPowerOf2_32(bits);
}

bool modc::fuseFinish(linalg::GenericOp op, Contraction &contraction,
                      AbsorbedOps &absorbed, ArrayRef<Value> late) {
  Value c = contraction.c;
  if (!isKnownRoot(getRoot(c)))
    return false;
  auto finish = dyn_cast_or_null<linalg::GenericOp>(getNextUser(c, op));
  if (!finish || absorbed.contains(finish) || finish.getNumLoops() != 2 ||
      finish.getNumParallelLoops() != 2 || finish.getNumDpsInits() != 1 ||
      !finish.hasPureBufferSemantics() || !isCheap(finish))
    return false;
  OpOperand *init = finish.getDpsInitOperand(0);
  Value out = init->get();
  auto type = cast<MemRefType>(out.getType());
  if (!finish.getMatchingIndexingMap(init).isIdentity() ||
      type.getElementType() != contraction.element() ||
      type.getShape() != contraction.typeC().getShape() ||
      !type.areTrailingDimsContiguous(1) || !isKnownRoot(getRoot(out)) ||
      (out != c && sharesRoot(out, c)) ||
      llvm::any_of(late, [&](Value row) { return sharesRoot(row, out); }) ||
      !finish.getBody()->getArgument(init->getOperandNumber()).use_empty())
    return false;
  // Sums are stored while a, b and rows are still being read.
  for (Value read :
       {contraction.a, contraction.b, contraction.rows, contraction.bias})
    if (sharesRoot(read, out))
      return false;
  if (out != c && isTouched(out, op, finish, /*reads=*/true))
    return false;
  bool continues =
      contraction.start == Contraction::Start::Old || contraction.fresh;
  Finish result = {finish, {}, out, out != c && continues};
  bool readsSums = false;
  for (OpOperand *input : finish.getDpsInputOperands()) {
    Value value = input->get();
    if (value == c) {
      if (!finish.getMatchingIndexingMap(input).isIdentity())
        return false;
      readsSums = true;
      result.inputs.push_back(Value());
      continue;
    }
    if (!isReadable(finish, input) || sharesRoot(value, c) ||
        (value != out && sharesRoot(value, out)))
      return false;
    if (isa<MemRefType>(value.getType()) &&
        isTouched(value, op, finish, /*reads=*/false))
      return false;
    result.inputs.push_back(value);
  }
  if (!readsSums)
    return false;
  for (Value operand : finish->getOperands())
    if (!hoist(operand, op))
      return false;
  // Sums that something else may read are kept: also the caller, if c is his.
  if (out != c) {
    result.keepsSums |= !getRoot(c).getDefiningOp<memref::AllocOp>();
    forEachUser(getRoot(c), [&](Operation *user) {
      result.keepsSums |= user != op && user != finish &&
                          user != contraction.starter &&
                          !isa<memref::DimOp, memref::DeallocOp>(user);
    });
  }
  // Sums that nobody else reads need no memory of their own between rounds of
  // k.
  if (!result.keepsSums && !llvm::is_contained(result.inputs, out))
    contraction.c = out;
  contraction.finish = result;
  return absorbed.insert(finish);
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

bool modc::fuseScatter(linalg::GenericOp op, Contraction &contraction,
                       AbsorbedOps &absorbed, ArrayRef<Value> late) {
  // Sums go where results do, from their start on.
  if (contraction.start == Contraction::Start::Old || contraction.fresh ||
      contraction.panelOfC())
    return false;
  Operation *last = op;
  Value out = contraction.c;
  SmallVector<Value> read = {contraction.a, contraction.b, contraction.rows,
                             contraction.bias};
  if (contraction.finish) {
    last = contraction.finish->op;
    out = contraction.finish->out;
    llvm::append_range(read, contraction.finish->inputs);
    if (contraction.finish->keepsSums ||
        llvm::any_of(contraction.finish->inputs, [&](Value input) {
          return input && sharesRoot(input, out);
        }))
      return false;
  }
  if (!getRoot(out).getDefiningOp<memref::AllocOp>())
    return false;
  auto scatter = dyn_cast_or_null<ScatterRowsOp>(getNextUser(out, last));
  if (!scatter || scatter.getSource() != out || absorbed.contains(scatter))
    return false;
  Value whole = scatter.getDest(), rows = scatter.getRows();
  auto type = cast<MemRefType>(whole.getType());
  llvm::append_range(read, late);
  auto isRead = [&](Value value) { return sharesRoot(value, whole); };
  if (!type.areTrailingDimsContiguous(1) || !isKnownRoot(getRoot(whole)) ||
      !isKnownRoot(getRoot(rows)) || llvm::any_of(read, isRead) ||
      isRead(out) || isRead(rows) || sharesRoot(rows, out) ||
      isTouched(whole, op, scatter, /*reads=*/true) ||
      isTouched(rows, op, scatter, /*reads=*/false))
    return false;
  // Results that something else reads have to stay where they are, too.
  bool only = true;
  forEachUser(getRoot(out), [&](Operation *user) {
    only &= user == op || user == last || user == scatter ||
            user == contraction.starter ||
            isa<memref::DimOp, memref::DeallocOp>(user);
  });
  if (!only || !hoist(whole, op) || !hoist(rows, op))
    return false;
  contraction.c = whole;
  contraction.rowsOfC = rows;
  if (contraction.finish)
    contraction.finish->out = whole;
  return absorbed.insert(scatter);
}
