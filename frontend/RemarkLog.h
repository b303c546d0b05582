//===- RemarkLog.h - Remarks of a compilation, as text ----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collects what passes remark: as lines for people, filtered by the name of the
// pass as compilers' -Rpass= is, and as LLVM's YAML for tools.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_REMARKLOG_H
#define MODC_FRONTEND_REMARKLOG_H

#include "runtime/formats/Result.h"

#include <memory>
#include <string>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace modc {

struct RemarkOptions {
  /// Regular expressions on names of passes, for lines; empty matches none.
  std::string passed, missed, analysis;
  /// Whether to make YAML, of all remarks.
  bool record = false;
};

class RemarkLog {
public:
  RemarkLog();
  ~RemarkLog();

  /// Starts to listen to a context, which must not outlive this object. Called
  /// at most once; fails where an expression is not one.
  Status listen(mlir::MLIRContext &context, const RemarkOptions &options);

  /// "file:line:column: remark: text [-Rpass=name]", a remark a line, each line
  /// once however many programs and targets it is said of.
  std::string takeText();
  /// A YAML document for each remark, with its program.
  std::string yaml() const;

private:
  struct Streamer;
  struct State;
  std::shared_ptr<State> state;
};

} // namespace modc

#endif // MODC_FRONTEND_REMARKLOG_H
