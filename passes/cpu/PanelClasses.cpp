//===- PanelClasses.cpp - Values of one layout ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that pass a tensor on join its values; ops that look into it, but for
// loops over all of it, keep it as it is.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/PanelClasses.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/cpu/Panels.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace modc;

/// Whether a value could be a matrix or a stack of them.
static bool isMatrixLike(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() >= 2;
}

/// The shape of the matrices that `type` is made of.
static ArrayRef<int64_t> matrixOf(RankedTensorType type) {
  return type.getShape().take_back(2);
}

/// Nothing is missed.
constexpr StringRef kOnePanel = "one panel would hold it";

/// Why matrices of `type` are not worth panels, or cannot be in them.
static StringRef whyNot(RankedTensorType type) {
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF64())
    return "its elements are neither f32 nor f64";
  if (!type.hasStaticShape() || type.getRank() > 3)
    return "it is no matrix";
  int64_t width = getPanelColumns(element), columns = type.getShape().back();
  if (columns <= width)
    return kOnePanel;
  if (columns % width)
    return "its columns are no multiple of a panel's";
  return {};
}

unsigned PanelClasses::add(Value value) {
  auto [place, inserted] = numbers.try_emplace(value, values.size());
  if (inserted) {
    values.push_back(value);
    equal.grow(values.size());
  }
  return place->second;
}

void PanelClasses::join(Value a, Value b) {
  unsigned first = add(a), second = add(b);
  equal.join(first, second);
}

void PanelClasses::keep(Value value, Twine why) {
  if (!isMatrixLike(value))
    return;
  add(value);
  kept.push_back({value, why.str()});
}

void PanelClasses::joinArguments(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto role = function.getArgAttrOfType<StringAttr>(i, "modular.role");
    auto offset = function.getArgAttrOfType<IntegerAttr>(i, "modular.offset");
    if (!role || !offset || !isMatrixLike(argument))
      continue;
    // A gradient is where its parameter is, in an arena of its own.
    StringRef arena = role == "gradient" ? "parameter" : role.getValue();
    std::string key = (arena + Twine(offset.getInt())).str();
    Value &first = arguments[key];
    if (!first)
      first = argument;
    join(first, argument);
    if (first.getType() != argument.getType())
      keep(argument, "programs see it as different tensors");
  }
}

void PanelClasses::visitProgramEnd(func::ReturnOp op) {
  auto function = op->getParentOfType<func::FuncOp>();
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    if (!isMatrixLike(value))
      continue;
    auto argument =
        function.getResultAttrOfType<IntegerAttr>(i, "modular.argument");
    if (argument)
      join(value, function.getArgument(argument.getInt()));
    else
      keep(value, "a function returns it");
  }
}

void PanelClasses::visitGrouped(GroupedOp op) {
  unsigned others = op.getNumOperands() - op.getParameters().size();
  for (Value value : op->getOperands().take_front(others))
    keep(value, "'modular.grouped' reads it as rows");
  size_t values = op.getRowResults().size() + op.getPointResults().size();
  for (Value result : op->getResults().take_front(values))
    keep(result, "it is rows");
  for (unsigned c = 0, e = op.getNumClasses(); c < e; ++c) {
    Block &body = op.getClassBody(c);
    OperandRange stacks = op.getClassParameters(c);
    for (auto [stack, argument] :
         llvm::zip(stacks, body.getArguments().take_back(stacks.size())))
      join(stack, argument);
    for (BlockArgument argument : body.getArguments().drop_back(stacks.size()))
      keep(argument, "it is rows");
    Operation *yield = body.getTerminator();
    for (Value value : yield->getOperands().take_front(values))
      keep(value, "it is rows");
    for (auto [gradient, value] : llvm::zip(
             op.getClassGradients(c), yield->getOperands().drop_front(values)))
      join(gradient, value);
  }
}

void PanelClasses::visit(Operation *op) {
  auto keepAll = [&] {
    for (Value value : op->getOperands())
      keep(value, "'" + op->getName().getStringRef() + "' reads it");
    for (Value value : op->getResults())
      keep(value, "'" + op->getName().getStringRef() + "' makes it");
  };
  auto joinAll = [&](ValueRange all) {
    for (Value value : all)
      if (isMatrixLike(value))
        join(all.front(), value);
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](func::ReturnOp end) { visitProgramEnd(end); })
      .Case([&](GroupedOp grouped) { visitGrouped(grouped); })
      .Case([&](bufferization::MaterializeInDestinationOp write) {
        if (write->getNumResults() != 1)
          return keepAll();
        joinAll({write.getDest(), write.getSource(), write->getResult(0)});
      })
      .Case([&](UpdateOp update) {
        SmallVector<Value> all = {update.getParameter(), update.getGradient()};
        llvm::append_range(all, update.getStates());
        llvm::append_range(all, update->getResults());
        if (isMatrixLike(all.front()))
          joinAll(all);
      })
      .Case([&](DefinedWhereOp defined) {
        if (isMatrixLike(defined.getValue()))
          joinAll({defined.getValue(), defined->getResult(0)});
      })
      .Case([&](linalg::FillOp fill) {
        if (isMatrixLike(fill.getDpsInits()[0]))
          joinAll({fill.getDpsInits()[0], fill->getResult(0)});
      })
      .Case([&](linalg::GenericOp generic) {
        for (OpResult result : generic->getResults())
          if (isMatrixLike(result))
            join(generic.getTiedOpOperand(result)->get(), result);
      })
      .Case([&](scf::ForOp loop) {
        for (auto [init, argument, yielded, result] :
             llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(),
                       loop.getYieldedValues(), loop.getResults()))
          if (isMatrixLike(init))
            joinAll({init, argument, yielded, result});
      })
      .Case([&](scf::IfOp branch) {
        for (auto [i, result] : llvm::enumerate(branch.getResults()))
          if (isMatrixLike(result))
            joinAll({result, branch.thenYield()->getOperand(i),
                     branch.elseYield()->getOperand(i)});
      })
      .Case<tensor::EmptyOp, GradientNormOp, linalg::YieldOp>([](auto) {})
      .Case([&](YieldOp yield) {
        if (!isa<GroupedOp>(yield->getParentOp()))
          keepAll();
      })
      .Case([&](scf::YieldOp yield) {
        if (!isa<scf::ForOp, scf::IfOp>(yield->getParentOp()))
          keepAll();
      })
      .Default([&](Operation *) { keepAll(); });
}

