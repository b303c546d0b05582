//===- BufferizeScatterRows.cpp - Rows laid by number, on buffers ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// scatter_rows ends a task on tensors; on buffers it is the last op of the
// task. Tasks write rows that differ, so it is always in place.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularOps.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "passes/cpu/Pipeline.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace modc;

namespace {

struct ScatterRowsModel
    : BufferizableOpInterface::ExternalModel<ScatterRowsModel, ScatterRowsOp> {
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }

  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return &operand != &cast<ScatterRowsOp>(op).getDestMutable();
  }

  bool bufferizesToMemoryWrite(Operation *op, OpOperand &operand,
                               const AnalysisState &) const {
    return &operand == &cast<ScatterRowsOp>(op).getDestMutable();
  }

  LogicalResult resolveConflicts(Operation *, RewriterBase &,
                                 const AnalysisState &,
                                 const BufferizationState &) const {
    return success();
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto scatter = cast<ScatterRowsOp>(op);
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op->getParentOp());
    SmallVector<Value> buffers;
    for (Value tensor : op->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, tensor, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    ScatterRowsOp::create(rewriter, scatter.getLoc(), buffers[0], buffers[1],
                          buffers[2]);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void modc::registerBufferizationModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ModularDialect *) {
    ScatterRowsOp::attachInterface<ScatterRowsModel>(*context);
  });
}
