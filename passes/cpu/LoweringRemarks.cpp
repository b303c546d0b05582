//===- LoweringRemarks.cpp - Why an op got the code that it has -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each reason is a condition of the pass that decided, asked again in the order
// in which a user could do something about it.
//
//===----------------------------------------------------------------------===//

#include "passes/cpu/LoweringRemarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/OpNames.h"
#include "passes/Remarks.h"

using namespace mlir;
using namespace modc;
using remark::add;
using remark::metric;
using remark::reason;
using remark::suggest;

namespace {

/// Why something was not done, and what would help.
struct Reason {
  std::string why, help;
};

} // namespace

static void explain(remark::detail::InFlightRemark remark,
                    const std::string &text, const Reason &because) {
  remark << add("{0}", text) << reason("{0}", because.why);
  if (!because.help.empty())
    remark << suggest("{0}", because.help);
}

//===----------------------------------------------------------------------===//
// Gathered rows
//===----------------------------------------------------------------------===//

/// Why no op gathers the rows of a tile.
static Reason whyTile(BlockArgument tile) {
  SmallVector<Operation *> readers;
  unsigned uses = 0;
  for (Operation *user : tile.getUsers()) {
    if (user->getBlock() != tile.getOwner())
      return {"an op inside another op reads them", ""};
    if (isa<tensor::DimOp>(user))
      continue;
    ++uses;
    if (!llvm::is_contained(readers, user))
      readers.push_back(user);
  }
  if (readers.size() > 1)
    return {std::to_string(readers.size()) + " ops read them", ""};
  if (uses > 1)
    return {"an op reads them " + std::to_string(uses) + " times", ""};
  auto generic = readers.empty() ? linalg::GenericOp()
                                 : dyn_cast<linalg::GenericOp>(readers.front());
  if (!generic)
    return {"what reads them is neither a product nor elementwise", ""};
  if (!generic.getNumReductionLoops())
    return {"what reads them has functions, or does not read each once", ""};
  if (!linalg::isaContractionOpInterface(generic) || generic.getNumLoops() != 3)
    return {"what reads them is neither a product nor elementwise",
            "give the product plain operands, and compute on its result"};
  return {"the product sums over them", ""};
}

