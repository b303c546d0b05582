//===- Grouped.h - Grouped ops as loops -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two lowerings of modular.grouped, naive and grouped, and what they
// share: cloning a class's body onto rows of one member.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_CPU_GROUPED_H
#define MODC_PASSES_CPU_GROUPED_H

#include "dialect/ModularOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/cpu/Routing.h"
#include "passes/cpu/UpdateTasks.h"
#include <functional>

namespace modc {

/// Bytes of weights that stay in a second-level cache beside the rows.
constexpr int64_t kNearBytes = 512 << 10;

/// What the lowerings of one grouped op have in common.
struct GroupedLowering {
  TensorBuilder &b;
  GroupedOp op;
  PlanTensors plan;
  int64_t rowBlock;
  /// Whether matrix products and elementwise ops read rows where they are,
  /// instead of a tile that they were copied to.
  bool gathersInReaders = false;

  /// The combine that only moves row result i to its rows, which tasks can
  /// do; null if positions are wanted.
  CombineOp getMover(unsigned i);

  /// Rows of the largest task of a class: as many as keep what its body makes
  /// in a near cache, of a few tiles at most.
  int64_t largestTask(unsigned c);
  /// Rows from which on a member's rows may be split into tasks: as many as
  /// make a task long beside what it takes to hand it out.
  int64_t smallestTask(unsigned c);
  /// Number of positions, R·K.
  mlir::Value positionCount();
  /// Undefined row results and zeroed or undefined gradients, in result order.
  mlir::Value emptyRowResult(unsigned i);
  mlir::Value emptyPointResult(unsigned i);
  mlir::Value emptyGradient(unsigned c, unsigned i);

  /// The class's region on rows [first, first + count) of the grouped order,
  /// all of one point if the op runs by points: gathers rows, takes the
  /// member's and the point's slices and clones the body. Gives the values that
  /// are yielded. `accumulators` are added to by points results and gradients:
  /// one for each, null where the value alone is wanted.
  llvm::SmallVector<mlir::Value>
  runBody(unsigned c, mlir::Value slot, mlir::Value first, mlir::Value count,
          llvm::ArrayRef<mlir::Value> accumulators);

  /// The same, but gives the values of the body that are `wanted`.
  llvm::SmallVector<mlir::Value> valuesOf(unsigned c, mlir::Value slot,
                                          mlir::Value first, mlir::Value count,
                                          llvm::ArrayRef<mlir::Value> wanted);

  /// Number of points, and the point of the row at a position.
  mlir::Value pointCount();
  mlir::Value pointOf(mlir::Value position);

  /// Class and place in it of each member, as constant tensors.
  struct MemberTables {
    mlir::Value classes, slots;
  };
  MemberTables memberTables();
  /// What `run` gives for the class and place of `member`.
  using ClassBody = std::function<llvm::SmallVector<mlir::Value>(
      unsigned c, mlir::Value slot)>;
  llvm::SmallVector<mlir::Value> switchMember(const MemberTables &tables,
                                              mlir::Value member,
                                              const ClassBody &run);

  /// Number of the class's member with this place in the class.
  mlir::Value memberOf(unsigned c, mlir::Value slot);
  /// First position of a member, and how many it has.
  std::pair<mlir::Value, mlir::Value> segmentOf(mlir::Value member);

private:
  /// Clones the body; `mapping` has its values. Arguments that are `wanted` are
  /// tiles.
  void cloneBody(unsigned c, mlir::Value slot, mlir::Value first,
                 mlir::Value count, llvm::ArrayRef<mlir::Value> wanted,
                 mlir::IRMapping &mapping);
};

/// Whether a generic op adds up products or values in the value that it starts
/// from, so that it can continue another sum.
bool isSum(mlir::linalg::GenericOp generic);
/// The fill of 0 behind a value, if it is one.
mlir::linalg::FillOp getZeroFill(mlir::Value value);
/// A tile of rows of `whole`.
struct GatheredTile {
  mlir::BlockArgument tile;
  mlir::Value whole;
};
/// `reader` with the rows of each tile's whole that `rows` names in place of
/// the tile.
mlir::linalg::GenericOp gatherInReader(TensorBuilder &b,
                                       mlir::linalg::GenericOp reader,
                                       llvm::ArrayRef<GatheredTile> tiles,
                                       mlir::Value rows,
                                       mlir::IRMapping &mapping);

class RowAnalysis;
/// What is known of the rows of the values of a class's body.
RowAnalysis analyzeRows(GroupedOp op, unsigned c);

/// Gradients of a class that are sums over rows of values of its body. What
/// they sum up is made by the tasks that make row results; the sums are then
/// tasks over parts of each gradient, so that they take as many threads for a
/// member with all rows as for many members.
class RowSums {
public:
  /// None if a gradient of class c is anything else.
  static std::optional<RowSums> match(GroupedLowering &lowering, unsigned c);

  /// Values of the body that are summed up, [rows, ...].
  llvm::ArrayRef<mlir::Value> getSummands() const { return summands; }

  /// The gradients, from all rows of the summands in the order of the plan.
  llvm::SmallVector<mlir::Value> build(llvm::ArrayRef<mlir::Value> summands);

private:
  RowSums(GroupedLowering &lowering, unsigned c)
      : lowering(lowering), b(lowering.b), c(c) {}

  /// One gradient.
  struct Sum {
    mlir::linalg::GenericOp op;
    /// An operand that is read where its rows are.
    mlir::BlockArgument gathered;
    /// Parts of the first dimension of the gradient.
    SliceParts parts;
  };
  std::optional<Sum> matchSum(mlir::Value value, const RowAnalysis &analysis);
  mlir::Value build(const Sum &sum, unsigned gradient,
                    llvm::ArrayRef<mlir::Value> summands);
  mlir::Value buildPart(const Sum &sum, mlir::Value slot, mlir::Value offset,
                        mlir::OpFoldResult size, mlir::Value destination,
                        llvm::ArrayRef<mlir::Value> summands);

  GroupedLowering &lowering;
  TensorBuilder &b;
  unsigned c;
  llvm::SmallVector<Sum> sums;
  llvm::SmallVector<mlir::Value> summands;
};

/// A loop over rows and picks, a switch over classes, bodies on one row: the
/// reference. Gives the op's results.
llvm::SmallVector<mlir::Value> lowerGroupedNaively(GroupedLowering &lowering);

/// Tasks of some rows of one member (and one point) in parallel;
/// gradients in parallel over members, points results over points. Gives the
/// op's results.
llvm::SmallVector<mlir::Value> lowerGroupedByTasks(GroupedLowering &lowering);

} // namespace modc

#endif // MODC_PASSES_CPU_GROUPED_H
