//===- PanelSessionTest.cpp - Sessions whose programs keep panels ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A user sees matrices row by row, in memory and in files, and what a user
// writes reaches programs.
//
//===----------------------------------------------------------------------===//

#include "PanelModel.h"
#include "runtime/Weights.h"

#include <cstdio>

using namespace modc;
using namespace modc::panels;

namespace {

/// Calls `visit(there, here)` for each element of an arena that ends behind
/// `count` elements, in the order of programs: its number `there`, and `here`
/// for users.
template <typename Visit>
void forEach(const std::vector<StoredTensor> &tensors, int64_t count,
             Visit visit) {
  std::vector<int64_t> here(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    here[size_t(i)] = i;
  for (const StoredTensor &tensor : tensors) {
    if (!tensor.panels)
      continue;
    int64_t first = tensor.offset / int64_t(sizeOf(tensor.type));
    size_t there = size_t(first);
    for (int64_t panel = 0; panel < tensor.shape[1]; panel += tensor.panels)
      for (int64_t d = 0; d < tensor.shape[0]; ++d)
        for (int64_t c = 0; c < tensor.panels; ++c)
          here[there++] = first + d * tensor.shape[1] + panel + c;
  }
  for (int64_t i = 0; i < count; ++i)
    visit(i, here[size_t(i)]);
}

/// The arenas as programs have them.
template <typename T>
struct Dump {
  std::vector<T> p = std::vector<T>(kParameters), g = p,
                 s = std::vector<T>(kInPanels);

  explicit Dump(Session &session) {
    auto buffer = [](std::vector<T> &list) {
      return Buffer{list.data(), int64_t(list.size() * sizeof(T))};
    };
    EXPECT_TRUE(call(session, "dump", {buffer(p), buffer(g), buffer(s)}));
  }
};

template <typename T>
class PanelSession : public testing::Test {};
using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(PanelSession, Elements);

TYPED_TEST(PanelSession, UsersSeeRows) {
  SessionOptions options;
  options.workers = 3;
  auto session = open<TypeParam>(options);
  const Signature &signature = session->signature();
  int64_t seed = 10;
  ASSERT_TRUE(session->init(uint64_t(seed)));
  const auto *p = look<TypeParam>(*session);
  // By hand: the second panel starts with the fifth column.
  EXPECT_EQ(p[4], TypeParam(seed + 12));
  EXPECT_EQ(p[8], TypeParam(seed + 4));
  forEach(signature.parameters, kParameters, [&](int64_t there, int64_t here) {
    EXPECT_EQ(p[here], TypeParam(seed + there)) << there;
  });
  ASSERT_TRUE(call(*session, "m_step"));
  const auto *g = look<TypeParam>(*session, Kind::Gradients);
  forEach(signature.parameters, kParameters, [&](int64_t there, int64_t here) {
    EXPECT_EQ(g[here], TypeParam(500 + there)) << there;
  });
  ASSERT_TRUE(call(*session, "update"));
  p = look<TypeParam>(*session);
  const auto *s = look<TypeParam>(*session, Kind::State);
  forEach(signature.parameters, kParameters, [&](int64_t there, int64_t here) {
    EXPECT_EQ(p[here], TypeParam(seed + 500 + 2 * there)) << there;
  });
  forEach(signature.state, kInPanels, [&](int64_t there, int64_t here) {
    EXPECT_EQ(s[here], TypeParam(700 + there)) << there;
  });
  ASSERT_TRUE(session->resetState());
  const std::vector<TypeParam> none(kInPanels);
  s = look<TypeParam>(*session, Kind::State);
  EXPECT_EQ(std::vector<TypeParam>(s, s + kInPanels), none);
  EXPECT_EQ(Dump<TypeParam>(*session).s, none);
}

TYPED_TEST(PanelSession, ProgramsGetWhatUsersWrite) {
  auto session = open<TypeParam>();
  const Signature &signature = session->signature();
  EXPECT_FALSE(session->isInitialised());
  for (Kind kind : {Kind::Parameters, Kind::Gradients, Kind::State}) {
    auto arena = session->write(kind);
    ASSERT_TRUE(arena);
    ByHand<TypeParam>::number(*arena,
                              kind == Kind::State ? kState : kParameters,
                              100 * int64_t(kind));
  }
  EXPECT_TRUE(session->isInitialised());
  const Dump<TypeParam> all(*session);
  const auto &p = all.p, &g = all.g, &s = all.s;
  EXPECT_EQ(p[4], TypeParam(8));
  EXPECT_EQ(p[12], TypeParam(4));
  forEach(signature.parameters, kParameters, [&](int64_t there, int64_t here) {
    EXPECT_EQ(p[size_t(there)], TypeParam(here));
    EXPECT_EQ(g[size_t(there)], TypeParam(100 + here));
  });
  forEach(signature.state, kInPanels, [&](int64_t there, int64_t here) {
    EXPECT_EQ(s[size_t(there)], TypeParam(200 + here));
  });
}

TYPED_TEST(PanelSession, ChangesBetweenCalls) {
  auto session = open<TypeParam>();
  ASSERT_TRUE(session->init(10));
  std::vector<TypeParam> before = found<TypeParam>(*session);
  // Of member 1, row 2, column 5: the second of the second panel's last row.
  auto *p = static_cast<TypeParam *>(session->parameters());
  p[24 + 2 * 8 + 5] = -1;
  before[24 + 12 + 2 * 4 + 1] = -1;
  EXPECT_EQ(found<TypeParam>(*session), before);
  // Twice without a call, and after one that only reads.
  p = static_cast<TypeParam *>(session->parameters());
  p[1] = -2;
  p = static_cast<TypeParam *>(session->parameters());
  EXPECT_EQ(p[1], -2);
  EXPECT_EQ(look<TypeParam>(*session)[1], -2);
  before[1] = -2;
  EXPECT_EQ(found<TypeParam>(*session), before);
  ASSERT_TRUE(session->init(20));
  EXPECT_EQ(look<TypeParam>(*session)[1], 21);
}

TYPED_TEST(PanelSession, WeightsAreFiledByRows) {
  std::string path = temporary("panels.safetensors");
  auto session = open<TypeParam>(), other = open<TypeParam>();
  ASSERT_TRUE(session->init(0));
  ASSERT_TRUE(saveWeights(*session, path));
  auto file = readSafetensors(path);
  ASSERT_TRUE(file);
  const Tensor &router = file->tensors["router.weight"];
  ASSERT_EQ(router.shape, (Shape{2, 6}));
  // Panels of two columns from element 64 on.
  const int rows[] = {64, 65, 68, 69, 72, 73, 66, 67, 70, 71, 74, 75};
  for (size_t i = 0; i < std::size(rows); ++i) {
    TypeParam value;
    std::memcpy(&value, router.data + i * sizeof(TypeParam), sizeof(TypeParam));
    EXPECT_EQ(value, TypeParam(rows[i])) << i;
  }
  ASSERT_TRUE(loadWeights(*other, path));
  std::vector<TypeParam> p = found<TypeParam>(*other);
  for (const StoredTensor &tensor : other->signature().parameters)
    for (int64_t i = 0; i < tensor.elements(); ++i) {
      int64_t at = tensor.offset / int64_t(sizeof(TypeParam)) + i;
      EXPECT_EQ(p[size_t(at)], TypeParam(at)) << tensor.name;
    }
  std::remove(path.c_str());
}

} // namespace