unsigned PanelClasses::classOf(Value value) const {
  auto found = numbers.find(value);
  return found == numbers.end() ? ~0u : equal[found->second];
}

bool PanelClasses::isInPanels(Value value) const {
  unsigned number = classOf(value);
  return number < classes.size() && classes[number].why.empty();
}

/// Whether a kernel of the product reads or writes `operand` as it is in
/// panels: c[i, j] += a[i, k]·b[k, j] or a[i, k]·b[j, k] with such a b, or
/// c[i, j] += a·b[k, j] with such a c.
static bool fitsKernel(linalg::GenericOp op, OpOperand &operand) {
  if (op.getNumLoops() != 3 || !isMatrixProduct(op))
    return false;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  unsigned i = out.getDimPosition(0), j = out.getDimPosition(1);
  OpOperand *other = op.getDpsInputOperand(0);
  if (op.isDpsInput(&operand)) {
    if (other == &operand)
      other = op.getDpsInputOperand(1);
    return op.getMatchingIndexingMap(other).getDimPosition(0) == i &&
           op.getMatchingIndexingMap(&operand).isFunctionOfDim(j);
  }
  if (!op.getMatchingIndexingMap(other).isFunctionOfDim(j))
    other = op.getDpsInputOperand(1);
  return op.getMatchingIndexingMap(other).getDimPosition(1) == j;
}

std::optional<PanelLoops> PanelClasses::getLoops(linalg::GenericOp op) const {
  std::optional<PanelLoops> loops;
  bool sums = op.getNumReductionLoops();
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isInPanels(operand.get()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto type = cast<RankedTensorType>(operand.get().getType());
    if (!map.isProjectedPermutation() || map.getNumResults() < 2 ||
        (sums && !fitsKernel(op, operand)))
      return std::nullopt;
    PanelLoops own = {map.getDimPosition(map.getNumResults() - 2),
                      map.getDimPosition(map.getNumResults() - 1),
                      getPanelColumns(type.getElementType())};
    // One product has one matrix in panels; its column is no other's row.
    if (loops && (sums || own.column != loops->column || own.row != loops->row))
      return std::nullopt;
    loops = own;
  }
  return loops;
}

bool PanelClasses::check(linalg::GenericOp op) {
  auto inPanels = [&](Value v) { return isInPanels(v); };
  if (llvm::none_of(op->getOperands(), inPanels))
    return false;
  bool fits = getLoops(op).has_value();
  for (Value value : op->getOperands())
    if (isInPanels(value)) {
      Class &of = classes[classOf(value)];
      if (!fits)
        of.why = "an op reads it neither whole nor as the right matrix of a "
                 "product";
    }
  return !fits;
}

PanelClasses::PanelClasses(ModuleOp module) {
  SmallVector<linalg::GenericOp> generics;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    joinArguments(function);
    function.walk([&](Operation *op) {
      if (op != function)
        visit(op);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        generics.push_back(generic);
    });
  }
  equal.compress();
  classes.resize(equal.getNumClasses());
  for (Value value : values) {
    Class &of = classes[classOf(value)];
    auto type = dyn_cast<RankedTensorType>(value.getType());
    auto argument = dyn_cast<BlockArgument>(value);
    auto function =
        argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                 : func::FuncOp();
    if (function && of.name.empty())
      if (auto role = function.getArgAttrOfType<StringAttr>(
              argument.getArgNumber(), "modular.role");
          role && role == "parameter")
        if (auto name = function.getArgAttrOfType<StringAttr>(
                argument.getArgNumber(), "modular.name"))
          of.name = name.str();
    if (!type || type.getRank() < 2 ||
        (of.type && matrixOf(of.type) != matrixOf(type)))
      of.why = "it is no matrix everywhere";
    else
      of.type = type;
    if (of.why.empty() && type)
      of.why = whyNot(type).str();
  }
  for (Class &of : classes)
    if (of.name.empty() && of.why.empty())
      of.why = "it is no parameter";
  for (auto &[value, why] : kept)
    if (Class &of = classes[classOf(value)]; of.why.empty())
      of.why = why;
  for (linalg::GenericOp op : generics)
    if (op.getNumReductionLoops() && isMatrixProduct(op))
      for (Value input : op.getDpsInputs())
        if (unsigned number = classOf(input); number < classes.size())
          classes[number].product = op;
  // A matrix that stays as it is may be what keeps another from fitting.
  for (bool changed = true; changed;) {
    changed = false;
    for (linalg::GenericOp op : generics)
      changed |= check(op);
  }
  for (Class &of : classes)
    if (of.why.empty() && !of.product)
      of.why = "no product reads it";
}

SmallVector<PanelClasses::Decision> PanelClasses::getDecisions() const {
  SmallVector<Decision> result;
  for (const Class &of : classes)
    if (!of.name.empty() && of.product && of.type && of.why != kOnePanel)
      result.push_back(
          {of.name, of.product,
           getPanelColumns(RankedTensorType(of.type).getElementType()),
           of.why});
  return result;
}
