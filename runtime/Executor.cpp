//===- Executor.cpp - Threads that run a model's tasks --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One atomic word, the gate, says whether a loop is open and how many workers
// are inside it. A worker enters by adding itself to an open gate; the caller
// closes the gate once the tasks are handed out and waits only for those who
// entered.
//
//===----------------------------------------------------------------------===//

#include "runtime/Executor.h"
#include "runtime/FloatMode.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace modc {
namespace {

constexpr uint64_t kOpen = uint64_t(1) << 31;
constexpr uint64_t kInside = kOpen - 1;
constexpr auto kSpin = std::chrono::microseconds(30);

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

uint64_t epochOf(uint64_t gate) { return gate >> 32; }

} // namespace

struct Executor::Pool {
  // The high half counts loops, bit 31 is set while workers may enter, and the
  // rest counts those inside.
  std::atomic<uint64_t> gate{0};
  std::atomic<int64_t> next{0};
  std::atomic<int> parked{0};
  std::atomic<bool> stopping{false};
  // Written by the caller while nobody is inside.
  int64_t tasks = 0;
  modc_task body = nullptr;
  void *context = nullptr;

  std::mutex callers;
  std::mutex parking;
  std::condition_variable wake;
  std::vector<std::thread> threads;

  void runTasks(int64_t worker) {
    for (;;) {
      int64_t task = next.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks)
        return;
      body(context, task, worker);
    }
  }

  /// True once there is something to do for a worker that last served `seen`.
  bool hasNews(uint64_t seen) const {
    uint64_t now = gate.load(std::memory_order_seq_cst);
    return stopping.load(std::memory_order_relaxed) ||
           ((now & kOpen) && epochOf(now) != seen);
  }

  void waitForNews(uint64_t seen) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 1; !hasNews(seen); ++i) {
      pause();
      if (i % 64 == 0 && std::chrono::steady_clock::now() - start > kSpin)
        break;
    }
    if (hasNews(seen))
      return;
    std::unique_lock<std::mutex> lock(parking);
    // Before the gate is read again: the caller opens the gate and then looks
    // for parked workers, so that one of the two sees the other.
    parked.fetch_add(1, std::memory_order_seq_cst);
    wake.wait(lock, [&] { return hasNews(seen); });
    parked.fetch_sub(1, std::memory_order_relaxed);
  }

  void serve(int64_t worker) {
    FloatMode mode;
    uint64_t seen = 0;
    for (;;) {
      waitForNews(seen);
      if (stopping.load(std::memory_order_acquire))
        return;
      uint64_t now = gate.load(std::memory_order_acquire);
      while ((now & kOpen) && epochOf(now) != seen) {
        if (!gate.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel,
                                        std::memory_order_acquire))
          continue;
        seen = epochOf(now);
        runTasks(worker);
        gate.fetch_sub(1, std::memory_order_release);
        break;
      }
    }
  }

  void runParallel() {
    next.store(0, std::memory_order_relaxed);
    uint64_t epoch = epochOf(gate.load(std::memory_order_relaxed)) + 1;
    // 32 bits of loops may wrap; 0 is what a new worker has seen.
    if ((epoch & 0xffffffffu) == 0)
      epoch = 1;
    gate.store(epoch << 32 | kOpen, std::memory_order_seq_cst);
    if (parked.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard<std::mutex> lock(parking);
      wake.notify_all();
    }
    runTasks(0);
    gate.fetch_and(~kOpen, std::memory_order_acq_rel);
    for (int i = 1; gate.load(std::memory_order_acquire) & kInside; ++i) {
      pause();
      if (i % 1024 == 0)
        std::this_thread::yield();
    }
  }
};

int64_t availableProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
  unsigned count = std::thread::hardware_concurrency();
  return count ? int64_t(count) : 1;
}

Executor::Executor(int64_t workers) : pool(std::make_unique<Pool>()) {
  if (workers <= 0)
    workers = availableProcessors();
  for (int64_t worker = 1; worker < workers; ++worker) {
    try {
      pool->threads.emplace_back(
          [p = pool.get(), worker] { p->serve(worker); });
    } catch (const std::system_error &) {
      break; // As many as the system grants.
    }
  }
}

Executor::~Executor() {
  {
    std::lock_guard<std::mutex> lock(pool->parking);
    pool->stopping.store(true, std::memory_order_release);
  }
  pool->wake.notify_all();
  for (std::thread &thread : pool->threads)
    thread.join();
}

int64_t Executor::workers() const { return int64_t(pool->threads.size()) + 1; }

void Executor::parallelFor(int64_t tasks, modc_task body, void *context) {
  std::unique_lock<std::mutex> turn(pool->callers, std::defer_lock);
  if (tasks <= 1 || pool->threads.empty() || !turn.try_lock()) {
    for (int64_t task = 0; task < tasks; ++task)
      body(context, task, 0);
    return;
  }
  pool->tasks = tasks;
  pool->body = body;
  pool->context = context;
  pool->runParallel();
}

modc_host Executor::host() {
  return {this, workers(),
          [](void *user, int64_t tasks, modc_task body, void *context,
             const char *) {
            static_cast<Executor *>(user)->parallelFor(tasks, body, context);
          },
          /*every_region=*/0};
}

} // namespace modc
