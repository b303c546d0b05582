//===- LayOutPanels.cpp - Weights in panels of columns --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the parameters that products read and nothing else looks into, and
// rewrites their types and the ops on them in all programs at once.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/cpu/PanelClasses.h"
#include "passes/cpu/Panels.h"
#include "llvm/Support/JSON.h"

namespace modc {
#define GEN_PASS_DEF_LAYOUTPANELSPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

/// [..., d, h] as [..., h / w, d, w].
static RankedTensorType toPanels(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  int64_t width = getPanelColumns(type.getElementType());
  int64_t columns = std::exchange(shape.back(), width);
  shape.insert(shape.end() - 2, columns / width);
  return RankedTensorType::get(shape, type.getElementType());
}

namespace {

/// The loops of an op once that over a column is two.
class SplitLoops {
public:
  /// Loop `column` becomes `panel`, before `row`, and one in its own place.
  SplitLoops(MLIRContext *context, unsigned numLoops, unsigned row,
             unsigned column, int64_t width)
      : context(context), column(column), width(width),
        panel(std::min(row, column)), numLoops(numLoops + 1) {}

  unsigned place(unsigned loop) const { return loop + (loop >= panel); }
  unsigned panelLoop() const { return panel; }
  unsigned getNumLoops() const { return numLoops; }

  /// The map of an operand that stays as it is.
  AffineMap split(AffineMap map) const {
    SmallVector<AffineExpr> loops;
    for (unsigned i = 0; i + 1 < numLoops; ++i)
      loops.push_back(getAffineDimExpr(place(i), context));
    loops[column] = getAffineDimExpr(panel, context) * width + loops[column];
    return map.replaceDimsAndSymbols(loops, {}, numLoops, 0);
  }

  /// The map of an operand that is in panels: [..., p, d, c].
  AffineMap splitPanels(AffineMap map) const {
    SmallVector<AffineExpr> results;
    for (AffineExpr expr : map.getResults())
      results.push_back(getAffineDimExpr(
          place(cast<AffineDimExpr>(expr).getPosition()), context));
    results.insert(results.end() - 2, getAffineDimExpr(panel, context));
    return AffineMap::get(numLoops, 0, results, context);
  }

private:
  MLIRContext *context;
  unsigned column;
  int64_t width;
  unsigned panel, numLoops;
};

struct LayOutPanelsPass : modc::impl::LayOutPanelsPassBase<LayOutPanelsPass> {
  using LayOutPanelsPassBase::LayOutPanelsPassBase;

  void runOnOperation() override {
    separateStarts();
    PanelClasses classes(getOperation());
    remark(classes);
    SmallVector<Split> splits;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (llvm::any_of(op->getOperands(),
                       [&](Value v) { return classes.isInPanels(v); }))
        splits.push_back(planSplit(op, classes));
    });
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      markArguments(function, classes);
    // Types before ops, which are made anew by the types of their operands.
    for (Value value : classes.getValues())
      if (classes.isInPanels(value))
        value.setType(toPanels(cast<RankedTensorType>(value.getType())));
    for (Split &split : splits)
      rewrite(split);
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        function.setType(FunctionType::get(
            &getContext(), function.getBody().getArgumentTypes(),
            function.getBody().back().getTerminator()->getOperandTypes()));
    if (!splits.empty() && failed(updateSignature()))
      signalPassFailure();
  }

private:
  /// What sums start at is made for each op anew, so that tensors of one shape
  /// have not one layout for that alone.
  void separateStarts() {
    auto separate = [&](Operation *op) {
      while (!op->use_empty() && !op->hasOneUse()) {
        OpOperand &use = *op->use_begin();
        OpBuilder b(op);
        use.set(b.clone(*op)->getResult(0));
      }
    };
    getOperation()->walk([&](linalg::FillOp op) { separate(op); });
    getOperation()->walk([&](tensor::EmptyOp op) { separate(op); });
  }

  /// An op and what becomes of it.
  struct Split {
    linalg::GenericOp op;
    PanelLoops of;
    SplitLoops loops;
    SmallVector<AffineMap> maps;
  };

