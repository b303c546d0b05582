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
#include "passes/cpu/Grouped.h"
#include "passes/gpu/kernels/GradientKernel.h"
#include "passes/gpu/kernels/PlanKernel.h"
#include "passes/gpu/kernels/ProductKernel.h"

using namespace mlir;
using namespace modc;

/// Rows of both sides up to here stay with one invocation, which goes on with
/// them: a launch less.
constexpr int64_t kNarrow = 64;
/// Below both, an element of a member is less work than its share of a tile.
constexpr int64_t kWide = 32;

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

static bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32();
}

/// The two factors of a generic op whose body is a product and a sum.
static bool isContraction(linalg::GenericOp op) {
  if (!op || op.getNumLoops() != 3 || op.getNumDpsInputs() != 2 ||
      op.getBody()->getOperations().size() != 3 || !isSum(op) ||
      !getZeroFill(op.getDpsInits()[0]))
    return false;
  Operation *product = &op.getBody()->front();
  return isa<arith::MulFOp>(product) && isMatrix(op.getDpsInputs()[0]) &&
         isMatrix(op.getDpsInputs()[1]) && isMatrix(op.getResult(0)) &&
         product->getOperand(0) != product->getOperand(1) &&
         llvm::all_of(product->getOperands(), [](Value operand) {
           return isa<BlockArgument>(operand);
         });
}

std::optional<MatrixProduct> MatrixProduct::match(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op)) {
    if (!isMatrix(linear.getInput()) || !isMatrix(linear.getWeight()))
      return std::nullopt;
    return MatrixProduct{linear.getInput(), linear.getWeight(),
                         linear.getBias(), false};
  }
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!isContraction(generic))
    return std::nullopt;
  MLIRContext *context = op->getContext();
  auto map = [&](unsigned a, unsigned b) {
    return AffineMap::get(
        3, 0, {getAffineDimExpr(a, context), getAffineDimExpr(b, context)},
        context);
  };
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  if (maps[2] != map(0, 1) || maps[0] != map(0, 2))
    return std::nullopt;
  Value x = generic.getDpsInputs()[0], w = generic.getDpsInputs()[1];
  if (maps[1] == map(2, 1))
    return MatrixProduct{x, w, {}, false};
  if (maps[1] == map(1, 2))
    return MatrixProduct{x, w, {}, true};
  return std::nullopt;
}

static bool isWide(Value w, int64_t than = kWide) {
  auto type = cast<RankedTensorType>(w.getType());
  return type.hasStaticShape() &&
         (type.getDimSize(0) > than || type.getDimSize(1) > than);
}

/// Whether a launch takes the value as an argument, as it is.
static bool isWhole(Value value) {
  Operation *op = value.getDefiningOp();
  return !op || !isCheap(op);
}

bool modc::isTiledProduct(Operation *op, const Placement &placement) {
  auto product = MatrixProduct::match(op);
  if (!product || !isWide(product->w, kNarrow) || !isWhole(product->x) ||
      !isWhole(product->w) || (product->b && !isWhole(product->b)))
    return false;
  auto placed = placement.get(product->x);
  return placed && placed->dim == 0 && placed->multiple == 1 &&
         !placed->rows.plan && !placement.get(product->w);
}

/// What a class's body multiplies, if it does nothing else.
static std::optional<MatrixProduct> matchGrouped(GroupedOp op) {
  if (op.getNumClasses() != 1 || op.getRowResults().size() != 1 ||
      op.getNumResults() != 1)
    return std::nullopt;
  Block &body = op.getClassBody(0);
  Operation *last = body.getTerminator()->getOperand(0).getDefiningOp();
  auto product = last ? MatrixProduct::match(last) : std::nullopt;
  if (!product || !isWide(product->w))
    return std::nullopt;
  for (Value value : {product->x, product->w, product->b})
    if (value && !isa<BlockArgument>(value))
      return std::nullopt;
  return product;
}

/// The operand of the op that an argument of its first body has slices of.
static Value operandOf(GroupedOp op, Value argument) {
  unsigned number = cast<BlockArgument>(argument).getArgNumber();
  SmallVector<Value> operands(op.getGathered());
  llvm::append_range(operands, op.getAlong());
  llvm::append_range(operands, op.getPoints());
  llvm::append_range(operands, op.getShared());
  llvm::append_range(operands, op.getClassParameters(0));
  return operands[number];
}

