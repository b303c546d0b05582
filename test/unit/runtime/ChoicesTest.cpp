//===- ChoicesTest.cpp - The stored choices a* of all points --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choices of small and large pools come back as they went in, and their first
// draw is uniform and fixed by the seed.
//
//===----------------------------------------------------------------------===//

#include "runtime/Choices.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace modc;

namespace {

Signature slots(std::vector<int32_t> members) {
  Signature signature;
  signature.slots = int64_t(members.size());
  signature.slotMembers = std::move(members);
  return signature;
}

TEST(Choices, AreAsWideAsTheLargestPool) {
  EXPECT_EQ(Choices(slots({2, 256}), 3).tensor().type, DType::U8);
  EXPECT_EQ(Choices(slots({2, 257}), 3).tensor().type, DType::U16);
  EXPECT_EQ(Choices(slots({2, 65537}), 3).tensor().type, DType::I32);
  EXPECT_EQ(Choices(slots({2, 2}), 3).tensor().shape, (Shape{3, 2}));
}

TEST(Choices, GatherAndScatter) {
  for (int32_t members : {5, 1000, 100000}) {
    Choices choices(slots({members, members}), 4);
    const int64_t indices[] = {3, 1};
    const int32_t values[] = {1, members - 1, 2, 0};
    EXPECT_EQ(choices.scatter(indices, 2, values), 2);
    EXPECT_EQ(choices.scatter(indices, 2, values), 0);
    const int64_t all[] = {0, 1, 2, 3};
    std::vector<int32_t> out(8);
    choices.gather(all, 4, out.data());
    EXPECT_EQ(out, (std::vector<int32_t>{0, 0, 2, 0, 0, 0, 1, members - 1}));
  }
}

TEST(Choices, FirstDrawIsUniform) {
  Choices choices(slots({4, 3}), 12000), again(slots({4, 3}), 12000);
  choices.drawUniform(9);
  again.drawUniform(9);
  std::vector<int64_t> all(12000);
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = int64_t(i);
  std::vector<int32_t> a(24000), b(24000);
  choices.gather(all.data(), 12000, a.data());
  again.gather(all.data(), 12000, b.data());
  EXPECT_EQ(a, b);
  double counts[4][3] = {};
  for (size_t i = 0; i < 12000; ++i)
    ++counts[a[2 * i]][a[2 * i + 1]];
  // 1,000 each; the standard deviation is 30.
  for (auto &row : counts)
    for (double count : row)
      EXPECT_NEAR(count, 1000, 150);
}

TEST(Choices, AssignChecksThem) {
  Choices choices(slots({2, 3}), 2);
  auto message = [&](const Tensor &tensor) {
    Status status = choices.assign(tensor);
    return status ? "" : status.error().message();
  };
  EXPECT_EQ(message(makeTensor<int32_t>("'c'", {2, 2}, {1, 2, 0, 1})), "");
  EXPECT_EQ(message(makeTensor<int32_t>("'c'", {2, 2}, {1, 2, 2, 1})),
            "'c': choice of point 1, slot 0 is 2, but its pool has 2 members");
  EXPECT_EQ(message(makeTensor<int32_t>("'c'", {1, 2}, {1, 2})),
            "'c' has shape [1, 2], the choices of this network and data have "
            "[2, 2]");
  // The refused ones changed nothing.
  const int64_t all[] = {0, 1};
  std::vector<int32_t> out(4);
  choices.gather(all, 2, out.data());
  EXPECT_EQ(out, (std::vector<int32_t>{1, 2, 0, 1}));
}

} // namespace
