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
#include <type_traits>

namespace modc {

Choices::Choices(const Signature &signature, int64_t points)
    : members(signature.slotMembers), pointCount(points) {
  int32_t most = 1;
  for (int32_t count : members)
    most = std::max(most, count);
  type = most <= 256 ? DType::U8 : most <= 65536 ? DType::U16 : DType::I32;
  bytes.resize(size_t(points) * members.size() * sizeOf(type));
}

/// Calls `body` with the stored numbers as their own type.
template <typename Body>
auto Choices::withValues(Body body) {
  switch (type) {
  case DType::U8:
    return body(bytes.data());
  case DType::U16:
    return body(reinterpret_cast<uint16_t *>(bytes.data()));
  default:
    return body(reinterpret_cast<int32_t *>(bytes.data()));
  }
}

void Choices::drawUniform(uint64_t seed) {
  withValues([&](auto *values) {
    for (int64_t point = 0; point < pointCount; ++point)
      for (int64_t slot = 0; slot < slots(); ++slot) {
        PhiloxBlock words = philox(RandomPurpose::FirstChoices, seed,
                                   uint32_t(point), 0, uint32_t(slot));
        using Value = std::remove_pointer_t<decltype(values)>;
        *values++ = Value(
            uniformBelow(words[0], words[1], uint64_t(members[size_t(slot)])));
      }
  });
}

void Choices::gather(const int64_t *indices, int64_t count,
                     int32_t *out) const {
  const_cast<Choices *>(this)->withValues([&](const auto *values) {
    int64_t width = slots();
    for (int64_t i = 0; i < count; ++i)
      for (int64_t slot = 0; slot < width; ++slot)
        *out++ = int32_t(values[indices[i] * width + slot]);
  });
}

int64_t Choices::scatter(const int64_t *indices, int64_t count,
                         const int32_t *from) {
  return withValues([&](auto *values) {
    using Value = std::remove_pointer_t<decltype(values)>;
    int64_t width = slots(), changed = 0;
    for (int64_t i = 0; i < count; ++i) {
      bool differs = false;
      for (int64_t slot = 0; slot < width; ++slot) {
        Value &stored = values[indices[i] * width + slot];
        Value value = Value(*from++);
        differs |= stored != value;
        stored = value;
      }
      changed += differs;
    }
    return changed;
  });
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
  withValues([&](auto *stored) {
    for (int32_t value : *values)
      *stored++ = std::remove_pointer_t<decltype(stored)>(value);
  });
  return {};
}

} // namespace modc
