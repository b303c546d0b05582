//===- Signals.h - SIGINT and SIGTERM as a flag -----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets a command that has something to save end in its own time when the user
// presses Ctrl-C. A second Ctrl-C ends the process at once.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_SIGNALS_H
#define MODC_TOOLS_MODC_SIGNALS_H

namespace modc::driver {

/// While one exists, the first SIGINT or SIGTERM only sets the flag.
class CatchInterrupt {
public:
  CatchInterrupt();
  ~CatchInterrupt();
  CatchInterrupt(const CatchInterrupt &) = delete;
  CatchInterrupt &operator=(const CatchInterrupt &) = delete;

  static bool requested();
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_SIGNALS_H
