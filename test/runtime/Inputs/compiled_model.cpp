//===- compiled_model.cpp - A model around instrumented code --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entry and the note of a model.so whose programs come from `modc compile
// --emit=llvm` and went through a sanitizer's pass. NOTE is a file with the bytes
// of the section that the compiler wrote for the same network and target.
//
//===----------------------------------------------------------------------===//

#include "runtime/ModelAbi.h"

asm(".pushsection .note.modc,\"a\",@note\n"
    ".balign 4\n"
    ".incbin \"" NOTE "\"\n"
    ".popsection\n");

extern "C" const modc_model modc_model_x86_64_v2;

extern "C" __attribute__((visibility("default"))) const modc_model *
modc_model_entry(int64_t abi, uint64_t) {
  return abi == MODC_ABI_VERSION ? &modc_model_x86_64_v2 : nullptr;
}
