//===- TileKernels.cpp - Launches that have kernels of their own ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matched on the ops of a program, built once buffers are known.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/TileKernels.h"
#include "passes/gpu/kernels/GradientKernel.h"
#include "passes/gpu/kernels/PlanKernel.h"
#include "passes/gpu/kernels/ProductKernel.h"

using namespace mlir;
using namespace modc;

/// Rows of both sides up to here stay with one invocation, which goes on with
/// them: a launch less.
constexpr int64_t kNarrow = 64;

/// On a function whose kernel is built: its groups, in the dimension that the
/// pieces decide.
constexpr llvm::StringLiteral kTileGroups = "modular.groups";

bool modc::isTiledProduct(Operation *op, const Placement &placement) {
  auto product = MatrixProduct::match(op);
  if (!product || !isWide(product->w, kNarrow) || !isWhole(product->x) ||
      !isWhole(product->w) || (product->b && !isWhole(product->b)))
    return false;
  auto placed = placement.get(product->x);
  return placed && placed->dim == 0 && placed->multiple == 1 &&
         !placed->rows.plan && !placement.get(product->w);
}

void modc::setProductKernel(KernelFunction &kernel, Operation *op,
                            RowCount rows) {
  if (rows.isStatic())
    return;
  MatrixProduct product = *MatrixProduct::match(op);
  TileRoles roles(kernel, "product");
  roles.rows(rows);
  roles.set("y", 0);
  roles.argument("x", kernel.whole(product.x));
  roles.argument("w", kernel.whole(product.w));
  if (product.b)
    roles.argument("b", kernel.whole(product.b));
  if (rows.distinct)
    roles.argument("distinct", kernel.whole(rows.distinct));
  roles.set("transposed", product.transposed);
  roles.done();
}

void modc::setGradientKernel(KernelFunction &kernel, GroupedOp op, unsigned c,
                             unsigned i, bool adds) {
  Block &body = op.getClassBody(c);
  auto sum =
      body.getTerminator()->getOperand(i).getDefiningOp<linalg::GenericOp>();
  if (!isContraction(sum))
    return;
  // x[r, i] and g[r, j] give [i, j], whatever the order of the loops. Products
  // commute: of a weight that is stored transposed, the cotangents are x.
  SmallVector<AffineMap> maps = sum.getIndexingMapsArray();
  Value x = sum.getDpsInputs()[0], g = sum.getDpsInputs()[1];
  if (maps[0].getResult(1) != maps[2].getResult(0)) {
    std::swap(x, g);
    std::swap(maps[0], maps[1]);
  }
  if (maps[0].getResult(1) != maps[2].getResult(0) ||
      maps[1].getResult(1) != maps[2].getResult(1) ||
      maps[0].getResult(0) != maps[1].getResult(0) ||
      !llvm::all_of(
          maps, [](AffineMap map) { return map.isProjectedPermutation(); }) ||
      llvm::is_contained(maps[2].getResults(), maps[0].getResult(0)) ||
      !isWide(sum.getResult(0), kWide) || !isa<BlockArgument>(x) ||
      !isa<BlockArgument>(g))
    return;
  Value ofX = operandOf(op, c, x), ofG = operandOf(op, c, g);
  if (!isRowArgument(op, x) || !isRowArgument(op, g) || !isWhole(ofX) ||
      !isWhole(ofG))
    return;
  PlanTensors plan = kernel.plan(op.getPlan());
  TileRoles roles(kernel, "gradient"), piece(kernel, "gradient");
  piece.set("dw", 0);
  piece.argument("x", kernel.whole(ofX));
  piece.argument("g", kernel.whole(ofG));
  piece.argument("offsets", plan.offsets);
  if (adds)
    piece.list.set("adds", piece.b.getUnitAttr());
  if (isGatheredArgument(op, x))
    piece.argument("operand_rows", plan.rows);
  if (isGatheredArgument(op, g))
    piece.argument("result_rows", plan.rows);
  piece.list.set("members",
                 piece.b.getDenseI64ArrayAttr(op.getClassMembers(c)));
  roles.list.set("pieces", roles.b.getArrayAttr(
                               {piece.list.getDictionary(op.getContext())}));
  roles.done();
}

