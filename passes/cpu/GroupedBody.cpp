//===- GroupedBody.cpp - Bodies of grouped ops on rows of a member --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gathers the rows of a task, slices the member's parameters without copying
// them and clones the class's body, with gradients that continue a sum.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "passes/cpu/Grouped.h"
#include "passes/cpu/LoweringRemarks.h"
#include "passes/cpu/Panels.h"

using namespace mlir;
using namespace modc;

CombineOp GroupedLowering::getMover(unsigned i) {
  Value result = op.getRowResults()[i];
  auto combine = result.hasOneUse() ? dyn_cast<CombineOp>(*result.user_begin())
                                    : CombineOp();
  return combine && onlyMovesRows(combine, plan) ? combine : CombineOp();
}

Value GroupedLowering::positionCount() {
  int64_t choose = cast<PlanType>(op.getPlan().getType()).getChoose();
  return b.mul(b.dim(plan.selection, 0), b.index(choose));
}

Value GroupedLowering::emptyRowResult(unsigned i) {
  auto type = cast<RankedTensorType>(op.getRowResults()[i].getType());
  return b.empty(type, positionCount());
}

Value GroupedLowering::emptyPointResult(unsigned i) {
  auto type = cast<RankedTensorType>(op.getPointResults()[i].getType());
  return b.empty(type, pointCount());
}

Value GroupedLowering::emptyGradient(unsigned c, unsigned i) {
  return b.empty(cast<RankedTensorType>(op.getClassGradients(c)[i].getType()));
}

Value GroupedLowering::memberOf(unsigned c, Value slot) {
  ArrayRef<int64_t> members = op.getClassMembers(c);
  int64_t first = members.front();
  if (members.back() - first + 1 == int64_t(members.size()))
    return b.add(slot, b.index(first));
  SmallVector<int32_t> numbers(members);
  Value table = arith::ConstantOp::create(
      b, DenseElementsAttr::get(
             RankedTensorType::get({int64_t(members.size())}, b.getI32Type()),
             ArrayRef<int32_t>(numbers)));
  return b.toIndex(b.extract(table, slot));
}

Value GroupedLowering::pointCount() {
  return b.createOrFold<arith::DivUIOp>(b.dim(plan.selection, 0),
                                        b.index(op.getRowsPerPoint()));
}

Value GroupedLowering::pointOf(Value position) {
  return b.createOrFold<arith::DivUIOp>(
      b.toIndex(b.extract(plan.rows, position)), b.index(op.getRowsPerPoint()));
}

GroupedLowering::MemberTables GroupedLowering::memberTables() {
  int64_t members = cast<PlanType>(op.getPlan().getType()).getMembers();
  SmallVector<int32_t> classOf(members), slotOf(members);
  for (unsigned c = 0, e = op.getNumClasses(); c < e; ++c)
    for (auto [slot, member] : llvm::enumerate(op.getClassMembers(c))) {
      classOf[member] = c;
      slotOf[member] = slot;
    }
  auto table = [&](ArrayRef<int32_t> values) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               RankedTensorType::get({members}, b.getI32Type()), values));
  };
  return {table(classOf), table(slotOf)};
}

SmallVector<Value> GroupedLowering::switchMember(const MemberTables &tables,
                                                 Value member,
                                                 const ClassBody &run) {
  Value kind = b.extract(tables.classes, member);
  Value slot = b.toIndex(b.extract(tables.slots, member));
  // An if for each class but the last.
  std::function<SmallVector<Value>(unsigned)> select = [&](unsigned c) {
    if (c + 1 == op.getNumClasses())
      return run(c, slot);
    Value hit = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, kind,
                                      b.integer(b.getI32Type(), c));
    return b.branch(
        hit, [&] { return run(c, slot); }, [&] { return select(c + 1); });
  };
  return select(0);
}

std::pair<Value, Value> GroupedLowering::segmentOf(Value member) {
  Value first = b.toIndex(b.extract(plan.offsets, member));
  Value last = b.toIndex(b.extract(plan.offsets, b.add(member, b.index(1))));
  return {first, b.sub(last, first)};
}

/// Whether a generic op adds up products or values in the value that it starts
/// from, so that it can continue another sum.
bool modc::isSum(linalg::GenericOp generic) {
  if (generic.getNumDpsInits() != 1 || generic.getNumReductionLoops() == 0)
    return false;
  Operation *yield = generic.getBody()->getTerminator();
  auto sum = yield->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  BlockArgument start = generic.getRegionOutputArgs()[0];
  return start.hasOneUse() && (sum.getLhs() == start || sum.getRhs() == start);
}