void modc::remarkOnTile(GroupedOp op, BlockArgument tile, bool gathered) {
  if (!wantsRemarks(op.getContext()))
    return;
  StringRef pass = "modular-lower-grouped";
  if (gathered)
    remarkPassed(pass, "Gathered", op) << add(
        "the op that reads rows of operand {0} takes them where they are",
        tile.getArgNumber());
  else
    explain(remarkMissed(pass, "Gathered", op),
            "rows of operand " + std::to_string(tile.getArgNumber()) +
                " are copied to a tile first",
            whyTile(tile));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static std::string sizeText(int64_t size) {
  return ShapedType::isDynamic(size) ? "n" : std::to_string(size);
}

/// "nx784x64": rows, length of the sums, columns.
static std::string shapeOf(const Contraction &contraction) {
  return sizeText(contraction.height()) + "x" + sizeText(contraction.depth()) +
         "x" + sizeText(contraction.columns());
}

DictionaryAttr modc::describeKernel(const Contraction &contraction,
                                    const KernelSchedule &schedule) {
  Builder b(contraction.c.getContext());
  return b.getDictionaryAttr(
      {b.getNamedAttr("shape", b.getStringAttr(shapeOf(contraction))),
       b.getNamedAttr("rows", b.getI64IntegerAttr(schedule.tileRows())),
       b.getNamedAttr("columns", b.getI64IntegerAttr(schedule.tileColumns())),
       b.getNamedAttr("packed", b.getBoolAttr(schedule.packed))});
}

static const char *describeB(const Contraction &contraction,
                             const KernelSchedule &schedule) {
  if (contraction.panelOfB())
    return schedule.packed ? "in panels, packed" : "in panels";
  return schedule.packed ? "packed" : "in place";
}

void modc::remarkOnKernel(linalg::GenericOp op, const Contraction &contraction,
                          const KernelSchedule &schedule, StringRef kernel,
                          int64_t taskRows) {
  if (!wantsRemarks(op.getContext()))
    return;
  StringRef pass = "modular-lower-contractions";
  std::string shape = shapeOf(contraction);
  remarkPassed(pass, "Kernel", op)
      << add("a product {0} of {1} runs in tiles of {2}x{3}, b {4}{5}{6}{7}",
             shape, contraction.element().isF64() ? "f64" : "f32",
             schedule.tileRows(), schedule.tileColumns(),
             describeB(contraction, schedule),
             schedule.packsA ? ", a copied" : "",
             contraction.panelOfC() ? ", c in panels" : "",
             schedule.tall ? ", lanes along rows of a" : "")
      << metric("Kernel", kernel) << metric("TileRows", schedule.tileRows())
      << metric("TileColumns", schedule.tileColumns())
      << metric("Packed", schedule.packed)
      << metric("Gathers", bool(contraction.rows));
  if (contraction.start != Contraction::Start::Old)
    remarkPassed(pass, "FusedStart", op) << add(
        "sums start at {0}, not in memory",
        contraction.start == Contraction::Start::Zero ? "zero" : "the bias");
  else
    explain(remarkMissed(pass, "FusedStart", op),
            "sums start at values in memory",
            {"nothing fills them with zeros or a row right before", ""});
  if (contraction.finish)
    remarkPassed(pass, "FusedFinish", op)
        << add("'{0}' is applied to sums in registers",
               opNameOf(contraction.finish->op->getLoc()));
  if (contraction.rowsOfC)
    remarkPassed(pass, "Scattered", op)
        << add("rows of the result are stored among those of other members");
  int64_t depth = contraction.depth();
  if (!ShapedType::isDynamic(depth)) {
    int64_t bytes = contraction.element().getIntOrFloatBitWidth() / 8;
    int64_t work = 2 * depth * contraction.columns();
    remarkAnalysis(pass, "Work", op)
        << add("a row of the result takes {0} FLOPs, b has {1} bytes", work,
               depth * contraction.columns() * bytes)
        << metric("FlopsPerRow", work)
        << metric("BytesOfB", depth * contraction.columns() * bytes);
  }
  if (op->getParentOfType<scf::ForallOp>() ||
      op->getParentOfType<scf::ParallelOp>())
    return;
  if (taskRows)
    remarkPassed(pass, "Tasks", op)
        << add("rows of the result are tasks of {0} or more", taskRows);
  else
    explain(
        remarkMissed(pass, "Tasks", op), "one task computes all of it",
        contraction.rows
            ? Reason{"its rows are chosen by number", ""}
            : Reason{"a task's part of " + shape + " is too little work", ""});
}

/// Whether the body is out + a product, whatever the operands.
static bool sumsProducts(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0)
    return false;
  Operation *end = op.getBody()->getTerminator();
  auto sum = end->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && (sum.getLhs().getDefiningOp<arith::MulFOp>() ||
                 sum.getRhs().getDefiningOp<arith::MulFOp>());
}

static Reason whyLoop(linalg::GenericOp op) {
  Value out = op.getDpsInits()[0];
  auto type = dyn_cast<MemRefType>(out.getType());
  if (!type)
    return {"the result is no buffer", ""};
  if (op.getNumLoops() != 3 || op.getNumReductionLoops() != 1)
    return {"it has " + std::to_string(op.getNumLoops()) + " loops, " +
                std::to_string(op.getNumReductionLoops()) +
                " of them sums, and kernels have 3 and 1",
            "write it as a product of matrices, with dimensions collapsed"};
  if (op.getNumDpsInputs() != 2)
    return {"it has " + std::to_string(op.getNumDpsInputs()) +
                " inputs, and kernels multiply 2",
            "compute on the result of a plain product"};
  if (!type.getElementType().isF32() && !type.getElementType().isF64())
    return {"its elements are neither f32 nor f64", "use one of these types"};
  if (type.getRank() == 2 && type.isDynamicDim(1))
    return {"its number of columns is dynamic",
            "give the result a static width"};
  for (Value operand : op->getOperands())
    if (auto buffer = dyn_cast<MemRefType>(operand.getType()))
      if (!buffer.areTrailingDimsContiguous(1))
        return {"elements of a row of an operand are not adjacent",
                "transpose the operand before"};
  return {"its operands are not plain matrices",
          "compute on operands before the product, or on its result"};
}

