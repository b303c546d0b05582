//===- TraceOutput.h - The flag --trace -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What commands that run a model share to write a trace of it. A command that
// fails or is interrupted still writes what ran until then.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_TRACEOUTPUT_H
#define MODC_TOOLS_MODC_TRACEOUTPUT_H

#include "runtime/ChromeTrace.h"
#include "runtime/devices/Device.h"
#include "tools/modc/Flags.h"
#include "tools/modc/Output.h"

#include <optional>

namespace modc::driver {

class TraceOutput {
public:
  void addFlags(Flags &flags);

  /// The file, for checks against other outputs.
  OutputFile file() const { return {"--trace", path}; }
  /// Refuses a file that could not be written.
  Status check() const;
  /// Where a session with so many workers reports to, and the device if there
  /// is one; none without the flag.
  TraceSink sink(int64_t workers, const Device *device = nullptr);
  /// Writes what was reported, while the model is still there; the exit code of
  /// a command that would end with `code`.
  int finish(int code, const std::string &title);

private:
  std::string path;
  int64_t limit = 300000;
  std::optional<ChromeTrace> trace;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_TRACEOUTPUT_H
