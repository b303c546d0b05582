//===- ElfNote.h - Find a model's note in an ELF file -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the signature in the bytes of an ELF file without loading it. The bytes
// are untrusted: every offset is checked, and nothing is executed.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_ELFNOTE_H
#define MODC_RUNTIME_ELFNOTE_H

#include "runtime/formats/Result.h"

#include <string_view>

namespace modc {

/// The descriptor of the note `modc` of type 1 in section `.note.modc` of an
/// x86-64 ELF64 shared library, without the zeros that pad it. The result
/// points into `file`.
Result<std::string_view> findModelNote(std::string_view file);

} // namespace modc

#endif // MODC_RUNTIME_ELFNOTE_H
