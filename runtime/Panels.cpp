//===- Panels.cpp - Matrices as programs keep them ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A panel is a task. What is between tensors is copied too: a user may have
// left something there, as in an arena of which there is no second form.
//
//===----------------------------------------------------------------------===//

#include "runtime/Panels.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace modc {

/// From one arena to the other.
struct PanelLayout::Copy {
  const PanelLayout *layout;
  const char *from;
  char *to;
  bool toPanels;

  void panel(int64_t index) const;
};

PanelLayout::PanelLayout(const std::vector<StoredTensor> &tensors,
                         int64_t bytes) {
  std::vector<const StoredTensor *> matrices;
  for (const StoredTensor &tensor : tensors)
    if (tensor.panels > 0 && tensor.bytes > 0)
      matrices.push_back(&tensor);
  if (matrices.empty())
    return;
  std::sort(matrices.begin(), matrices.end(),
            [](const StoredTensor *a, const StoredTensor *b) {
              return a->offset < b->offset;
            });
  int64_t end = 0;
  for (const StoredTensor *matrix : matrices) {
    addPlain(end, matrix->offset);
    auto element = int64_t(sizeOf(matrix->type));
    add({matrix->offset, matrix->shape[0], matrix->shape[1] * element,
         matrix->panels * element});
    end = matrix->offset + matrix->bytes;
  }
  addPlain(end, bytes);
}

void PanelLayout::addPlain(int64_t begin, int64_t end) {
  constexpr int64_t kTogether = 1 << 20;
  if (begin < end)
    add({begin, 1, end - begin, kTogether});
}

void PanelLayout::add(Piece piece) {
  piece.first = panels;
  panels += (piece.rowBytes + piece.panelBytes - 1) / piece.panelBytes;
  pieces.push_back(piece);
}

void PanelLayout::Copy::panel(int64_t index) const {
  const Piece &piece = *std::prev(std::upper_bound(
      layout->pieces.begin(), layout->pieces.end(), index,
      [](int64_t panel, const Piece &other) { return panel < other.first; }));
  int64_t column = (index - piece.first) * piece.panelBytes;
  int64_t width = std::min(piece.panelBytes, piece.rowBytes - column);
  int64_t plain = piece.offset + column;
  int64_t packed = piece.offset + column * piece.rows;
  for (int64_t row = 0; row < piece.rows; ++row) {
    std::memcpy(to + (toPanels ? packed : plain),
                from + (toPanels ? plain : packed), size_t(width));
    plain += piece.rowBytes;
    packed += width;
  }
}

void PanelLayout::run(Copy copy, const modc_host &threads) const {
  auto body = [](void *context, int64_t task, int64_t) {
    static_cast<const Copy *>(context)->panel(task);
  };
  threads.parallel_for(threads.user, panels, body, &copy, "");
}

void PanelLayout::toPanels(const void *plain, void *packed,
                           const modc_host &threads) const {
  run({this, static_cast<const char *>(plain), static_cast<char *>(packed),
       true},
      threads);
}

void PanelLayout::toPlain(const void *packed, void *plain,
                          const modc_host &threads) const {
  run({this, static_cast<const char *>(packed), static_cast<char *>(plain),
       false},
      threads);
}

} // namespace modc
