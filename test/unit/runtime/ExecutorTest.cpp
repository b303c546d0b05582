//===- ExecutorTest.cpp - Threads that run a model's tasks ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every task runs once and no two on one worker at a time, for many short loops
// in a row, with sleeping workers and with two callers at once. Workers keep
// off their caller's processor. Meant to run under ThreadSanitizer too.
//
//===----------------------------------------------------------------------===//

#include "runtime/Executor.h"

#include <gtest/gtest.h>

#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace modc;

namespace {

struct Loop {
  // Plain integers on purpose: the executor must order them for the caller.
  std::vector<int> runs;
  std::vector<std::atomic<int>> busy;
  std::atomic<bool> clash{false};

  Loop(int64_t tasks, int64_t workers)
      : runs(size_t(tasks)), busy(size_t(workers)) {}

  static void body(void *raw, int64_t task, int64_t worker) {
    auto *loop = static_cast<Loop *>(raw);
    if (loop->busy[size_t(worker)].fetch_add(1) != 0)
      loop->clash = true;
    ++loop->runs[size_t(task)];
    loop->busy[size_t(worker)].fetch_sub(1);
  }

  void check() const {
    EXPECT_FALSE(clash);
    for (int count : runs)
      ASSERT_EQ(count, 1);
  }
};

TEST(Executor, RunsEachTaskOnce) {
  for (int64_t workers : {1, 2, 4}) {
    Executor executor(workers);
    EXPECT_EQ(executor.workers(), workers);
    for (int round = 0; round < 500; ++round) {
      Loop loop(round % 40, workers);
      executor.parallelFor(round % 40, Loop::body, &loop);
      loop.check();
    }
  }
}

TEST(Executor, WakesSleepingWorkers) {
  Executor executor(4);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Loop loop(64, 4);
    executor.parallelFor(64, Loop::body, &loop);
    loop.check();
  }
}

TEST(Executor, WorkersTakePart) {
  Executor executor(2);
  struct Meeting {
    std::atomic<int> arrived{0};
  } meeting;
  // Ends only if both tasks run at the same time.
  executor.parallelFor(
      2,
      [](void *raw, int64_t, int64_t) {
        auto *meeting = static_cast<Meeting *>(raw);
        meeting->arrived.fetch_add(1);
        while (meeting->arrived.load() < 2)
          std::this_thread::yield();
      },
      &meeting);
  EXPECT_EQ(meeting.arrived.load(), 2);
}

/// Tasks that take `time` and count those that a thread of the pool ran.
struct Timed {
  std::chrono::microseconds time;
  std::atomic<int> byOthers{0};

  static void body(void *raw, int64_t, int64_t worker) {
    auto *timed = static_cast<Timed *>(raw);
    auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < timed->time)
      ;
    timed->byOthers.fetch_add(worker != 0);
  }

  /// Loops of four tasks, until somebody else takes part if `untilShared`.
  void run(Executor &executor, int rounds, bool untilShared = false) {
    while (rounds-- > 0 && !(untilShared && byOthers > 0))
      executor.parallelFor(4, body, this);
  }
};

/// Times the loop, more than once as anything may interrupt it, and lets
/// workers fall asleep.
void prepare(Executor &executor, std::chrono::microseconds time) {
  Timed known{time};
  known.run(executor, 100);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST(Executor, ShortLoopsWakeNobody) {
  Executor executor(2);
  Timed timed{std::chrono::microseconds(0)};
  prepare(executor, timed.time);
  timed.run(executor, 100);
  EXPECT_EQ(timed.byOthers, 0);
}

TEST(Executor, SleepersAreWokenOnceTheyMissedEnough) {
  Executor executor(2);
  Timed timed{std::chrono::microseconds(5)};
  prepare(executor, timed.time);
  // One that wakes up late is there for the loops that follow.
  timed.run(executor, 100000, /*untilShared=*/true);
  EXPECT_GT(timed.byOthers, 0);
}

TEST(Executor, WorkersBeginWithTheSameTasks) {
  struct Meeting {
    std::atomic<int> arrived{0};
    int64_t workers[4];
  };
  for (int round = 0; round < 10; ++round) {
    // A loop that is not known yet goes to all workers.
    Executor executor(4);
    Meeting meeting;
    executor.parallelFor(
        4,
        [](void *raw, int64_t task, int64_t worker) {
          auto *meeting = static_cast<Meeting *>(raw);
          meeting->workers[task] = worker;
          meeting->arrived.fetch_add(1);
          while (meeting->arrived.load() < 4)
            std::this_thread::yield();
        },
        &meeting);
    for (int64_t task = 0; task < 4; ++task)
      EXPECT_EQ(meeting.workers[task], task);
  }
}

cpu_set_t processorsOfThisThread() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  return set;
}

