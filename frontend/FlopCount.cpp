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

#include "frontend/Amount.h"
#include "dialect/ModularOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "passes/OpNames.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SaveAndRestore.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace modc {
namespace {

/// A product of matrices, or a convolution, by a term of the call's sizes.
struct ProductCount {
  std::string name, shape;
  int term = 0; ///< a call, a point or a candidate of a point
  int64_t flops = 0, bytes = 0;
  /// Of the tensors whose size does not depend on the call, of one member.
  int64_t weights = 0;
  /// Of the class in whose body it stands, else 0; and rows that they share.
  int64_t members = 0, rows = 0;
};

/// Counts one program. Every question answers nothing where it is not known.
class Counter {
public:
  explicit Counter(func::FuncOp program) : program(program) {}

  MaybeAmount count() { return work(program.getBody().front()); }
  /// The products that were counted, in the order of the program.
  ArrayRef<ProductCount> products() const { return counted; }

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
  /// Elements of a tensor, which has `likely` rows where that is not known.
  MaybeAmount elements(Value value, MaybeAmount likely);
  void note(Operation *op, const Amount &flops, ArrayRef<Value> tensors,
            ArrayRef<int64_t> shape);

  func::FuncOp program;
  SmallVector<ProductCount> counted;
  /// How often the op at hand runs: steps of the scans around it.
  int64_t repeats = 1;
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
    if (amount)
      note(op, *amount,
           {linear.getInput(), linear.getWeight(), linear.getResult()},
           {type.getRank() == 2 ? type.getDimSize(0) : ShapedType::kDynamic,
            depth, type.getShape().back()});
    return amount;
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return workOfLoops(linalgOp);
  if (auto grouped = dyn_cast<GroupedOp>(op))
    return workOfMembers(grouped);
  if (auto scan = dyn_cast<ScanOp>(op)) {
    MaybeAmount length = extent(scan.getSequences().front(), 1);
    llvm::SaveAndRestore steps(
        repeats, length ? repeats * length->terms[Amount::One] : 0);
    MaybeAmount step = work(*scan.getBody().getBlocks().begin());
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
  if (!amount)
    return amount;
  SmallVector<Value> tensors(op->getOperands());
  SmallVector<int64_t> ranges = op.getStaticLoopRanges(), shape;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (ranges.size() == 3 && op.getNumReductionLoops() == 1 &&
      out.isProjectedPermutation() && out.getNumResults() == 2) {
    unsigned i = out.getDimPosition(0), j = out.getDimPosition(1);
    shape = {ranges[i], ranges[3 - i - j], ranges[j]};
  }
  note(op, *amount, tensors, shape);
  return amount;
}

MaybeAmount Counter::elements(Value value, MaybeAmount likely) {
  MaybeAmount amount = Amount::of(Amount::One);
  if (auto type = dyn_cast<RankedTensorType>(value.getType()))
    for (int64_t dim = 0; dim < type.getRank() && amount; ++dim) {
      MaybeAmount size = extent(value, dim);
      if (!size && dim == 0)
        size = likely;
      amount = size ? times(*amount, *size) : std::nullopt;
    }
  return amount;
}

/// Keeps what a product computes and touches, a term of the call's sizes each.
/// Tensors whose size does not depend on the call are a member's in a body, and
/// read once whatever the rows.
void Counter::note(Operation *op, const Amount &flops, ArrayRef<Value> tensors,
                   ArrayRef<int64_t> shape) {
  ProductCount product;
  product.name = joinNames(opNameOf(op->getLoc()), describeOp(op));
  for (auto [d, size] : llvm::enumerate(shape))
    product.shape += (d ? "x" : "") +
                     (ShapedType::isDynamic(size) ? "n" : std::to_string(size));
  Amount moved, routed;
  for (Value tensor : tensors) {
    // Rows of the result are those of the operands.
    MaybeAmount count = elements(tensor, extent(tensors.back(), 0));
    Type type = getElementTypeOrSelf(tensor.getType());
    if (!count || !type.isIntOrFloat())
      return;
    int64_t width = (type.getIntOrFloatBitWidth() + 7) / 8;
    bool isStatic = count->terms[Amount::Points] == 0 &&
                    count->terms[Amount::Both] == 0;
    MaybeAmount bytes = times(*count, Amount::of(Amount::One, width * repeats));
    MaybeAmount sum = bytes ? plus(moved, *bytes) : std::nullopt;
    if (!sum)
      return;
    if (isStatic)
      product.weights += bytes->terms[Amount::One];
    else
      moved = *sum;
  }
  if (auto grouped = op->getParentOfType<GroupedOp>()) {
    unsigned c = op->getParentRegion()->getRegionNumber();
    product.members = grouped.getClassMembers(c).size();
    if (MaybeAmount positions = rows(grouped.getPlan()))
      routed = *positions;
  }
  for (int term : {Amount::One, Amount::Points, Amount::Both}) {
    if (!flops.terms[term] || repeats == 0)
      continue;
    ProductCount part = product;
    part.term = term == Amount::Both ? 2 : term;
    part.flops = flops.terms[term] * repeats;
    part.bytes = moved.terms[term];
    part.rows = routed.terms[term];
    counted.push_back(part);
  }
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
  if (type && dim >= type.getRank())
    return std::nullopt;
  if (type && !type.isDynamicDim(dim))
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
  // The distinct rows count as if all were, as the data decides.
  if (auto take = dyn_cast<TakeRowsOp>(op))
    return rows(take.getRows());
  if (auto sample = dyn_cast<SampleOp>(op))
    return rows(sample.getUniforms());
  if (auto logs = dyn_cast<LogProbabilityOp>(op))
    return rows(logs.getSelection());
  if (auto gates = dyn_cast<GatesOp>(op))
    return rows(gates.getSelection());
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
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    for (int64_t dim : groups.front()) {
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

/// The place of a product in the table that programs share.
static int64_t indexOf(const ProductCount &product, llvm::json::Array &table,
                       llvm::StringMap<int64_t> &known) {
  llvm::json::Object object{{"name", product.name}, {"flops", product.flops}};
  if (!product.shape.empty())
    object["shape"] = product.shape;
  auto add = [&](const char *key, int64_t value) {
    if (value)
      object[key] = value;
  };
  add("bytes", product.bytes);
  add("weights", product.weights);
  add("members", product.members);
  add("rows", product.rows);
  llvm::json::Value entry = std::move(object);
  std::string text;
  llvm::raw_string_ostream(text) << entry;
  auto [place, isNew] = known.try_emplace(text, int64_t(table.size()));
  if (isNew)
    table.push_back(std::move(entry));
  return place->second;
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
  llvm::json::Array products;
  llvm::StringMap<int64_t> known;
  for (llvm::json::Value &value : *programs) {
    llvm::json::Object *program = value.getAsObject();
    std::optional<llvm::StringRef> name =
        program ? program->getString("name") : std::nullopt;
    auto function = name ? module.lookupSymbol<func::FuncOp>(*name) : nullptr;
    if (!function || function.isExternal())
      continue;
    Counter counter(function);
    MaybeAmount amount = counter.count();
    llvm::json::Array uses;
    for (const ProductCount &product : counter.products()) {
      uses.push_back(indexOf(product, products, known));
      uses.push_back(product.term);
    }
    if (!uses.empty())
      (*program)["products"] = std::move(uses);
    // Nothing runs for a candidate but not for its points.
    if (!amount || amount->terms[Amount::Candidates])
      continue;
    (*program)["flops"] = llvm::json::Array{amount->terms[Amount::One],
                                            amount->terms[Amount::Points],
                                            amount->terms[Amount::Both]};
  }
  if (!products.empty())
    (*root)["products"] = std::move(products);
  std::string result;
  llvm::raw_string_ostream(result) << *signature;
  module->setAttr("modular.signature",
                  StringAttr::get(module.getContext(), result));
}

} // namespace modc
