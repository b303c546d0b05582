//===- Npy.h - NumPy's .npy files ------------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads and writes .npy, versions 1.0 to 3.0, as NumPy's format description
// (numpy.lib.format) lays them down: little-endian, C order.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_NPY_H
#define MODC_RUNTIME_FORMATS_NPY_H

#include "runtime/formats/File.h"
#include "runtime/formats/Tensor.h"

namespace modc {

/// The array in `file`, in place: the tensor shares the file's bytes. Refuses
/// Fortran order, big-endian and structured types, a header that does not parse
/// and a payload that is shorter or longer than the shape says; messages name
/// the file.
Result<Tensor> readNpy(const File &file);
Result<Tensor> readNpy(const std::string &path);

/// What comes before the payload of `tensor` in a version 1.0 file; the payload
/// then starts at a multiple of 64 bytes. Refuses bf16, which NumPy lacks, and
/// more dimensions than NumPy reads.
Result<std::string> npyHeader(const Tensor &tensor);

/// Writes `tensor` atomically.
Status writeNpy(const std::string &path, const Tensor &tensor);

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_NPY_H
