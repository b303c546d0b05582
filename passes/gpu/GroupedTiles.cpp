//===- GroupedTiles.cpp - Grouped ops by tiles ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Notes of a piece: the members of its class, arguments by what they are, and
// the functions that make elements of sums, with what they take and where their
// results go.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/GroupedTiles.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/gpu/ElementFunction.h"
#include "passes/gpu/kernels/PieceKernel.h"

using namespace mlir;
using namespace modc;

//===----------------------------------------------------------------------===//
// Notes
//===----------------------------------------------------------------------===//

namespace {

/// The notes on one class.
class PieceWriter {
public:
  PieceWriter(TileRoles &roles, GroupedOp op, unsigned c, const BodyUnit &unit,
              ArrayRef<Value> outputs)
      : roles(roles), b(roles.b), op(op), c(c), unit(unit), outputs(outputs) {}

  /// Fails where an operand is no argument of the launch.
  LogicalResult write() {
    list.set("members", b.getDenseI64ArrayAttr(op.getClassMembers(c)));
    list.set("width", b.getI64IntegerAttr(unit.width));
    const char *names[] = {"w", "b", "v", "c"};
    for (auto [i, product] : llvm::enumerate(unit.products)) {
      MatrixProduct match = *MatrixProduct::match(product);
      if (i == 0) {
        if (failed(argument("x", match.x)))
          return failure();
        list.set("gathered", b.getBoolAttr(isGatheredArgument(op, match.x)));
      }
      if (failed(argument(names[2 * i], match.w)) ||
          (match.b && failed(argument(names[2 * i + 1], match.b))))
        return failure();
      list.set(i == 0 ? "transposed_w" : "transposed_v",
               b.getBoolAttr(match.transposed));
    }
    bool chained = unit.products.size() == 2;
    if (chained && failed(elements("middle", unit.between,
                                   MatrixProduct::match(unit.products[1])->x,
                                   unit.sum(0))))
      return failure();
    return elements("end", unit.stored, {},
                    unit.products.empty() ? Value()
                                          : unit.sum(chained ? 1 : 0));
  }

  NamedAttrList list;

private:
  FailureOr<int64_t> numberOf(Value argument) {
    Value operand = operandOf(op, c, argument);
    if (!isWhole(operand))
      return failure();
    auto whole = dyn_cast<BlockArgument>(roles.kernel.whole(operand));
    if (!whole)
      return failure();
    return int64_t(whole.getArgNumber());
  }
  LogicalResult argument(StringRef name, Value value) {
    auto number = numberOf(value);
    if (failed(number))
      return failure();
    list.set(name, b.getI64IntegerAttr(*number));
    return success();
  }

  /// Destinations of a value of the body.
  SmallVector<int64_t> destinationsOf(Value value) {
    SmallVector<int64_t> result;
    Operation *yield = op.getClassBody(c).getTerminator();
    for (auto [i, row] : llvm::enumerate(op.getRowResults()))
      if (yield->getOperand(i) == value)
        if (auto found = llvm::find(outputs, row); found != outputs.end())
          result.push_back(found - outputs.begin());
    return result;
  }