/// The fill of 0 behind a value, if it is one.
linalg::FillOp modc::getZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  if (!fill)
    return {};
  FloatAttr constant;
  if (!matchPattern(fill.getInputs()[0], m_Constant(&constant)) ||
      !constant.getValue().isZero())
    return {};
  return fill;
}

/// Adds `value`, a sum over rows that the body yields as `yielded`, to `start`:
/// one chain of additions where the sum starts at zero and only the yield reads
/// it, else one addition.
static Value continueSum(TensorBuilder &b, Value yielded, Value value,
                         Value start) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (generic && isSum(generic) && yielded.hasOneUse() &&
      start.getType() == value.getType()) {
    OpOperand *init = generic.getDpsInitOperand(0);
    if (getZeroFill(init->get())) {
      init->set(start);
      return value;
    }
  }
  AffineMap id = b.getMultiDimIdentityMap(tensorType(start).getRank());
  return b.generic(value, start, {id, id}, 0, [&](ValueRange v) {
    return SmallVector<Value>{arith::AddFOp::create(b, v[1], v[0])};
  })[0];
}

/// The one op of the body that reads `tile`, a tile of gathered rows, if
/// nothing else does but for the number of rows: it may then gather them
/// itself.
static linalg::GenericOp getOnlyReader(BlockArgument tile) {
  linalg::GenericOp reader;
  for (OpOperand &use : tile.getUses()) {
    // What stands inside another op is cloned with it, and needs a tile.
    Operation *user = use.getOwner();
    if (user->getBlock() != tile.getOwner())
      return {};
    if (auto dim = dyn_cast<tensor::DimOp>(user);
        dim && dim.getConstantIndex() == 0)
      continue;
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (!generic || reader || !generic.isDpsInput(&use))
      return {};
    reader = generic;
  }
  return reader;
}

static AffineMap getMapOf(linalg::GenericOp reader, Value input) {
  return reader.getMatchingIndexingMap(
      llvm::find_if(reader->getOpOperands(), [&](OpOperand &operand) {
        return operand.get() == input;
      }));
}

/// Whether `reader` is a matrix product that can gather the rows of `tile`.
static bool isGatheringProduct(linalg::GenericOp reader, BlockArgument tile) {
  if (reader.getBody()->getOperations().size() != 3 ||
      !isMatrixProduct(reader) || tensorType(tile).getRank() != 2 ||
      tensorType(reader.getDpsInits()[0]).getRank() != 2)
    return false;
  // A row of the result takes one row of the tile. Where rows are summed over,
  // each is read in many short pieces, for which a tile is nearer.
  AffineMap map = getMapOf(reader, tile);
  AffineMap out = reader.getMatchingIndexingMap(reader.getDpsInitOperand(0));
  return map.isProjectedPermutation() && map.getNumResults() == 2 &&
         map.getResult(0) == out.getResult(0);
}

/// Whether `reader` is an elementwise op that reads each element of `tile`
/// once, and that is as fast where it gathers rows. Functions are not: they
/// become vectors in loops over plain operands.
static bool isGatheringElementwise(linalg::GenericOp reader,
                                   BlockArgument tile) {
  if (reader.getNumReductionLoops() || reader.getNumResults() != 1 ||
      !reader.getMatchingIndexingMap(reader.getDpsInitOperand(0)).isIdentity())
    return false;
  AffineMap map = getMapOf(reader, tile);
  bool numberOfRow = map.getNumResults() == 1 && map.isProjectedPermutation() &&
                     map.getDimPosition(0) == 0;
  return (numberOfRow || map.isIdentity()) &&
         llvm::none_of(*reader.getBody(), [](Operation &inner) {
           return isa<math::MathDialect>(inner.getDialect());
         });
}

linalg::GenericOp modc::gatherInReader(TensorBuilder &b,
                                       linalg::GenericOp reader,
                                       ArrayRef<GatheredTile> tiles, Value rows,
                                       IRMapping &mapping) {
  auto tileOf = [&](Value value) {
    return llvm::find_if(
        tiles, [&](const GatheredTile &each) { return each.tile == value; });
  };
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps = reader.getIndexingMapsArray();
  for (OpOperand *input : reader.getDpsInputOperands()) {
    bool gathered = tileOf(input->get()) != tiles.end();
    inputs.push_back(gathered ? rows : mapping.lookupOrDefault(input->get()));
    AffineMap &map = maps[input->getOperandNumber()];
    if (gathered)
      map = map.getSubMap({0});
  }
  Value out = mapping.lookupOrDefault(reader.getDpsInits()[0]);
  auto gathering = linalg::GenericOp::create(
      b, out.getType(), inputs, out, maps, reader.getIteratorTypesArray(),
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        IRMapping inner = mapping;
        for (auto [operand, old, now] :
             llvm::zip(reader->getOpOperands(),
                       reader.getBody()->getArguments(), arguments)) {
          Value value = now;
          if (const auto *tile = tileOf(operand.get()); tile != tiles.end()) {
            AffineMap map = reader.getMatchingIndexingMap(&operand);
            SmallVector<Value> at = {arith::IndexCastOp::create(
                builder, loc, builder.getIndexType(), now)};
            for (unsigned d = 1; d < map.getNumResults(); ++d)
              at.push_back(
                  linalg::IndexOp::create(builder, loc, map.getDimPosition(d)));
            value = tensor::ExtractOp::create(builder, loc, tile->whole, at);
          }
          inner.map(old, value);
        }
        for (Operation &op : *reader.getBody())
          builder.clone(op, inner);
      });
  gathering->setLoc(reader.getLoc());
  return gathering;
}

