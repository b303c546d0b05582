//===- Tensor.cpp - Typed views of bytes from files -----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes, names and conversions of element types. A conversion says which
// element it cannot represent instead of making up a value.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Tensor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "tensors in files are little-endian and read in place");

using namespace modc;

namespace {

struct DTypeInfo {
  std::string_view name;
  size_t bytes;
};

// In the order of the enumeration.
constexpr DTypeInfo dtypeInfos[] = {
    {"bool", 1}, {"u8", 1},   {"i8", 1},  {"u16", 2}, {"i16", 2},
    {"f16", 2},  {"bf16", 2}, {"u32", 4}, {"i32", 4}, {"f32", 4},
    {"u64", 8},  {"i64", 8},  {"f64", 8},
};

struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};

float widen(BFloat value) {
  uint32_t bits = uint32_t(value.bits) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

float widen(Half value) {
  int exponent = (value.bits >> 10) & 31;
  int mantissa = value.bits & 1023;
  float magnitude;
  if (exponent == 31)
    magnitude = mantissa ? std::numeric_limits<float>::quiet_NaN()
                         : std::numeric_limits<float>::infinity();
  else if (exponent == 0)
    magnitude = std::ldexp(float(mantissa), -24);
  else
    magnitude = std::ldexp(float(mantissa + 1024), exponent - 25);
  return value.bits & 0x8000 ? -magnitude : magnitude;
}

template <typename T>
T widen(T value) {
  return value;
}

/// Calls `visit` with a null pointer to the C++ type that stores `type`.
template <typename Visitor>
auto dispatch(DType type, Visitor visit) {
  switch (type) {
  case DType::Bool:
  case DType::U8:
    return visit(static_cast<uint8_t *>(nullptr));
  case DType::I8:
    return visit(static_cast<int8_t *>(nullptr));
  case DType::U16:
    return visit(static_cast<uint16_t *>(nullptr));
  case DType::I16:
    return visit(static_cast<int16_t *>(nullptr));
  case DType::F16:
    return visit(static_cast<Half *>(nullptr));
  case DType::BF16:
    return visit(static_cast<BFloat *>(nullptr));
  case DType::U32:
    return visit(static_cast<uint32_t *>(nullptr));
  case DType::I32:
    return visit(static_cast<int32_t *>(nullptr));
  case DType::F32:
    return visit(static_cast<float *>(nullptr));
  case DType::U64:
    return visit(static_cast<uint64_t *>(nullptr));
  case DType::I64:
    return visit(static_cast<int64_t *>(nullptr));
  case DType::F64:
    break;
  }
  return visit(static_cast<double *>(nullptr));
}

/// Whether `value` can become a To without losing more than digits.
template <typename To, typename From>
bool fits(From value) {
  if constexpr (std::is_floating_point_v<To>) {
    if constexpr (std::is_same_v<From, double> && std::is_same_v<To, float>) {
      // The cast of a finite number beyond the largest float is undefined.
      return !std::isfinite(value) ||
             std::fabs(value) <= std::numeric_limits<float>::max();
    }
    return true;
  } else if constexpr (std::is_floating_point_v<From>) {
    // The bounds are powers of two and therefore exact as a From.
    const From bound = std::ldexp(From(1), std::numeric_limits<To>::digits);
    return value >= -bound && value < bound && std::trunc(value) == value;
  } else if constexpr (std::is_signed_v<From>) {
    return value >= std::numeric_limits<To>::min() &&
           value <= std::numeric_limits<To>::max();
  } else {
    return value <= uint64_t(std::numeric_limits<To>::max());
  }
}

template <typename From, typename To>
int64_t convertRange(const uint8_t *from, int64_t number, To *out) {
  for (int64_t i = 0; i < number; ++i) {
    From stored;
    std::memcpy(&stored, from + i * sizeof(From), sizeof(From));
    auto value = widen(stored);
    if (!fits<To>(value))
      return i;
    out[i] = static_cast<To>(value);
  }
  return number;
}

/// The shortest decimal form, whatever the locale.
template <typename T>
std::string numberText(T value) {
  char text[32];
  return std::string(text, std::to_chars(text, std::end(text), value).ptr);
}

} // namespace

