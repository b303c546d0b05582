//===- DatasetTest.cpp - Points to train on and to evaluate ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The built-in data, data in memory and in files, conversion of batches, and
// the messages for data that do not fit the network.
//
//===----------------------------------------------------------------------===//

#include "runtime/Dataset.h"

#include "ToyModel.h"
#include "runtime/ToyData.h"
#include "runtime/formats/Npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <unistd.h>

using namespace modc;

namespace {

std::string temporary(const char *name) {
  return testing::TempDir() + "modc-" + std::to_string(getpid()) + "-" + name;
}

template <typename T>
std::string failure(const Result<T> &result) {
  return result ? "no failure" : result.error().message();
}

/// The toy's signature with labels of three classes as its target.
Signature classifier() {
  Signature signature = *Signature::parse(toySignature());
  signature.classes = 3;
  signature.wanted[0].name = "label";
  signature.wanted[0].type = DType::I32;
  signature.wanted[0].shape.resize(1);
  return signature;
}

TEST(ToyData, IsTheSameForever) {
  // Bits on record: the data of a published figure must not drift.
  ToyData data = makeToyData(0, 3, false);
  ToyData again = makeToyData(0, 1000, false);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(data.x[i], again.x[i]);
    EXPECT_EQ(data.y[i], again.y[i]);
  }
  EXPECT_EQ(data.x[0], -0x1.90ba42p+2f);
  EXPECT_EQ(data.y[1], -0x1.ae1ee2p+1f);
}

TEST(ToyData, FollowsItsRules) {
  for (uint64_t seed : {0, 1, 2}) {
    ToyData data = makeToyData(seed, 4000, false);
    double sum[2][2] = {}, square[2][2] = {}, count[2] = {};
    double scale[2] = {0, 0};
    for (size_t n = 0; n < 4000; ++n) {
      int k = data.component[n];
      ++count[k];
      double x[2] = {data.x[2 * n], data.x[2 * n + 1]};
      double y[2] = {data.y[2 * n], data.y[2 * n + 1]};
      for (int i = 0; i < 2; ++i) {
        sum[k][i] += x[i];
        square[k][i] += x[i] * x[i];
      }
      if (k == 0) { // A rotation keeps lengths.
        EXPECT_NEAR(std::hypot(x[0], x[1]), std::hypot(y[0], y[1]), 1e-4);
      } else { // A diagonal scales each axis by one number.
        for (int i = 0; i < 2; ++i) {
          if (scale[i] == 0)
            scale[i] = y[i] / x[i];
          EXPECT_NEAR(y[i], scale[i] * x[i], 1e-4 * std::fabs(y[i]) + 1e-5);
        }
      }
    }
    EXPECT_NEAR(count[0] / 4000, 0.5, 0.04);
    for (int k = 0; k < 2; ++k)
      for (int i = 0; i < 2; ++i) {
        double mean = sum[k][i] / count[k];
        EXPECT_NEAR(square[k][i] / count[k] - mean * mean, 1, 0.15);
      }
  }
}

TEST(Dataset, ToyHasSplitsOfOneProblem) {
  Signature signature = *Signature::parse(toySignature());
  auto train = Dataset::open(signature, "toy", Split::Train);
  auto test = Dataset::open(signature, "toy", Split::Test);
  ASSERT_TRUE(train && test);
  EXPECT_EQ(train->points(), 1000);
  EXPECT_EQ(train->components().size(), 1000u);
  EXPECT_NE(train->fingerprint(), test->fingerprint());
  EXPECT_TRUE(train->labels().empty());
}

TEST(Dataset, ConvertsBytes) {
  Signature signature = classifier();
  auto data = Dataset::fromTensors(
      signature, "test",
      {makeTensor<uint8_t>("images", {3, 2, 1}, {0, 255, 51, 102, 1, 254})},
      {makeTensor<uint8_t>("labels", {3}, {2, 0, 1})});
  ASSERT_TRUE(data) << data.error().message();
  EXPECT_EQ(data->labels(), (std::vector<int32_t>{2, 0, 1}));
  auto session = toySession();
  auto buffers = BatchBuffers::create(*session, {"infer"}, 3, 1);
  ASSERT_TRUE(buffers);
  const int64_t order[] = {2, 0, 1};
  data->gather(*session, order, 3, *buffers);
  const float *x = buffers->as<float>("x");
  const float wanted[] = {1.0f / 255, 254.0f / 255, 0,
                          1,          51.0f / 255,  102.0f / 255};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(x[i], wanted[i]);
}