  static Split planSplit(linalg::GenericOp op, const PanelClasses &classes) {
    PanelLoops of = *classes.getLoops(op);
    Split split = {op,
                   of,
                   SplitLoops(op.getContext(), op.getNumLoops(), of.row,
                              of.column, of.width),
                   {}};
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      split.maps.push_back(classes.isInPanels(operand.get())
                               ? split.loops.splitPanels(map)
                               : split.loops.split(map));
    }
    return split;
  }

  static void rewrite(Split &split) {
    linalg::GenericOp op = split.op;
    SplitLoops &loops = split.loops;
    IRRewriter b(op);
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    iterators.insert(iterators.begin() + loops.panelLoop(),
                     iterators[split.of.column]);
    for (linalg::IndexOp index :
         llvm::make_early_inc_range(op.getBody()->getOps<linalg::IndexOp>())) {
      b.setInsertionPoint(index);
      Location loc = index.getLoc();
      Value place =
          linalg::IndexOp::create(b, loc, loops.place(index.getDim()));
      if (index.getDim() == split.of.column) {
        Value panel = linalg::IndexOp::create(b, loc, loops.panelLoop());
        Value width = arith::ConstantIndexOp::create(b, loc, split.of.width);
        place = arith::AddIOp::create(
            b, loc, arith::MulIOp::create(b, loc, panel, width), place);
      }
      b.replaceOp(index, place);
    }
    b.setInsertionPoint(op);
    auto result = linalg::GenericOp::create(
        b, op.getLoc(), ValueRange(op.getDpsInits()).getTypes(),
        op.getDpsInputs(), op.getDpsInits(), split.maps, iterators);
    result.getRegion().takeBody(op.getRegion());
    result->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    b.replaceOp(op, result.getResults());
  }

  void markArguments(func::FuncOp function, const PanelClasses &classes) {
    Builder b(&getContext());
    for (BlockArgument argument : function.getArguments())
      if (classes.isInPanels(argument)) {
        int64_t width = getPanelColumns(getElementTypeOrSelf(argument));
        function.setArgAttr(argument.getArgNumber(), kPanelsAttribute,
                            b.getI64IntegerAttr(width));
        ++numTensors;
      }
  }

  /// Says of each parameter that products read what became of it.
  void remark(const PanelClasses &classes) {
    if (!wantsRemarks(&getContext()))
      return;
    for (const PanelClasses::Decision &decision : classes.getDecisions()) {
      if (decision.why.empty())
        remarkPassed(getArgument(), "Panels", decision.op)
            << mlir::remark::add("'{0}' is kept in panels of {1} columns",
                                 decision.name, decision.width);
      else
        remarkMissed(getArgument(), "Panels", decision.op)
            << mlir::remark::add("'{0}' is kept as it is", decision.name)
            << mlir::remark::reason("{0}", decision.why);
    }
  }

  /// Tells the runtime: each tensor of the signature that lies in an argument
  /// in panels.
  LogicalResult updateSignature() {
    auto text = getOperation()->getAttrOfType<StringAttr>("modular.signature");
    if (!text)
      return success();
    llvm::Expected<llvm::json::Value> signature =
        llvm::json::parse(text.getValue());
    if (!signature)
      return getOperation().emitError("'modular.signature' is not valid JSON: ")
             << llvm::toString(signature.takeError());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      for (BlockArgument argument : function.getArguments())
        mark(function, argument, *signature);
    std::string result;
    llvm::raw_string_ostream(result) << *signature;
    getOperation()->setAttr("modular.signature",
                            StringAttr::get(&getContext(), result));
    return success();
  }

  static void mark(func::FuncOp function, BlockArgument argument,
                   llvm::json::Value &signature) {
    unsigned i = argument.getArgNumber();
    auto width = function.getArgAttrOfType<IntegerAttr>(i, kPanelsAttribute);
    auto role = function.getArgAttrOfType<StringAttr>(i, "modular.role");
    auto offset = function.getArgAttrOfType<IntegerAttr>(i, "modular.offset");
    llvm::json::Object *root = signature.getAsObject();
    if (!width || !role || !offset || !root)
      return;
    llvm::json::Array *tensors = role == "parameter"
                                     ? root->getArray("parameters")
                                 : role == "state" ? root->getArray("state")
                                                   : nullptr;
    if (!tensors)
      return;
    auto type = cast<RankedTensorType>(argument.getType());
    int64_t begin = offset.getInt();
    int64_t end =
        begin + type.getNumElements() * type.getElementTypeBitWidth() / 8;
    for (llvm::json::Value &tensor : *tensors) {
      llvm::json::Object *fields = tensor.getAsObject();
      std::optional<int64_t> at =
          fields ? fields->getInteger("offset") : std::nullopt;
      if (at && *at >= begin && *at < end)
        (*fields)["panels"] = width.getInt();
    }
  }
};

} // namespace
