//===- Selections.h - Keep the choices of a training ------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The saved choices of a training: one .npy file per kept state of a*, from
// which the composition of the network over time can be drawn.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_SELECTIONS_H
#define MODC_TOOLS_MODC_SELECTIONS_H

#include "runtime/Choices.h"
#include "runtime/formats/Result.h"

#include <string>

namespace modc::driver {

/// "every:N", with "every:N:DIR" for another directory than "selections".
struct SelectionSaver {
  int64_t every = 0;
  std::string directory = "selections";

  static Result<SelectionSaver> parse(const std::string &text);
  /// Sees whether the directory can be written, and then makes it.
  Status check() const;
  Status prepare() const;
  /// Writes a* after step `step` to DIRECTORY/step-00000100.npy when it is due.
  Status afterStep(int64_t step, const Choices &choices) const;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_SELECTIONS_H