TEST(Dataset, ConvertsEveryByte) {
  Signature signature = classifier();
  std::vector<uint8_t> bytes(256), labels(128, 0);
  std::iota(bytes.begin(), bytes.end(), 0);
  auto data = Dataset::fromTensors(
      signature, "test", {makeTensor<uint8_t>("images", {128, 2, 1}, bytes)},
      {makeTensor<uint8_t>("labels", {128}, labels)});
  ASSERT_TRUE(data) << data.error().message();
  auto session = toySession();
  auto buffers = BatchBuffers::create(*session, {"infer"}, 130, 1);
  ASSERT_TRUE(buffers);
  // From the last to the first, and some of them twice.
  std::vector<int64_t> order(130, 5);
  for (int64_t i = 0; i < 128; ++i)
    order[size_t(i)] = 127 - i;
  data->gather(*session, order.data(), 130, *buffers);
  const float *x = buffers->as<float>("x");
  for (size_t i = 0; i < 260; ++i)
    EXPECT_EQ(x[i], float(2 * order[i / 2] + int64_t(i % 2)) / 255.0f);
}

TEST(Dataset, GathersOnAllThreads) {
  // 160 KB of a batch, in tasks of 48.
  constexpr int64_t kPoints = 20000;
  Signature signature = *Signature::parse(toySignature());
  std::vector<float> x(2 * kPoints), y(2 * kPoints);
  std::iota(x.begin(), x.end(), 1.0f);
  std::iota(y.begin(), y.end(), -7.0f);
  auto data = Dataset::fromTensors(signature, "test",
                                   {makeTensor<float>("x", {kPoints, 2}, x)},
                                   {makeTensor<float>("y", {kPoints, 2}, y)});
  ASSERT_TRUE(data) << data.error().message();
  auto session = toySession(3);
  // One more than the points of a whole number of tasks would be.
  for (int64_t number : {int64_t(0), int64_t(1), int64_t(3073), kPoints}) {
    auto buffers = BatchBuffers::create(*session, {"score"}, kPoints, 1);
    ASSERT_TRUE(buffers);
    std::vector<int64_t> order(size_t(number), 0);
    for (int64_t i = 0; i < number; ++i)
      order[size_t(i)] = i * 7919 % kPoints;
    data->gather(*session, order.data(), number, *buffers);
    const float *rows = buffers->as<float>("x");
    const float *wanted = buffers->as<float>("target");
    for (int64_t i = 0; i < 2 * number; ++i) {
      size_t from = size_t(2 * order[size_t(i / 2)] + i % 2);
      ASSERT_EQ(rows[i], x[from]) << i;
      ASSERT_EQ(wanted[i], y[from]) << i;
    }
    // Nothing behind the last point is touched: the memory was zero.
    if (number < kPoints) {
      EXPECT_EQ(rows[2 * number], 0.0f);
      EXPECT_EQ(wanted[2 * number], 0.0f);
    }
  }
}

TEST(Dataset, ReadsNpyFiles) {
  std::string x = temporary("x.npy"), y = temporary("y.npy");
  ASSERT_TRUE(
      writeNpy(x, makeTensor<double>("x", {2, 2}, {1.5, 2.5, 3.5, 4.5})));
  ASSERT_TRUE(writeNpy(y, makeTensor<float>("y", {2, 2}, {1, 2, 3, 4})));
  Signature signature = *Signature::parse(toySignature());
  auto data = Dataset::open(signature, x + ":" + y, Split::Train);
  ASSERT_TRUE(data) << data.error().message();
  auto session = toySession();
  auto buffers = BatchBuffers::create(*session, {"score"}, 2, 1);
  const int64_t order[] = {1, 0};
  data->gather(*session, order, 2, *buffers);
  EXPECT_EQ(buffers->as<float>("x")[0], 3.5f);
  EXPECT_EQ(buffers->as<float>("target")[3], 2.0f);
  EXPECT_EQ(failure(Dataset::open(signature, x, Split::Train)),
            "data '" + x +
                "' is neither toy nor fashion-mnist nor a .csv file, and names "
                "1 file, but network 'toy' has 1 input and 1 target");
  std::remove(x.c_str());
  std::remove(y.c_str());
}

