//===- ClassMembersTest.cpp - Members of one class ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Places of members in their class, and members of places, equal the list that
// they were made of.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ClassMembers.h"
#include "KernelFixture.h"

using namespace modc;

namespace {

constexpr int64_t kMembers = 16;

BuiltKernel makePlaces(const std::vector<int64_t> &members) {
  return BuiltKernel(
      "class_members", {{kWrite, 'i', {kMembers}}, {kWrite, 'i', {kMembers}}},
      0, kMembers,
      [&](DeviceBuilder &b, mlir::ValueRange out, mlir::ValueRange) {
        ClassMembers list(members);
        mlir::Value id = b.thread();
        ClassMembers::Place place = list.find(b, id, kMembers);
        b.store(b.select(place.isOwn, b.toInteger(place.slot), b.integer(-1)),
                out[0], id);
        b.when(b.less(id, list.size()),
               [&] { b.store(b.toInteger(list.memberAt(b, id)), out[1], id); });
      });
}

class ClassMembersRuns : public KernelRuns {};

TEST_F(ClassMembersRuns, AreFoundByEitherNumber) {
  std::vector<int64_t> all(kMembers);
  for (int64_t m = 0; m < kMembers; ++m)
    all[size_t(m)] = m;
  for (const std::vector<int64_t> &members : {std::vector<int64_t>{3},
                                              {0, 1, 2},
                                              {14, 15},
                                              {0, 2, 4, 15},
                                              {1, 2, 5, 6, 7, 9},
                                              all}) {
    auto kernel = load(makePlaces(members));
    DeviceRange slots = put(std::vector<int32_t>(kMembers, 77)),
                back = put(std::vector<int32_t>(kMembers, 77));
    run({LaunchCommand{kernel, {1, 1, 1}, {slots, back}, {}, ""}});
    std::vector<int32_t> expected(kMembers, -1), expectedBack(kMembers, 77);
    for (size_t slot = 0; slot < members.size(); ++slot) {
      expected[size_t(members[slot])] = int32_t(slot);
      expectedBack[slot] = int32_t(members[slot]);
    }
    EXPECT_EQ(get<int32_t>(slots, kMembers), expected);
    EXPECT_EQ(get<int32_t>(back, kMembers), expectedBack);
  }
}

} // namespace
