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
// A worker begins with a share of the tasks that is the same whenever the loop
// runs, whose data its caches have then, and goes on with what others left.
//
// Handing tasks out takes a fraction of a microsecond, waking a sleeping thread
// some ten of the caller's and as many more until it runs. Loops are timed now
// and then, so that those that are not worth it stay on the calling thread.
//
// Where a worker wakes is up to the system, and Linux in a virtual machine
// often takes the caller's processor though another is idle: both then share
// one, and the loop takes longer than without a worker. A worker that finds
// itself there leaves, and keeps off until it finds the caller elsewhere.
//
//===----------------------------------------------------------------------===//

#include "runtime/Executor.h"
#include "runtime/FloatMode.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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
/// How long a worker looks for the next loop before it sleeps: some times as
/// long as waking it takes.
constexpr auto kSpin = std::chrono::microseconds(100);
/// Nanoseconds of a loop from which on it is shared with workers that are
/// awake.
constexpr double kWorthSharing = 1500;
/// Of the loops that sleeping workers miss: below the first it does not count,
/// and they are woken once they have missed the second.
constexpr double kWorthMissing = 4000;
constexpr double kWorthWaking = 60000;
/// The part of the time that passes by which what was missed is forgotten.
constexpr double kForgotten = 0.25;
/// Every so many runs of a loop, one is timed.
constexpr int kTimed = 8;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

uint64_t epochOf(uint64_t gate) { return gate >> 32; }

double nanoseconds() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The processors that a worker may run on.
class Affinity {
public:
  /// Moves the calling thread off a processor and keeps it off, until it leaves
  /// another one or the program says where it may run; gives false where it
  /// must stay. To allow the processor again at once would have the system wake
  /// the thread there the next time.
  bool leave(int processor) {
    cpu_set_t now, ofMain;
    if (processor < 0 || processor >= CPU_SETSIZE ||
        sched_getaffinity(0, sizeof(now), &now) != 0 ||
        sched_getaffinity(getpid(), sizeof(ofMain), &ofMain) != 0)
      return false;
    // What was not set here is the program's wish, and so is what looks the
    // same but came with a change to the first thread, as of all threads.
    if (!isReduced || !CPU_EQUAL(&now, &reduced) ||
        !CPU_EQUAL(&ofMain, &mainThread)) {
      allowed = now;
      mainThread = ofMain;
      isReduced = false;
    }
    cpu_set_t others = allowed;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others) == 0 ||
        sched_setaffinity(0, sizeof(others), &others) != 0)
      return false;
    reduced = others;
    isReduced = true;
    return true;
  }

private:
  cpu_set_t allowed, reduced, mainThread;
  bool isReduced = false;
};

/// Tasks [next, end) of a loop that nobody has begun.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

/// What is known of a loop.
struct Known {
  modc_task body = nullptr;
  int64_t tasks = 0;
  /// Of a task, on one thread.
  double nanoseconds = 0;
  int runs = 0;
};

/// What is known of all loops, by their bodies; two of one place forget each
/// other.
class Estimates {
public:
  Known &operator[](modc_task body) {
    uint64_t hash = reinterpret_cast<uintptr_t>(body) * 0x9e3779b97f4a7c15u;
    Known &known = table[hash >> 56];
    if (known.body != body) {
      known = Known();
      known.body = body;
    }
    return known;
  }

private:
  std::array<Known, 256> table;
};

} // namespace

struct Executor::Pool {
  // The high half counts loops, bit 31 is set while workers may enter, and the
  // rest counts those inside.
  std::atomic<uint64_t> gate{0};
  std::atomic<int> parked{0};
  std::atomic<bool> stopping{false};
  /// The processor on which the last caller opened the gate; -1 is unknown.
  std::atomic<int> callersProcessor{-1};
  // Written by the caller while nobody is inside. A share for each worker.
  std::vector<Share> shares;
  modc_task body = nullptr;
  void *context = nullptr;

  // The caller's alone.
  Estimates estimates;
  /// Nanoseconds of loops that sleeping workers missed, and until when.
  double missed = 0, missedUntil = 0;

  std::mutex callers;
  std::mutex parking;
  std::condition_variable wake;
  /// Times that sleepers were woken; guarded by `parking`.
  uint64_t calls = 0;
  std::vector<std::thread> threads;

  /// Number of tasks that this worker ran.
  int64_t runTasks(int64_t worker) {
    int64_t ran = 0;
    auto begin = size_t(worker);
    for (size_t i = 0; i < shares.size(); ++i) {
      Share &share = shares[(begin + i) % shares.size()];
      while (share.next.load(std::memory_order_relaxed) < share.end) {
        int64_t task = share.next.fetch_add(1, std::memory_order_relaxed);
        if (task >= share.end)
          break;
        body(context, task, worker);
        ++ran;
      }
    }
    return ran;
  }