static void explainLoop(linalg::GenericOp op, const Reason &why) {
  explain(remarkMissed("modular-lower-contractions", "Kernel", op),
          "a sum of products stays a loop over scalars", why);
}

void modc::remarkOnLoop(linalg::GenericOp op) {
  if (wantsRemarks(op.getContext()) && sumsProducts(op))
    explainLoop(op, whyLoop(op));
}

void modc::remarkOnPanels(linalg::GenericOp op, const Contraction &contraction,
                          const KernelSchedule &schedule) {
  if (!wantsRemarks(op.getContext()))
    return;
  int64_t columns = std::max(contraction.panelOfB(), contraction.panelOfC());
  explainLoop(op, {"its panels have " + std::to_string(columns) +
                       " columns, and tiles have " +
                       std::to_string(schedule.panelColumns()),
                   ""});
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static Reason whyScalar(linalg::GenericOp op, int64_t shortest) {
  unsigned last = op.getNumLoops() - 1;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    auto type = dyn_cast<MemRefType>(input->get().getType());
    if (!type || map.getNumResults() == 0 ||
        map.getResults().back() != getAffineDimExpr(last, op.getContext()))
      continue;
    if (type.isDynamicDim(type.getRank() - 1))
      return {"rows have no static length", "give the tensor a static width"};
    if (type.getShape().back() < shortest)
      return {"rows of " + std::to_string(type.getShape().back()) +
                  " are shorter than " + std::to_string(shortest),
              ""};
  }
  return {"its rounds are not a sum, product, maximum or minimum along rows of "
          "plain operands",
          ""};
}

void modc::remarkOnReduction(linalg::GenericOp op, int64_t shortest) {
  if (!wantsRemarks(op.getContext()) || sumsProducts(op) ||
      op.getNumLoops() < 2 || op.getNumReductionLoops() != 1 ||
      op.getIteratorTypesArray().back() != utils::IteratorType::reduction)
    return;
  explain(remarkMissed("modular-vectorize-reductions", "Vectorized", op),
          "a reduction along rows stays a loop over scalars",
          whyScalar(op, shortest));
}

//===----------------------------------------------------------------------===//
// Updates
//===----------------------------------------------------------------------===//

static Value rootOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

void modc::remarkOnUpdates(func::FuncOp program) {
  if (!wantsRemarks(program.getContext()) || program.isExternal())
    return;
  DenseSet<Value> copied, written;
  program.walk([&](Operation *op) {
    if (auto store = dyn_cast<memref::StoreOp>(op))
      written.insert(rootOf(store.getMemRef()));
    else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      for (Value out : linalgOp.getDpsInits())
        written.insert(rootOf(out));
    auto copy = dyn_cast<memref::CopyOp>(op);
    if (!copy)
      return;
    written.insert(rootOf(copy.getTarget()));
    // A row that is copied is no copy of the parameter.
    for (Value side : {copy.getSource(), copy.getTarget()})
      if (side.getType() == rootOf(side).getType())
        copied.insert(rootOf(side));
  });
  for (BlockArgument argument : program.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto role = program.getArgAttrOfType<StringAttr>(i, "modular.role");
    auto name = program.getArgAttrOfType<StringAttr>(i, "modular.name");
    if (!role || !name || !written.contains(argument) ||
        (role.getValue() != "parameter" && role.getValue() != "state"))
      continue;
    if (!copied.contains(argument))
      remarkPassed("modular-drop-results", "InPlace", program) << add(
          "{0} '{1}' changes in place", role.getValue(), name.getValue());
    else
      explain(remarkMissed("modular-drop-results", "InPlace", program),
              (role.getValue() + " '" + name.getValue() + "' is copied").str(),
              {"something reads its old value after it is written", ""});
  }
}
