//===- Signals.cpp - SIGINT and SIGTERM as a flag -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The handler does what a handler may do: it stores to a lock-free atomic, and
// the second time it restores the default action and raises the signal again.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Signals.h"

#include <atomic>
#include <csignal>

namespace modc::driver {

static std::atomic<bool> requestedFlag{false};
static struct sigaction previousInterrupt, previousTerminate;

extern "C" {
static void onSignal(int signal) {
  if (!requestedFlag.exchange(true))
    return;
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  raise(signal);
}
}

CatchInterrupt::CatchInterrupt() {
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, nullptr, &previousInterrupt);
  // A parent that had us ignore Ctrl-C (nohup, a background job) meant it.
  if (previousInterrupt.sa_handler != SIG_IGN)
    sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, &previousTerminate);
}

CatchInterrupt::~CatchInterrupt() {
  sigaction(SIGINT, &previousInterrupt, nullptr);
  sigaction(SIGTERM, &previousTerminate, nullptr);
}

bool CatchInterrupt::requested() { return requestedFlag.load(); }

} // namespace modc::driver