void modc::setPlanKernel(KernelFunction &kernel, PlanOp op) {
  auto type = cast<PlanType>(op.getType());
  RowCount rows = kernel.rowsOf(op);
  if (rows.isStatic() || getPlanThreads(type.getMembers()) == 0 ||
      !isWhole(op.getSelection()) || (op.getRows() && !isWhole(op.getRows())))
    return;
  TileRoles roles(kernel, "plan");
  roles.rows(rows);
  Value selection = getSelectionTensor(kernel.whole(op.getSelection()));
  roles.argument("selection", selection);
  roles.set("once", op.getDuplicates() == Duplicates::Once);
  if (op.getRows())
    roles.argument("operand_rows", kernel.whole(op.getRows()));
  roles.done();
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// Of a product that is no grouped op.
static ProductTile getProductTile(const TileArguments &arguments) {
  return ProductTile::forWidth(arguments.type("y").getDimSize(1));
}

int64_t modc::buildTileKernel(func::FuncOp function, gpu::GPUFuncOp kernel,
                              int64_t sharedBytes) {
  TileArguments arguments(function);
  DeviceBuilder b(function.getLoc(), function.getContext());
  b.setInsertionPointToStart(&kernel.getBody().front());
  auto buffer = [&](StringRef name) { return arguments.buffer(kernel, name); };
  auto rowCount = [&]() -> Value {
    int64_t number = arguments.get("rows");
    int32_t place = 0;
    for (int64_t i = 0; i < number; ++i)
      place += function.getArgumentTypes()[i].isIndex();
    Value rows = LaunchConstantOp::create(b, b.getI32Type(), place);
    int64_t factor = arguments.get("factor", 1);
    return factor == 1
               ? rows
               : arith::MulIOp::create(b, rows, b.integer(factor)).getResult();
  };
  int64_t threads = 1;
  if (arguments.kind() == "product") {
    ProductBuffers product;
    product.x = buffer("x");
    product.w = buffer("w");
    product.b = buffer("b");
    product.y = buffer("y");
    product.distinct = buffer("distinct");
    product.transposed = arguments.get("transposed") == 1;
    product.rowCount = rowCount();
    ProductTile tile = getProductTile(arguments).within(sharedBytes);
    buildProduct(b, product, tile);
    threads = tile.threads();
  } else if (arguments.kind() == "pieces") {
    function->setAttr(kTileGroups, b.getI64IntegerAttr(buildPieceKernel(
                                       b, arguments, kernel, sharedBytes)));
    threads = getPieceTile(arguments).threads();
  } else if (arguments.kind() == "gradient") {
    SmallVector<GradientPiece> pieces;
    GradientTile tile = GradientTile::small();
    int64_t groups = 0;
    for (DictionaryAttr notes : arguments.pieces()) {
      auto bufferOf = [&](StringRef name) {
        return arguments.buffer(kernel, TileArguments::get(notes, name));
      };
      GradientPiece piece;
      piece.x = bufferOf("x");
      piece.g = bufferOf("g");
      piece.dw = bufferOf("dw");
      piece.offsets = bufferOf("offsets");
      piece.operandRows = bufferOf("operand_rows");
      piece.resultRows = bufferOf("result_rows");
      piece.adds = notes.contains("adds");
      piece.members.emplace(
          notes.getAs<DenseI64ArrayAttr>("members").asArrayRef());
      groups += getGradientGroups(piece, tile);
      pieces.push_back(std::move(piece));
    }
    buildGradients(b, pieces, tile);
    threads = tile.threads();
    function->setAttr(kTileGroups, b.getI64IntegerAttr(groups));
  } else {
    PlanBuffers plan;
    plan.selection = buffer("selection");
    plan.rowCount = rowCount();
    plan.operandRows = buffer("operand_rows");
    // Destinations: rows, slots, offsets, position.
    plan.rows = kernel.getArgument(0);
    plan.slots = kernel.getArgument(1);
    plan.offsets = kernel.getArgument(2);
    plan.position = kernel.getArgument(3);
    plan.once = arguments.get("once") == 1;
    buildPlan(b, plan);
    threads = getPlanThreads(plan.members());
  }
  return threads;
}

TileGroups modc::getTileGroups(func::FuncOp function) {
  TileArguments arguments(function);
  TileGroups groups;
  bool hasPieces = arguments.kind() == "pieces";
  auto counted = [&] {
    return function->getAttrOfType<IntegerAttr>(kTileGroups).getInt();
  };
  if (arguments.kind() == "product" || hasPieces) {
    ProductTile tile =
        hasPieces ? getPieceTile(arguments) : getProductTile(arguments);
    groups.argument = arguments.get("rows");
    groups.factor = arguments.get("factor", 1);
    groups.tile = tile.rows;
    groups.members = arguments.members();
    groups.y = hasPieces ? counted()
                         : llvm::divideCeil(arguments.type("y").getDimSize(1),
                                            tile.columns);
  } else if (arguments.kind() == "gradient") {
    groups.x = counted();
  }
  return groups;
}
