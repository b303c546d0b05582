//===- WeightsTest.cpp - Parameters in safetensors files ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights go out and come back bit by bit; files that do not fit are refused by
// tensor and leave the session as it was.
//
//===----------------------------------------------------------------------===//

#include "runtime/Weights.h"

#include "ToyModel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <unistd.h>

using namespace modc;

namespace {

class Weights : public testing::Test {
protected:
  std::string path = testing::TempDir() + "modc-" + std::to_string(getpid()) +
                     "-weights.safetensors";
  std::unique_ptr<Session> session = toySession();

  void SetUp() override { ASSERT_TRUE(session->init(1)); }
  void TearDown() override { std::remove(path.c_str()); }

  /// The error after `change` was made to a good file; parameters must not
  /// have moved.
  std::string failure(const std::function<void(Safetensors &)> &change) {
    EXPECT_TRUE(saveWeights(*session, path));
    auto file = readSafetensors(path);
    EXPECT_TRUE(file);
    change(*file);
    EXPECT_TRUE(writeSafetensors(path, *file));
    auto target = toySession();
    EXPECT_TRUE(target->init(2));
    std::vector<char> before(256);
    std::memcpy(before.data(), target->parameters(), 256);
    Status status = loadWeights(*target, path);
    EXPECT_EQ(std::memcmp(before.data(), target->parameters(), 256), 0);
    return status ? "no failure" : status.error().message();
  }
};

TEST_F(Weights, RoundTrip) {
  ASSERT_TRUE(saveWeights(*session, path));
  auto other = toySession();
  ASSERT_TRUE(loadWeights(*other, path));
  EXPECT_EQ(std::memcmp(session->parameters(), other->parameters(), 256), 0);
  auto file = readSafetensors(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->metadata["modc.network"], "toy");
  EXPECT_EQ(file->tensors.size(), 6u);
}

TEST_F(Weights, MissingTensor) {
  EXPECT_EQ(
      failure([](Safetensors &file) { file.tensors.erase("experts.1.bias"); }),
      "'" + path + "' lacks tensor 'experts.1.bias'");
}

TEST_F(Weights, ExtraTensor) {
  EXPECT_EQ(failure([](Safetensors &file) {
              file.tensors["experts.2.bias"] =
                  makeTensor<float>("", {2}, {1, 2});
            }),
            "'" + path +
                "' has tensor 'experts.2.bias', which network 'toy' does not "
                "have");
}

TEST_F(Weights, WrongShape) {
  EXPECT_EQ(failure([](Safetensors &file) {
              file.tensors["router.bias"] =
                  makeTensor<float>("", {3}, {1, 2, 3});
            }),
            "'" + path +
                "': tensor 'router.bias' has shape [3], the model wants [2]");
}

TEST_F(Weights, WrongType) {
  EXPECT_EQ(failure([](Safetensors &file) {
              file.tensors["router.bias"] = makeTensor<double>("", {2}, {1, 2});
            }),
            "'" + path + "': tensor 'router.bias' is f64, the model wants f32");
}

TEST_F(Weights, NotANumber) {
  EXPECT_EQ(
      failure([](Safetensors &file) {
        file.tensors["router.bias"] = makeTensor<float>("", {2}, {1, NAN});
      }),
      "'" + path + "': tensor 'router.bias' is NaN or infinite at element 1");
}

TEST_F(Weights, NothingToSave) {
  auto empty = toySession();
  Status status = saveWeights(*empty, path);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(), "the session has no parameters to save");
}

} // namespace