  /// The function that makes these values, and `first` before them if it is
  /// one; nothing that nobody wants.
  LogicalResult elements(StringRef name, ArrayRef<Value> values, Value first,
                         Value sum) {
    SmallVector<Value> made;
    SmallVector<int64_t> destinations;
    if (first)
      made.push_back(first);
    for (Value value : values)
      for (int64_t destination : destinationsOf(value)) {
        made.push_back(value);
        destinations.push_back(destination);
      }
    auto function = ElementFunction::build(op.getLoc(), made, sum);
    SmallVector<Attribute> loads;
    for (const ElementLoad &load : function->loads) {
      auto number = numberOf(load.argument);
      if (failed(number))
        return failure();
      bool isRow = isRowArgument(op, load.argument);
      unsigned places = op.getGathered().size() + op.getAlong().size() +
                        op.getPoints().size() + op.getShared().size();
      StringRef kind = isGatheredArgument(op, load.argument)   ? "gathered"
                       : isRow                                 ? "along"
                       : load.argument.getArgNumber() < places ? "shared"
                                                               : "member";
      loads.push_back(
          b.getArrayAttr({b.getI64IntegerAttr(*number), b.getStringAttr(kind),
                          AffineMapAttr::get(load.map)}));
    }
    func::FuncOp launch = roles.kernel.function;
    auto module = launch->getParentOfType<ModuleOp>();
    std::string symbol = (launch.getName() + "." + name + "." + Twine(c)).str();
    function->function->setName(symbol);
    module.insert(launch, function->function.release());
    list.set(name, FlatSymbolRefAttr::get(b.getContext(), symbol));
    list.set((name + "_loads").str(), b.getArrayAttr(loads));
    list.set((name + "_stores").str(), b.getDenseI64ArrayAttr(destinations));
    return success();
  }

  TileRoles &roles;
  OpBuilder &b;
  GroupedOp op;
  unsigned c;
  const BodyUnit &unit;
  ArrayRef<Value> outputs;
};

} // namespace

void modc::setGroupedKernel(KernelFunction &kernel, GroupedOp op, RowCount rows,
                            ArrayRef<Value> outputs) {
  if (rows.isStatic() || op.isByPoint() ||
      op.getNumResults() != op.getRowResults().size())
    return;
  SmallVector<std::optional<BodyUnit>> pieces;
  bool isWorth = false;
  for (unsigned c = 0; c < op.getNumClasses(); ++c) {
    auto units = findUnits(op, c);
    if (!units || units->size() > 1)
      return;
    isWorth |= isWorthTiles(*units);
    pieces.push_back(units->empty() ? std::nullopt
                                    : std::optional(units->front()));
  }
  if (!isWorth)
    return;
  TileRoles roles(kernel, "pieces");
  roles.rows(rows);
  PlanTensors plan = kernel.plan(op.getPlan());
  roles.argument("offsets", plan.offsets);
  roles.argument("operand_rows", plan.rows);
  SmallVector<Attribute> list;
  for (unsigned c = 0; c < op.getNumClasses(); ++c) {
    if (!pieces[c])
      continue;
    PieceWriter writer(roles, op, c, *pieces[c], outputs);
    if (failed(writer.write()))
      return;
    list.push_back(writer.list.getDictionary(op.getContext()));
  }
  roles.list.set("pieces", roles.b.getArrayAttr(list));
  roles.done();
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

ProductTile modc::getPieceTile(const TileArguments &arguments) {
  int64_t widest = 0;
  for (DictionaryAttr piece : arguments.pieces()) {
    widest = std::max(widest, TileArguments::get(piece, "width"));
    if (TileArguments::get(piece, "v") >= 0) {
      auto w = arguments.type(TileArguments::get(piece, "w"));
      bool transposed = piece.getAs<BoolAttr>("transposed_w").getValue();
      widest = std::max(widest, w.getDimSize(transposed ? 1 : 2));
    }
  }
  return ProductTile::forWidth(widest);
}

namespace {

/// The elements that a function of scalars makes of a sum.
struct PieceElements {
  const TileArguments &arguments;
  gpu::GPUFuncOp kernel;
  DictionaryAttr piece;
  StringRef name;
  Value operandRows;

  Value load(DeviceBuilder &b, ArrayAttr load, const ProductPlace &place) {
    Value buffer =
        arguments.buffer(kernel, cast<IntegerAttr>(load[0]).getInt());
    StringRef kind = cast<StringAttr>(load[1]).getValue();
    AffineMap map = cast<AffineMapAttr>(load[2]).getValue();
    SmallVector<Value> at;
    if (kind == "member")
      at.push_back(place.member);
    bool isRow = kind == "along" || kind == "gathered";
    if (isRow)
      at.push_back(kind == "along" ? place.position
                                   : b.loadIndex(operandRows, place.position));
    Value coordinates[] = {b.index(0), place.column};
    for (AffineExpr expr : map.getResults().drop_front(isRow ? 1 : 0))
      at.push_back(affine::expandAffineExpr(b, b.getLoc(), expr, coordinates,
                                            /*symbolValues=*/{}));
    return b.load(buffer, at);
  }

  /// Stores what has a destination, and gives the first of what has none.
  Value make(DeviceBuilder &b, Value sum, const ProductPlace &place) {
    auto symbol = piece.getAs<FlatSymbolRefAttr>(name);
    auto function = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        arguments.function, symbol);
    IRMapping mapping;
    mapping.map(function.getArgument(0), sum ? sum : b.real(0));
    auto loads = piece.getAs<ArrayAttr>((name + "_loads").str());
    for (auto [argument, attribute] :
         llvm::zip(function.getArguments().drop_front(), loads))
      mapping.map(argument, load(b, cast<ArrayAttr>(attribute), place));
    for (Operation &op : function.getBody().front().without_terminator())
      b.clone(op, mapping);
    SmallVector<Value> results;
    for (Value value :
         function.getBody().front().getTerminator()->getOperands())
      results.push_back(b.createOrFold<arith::BitcastOp>(
          b.getF32Type(), mapping.lookup(value)));
    auto stores = piece.getAs<DenseI64ArrayAttr>((name + "_stores").str());
    size_t first = results.size() - stores.size();
    for (auto [value, destination] :
         llvm::zip(ArrayRef(results).drop_front(first), stores.asArrayRef()))
      b.store(value, arguments.buffer(kernel, destination),
              {place.position, place.column});
    return first ? results.front() : Value();
  }
};

} // namespace

