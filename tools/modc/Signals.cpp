//===- Signals.cpp - What Ctrl-C does -------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Handlers do only what a handler may do: one stores to a lock-free atomic, and
// the second time restores the default action and raises the signal again; the
// other makes system calls, without memory from the heap.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Signals.h"

#include "tools/modc/Output.h"

#include <atomic>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace modc::driver {

static std::atomic<bool> requestedFlag{false};
static std::atomic<const char *> removedPath{nullptr};
static_assert(std::atomic<const char *>::is_always_lock_free);

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction previous[std::size(kSignals)];

/// Removes what `name` in the directory `parent` is. readdir() takes memory from
/// the heap, which the interrupted code may be in the middle of changing.
static void removeTree(int parent, const char *name, int depth) {
  int directory = openat(parent, name,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0)
    return;
  alignas(dirent64) char buffer[2048];
  // Removing entries may move others past the position of the reader.
  for (int pass = 0; pass < 4; ++pass) {
    lseek(directory, 0, SEEK_SET);
    ssize_t size;
    while ((size = getdents64(directory, buffer, sizeof(buffer))) > 0) {
      for (ssize_t at = 0; at < size;) {
        auto *entry = reinterpret_cast<dirent64 *>(buffer + at);
        at += entry->d_reclen;
        bool isFile = unlinkat(directory, entry->d_name, 0) == 0;
        bool isSelf = entry->d_name[0] == '.' &&
                      (entry->d_name[1] == '\0' || entry->d_name[1] == '.');
        if (!isFile && !isSelf && depth < 4)
          removeTree(directory, entry->d_name, depth + 1);
      }
    }
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
      break;
  }
  close(directory);
}

extern "C" {
static void stopSoon(int signal) {
  if (!requestedFlag.exchange(true))
    return;
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  raise(signal);
}

static void removeAndStop(int) {
  if (const char *path = removedPath.load())
    removeTree(AT_FDCWD, path, 0);
  static const char text[] = "modc: interrupted\n";
  ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
  (void)written;
  _exit(Interrupted);
}
}

static void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    // A parent that had us ignore a signal (nohup, a background job) meant it.
    if (previous[i].sa_handler != SIG_IGN)
      sigaction(kSignals[i], &action, nullptr);
  }
}

static void restore() {
  for (size_t i = 0; i < std::size(kSignals); ++i)
    sigaction(kSignals[i], &previous[i], nullptr);
}

DelayInterrupt::DelayInterrupt() {
  sigset_t delayed;
  sigemptyset(&delayed);
  for (int signal : kSignals)
    sigaddset(&delayed, signal);
  pthread_sigmask(SIG_BLOCK, &delayed, &before);
}
DelayInterrupt::~DelayInterrupt() {
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CatchInterrupt::CatchInterrupt() { install(stopSoon); }
CatchInterrupt::~CatchInterrupt() { restore(); }
bool CatchInterrupt::requested() { return requestedFlag.load(); }

RemoveOnInterrupt::RemoveOnInterrupt(const std::string &path) {
  removedPath = path.c_str();
  install(removeAndStop);
}

RemoveOnInterrupt::~RemoveOnInterrupt() {
  restore();
  removedPath = nullptr;
}

} // namespace modc::driver