bool modc::isTiledGrouped(GroupedOp op) {
  auto product = matchGrouped(op);
  if (!product)
    return false;
  size_t numRows = op.getGathered().size() + op.getAlong().size();
  size_t first = numRows + op.getPoints().size() + op.getShared().size();
  auto number = [](Value v) { return cast<BlockArgument>(v).getArgNumber(); };
  return number(product->x) < numRows && number(product->w) >= first &&
         (!product->b || number(product->b) >= first) &&
         isWhole(operandOf(op, product->x)) &&
         isWhole(operandOf(op, product->w)) &&
         (!product->b || isWhole(operandOf(op, product->b)));
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

namespace {

struct Roles {
  OpBuilder b;
  KernelFunction &kernel;
  NamedAttrList list;

  Roles(KernelFunction &kernel, StringRef kind)
      : b(kernel.function.getContext()), kernel(kernel) {
    list.set("kind", b.getStringAttr(kind));
  }
  void set(StringRef name, int64_t value) {
    list.set(name, b.getI64IntegerAttr(value));
  }
  /// The argument that is this value, as it is in the function.
  void argument(StringRef name, Value value) {
    set(name, cast<BlockArgument>(value).getArgNumber());
  }
  void rows(RowCount count) {
    set("factor", count.factor);
    argument("rows", kernel.size({1, count.points, count.candidates, {}}));
  }
  void done() {
    kernel.function->setAttr(kTileKernel, list.getDictionary(b.getContext()));
  }
};

} // namespace

void modc::setProductKernel(KernelFunction &kernel, Operation *op,
                            RowCount rows) {
  if (rows.isStatic())
    return;
  MatrixProduct product = *MatrixProduct::match(op);
  Roles roles(kernel, "product");
  roles.rows(rows);
  roles.set("y", 0);
  roles.argument("x", kernel.whole(product.x));
  roles.argument("w", kernel.whole(product.w));
  if (product.b)
    roles.argument("b", kernel.whole(product.b));
  roles.set("transposed", product.transposed);
  roles.done();
}

void modc::setGroupedKernel(KernelFunction &kernel, GroupedOp op,
                            RowCount rows) {
  if (rows.isStatic())
    return;
  MatrixProduct product = *matchGrouped(op);
  PlanTensors plan = kernel.plan(op.getPlan());
  Roles roles(kernel, "product");
  roles.rows(rows);
  roles.set("y", 0);
  roles.argument("x", kernel.whole(operandOf(op, product.x)));
  roles.argument("w", kernel.whole(operandOf(op, product.w)));
  if (product.b)
    roles.argument("b", kernel.whole(operandOf(op, product.b)));
  roles.set("transposed", product.transposed);
  roles.argument("offsets", plan.offsets);
  if (cast<BlockArgument>(product.x).getArgNumber() < op.getGathered().size())
    roles.argument("operand_rows", plan.rows);
  roles.done();
}

void modc::setGradientKernel(KernelFunction &kernel, GroupedOp op, unsigned c,
                             unsigned i, bool adds) {
  Block &body = op.getClassBody(c);
  auto sum =
      body.getTerminator()->getOperand(i).getDefiningOp<linalg::GenericOp>();
  // Of all members, in their order.
  if (op.getNumClasses() != 1 || !isContraction(sum))
    return;
  MLIRContext *context = op.getContext();
  auto map = [&](unsigned a, unsigned b) {
    return AffineMap::get(
        3, 0, {getAffineDimExpr(a, context), getAffineDimExpr(b, context)},
        context);
  };
  SmallVector<AffineMap> maps = sum.getIndexingMapsArray();
  Value x = sum.getDpsInputs()[0], g = sum.getDpsInputs()[1];
  if (maps[2] != map(0, 1) || maps[0] != map(2, 0) || maps[1] != map(2, 1) ||
      !isWide(sum.getResult(0)) || !isa<BlockArgument>(x) ||
      !isa<BlockArgument>(g))
    return;
  size_t numGathered = op.getGathered().size();
  size_t numRows = numGathered + op.getAlong().size();
  auto number = [](Value v) { return cast<BlockArgument>(v).getArgNumber(); };
  if (number(x) >= numRows || number(g) >= numRows ||
      !isWhole(operandOf(op, x)) || !isWhole(operandOf(op, g)))
    return;
  PlanTensors plan = kernel.plan(op.getPlan());
  Roles roles(kernel, "gradient");
  roles.set("dw", 0);
  roles.set("adds", adds);
  roles.argument("x", kernel.whole(operandOf(op, x)));
  roles.argument("g", kernel.whole(operandOf(op, g)));
  roles.argument("offsets", plan.offsets);
  if (number(x) < numGathered)
    roles.argument("operand_rows", plan.rows);
  if (number(g) < numGathered)
    roles.argument("result_rows", plan.rows);
  roles.done();
}

void modc::setPlanKernel(KernelFunction &kernel, PlanOp op) {
  auto type = cast<PlanType>(op.getType());
  RowCount rows = kernel.rowsOf(op);
  if (rows.isStatic() || getPlanThreads(type.getMembers()) == 0 ||
      !isWhole(op.getSelection()) || (op.getRows() && !isWhole(op.getRows())))
    return;
  Roles roles(kernel, "plan");
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

namespace {

struct Arguments {
  mutable func::FuncOp function;
  DictionaryAttr roles;

  explicit Arguments(func::FuncOp function)
      : function(function),
        roles(function->getAttrOfType<DictionaryAttr>(kTileKernel)) {}
  int64_t get(StringRef name, int64_t otherwise = -1) const {
    auto value = roles.getAs<IntegerAttr>(name);
    return value ? value.getInt() : otherwise;
  }
  StringRef kind() const { return roles.getAs<StringAttr>("kind").getValue(); }
  MemRefType type(StringRef name) const {
    return cast<MemRefType>(function.getArgumentTypes()[get(name)]);
  }
  int64_t members() const {
    return get("offsets") < 0 ? 0 : type("offsets").getDimSize(0) - 1;
  }
  /// H of a product.
  int64_t width() const { return type("y").getDimSize(1); }
  ProductTile productTile() const {
    return width() > kWide ? ProductTile::standard() : ProductTile::small();
  }
};

} // namespace

int64_t modc::buildTileKernel(func::FuncOp function, gpu::GPUFuncOp kernel) {
  Arguments arguments(function);
  DeviceBuilder b(function.getLoc(), function.getContext());
  b.setInsertionPointToStart(&kernel.getBody().front());
  auto buffer = [&](StringRef name) -> Value {
    int64_t number = arguments.get(name);
    if (number < 0)
      return {};
    unsigned place = 0;
    for (int64_t i = 0; i < number; ++i)
      place += isa<MemRefType>(function.getArgumentTypes()[i]);
    return kernel.getArgument(place);
  };
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
    product.offsets = buffer("offsets");
    product.operandRows = buffer("operand_rows");
    product.transposed = arguments.get("transposed") == 1;
    if (!product.offsets)
      product.rowCount = rowCount();
    ProductTile tile = arguments.productTile();
    buildProduct(b, product, tile);
    threads = tile.threads();
  } else if (arguments.kind() == "gradient") {
    GradientPiece piece;
    piece.x = buffer("x");
    piece.g = buffer("g");
    piece.dw = buffer("dw");
    piece.offsets = buffer("offsets");
    piece.operandRows = buffer("operand_rows");
    piece.resultRows = buffer("result_rows");
    piece.adds = arguments.get("adds") == 1;
    GradientTile tile = GradientTile::small();
    buildGradients(b, piece, tile);
    threads = tile.threads();
    function->setAttr("modular.groups",
                      b.getI64IntegerAttr(getGradientGroups(piece, tile)));
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
  Arguments arguments(function);
  TileGroups groups;
  if (arguments.kind() == "product") {
    ProductTile tile = arguments.productTile();
    groups.argument = arguments.get("rows");
    groups.factor = arguments.get("factor", 1);
    groups.tile = tile.rows;
    groups.members = arguments.members();
    groups.y = llvm::divideCeil(arguments.width(), tile.columns);
  } else if (arguments.kind() == "gradient") {
    groups.x = function->getAttrOfType<IntegerAttr>("modular.groups").getInt();
  }
  return groups;
}