int64_t modc::buildPieceKernel(DeviceBuilder &b, const TileArguments &arguments,
                               gpu::GPUFuncOp kernel, int64_t sharedBytes) {
  Value offsets = arguments.buffer(kernel, "offsets");
  Value operandRows = arguments.buffer(kernel, "operand_rows");
  SmallVector<ProductPiece> pieces;
  for (DictionaryAttr notes : arguments.pieces()) {
    auto isSet = [&](StringRef name) {
      auto flag = notes.getAs<BoolAttr>(name);
      return flag && flag.getValue();
    };
    auto buffer = [&](StringRef name) {
      return arguments.buffer(kernel, TileArguments::get(notes, name));
    };
    auto members = notes.getAs<DenseI64ArrayAttr>("members");
    ProductPiece piece{ClassMembers(members.asArrayRef()),
                       buffer("x"),
                       isSet("gathered"),
                       buffer("w"),
                       buffer("b"),
                       buffer("v"),
                       buffer("c"),
                       isSet("transposed_w"),
                       isSet("transposed_v"),
                       TileArguments::get(notes, "width")};
    PieceElements middle{arguments, kernel, notes, "middle", operandRows};
    PieceElements end{arguments, kernel, notes, "end", operandRows};
    if (piece.v)
      piece.middle = [middle](DeviceBuilder &b, Value sum,
                              const ProductPlace &place) mutable {
        return middle.make(b, sum, place);
      };
    piece.store = [end](DeviceBuilder &b, Value sum,
                        const ProductPlace &place) mutable {
      (void)end.make(b, sum, place);
    };
    pieces.push_back(std::move(piece));
  }
  ProductTile tile = getPieceTile(arguments);
  bool hasChain =
      llvm::any_of(pieces, [](const ProductPiece &p) { return bool(p.v); });
  tile = tile.within(sharedBytes, hasChain ? getBetweenBytes(tile) : 0);
  buildPieces(b, pieces, offsets, operandRows, tile);
  return getPieceColumns(pieces, tile);
}
