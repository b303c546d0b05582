//===- Signals.h - What Ctrl-C does -----------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets a command that has something to save end in its own time when the user
// presses Ctrl-C, and one that has something to remove do so first. A second
// Ctrl-C ends the process at once.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_SIGNALS_H
#define MODC_TOOLS_MODC_SIGNALS_H

#include <csignal>
#include <string>

namespace modc::driver {

/// While one exists, these signals wait: SIGINT, SIGTERM, SIGHUP.
class DelayInterrupt {
public:
  DelayInterrupt();
  ~DelayInterrupt();
  DelayInterrupt(const DelayInterrupt &) = delete;
  DelayInterrupt &operator=(const DelayInterrupt &) = delete;

private:
  sigset_t before;
};

/// While one exists, the first SIGINT, SIGTERM or SIGHUP only sets the flag.
class CatchInterrupt {
public:
  CatchInterrupt();
  ~CatchInterrupt();
  CatchInterrupt(const CatchInterrupt &) = delete;
  CatchInterrupt &operator=(const CatchInterrupt &) = delete;

  static bool requested();
};

/// While one exists, these signals remove a directory and end the program with
/// the exit code of an interruption. `path` must stay where it is.
class RemoveOnInterrupt {
public:
  explicit RemoveOnInterrupt(const std::string &path);
  ~RemoveOnInterrupt();
  RemoveOnInterrupt(const RemoveOnInterrupt &) = delete;
  RemoveOnInterrupt &operator=(const RemoveOnInterrupt &) = delete;
};

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_SIGNALS_H