TEST(Dataset, ReadsCsvFiles) {
  std::string path = temporary("data.csv");
  std::ofstream(path) << "a,b,c,d\n1,2,3,4\n5,6,7,8\n";
  Signature signature = *Signature::parse(toySignature());
  auto data = Dataset::open(signature, path, Split::Train);
  ASSERT_TRUE(data) << data.error().message();
  EXPECT_EQ(data->points(), 2);
  auto labelled = Dataset::open(classifier(), path, Split::Train);
  EXPECT_NE(failure(labelled).find("has 3 numbers per point"),
            std::string::npos)
      << failure(labelled);
  std::remove(path.c_str());
}

TEST(Dataset, NamesBothWidths) {
  auto data =
      Dataset::fromTensors(*Signature::parse(toySignature()), "test",
                           {makeTensor<float>("'x.npy'", {1, 3}, {1, 2, 3})},
                           {makeTensor<float>("'y.npy'", {1, 2}, {1, 2})});
  EXPECT_EQ(failure(data),
            "'x.npy' has 3 numbers per point ([1, 3]), but 'x' of the network "
            "has 2 ([2])");
}

TEST(Dataset, ComparesNumbersOfPoints) {
  auto data = Dataset::fromTensors(
      *Signature::parse(toySignature()), "test",
      {makeTensor<float>("'x.npy'", {1, 2}, {1, 2})},
      {makeTensor<float>("'y.npy'", {2, 2}, {1, 2, 3, 4})});
  EXPECT_EQ(failure(data), "'y.npy' has 2 points, but 'x.npy' has 1");
}

TEST(Dataset, ChecksLabels) {
  for (int64_t label : {-1, 3}) {
    auto data = Dataset::fromTensors(
        classifier(), "test",
        {makeTensor<float>("'x.npy'", {2, 2}, {1, 2, 3, 4})},
        {makeTensor<int64_t>("'y.npy'", {2}, {0, label})});
    EXPECT_EQ(failure(data), "'y.npy': label 1 is " + std::to_string(label) +
                                 ", but the network has 3 classes");
  }
}

TEST(Dataset, RefusesNaN) {
  auto data =
      Dataset::fromTensors(*Signature::parse(toySignature()), "test",
                           {makeTensor<float>("'x.npy'", {1, 2}, {1, NAN})},
                           {makeTensor<float>("'y.npy'", {1, 2}, {1, 2})});
  EXPECT_EQ(failure(data), "'x.npy' is NaN or infinite at element 1");
}

TEST(Dataset, FashionMnist) {
  std::string folder = "/usr/share/datasets/fashion-mnist";
  if (access(folder.c_str(), R_OK) != 0)
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  Signature signature = classifier();
  signature.classes = 10;
  signature.inputs[0].shape[1].number = 784;
  auto train = Dataset::open(signature, "fashion-mnist", Split::Train);
  auto test = Dataset::open(signature, "fashion-mnist", Split::Test);
  ASSERT_TRUE(train) << train.error().message();
  ASSERT_TRUE(test) << test.error().message();
  EXPECT_EQ(train->points(), 60000);
  EXPECT_EQ(test->points(), 10000);
  std::vector<int64_t> counts(10);
  for (int32_t label : test->labels())
    ++counts[size_t(label)];
  EXPECT_EQ(counts, std::vector<int64_t>(10, 1000));
  signature.inputs[0].shape[1].number = 100;
  std::string message =
      failure(Dataset::open(signature, "fashion-mnist", Split::Test));
  EXPECT_NE(message.find("has 784 numbers per point"), std::string::npos)
      << message;
}

} // namespace
