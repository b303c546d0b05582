//===- Idx.h - IDX files (MNIST), gzip too ----------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the format of the MNIST family of data sets: a magic number, big-endian
// sizes and big-endian elements, as a plain file or compressed by gzip.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_IDX_H
#define MODC_RUNTIME_FORMATS_IDX_H

#include "runtime/formats/File.h"
#include "runtime/formats/Tensor.h"

namespace modc {

/// The array in `file`. Bytes stay bytes: u8 and i8 of a plain file are shared
/// with it, everything else is decompressed or turned to little-endian into
/// memory that the tensor owns. Refuses an unknown type, sizes that overflow, a
/// payload that is shorter or longer than the sizes say, and damaged gzip.
/// Memory use is bounded by what the header claims, and a claim by what the
/// compressed bytes can possibly hold. Messages name the file.
Result<Tensor> readIdx(const File &file);
Result<Tensor> readIdx(const std::string &path);

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_IDX_H
