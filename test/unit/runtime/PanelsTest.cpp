//===- PanelsTest.cpp - Matrices as programs keep them --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each byte of an arena has one place in the other form, in both directions and
// on any number of threads: here the places are counted up, there computed.
//
//===----------------------------------------------------------------------===//

#include "runtime/Panels.h"

#include "runtime/Executor.h"
#include "runtime/Philox.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace modc;

namespace {

StoredTensor tensor(DType type, std::vector<int64_t> shape, int64_t offset,
                    int64_t panels) {
  StoredTensor tensor;
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.offset = offset;
  tensor.bytes = int64_t(sizeOf(type));
  for (int64_t size : tensor.shape)
    tensor.bytes *= size;
  tensor.panels = panels;
  return tensor;
}

std::vector<uint32_t> noise(int64_t bytes) {
  std::vector<uint32_t> words(size_t(bytes / 4));
  for (size_t i = 0; i < words.size(); ++i)
    words[i] = philox({uint32_t(i), 0, 0, 0}, 3)[0];
  return words;
}

/// `plain` with the matrices put together panel by panel.
std::vector<uint32_t> packed(const std::vector<StoredTensor> &tensors,
                             const std::vector<uint32_t> &plain) {
  std::vector<uint32_t> result = plain;
  for (const StoredTensor &matrix : tensors) {
    if (!matrix.panels)
      continue;
    size_t words = sizeOf(matrix.type) / 4;
    auto next = result.begin() + matrix.offset / 4;
    const uint32_t *from = plain.data() + matrix.offset / 4;
    for (int64_t p = 0; p < matrix.shape[1]; p += matrix.panels)
      for (int64_t d = 0; d < matrix.shape[0]; ++d)
        for (int64_t h = p; h < p + matrix.panels; ++h)
          for (size_t word = 0; word < words; ++word)
            *next++ = from[size_t(d * matrix.shape[1] + h) * words + word];
  }
  return result;
}

void check(const std::vector<StoredTensor> &tensors, int64_t bytes) {
  PanelLayout layout(tensors, bytes);
  EXPECT_FALSE(layout.isPlain());
  std::vector<uint32_t> plain = noise(bytes), panels = packed(tensors, plain);
  EXPECT_NE(plain, panels);
  for (int64_t workers : {1, 3}) {
    Executor executor(workers);
    std::vector<uint32_t> to(plain.size()), back(plain.size());
    layout.toPanels(plain.data(), to.data(), executor.host());
    EXPECT_EQ(to, panels);
    layout.toPlain(to.data(), back.data(), executor.host());
    EXPECT_EQ(back, plain);
  }
}

TEST(Panels, MembersOfAPool) {
  for (DType type : {DType::F32, DType::F64}) {
    auto element = int64_t(sizeOf(type));
    std::vector<StoredTensor> tensors;
    for (int64_t member = 0; member < 5; ++member)
      tensors.push_back(tensor(type, {7, 192}, member * 7 * 192 * element, 64));
    check(tensors, 5 * 7 * 192 * element);
  }
}

TEST(Panels, AmongOtherTensors) {
  // In no order, of several widths and types, with room between them.
  check({tensor(DType::F32, {3, 12}, 1024, 4), tensor(DType::F32, {5}, 0, 0),
         tensor(DType::F64, {4, 6}, 64, 3), tensor(DType::F32, {2, 8}, 512, 0),
         tensor(DType::F32, {6, 2}, 1024 + 144, 1),
         tensor(DType::F64, {1, 4}, 1300 + 12, 2),
         tensor(DType::F32, {2, 4}, 1400, 4)},
        1500);
}

TEST(Panels, OfArenasThatAreMostlyPlain) {
  check({tensor(DType::F32, {3, 12}, (5 << 20) + 12, 6)}, (7 << 20) + 4);
}

TEST(Panels, NoneIsPlain) {
  EXPECT_TRUE(PanelLayout({}, 0).isPlain());
  EXPECT_TRUE(PanelLayout({tensor(DType::F32, {3, 12}, 0, 0)}, 200).isPlain());
  // Nothing to keep in panels.
  EXPECT_TRUE(PanelLayout({tensor(DType::F32, {0, 12}, 0, 4)}, 200).isPlain());
}

} // namespace
