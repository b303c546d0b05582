//===- ElfHash.h - Is a compiled model whole --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The hash of what a loader maps of a compiled model, kept in the model's own
// note, so that a damaged library is told before any of its code runs. The
// writer and the reader of the hash are here together.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_ELFHASH_H
#define MODC_RUNTIME_ELFHASH_H

#include "runtime/formats/Result.h"

#include <string>
#include <string_view>

namespace modc {

/// The signature's key of the hash, and its digits before it is known.
inline constexpr const char *kFileHashKey = "file_hash";
inline constexpr const char *kNoFileHash = "0000000000000000";

/// Writes the hash of a library into its note, over `kNoFileHash`.
Status sealLibrary(std::string &file);

/// Refuses a library whose contents are not those that it was sealed with.
/// `note` is its model note, a part of `file`. One without a hash, made by other
/// tools, is not checked.
Status checkSeal(std::string_view file, std::string_view note);

} // namespace modc

#endif // MODC_RUNTIME_ELFHASH_H
