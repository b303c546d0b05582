//===- SignatureWorkspaces.h - What workspaces hold -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the part of a signature that 'modc inspect --memory' prints:
// temporaries of programs, and which of them share memory. Part of
// Signature.cpp's parser.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SIGNATUREWORKSPACES_H
#define MODC_RUNTIME_SIGNATUREWORKSPACES_H

#include "runtime/JsonFields.h"
#include "runtime/Signature.h"

namespace modc {

/// `workspaces` of the targets, once programs are read.
void readWorkspaces(const nlohmann::json &root, JsonFields &fields,
                    Signature &signature);

} // namespace modc

#endif // MODC_RUNTIME_SIGNATUREWORKSPACES_H