  /// True once there is something to do for a worker that last served `seen`.
  bool hasNews(uint64_t seen) const {
    uint64_t now = gate.load(std::memory_order_seq_cst);
    return stopping.load(std::memory_order_relaxed) ||
           ((now & kOpen) && epochOf(now) != seen);
  }

  /// Moves this thread off its caller's processor, if it is there; gives false
  /// where it must stay.
  bool leaveCaller(Affinity &affinity) const {
    int processor = callersProcessor.load(std::memory_order_relaxed);
    return processor < 0 || sched_getcpu() != processor ||
           affinity.leave(processor);
  }

  /// Whether there is something to do before kSpin is over.
  bool spin(uint64_t seen, Affinity &affinity) const {
    auto start = std::chrono::steady_clock::now();
    for (int i = 1; !hasNews(seen); ++i) {
      pause();
      // Spinning would only take time from the caller.
      if (i % 64 == 0 && (std::chrono::steady_clock::now() - start > kSpin ||
                          !leaveCaller(affinity)))
        return hasNews(seen);
    }
    return true;
  }

  void waitForNews(uint64_t seen, Affinity &affinity) {
    while (!spin(seen, affinity)) {
      std::unique_lock<std::mutex> lock(parking);
      // Before the gate is read again: the caller opens the gate and then looks
      // for parked workers, so that one of the two sees the other.
      parked.fetch_add(1, std::memory_order_seq_cst);
      // One who is woken too late for a loop looks for the next.
      uint64_t before = calls;
      wake.wait(lock, [&] { return calls != before || hasNews(seen); });
      parked.fetch_sub(1, std::memory_order_relaxed);
    }
  }

  void serve(int64_t worker) {
    FloatMode mode;
    Affinity affinity;
    uint64_t seen = 0;
    for (;;) {
      waitForNews(seen, affinity);
      leaveCaller(affinity);
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

  /// Whether to wake sleepers for a loop that takes that long on one thread.
  bool isWorthWaking(double duration) {
    if (duration < kWorthMissing)
      return false;
    if (duration < kWorthWaking) {
      double now = nanoseconds();
      missed = std::max(0.0, missed - kForgotten * (now - missedUntil));
      missed += duration;
      missedUntil = now;
      if (missed < kWorthWaking)
        return false;
    }
    missed = 0;
    return true;
  }

  /// On all workers; gives the number of tasks that the caller ran.
  int64_t runParallel(int64_t tasks, bool wakes) {
    auto workers = int64_t(shares.size());
    for (int64_t i = 0; i < workers; ++i) {
      // The quotient and remainder: tasks · i may overflow.
      int64_t each = tasks / workers, more = tasks % workers;
      Share &share = shares[size_t(i)];
      share.next.store(each * i + std::min(i, more), std::memory_order_relaxed);
      share.end = each * (i + 1) + std::min(i + 1, more);
    }
    callersProcessor.store(sched_getcpu(), std::memory_order_relaxed);
    uint64_t epoch = epochOf(gate.load(std::memory_order_relaxed)) + 1;
    // 32 bits of loops may wrap; 0 is what a new worker has seen.
    if ((epoch & 0xffffffffu) == 0)
      epoch = 1;
    gate.store(epoch << 32 | kOpen, std::memory_order_seq_cst);
    if (wakes && parked.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard<std::mutex> lock(parking);
      ++calls;
      wake.notify_all();
    }
    int64_t ran = runTasks(0);
    gate.fetch_and(~kOpen, std::memory_order_acq_rel);
    for (int i = 1; gate.load(std::memory_order_acquire) & kInside; ++i) {
      pause();
      if (i % 1024 == 0)
        std::this_thread::yield();
    }
    return ran;
  }

  void run(int64_t tasks) {
    Known &known = estimates[body];
    // Tasks of a loop of another size may be others.
    bool isKnown =
        known.tasks > 0 && tasks <= 2 * known.tasks && known.tasks <= 2 * tasks;
    bool isParallel = true, wakes = true;
    if (isKnown) {
      double duration = known.nanoseconds * double(tasks);
      int sleeping = parked.load(std::memory_order_relaxed);
      wakes = sleeping > 0 && isWorthWaking(duration);
      isParallel = wakes || (duration >= kWorthSharing &&
                             sleeping + 1 < int(shares.size()));
    }
    bool isTimed = !isKnown || known.runs++ % kTimed == 0;
    double start = isTimed ? nanoseconds() : 0;
    int64_t ran = tasks;
    if (isParallel)
      ran = runParallel(tasks, wakes);
    else
      for (int64_t task = 0; task < tasks; ++task)
        body(context, task, 0);
    if (isTimed && ran > 0) {
      double each = (nanoseconds() - start) / double(ran);
      // Interruptions only ever make it longer.
      known.nanoseconds =
          isKnown ? std::min(each, 0.5 * (known.nanoseconds + each)) : each;
      known.tasks = tasks;
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
  // Nobody reads them before a gate is opened.
  std::vector<Share>(pool->threads.size() + 1).swap(pool->shares);
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
  pool->body = body;
  pool->context = context;
  pool->run(tasks);
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