/// The first `count` of a set; fewer where it has fewer.
cpu_set_t firstOf(const cpu_set_t &set, int count) {
  cpu_set_t first;
  CPU_ZERO(&first);
  for (int i = 0; i < CPU_SETSIZE && count > 0; ++i)
    if (CPU_ISSET(i, &set)) {
      CPU_SET(i, &first);
      --count;
    }
  return first;
}

/// A caller on one processor and its only worker.
class ExecutorNeighbours : public testing::Test {
protected:
  void SetUp() override {
    before = processorsOfThisThread();
    both = firstOf(before, 2);
    callers = firstOf(before, 1);
    CPU_XOR(&others, &both, &callers);
    if (CPU_COUNT(&both) < 2)
      GTEST_SKIP() << "this process has one processor";
    ASSERT_EQ(sched_setaffinity(0, sizeof(callers), &callers), 0);
  }
  void TearDown() override { sched_setaffinity(0, sizeof(before), &before); }

  /// Runs a function on the worker, while the caller waits in the same loop;
  /// gives false if the worker does not come.
  template <typename Function>
  bool onWorker(Function function) {
    struct Meeting {
      Function function;
      Timed known{std::chrono::microseconds(200)};
      std::atomic<int> arrived{0};
    } meeting{function};
    executor.parallelFor(
        2,
        [](void *raw, int64_t, int64_t worker) {
          auto *meeting = static_cast<Meeting *>(raw);
          // Shorter ones might stay with the caller.
          Timed::body(&meeting->known, 0, worker);
          if (worker == 1) {
            meeting->function();
            meeting->arrived.fetch_add(1);
          }
          // It may fall asleep just as the loop is opened, and miss it.
          for (int i = 0; i < 10000 && meeting->arrived.load() == 0; ++i)
            std::this_thread::yield();
        },
        &meeting);
    return meeting.arrived.load() > 0;
  }

  /// The worker may run on `set`, and is on the caller's processor now.
  bool putBesideCaller(const cpu_set_t &set) {
    return onWorker([&] {
      sched_setaffinity(0, sizeof(callers), &callers);
      sched_setaffinity(0, sizeof(set), &set);
    });
  }

  cpu_set_t before, both, callers, others;
  Executor executor{2};
};

TEST_F(ExecutorNeighbours, AWorkerLeavesTheCallersProcessor) {
  int left = 0;
  for (int round = 0; round < 20; ++round) {
    if (!putBesideCaller(both))
      continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 4));
    onWorker([&] {
      cpu_set_t found = processorsOfThisThread();
      left += CPU_EQUAL(&found, &others);
      // Else the system was faster to move it.
      EXPECT_TRUE(CPU_EQUAL(&found, &others) || CPU_EQUAL(&found, &both));
    });
  }
  EXPECT_GT(left, 0);
}

TEST_F(ExecutorNeighbours, AWorkerFollowsTheProgramToOneProcessor) {
  int met = 0;
  for (int round = 0; round < 20; ++round) {
    // It leaves, so that it may run on the other processor only, and that is
    // where the program puts all threads.
    if (!putBesideCaller(both) || !onWorker([] {}))
      continue;
    sched_setaffinity(0, sizeof(others), &others);
    if (onWorker([&] { sched_setaffinity(0, sizeof(others), &others); })) {
      std::this_thread::sleep_for(std::chrono::milliseconds(round % 4));
      met += onWorker([&] {
        cpu_set_t found = processorsOfThisThread();
        EXPECT_TRUE(CPU_EQUAL(&found, &others));
      });
    }
    sched_setaffinity(0, sizeof(callers), &callers);
  }
  EXPECT_GT(met, 0);
}

TEST_F(ExecutorNeighbours, AWorkerStaysWhereTheProgramWantsIt) {
  int met = 0;
  for (int round = 0; round < 20; ++round) {
    if (!putBesideCaller(callers))
      continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 4));
    met += onWorker([&] {
      cpu_set_t found = processorsOfThisThread();
      EXPECT_TRUE(CPU_EQUAL(&found, &callers));
    });
  }
  EXPECT_GT(met, 0);
}

TEST(Executor, SecondCallerRunsSerially) {
  Executor executor(2);
  auto use = [&] {
    for (int round = 0; round < 200; ++round) {
      Loop loop(8, 2);
      executor.parallelFor(8, Loop::body, &loop);
      loop.check();
    }
  };
  std::thread other(use);
  use();
  other.join();
}

TEST(Executor, HostTableCallsIt) {
  Executor executor(2);
  modc_host host = executor.host();
  EXPECT_EQ(host.workers, 2);
  Loop loop(10, 2);
  host.parallel_for(host.user, 10, Loop::body, &loop, "loop");
  loop.check();
}

} // namespace
