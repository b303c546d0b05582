//===- CApiTest.cpp - The C interface of the runtime ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Uses libmodc.so as another program would: through its C functions and the
// C++ layer over them, on the model written by hand.
//
//===----------------------------------------------------------------------===//

#include "runtime/modc.hpp"

#include "../devices/DeviceModel.h"
#include "ToyModel.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>
#include <unistd.h>

using modc::api::Failure;

namespace {

struct Points {
  std::vector<float> x = std::vector<float>(2000), y = std::vector<float>(2000);
  Points() { modc_toy_data(3, 1000, 0, x.data(), y.data(), nullptr); }
};

modc::api::Model openToy() {
  std::string signature = modc::toySignature();
  return modc::api::Model(modc::toyEntry, signature);
}

template <typename Body>
std::string failure(Body body) {
  try {
    body();
  } catch (const Failure &failure) {
    return failure.what();
  }
  return "no failure";
}

TEST(CApi, NamesItsVersion) {
  EXPECT_STREQ(modc_version(), "0.1.0");
  EXPECT_EQ(modc_api_version(), MODC_API_VERSION);
}

TEST(CApi, TrainsAndPredicts) {
  Points points;
  modc::api::Model model = openToy();
  EXPECT_EQ(model.slots(), 1);
  EXPECT_EQ(model.signature(), modc::toySignature());
  modc::api::Session session(model);
  session.init(3);
  modc_train_options options = modc::api::trainOptions();
  options.steps = 3000;
  options.batch = 100;
  options.learning_rate = 1e-2;
  options.seed = 3;
  options.report_every = 100;
  modc_train_result result =
      session.train(options, 1000, {points.x.data()}, {points.y.data()});
  EXPECT_EQ(result.steps, 3000);
  EXPECT_EQ(result.interrupted, 0);
  EXPECT_GT(result.log_likelihood, -0.01);

  std::vector<float> y(2000), again(2000);
  std::vector<int32_t> selection(1000);
  session.infer(1000, {points.x.data()}, {y.data()}, selection.data());
  session.forward(1000, {points.x.data()}, selection.data(), {again.data()});
  EXPECT_EQ(y, again);
  std::string json =
      session.evaluate(1000, {points.x.data()}, {points.y.data()});
  EXPECT_NE(json.find("\"squared_error\""), std::string::npos);
}

TEST(CApi, TellsTheHostWhatRan) {
  Points points;
  modc::api::Model model = openToy();
  modc_session_options options = modc::api::sessionOptions();
  std::vector<std::string> seen;
  options.trace_user = &seen;
  options.trace = [](void *user, const modc_trace_event *event) {
    const char *kinds[] = {"call", "region", "task"};
    auto &seen = *static_cast<std::vector<std::string> *>(user);
    seen.push_back(std::string(kinds[event->kind]) + " " + event->program +
                   " " + event->name + " " + std::to_string(event->worker) +
                   " " + std::to_string(event->number));
    EXPECT_LE(event->begin_ns, event->end_ns);
  };
  modc::api::Session session(model, options);
  session.init(3);
  seen.clear();
  std::vector<float> y(20);
  session.infer(10, {points.x.data()}, {y.data()});
  EXPECT_EQ(seen, (std::vector<std::string>{"task infer points 0 0",
                                            "region infer points 0 1",
                                            "call infer infer 0 10"}));
}

TEST(CApi, RunsOnADevice) {
  // What other tests ask of Vulkan is up to them.
  modc_session_options options = modc::api::sessionOptions();
  auto open = [&](const char *device) {
    options.device = device;
    return failure([&] { modc::api::Session(openToy(), options); });
  };
  EXPECT_EQ(open(nullptr), "no failure");
  EXPECT_EQ(open("cpu"), "no failure");
  EXPECT_EQ(open("metal"), "'metal' is no device: not one of cpu, vulkan, "
                           "vulkan:N, cuda, cuda:N");
  EXPECT_NE(open("vulkan").find("only for x86-64"), std::string::npos)
      << open("vulkan");

  options.device = "vulkan";
  std::string signature = modc::deviceSignature();
  modc_model_t *model;
  char *error = nullptr;
  ASSERT_EQ(modc_model_from_entry(modc::deviceEntry, signature.data(),
                                  signature.size(), &model, &error),
            0)
      << error;
  modc_session_t *session;
  ASSERT_EQ(modc_session_open(model, &options, &session, &error), 0) << error;
  modc_model_close(model);
  ASSERT_EQ(modc_session_init(session, 10, &error), 0) << error;
  double lr = 0.5;
  ASSERT_EQ(modc_session_call(session, "update", 1, 1, nullptr, nullptr, 0,
                              nullptr, 0, &lr, 1, &error),
            0)
      << error;
  int64_t bytes = 0;
  auto *w = static_cast<float *>(
      modc_session_arena(session, MODC_ARENA_PARAMETERS, &bytes));
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(bytes, 16);
  EXPECT_EQ(w[3], 13.5f);
  w[3] = 1;
  ASSERT_EQ(modc_session_call(session, "update", 1, 1, nullptr, nullptr, 0,
                              nullptr, 0, &lr, 1, &error),
            0)
      << error;
  w = static_cast<float *>(
      modc_session_arena(session, MODC_ARENA_PARAMETERS, nullptr));
  EXPECT_EQ(w[3], 1.5f);
  modc_session_close(session);
}

// A weight of 2 x 2 in panels of a column is its transpose to programs.
TEST(CApi, ArenasAreRowMajor) {
  std::string signature = modc::toySignature();
  const std::string router = R"("router.weight", )";
  signature.insert(signature.find(router) + router.size(), R"("panels": 1, )");
  modc_model_t *model;
  char *error = nullptr;
  ASSERT_EQ(modc_model_from_entry(modc::toyEntry, signature.data(),
                                  signature.size(), &model, &error),
            0)
      << error;
  modc_session_t *session;
  ASSERT_EQ(modc_session_open(model, nullptr, &session, &error), 0) << error;
  modc_model_close(model);
  auto arena = [&] {
    return static_cast<float *>(
        modc_session_arena(session, MODC_ARENA_PARAMETERS, nullptr));
  };
  // The sign of x[0] decides, by its weight for the first member; then by that
  // for the second one, which programs have where users have the other input's.
  const float x[] = {1, 0, -1, 0};
  float y[4];
  int32_t selection[2];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  auto infer = [&] {
    ASSERT_EQ(
        modc_session_infer(session, 2, inputs, outputs, selection, &error), 0)
        << error;
  };
  arena()[modc::toy::kRouterWeight] = 1;
  infer();
  EXPECT_EQ(selection[0], 0);
  EXPECT_EQ(selection[1], 1);
  EXPECT_EQ(arena()[modc::toy::kRouterWeight], 1);
  arena()[modc::toy::kRouterWeight] = 0;
  arena()[modc::toy::kRouterWeight + 2] = 1;
  infer();
  EXPECT_EQ(selection[0], 1);
  EXPECT_EQ(selection[1], 0);
  modc_session_close(session);
}

TEST(CApi, TrainingInPartsIsTrainingInOne) {
  Points points;
  modc::api::Model model = openToy();
  auto arena = [](modc::api::Session &session) {
    int64_t bytes;
    auto *p = static_cast<float *>(
        modc_session_arena(session.get(), MODC_ARENA_PARAMETERS, &bytes));
    return std::vector<float>(p, p + bytes / 4);
  };
  modc_train_options options = modc::api::trainOptions();
  options.batch = 100;
  options.seed = 1;
  options.steps = 30;
  options.e_every = 4;
  modc::api::Session whole(model), parts(model);
  whole.init(1);
  parts.init(1);
  whole.train(options, 1000, {points.x.data()}, {points.y.data()});
  std::vector<int32_t> choices(1000);
  options.steps = 13;
  parts.train(options, 1000, {points.x.data()}, {points.y.data()},
              choices.data());
  options.first_step = 13;
  options.steps = 17;
  parts.train(options, 1000, {points.x.data()}, {points.y.data()},
              choices.data());
  EXPECT_EQ(arena(whole), arena(parts));
}

TEST(CApi, SavesAndLoadsWeights) {
  std::string path = testing::TempDir() + "modc-capi-" +
                     std::to_string(getpid()) + ".safetensors";
  Points points;
  modc::api::Model model = openToy();
  modc::api::Session a(model), b(model), c(model);
  a.init(5);
  a.saveWeights(path);
  b.loadWeights(path);
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  c.loadWeights(bytes.data(), bytes.size());
  std::vector<float> ya(2000), yb(2000), yc(2000);
  a.infer(1000, {points.x.data()}, {ya.data()});
  b.infer(1000, {points.x.data()}, {yb.data()});
  c.infer(1000, {points.x.data()}, {yc.data()});
  EXPECT_EQ(ya, yb);
  EXPECT_EQ(ya, yc);
  bytes.resize(bytes.size() / 2);
  EXPECT_NE(failure([&] {
              c.loadWeights(bytes.data(), bytes.size());
            }).find("weights in memory"),
            std::string::npos);
  std::remove(path.c_str());
}

TEST(CApi, ReportsErrors) {
  modc::api::Model model = openToy();
  modc::api::Session session(model);
  Points points;
  std::vector<float> y(2000);
  EXPECT_EQ(failure([] {
              modc::api::Model missing("/nowhere/model.so");
            }).substr(0, 9),
            "cannot op");
  EXPECT_EQ(failure([&] { session.infer(1, {points.x.data()}, {y.data()}); }),
            "program 'infer': the session has no parameters: draw or load "
            "them");
  EXPECT_EQ(failure([&] {
              modc_session_options options = {};
              modc::api::Session wrong(model, options);
            }),
            "the session options were not set by modc_session_options_init of "
            "this version");
  EXPECT_EQ(failure([&] {
              modc_train_options options = modc::api::trainOptions();
              options.schedule = "sometimes";
              session.train(options, 1000, {points.x.data()},
                            {points.y.data()});
            }),
            "unknown schedule 'sometimes': write constant, cosine, linear or "
            "steps:EVERY:FACTOR, and +warmup:STEPS after it");
  EXPECT_EQ(
      modc_session_infer(session.get(), -4, nullptr, nullptr, nullptr, nullptr),
      1);
}

// Arrays behind a cache line by one element, as those of a host that cuts them
// out of others.
TEST(CApi, TakesArraysOfAnyAlignment) {
  Points points;
  modc::api::Model model = openToy();
  modc::api::Session session(model);
  session.init(3);
  std::vector<float> y(2000);
  std::vector<int32_t> selection(1000);
  session.infer(1000, {points.x.data()}, {y.data()}, selection.data());

  alignas(64) static float x[2064], t[2064], shifted[2064];
  alignas(64) static int32_t choices[1064];
  for (int elements : {1, 3, 15}) {
    float *xs = x + elements, *ts = t + elements, *ys = shifted + elements;
    int32_t *as = choices + elements;
    std::copy(points.x.begin(), points.x.end(), xs);
    std::copy(points.y.begin(), points.y.end(), ts);
    std::fill(std::begin(shifted), std::end(shifted), 77.f);
    session.infer(1000, {xs}, {ys}, as);
    EXPECT_EQ(std::memcmp(ys, y.data(), 8000), 0);
    EXPECT_EQ(std::memcmp(as, selection.data(), 4000), 0);
    EXPECT_EQ(ys[-1], 77.f);
    EXPECT_EQ(ys[2000], 77.f);
    std::fill(std::begin(shifted), std::end(shifted), 77.f);
    session.forward(1000, {xs}, as, {ys});
    EXPECT_EQ(std::memcmp(ys, y.data(), 8000), 0);
    EXPECT_EQ(ys[2000], 77.f);

    modc_train_options options = modc::api::trainOptions();
    options.steps = 20;
    modc::api::Session straight(model), crooked(model);
    straight.init(4);
    crooked.init(4);
    double expected =
        straight.train(options, 1000, {points.x.data()}, {points.y.data()})
            .log_likelihood;
    EXPECT_EQ(crooked.train(options, 1000, {xs}, {ts}, as).log_likelihood,
              expected);
    EXPECT_EQ(crooked.evaluate(1000, {xs}, {ts}),
              straight.evaluate(1000, {points.x.data()}, {points.y.data()}));
  }
}

// Sizes that do not fit are refused before anything is read.
TEST(CApi, ChecksSizes) {
  modc::api::Session session(openToy());
  session.init(3);
  std::vector<float> x(2), y(2);
  std::vector<int32_t> choices(1);
  auto infer = [&](int64_t points) {
    return failure([&] { session.infer(points, {x.data()}, {y.data()}); });
  };
  EXPECT_EQ(infer(int64_t(1) << 31),
            "the number of points is 2147483648, outside [0, 2147483647]");
  EXPECT_EQ(infer(INT64_MAX), "the number of points is 9223372036854775807, "
                              "outside [0, 2147483647]");
  EXPECT_EQ(infer(-1), "the number of points is -1, outside [0, 2147483647]");
  for (int64_t points : {int64_t(1) << 60, INT64_MAX}) {
    std::string expected = "size of 'x' overflows for " +
                           std::to_string(points) + " points and 1 candidates";
    EXPECT_EQ(failure([&] {
                session.train(modc::api::trainOptions(), points, {x.data()},
                              {y.data()});
              }),
              expected);
    EXPECT_EQ(
        failure([&] { session.evaluate(points, {x.data()}, {y.data()}); }),
        expected);
  }
  void *buffers[] = {x.data(), choices.data(), y.data()};
  int64_t bytes[] = {8, 4, 4};
  char *error = nullptr;
  EXPECT_EQ(modc_session_call(session.get(), "forward", 1, 1, buffers, bytes, 3,
                              nullptr, 0, nullptr, 0, &error),
            1);
  EXPECT_STREQ(error, "program 'forward': buffer 'y' has 4 bytes, [N, 2] f32 "
                      "needs 8");
  modc_string_free(error);
}

TEST(CApi, CallsAnyProgram) {
  modc::api::Model model = openToy();
  modc::api::Session session(model);
  session.init(2);
  std::vector<float> x{1, 2}, y(2);
  std::vector<int32_t> selection{1};
  void *buffers[] = {x.data(), selection.data(), y.data()};
  int64_t bytes[] = {8, 4, 8};
  char *error = nullptr;
  ASSERT_EQ(modc_session_call(session.get(), "forward", 1, 1, buffers, bytes, 3,
                              nullptr, 0, nullptr, 0, &error),
            0)
      << error;
  EXPECT_EQ(modc_session_call(session.get(), "backward", 1, 1, buffers, bytes,
                              3, nullptr, 0, nullptr, 0, &error),
            1);
  EXPECT_EQ(std::string(error).find(
                "the model has no program 'backward', only init, infer, "),
            0u)
      << error;
  modc_string_free(error);
}

/// A mistake of ours may be told by a later message than the first.
TEST(CApi, TellsAllThatTheValidationLayerSays) {
  setenv("MODC_FAULTY_VULKAN", "messages=2", 1);
  setenv("MODC_VULKAN_LIBRARY", MODC_FAULTY_LOADER, 1);
  setenv("MODC_VULKAN_VALIDATION", "1", 1);
  modc_session_options options = modc::api::sessionOptions();
  options.device = "vulkan";
  std::string signature = modc::deviceSignature();
  modc::api::Model model(modc::deviceEntry, signature);
  modc::api::Session session(model, options);
  for (const char *name :
       {"MODC_FAULTY_VULKAN", "MODC_VULKAN_LIBRARY", "MODC_VULKAN_VALIDATION"})
    unsetenv(name);
  session.init(1);
  double lr = 0.5;
  auto update = [&] {
    char *error = nullptr;
    int failed = modc_session_call(session.get(), "update", 1, 1, nullptr,
                                   nullptr, 0, nullptr, 0, &lr, 1, &error);
    std::string text = failed ? error : "no failure";
    modc_string_free(error);
    return text;
  };
  EXPECT_EQ(update(), "validation: message 1\nvalidation: message 2");
  EXPECT_EQ(update(), "no failure");
}

TEST(CApi, LogsAndStopsOnRequest) {
  Points points;
  struct Host {
    int lines = 0, polls = 0;
  } host;
  modc_session_options options = modc::api::sessionOptions();
  options.log_user = &host;
  options.log = [](void *user, modc_log_level, const char *message) {
    EXPECT_EQ(message[0], '{');
    ++static_cast<Host *>(user)->lines;
  };
  modc::api::Session session(openToy(), options);
  session.init(0);
  modc_train_options train = modc::api::trainOptions();
  train.steps = 50;
  train.report_every = 10;
  train.interrupted_user = &host;
  train.interrupted = [](void *user) {
    return int(++static_cast<Host *>(user)->polls > 35);
  };
  modc_train_result result =
      session.train(train, 1000, {points.x.data()}, {points.y.data()});
  EXPECT_EQ(result.interrupted, 1);
  EXPECT_EQ(result.steps, 35);
  EXPECT_EQ(host.lines, 3);
}

TEST(CApi, SessionsTrainSideBySide) {
  Points points;
  modc::api::Model model = openToy();
  auto work = [&](double *likelihood) {
    modc_session_options options = modc::api::sessionOptions();
    options.workers = 2;
    modc::api::Session session(model, options);
    session.init(4);
    modc_train_options train = modc::api::trainOptions();
    train.steps = 60;
    *likelihood =
        session.train(train, 1000, {points.x.data()}, {points.y.data()})
            .log_likelihood;
  };
  double first = 0, second = 1;
  std::thread other(work, &first);
  work(&second);
  other.join();
  EXPECT_EQ(first, second);
}

} // namespace
