//===- Choices.cpp - The stored choices a* of all points ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bytes for pools of up to 256 members, two bytes up to 65,536: an image data
// set with one slot costs 60 kB.
//
//===----------------------------------------------------------------------===//

#include "runtime/Choices.h"

#include "runtime/Philox.h"

#include <algorithm>
#include <cstring>

namespace modc {

Choices::Choices(const Signature &signature, int64_t points)
    : members(signature.slotMembers), pointCount(points) {
  int32_t most = 1;
  for (int32_t count : members)
    most = std::max(most, count);
  type = most <= 256 ? DType::U8 : most <= 65536 ? DType::U16 : DType::I32;
  bytes.resize(size_t(points) * members.size() * sizeOf(type));
}

int32_t Choices::get(int64_t index) const {
  // Little-endian: the low bytes come first.
  int32_t value = 0;
  std::memcpy(&value, bytes.data() + size_t(index) * sizeOf(type),
              sizeOf(type));
  return value;
}

void Choices::set(int64_t index, int32_t value) {
  std::memcpy(bytes.data() + size_t(index) * sizeOf(type), &value,
              sizeOf(type));
}

void Choices::drawUniform(uint64_t seed) {
  int64_t count = slots();
  for (int64_t point = 0; point < pointCount; ++point)
    for (int64_t slot = 0; slot < count; ++slot) {
      PhiloxBlock words = philox(RandomPurpose::FirstChoices, seed,
                                 uint32_t(point), 0, uint32_t(slot));
      set(point * count + slot,
          int32_t(uniformBelow(words[0], words[1],
                               uint64_t(members[size_t(slot)]))));
    }
}

void Choices::gather(const int64_t *indices, int64_t count,
                     int32_t *out) const {
  int64_t width = slots();
  for (int64_t i = 0; i < count; ++i)
    for (int64_t slot = 0; slot < width; ++slot)
      *out++ = get(indices[i] * width + slot);
}

int64_t Choices::scatter(const int64_t *indices, int64_t count,
                         const int32_t *values) {
  int64_t width = slots(), changed = 0;
  for (int64_t i = 0; i < count; ++i) {
    bool differs = false;
    for (int64_t slot = 0; slot < width; ++slot) {
      int64_t index = indices[i] * width + slot;
      int32_t value = *values++;
      differs |= get(index) != value;
      set(index, value);
    }
    changed += differs;
  }
  return changed;
}

Tensor Choices::tensor() const {
  Tensor result;
  result.source = "choices";
  result.type = type;
  result.shape = {pointCount, slots()};
  result.data = bytes.data();
  return result;
}

Status Choices::assign(const Tensor &tensor) {
  if (tensor.shape != Shape{pointCount, slots()})
    return makeError(tensor.source, " has shape ", toString(tensor.shape),
                     ", the choices of this network and data have ",
                     toString({pointCount, slots()}));
  Result<std::vector<int32_t>> values = tensor.convert<int32_t>();
  if (!values)
    return values.error();
  int64_t width = slots();
  for (int64_t i = 0; i < pointCount * width; ++i) {
    int32_t value = (*values)[size_t(i)], limit = members[size_t(i % width)];
    if (value < 0 || value >= limit)
      return makeError(tensor.source, ": choice of point ", i / width,
                       ", slot ", i % width, " is ", value,
                       ", but its pool has ", limit, " members");
  }
  for (int64_t i = 0; i < pointCount * width; ++i)
    set(i, (*values)[size_t(i)]);
  return {};
}

} // namespace modc