size_t modc::sizeOf(DType type) { return dtypeInfos[size_t(type)].bytes; }

std::string_view modc::nameOf(DType type) {
  return dtypeInfos[size_t(type)].name;
}

std::optional<DType> modc::dtypeNamed(std::string_view name) {
  for (size_t i = 0; i < std::size(dtypeInfos); ++i)
    if (dtypeInfos[i].name == name)
      return DType(i);
  return std::nullopt;
}

std::string modc::toString(const Shape &shape) {
  constexpr size_t shown = 8;
  std::string out = "[";
  for (size_t i = 0; i < std::min(shape.size(), shown); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  if (shape.size() > shown)
    out += ", ... " + std::to_string(shape.size() - shown) + " more";
  return out + "]";
}

std::optional<int64_t> modc::elementCount(const Shape &shape, size_t bytes) {
  // Zeros are left out of the overflow check's product, so that the order of
  // the sizes does not decide whether a shape is good.
  int64_t product = static_cast<int64_t>(bytes);
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    if (size != 0 && __builtin_mul_overflow(product, size, &product))
      return std::nullopt;
    count = size == 0 ? 0 : count * size;
  }
  return count;
}

int64_t Tensor::count() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

size_t Tensor::byteSize() const { return size_t(count()) * sizeOf(type); }

template <typename T>
Status Tensor::convert(int64_t first, int64_t number, T *out) const {
  assert(first >= 0 && number >= 0 && first + number <= count());
  if (number == 0)
    return {};
  const uint8_t *from = data + size_t(first) * sizeOf(type);
  if (type == dtypeOf<T>()) {
    std::memcpy(out, from, size_t(number) * sizeof(T));
    return {};
  }
  return dispatch(type, [&](auto *stored) -> Status {
    using From = std::remove_pointer_t<decltype(stored)>;
    int64_t done = convertRange<From>(from, number, out);
    if (done == number)
      return {};
    From bad;
    std::memcpy(&bad, from + done * sizeof(From), sizeof(From));
    return makeError(source, ": element ", first + done, " is ",
                     numberText(widen(bad)), ", which ", nameOf(dtypeOf<T>()),
                     " cannot hold");
  });
}

template <typename T>
Result<std::vector<T>> Tensor::convert() const {
  try {
    std::vector<T> values(static_cast<size_t>(count()));
    if (Status status = convert(0, count(), values.data()); !status)
      return status.error();
    return values;
  } catch (const std::bad_alloc &) {
    return makeError(source, ": no memory for ", count(), " elements of ",
                     nameOf(dtypeOf<T>()));
  }
}

std::optional<int64_t> Tensor::firstNonFinite() const {
  return dispatch(type, [&](auto *stored) -> std::optional<int64_t> {
    using From = std::remove_pointer_t<decltype(stored)>;
    if constexpr (!std::is_integral_v<From>) {
      for (int64_t i = 0, end = count(); i < end; ++i) {
        From value;
        std::memcpy(&value, data + i * sizeof(From), sizeof(From));
        if (!std::isfinite(widen(value)))
          return i;
      }
    }
    return std::nullopt;
  });
}

#define MODC_INSTANTIATE(T)                                                    \
  template Status Tensor::convert<T>(int64_t, int64_t, T *) const;             \
  template Result<std::vector<T>> Tensor::convert<T>() const;
namespace modc {
MODC_INSTANTIATE(float)
MODC_INSTANTIATE(double)
MODC_INSTANTIATE(int32_t)
MODC_INSTANTIATE(int64_t)
} // namespace modc
#undef MODC_INSTANTIATE
