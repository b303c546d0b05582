//===- racing_host.cpp - A host with a race between two sessions ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two sessions on two threads call one executor of the host's, which counts its
// loops in a plain integer. ThreadSanitizer must report that, or it would not
// see a race in the runtime either.
//
//===----------------------------------------------------------------------===//

#include "runtime/modc.hpp"

#include <atomic>
#include <cstdio>
#include <thread>

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  modc::api::Model model(argv[1]);
  long loops = 0;
  modc_session_options options = modc::api::sessionOptions();
  options.executor = {&loops, 1,
                      [](void *user, int64_t tasks, modc_task body,
                         void *context, const char *) {
                        ++*static_cast<long *>(user);
                        for (int64_t task = 0; task < tasks; ++task)
                          body(context, task, 0);
                      },
                      /*every_region=*/1};
  // Relaxed, so that the threads meet in each round and are still unordered.
  std::atomic<int> arrived{0};
  auto predict = [&] {
    modc::api::Session session(model, options);
    session.init(1);
    float x[40] = {}, y[40];
    for (int round = 1; round <= 100; ++round) {
      arrived.fetch_add(1, std::memory_order_relaxed);
      while (arrived.load(std::memory_order_relaxed) < 2 * round)
        std::this_thread::yield();
      session.infer(20, {x}, {y});
    }
  };
  std::thread other(predict);
  predict();
  other.join();
  std::printf("%ld loops\n", loops);
}
