//===- Tensor.h - Typed views of bytes from files --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What readers return and writers take: an element type, a shape and bytes in
// row-major order, little-endian. Bytes stay as the file has them until
// somebody asks for them converted.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_TENSOR_H
#define MODC_RUNTIME_FORMATS_TENSOR_H

#include "runtime/formats/Result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace modc {

enum class DType : uint8_t {
  Bool,
  U8,
  I8,
  U16,
  I16,
  F16,
  BF16,
  U32,
  I32,
  F32,
  U64,
  I64,
  F64,
};

/// Bytes of one element.
size_t sizeOf(DType type);
/// As in signatures and messages: "f32", "i8", "bool".
std::string_view nameOf(DType type);
/// The inverse of nameOf.
std::optional<DType> dtypeNamed(std::string_view name);

/// The DType of a C++ type: dtypeOf<float>() is F32.
template <typename T>
constexpr DType dtypeOf();
template <>
constexpr DType dtypeOf<uint8_t>() {
  return DType::U8;
}
template <>
constexpr DType dtypeOf<int8_t>() {
  return DType::I8;
}
template <>
constexpr DType dtypeOf<uint16_t>() {
  return DType::U16;
}
template <>
constexpr DType dtypeOf<int16_t>() {
  return DType::I16;
}
template <>
constexpr DType dtypeOf<uint32_t>() {
  return DType::U32;
}
template <>
constexpr DType dtypeOf<int32_t>() {
  return DType::I32;
}
template <>
constexpr DType dtypeOf<uint64_t>() {
  return DType::U64;
}
template <>
constexpr DType dtypeOf<int64_t>() {
  return DType::I64;
}
template <>
constexpr DType dtypeOf<float>() {
  return DType::F32;
}
template <>
constexpr DType dtypeOf<double>() {
  return DType::F64;
}

using Shape = std::vector<int64_t>;

/// For messages: "[60000, 28, 28]"; of more than eight sizes only the first.
std::string toString(const Shape &shape);

/// The number of elements, or nothing if a size is negative or the product of
/// the sizes that are not zero times `bytes` does not fit 63 bits.
std::optional<int64_t> elementCount(const Shape &shape, size_t bytes = 1);

/// A tensor in memory. Copies share the bytes. Readers promise that `data`
/// holds count() · sizeOf(type) bytes; they need not be aligned to the type.
struct Tensor {
  /// For messages, with the file: "'x.npy'" or "'w.safetensors': tensor 'b'".
  std::string source;
  DType type = DType::F32;
  Shape shape;
  const uint8_t *data = nullptr;
  /// Keeps `data` alive; null if the caller does.
  std::shared_ptr<const void> owner;

  /// Product of the shape; 1 for a scalar.
  int64_t count() const;
  size_t byteSize() const;

  /// The elements in place, if T is their type and they are aligned for it;
  /// else null.
  template <typename T>
  const T *as() const {
    bool aligned = reinterpret_cast<uintptr_t>(data) % alignof(T) == 0;
    return type == dtypeOf<T>() && aligned ? reinterpret_cast<const T *>(data)
                                           : nullptr;
  }

  /// Writes elements [first, first + number) as T to `out`; T is float, double,
  /// int32_t or int64_t. Rounds to nearest where T has fewer digits. Refuses,
  /// naming the element, a value that T cannot hold: a fraction or NaN as an
  /// integer, an integer or a finite number out of T's range.
  template <typename T>
  Status convert(int64_t first, int64_t number, T *out) const;

  /// All elements as T.
  template <typename T>
  Result<std::vector<T>> convert() const;

  /// The index of the first NaN or infinity; nothing if there is none or the
  /// type has no such values.
  std::optional<int64_t> firstNonFinite() const;
};

/// A tensor that owns a copy of `values`.
template <typename T>
Tensor makeTensor(std::string source, Shape shape, std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  const auto *data = reinterpret_cast<const uint8_t *>(owner->data());
  return {std::move(source), dtypeOf<T>(), std::move(shape), data,
          std::move(owner)};
}

/// A tensor over values that the caller keeps alive.
template <typename T>
Tensor viewTensor(std::string source, Shape shape, const T *values) {
  const auto *data = reinterpret_cast<const uint8_t *>(values);
  return {std::move(source), dtypeOf<T>(), std::move(shape), data, nullptr};
}

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_TENSOR_H