void GroupedLowering::cloneBody(unsigned c, Value slot, Value first,
                                Value count, ArrayRef<Value> wanted,
                                IRMapping &mapping) {
  Block &body = op.getClassBody(c);
  // Products that gather the rows of a whole operand in place of a tile, and
  // elementwise ops that do so with some.
  DenseMap<Operation *, SmallVector<GatheredTile>> readers;
  auto argument = body.getArguments().begin();
  auto bind = [&](Value value) {
    Type wanted = argument->getType();
    if (value.getType() != wanted)
      value = tensor::CastOp::create(b, wanted, value);
    mapping.map(*argument++, value);
  };
  for (Value whole : op.getGathered()) {
    if (argument->use_empty()) {
      ++argument;
      continue;
    }
    if (gathersInReaders && !llvm::is_contained(wanted, *argument)) {
      linalg::GenericOp reader = getOnlyReader(*argument);
      bool product = reader && isGatheringProduct(reader, *argument);
      if (reader && (product ? !readers.contains(reader)
                             : isGatheringElementwise(reader, *argument))) {
        remarkOnTile(op, *argument, /*gathered=*/true);
        readers[reader].push_back({*argument++, whole});
        continue;
      }
    }
    if (gathersInReaders)
      remarkOnTile(op, *argument, /*gathered=*/false);
    SmallVector<OpFoldResult> sizes = b.sizes(whole);
    sizes[0] = count;
    Value tile =
        tensor::EmptyOp::create(b, sizes, tensorType(whole).getElementType());
    tile = b.loop(b.index(0), count, tile, [&](Value i, ValueRange carried) {
      Value r = b.toIndex(b.extract(plan.rows, b.add(first, i)));
      return SmallVector<Value>{b.insertRow(b.row(whole, r), carried[0], i)};
    })[0];
    bind(tile);
  }
  for (Value whole : op.getAlong())
    bind(b.rows(whole, first, count));
  Value point = op.getPoints().empty() ? Value() : pointOf(first);
  for (Value whole : op.getPoints())
    bind(b.row(whole, point));
  for (Value whole : op.getShared())
    bind(whole);
  for (Value stack : op.getClassParameters(c))
    bind(b.row(stack, slot));
  for (Operation &inner : body.without_terminator()) {
    if (auto found = readers.find(&inner); found != readers.end()) {
      auto reader =
          gatherInReader(b, cast<linalg::GenericOp>(inner), found->second,
                         b.rows(plan.rows, first, count), mapping);
      mapping.map(inner.getResults(), reader->getResults());
      continue;
    }
    auto dim = dyn_cast<tensor::DimOp>(inner);
    if (dim && !mapping.contains(dim.getSource()) &&
        dim.getSource().getParentBlock() == &body) {
      mapping.map(dim.getResult(), count);
      continue;
    }
    b.clone(inner, mapping);
  }
}

SmallVector<Value> GroupedLowering::runBody(unsigned c, Value slot, Value first,
                                            Value count,
                                            ArrayRef<Value> accumulators) {
  IRMapping mapping;
  cloneBody(c, slot, first, count, {}, mapping);
  Operation *yield = op.getClassBody(c).getTerminator();
  SmallVector<Value> results;
  size_t numRows = op.getRowResults().size();
  for (auto [i, value] : llvm::enumerate(yield->getOperands())) {
    Value mapped = mapping.lookupOrDefault(value);
    if (i >= numRows && !accumulators.empty() && accumulators[i - numRows])
      mapped = continueSum(b, value, mapped, accumulators[i - numRows]);
    results.push_back(mapped);
  }
  return results;
}

SmallVector<Value> GroupedLowering::valuesOf(unsigned c, Value slot,
                                             Value first, Value count,
                                             ArrayRef<Value> wanted) {
  IRMapping mapping;
  cloneBody(c, slot, first, count, wanted, mapping);
  return llvm::map_to_vector(
      wanted, [&](Value value) { return mapping.lookupOrDefault(value); });
}
