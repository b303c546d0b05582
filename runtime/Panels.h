//===- Panels.h - Matrices as programs keep them ----------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs of the processor keep some matrices of an arena in panels: so many
// columns row after row in one piece, then the next. Users see all of them row
// by row; this says where each element is, and copies between the two.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_PANELS_H
#define MODC_RUNTIME_PANELS_H

#include "runtime/ModelAbi.h"
#include "runtime/Signature.h"

#include <vector>

namespace modc {

class PanelLayout {
public:
  /// Of an arena of `bytes` with these tensors, as a signature has them.
  PanelLayout(const std::vector<StoredTensor> &tensors, int64_t bytes);

  /// True if no tensor is in panels: the two forms are one.
  bool isPlain() const { return pieces.empty(); }

  /// Copies the whole arena from one form to the other, on these threads.
  void toPanels(const void *plain, void *panels,
                const modc_host &threads) const;
  void toPlain(const void *panels, void *plain, const modc_host &threads) const;

private:
  /// A matrix in panels, or what lies between two of them as a matrix of one
  /// row, whose panels are where its columns are.
  struct Piece {
    int64_t offset = 0, rows = 0;
    /// Bytes of a row, and of a panel's; the last panel may be narrower.
    int64_t rowBytes = 0, panelBytes = 0;
    /// Panels of the pieces before this one.
    int64_t first = 0;
  };
  struct Copy;
  void addPlain(int64_t begin, int64_t end);
  void add(Piece piece);
  void run(Copy copy, const modc_host &threads) const;

  std::vector<Piece> pieces;
  int64_t panels = 0;
};

} // namespace modc

#endif // MODC_RUNTIME_PANELS_H
