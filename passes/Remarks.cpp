//===- Remarks.cpp - What passes did and why not --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The engine writes plain file locations only, so that names are taken off.
//
//===----------------------------------------------------------------------===//

#include "passes/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "passes/OpNames.h"

using namespace mlir;
using namespace modc;
using remark::RemarkOpts;
using remark::detail::InFlightRemark;

static InFlightRemark emit(InFlightRemark (*emitter)(Location, RemarkOpts),
                           StringRef pass, StringRef name, Operation *op) {
  if (!wantsRemarks(op->getContext()))
    return {};
  Location loc = op->getLoc();
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    loc = file;
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    function = op->getParentOfType<FunctionOpInterface>();
  InFlightRemark remark =
      emitter(loc, RemarkOpts::name(name).category(pass).function(
                       function ? function.getName() : StringRef()));
  StringRef place = opNameOf(op->getLoc());
  if (remark && !place.empty())
    remark << remark::detail::Remark::Arg(kRemarkPlace, place);
  return remark;
}

InFlightRemark modc::remarkPassed(StringRef pass, StringRef name,
                                  Operation *op) {
  return emit(remark::passed, pass, name, op);
}

InFlightRemark modc::remarkMissed(StringRef pass, StringRef name,
                                  Operation *op) {
  return emit(remark::missed, pass, name, op);
}

InFlightRemark modc::remarkAnalysis(StringRef pass, StringRef name,
                                    Operation *op) {
  return emit(remark::analysis, pass, name, op);
}
