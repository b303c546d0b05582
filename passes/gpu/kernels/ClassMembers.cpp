//===- ClassMembers.cpp - Members of one class ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A comparison for each run of members that follow one another: tables would be
// a buffer more.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/ClassMembers.h"

using namespace mlir;
using namespace modc;

ClassMembers::ClassMembers(ArrayRef<int64_t> members) {
  for (int64_t member : members) {
    if (runs.empty() || runs.back().member + runs.back().count != member)
      runs.push_back({member, count, 0});
    ++runs.back().count;
    ++count;
  }
}

ClassMembers::Place ClassMembers::find(DeviceBuilder &b, Value member,
                                       int64_t count) const {
  if (this->count == count)
    return {{}, member};
  Place place;
  for (const Run &run : runs) {
    Value within = b.sub(member, b.index(run.member));
    // Unsigned: members before the first are beyond the last.
    Value isIn = b.less(within, run.count);
    Value slot = b.add(within, run.slot);
    place.slot = place.slot ? b.select(isIn, slot, place.slot) : slot;
    place.isOwn =
        place.isOwn ? b.createOrFold<arith::OrIOp>(place.isOwn, isIn) : isIn;
  }
  return place;
}

Value ClassMembers::memberAt(DeviceBuilder &b, Value slot) const {
  Value member;
  for (const Run &run : runs) {
    Value here = b.add(slot, run.member - run.slot);
    member = member ? b.select(b.less(slot, run.slot), member, here) : here;
  }
  return member;
}
