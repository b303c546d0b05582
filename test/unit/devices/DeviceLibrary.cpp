//===- DeviceLibrary.cpp - The model with a device as a model.so ---------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests of commands. The text of the note is DeviceNote.cpp's output.
//
//===----------------------------------------------------------------------===//

#include "DeviceModel.h"

asm(".pushsection .note.modc,\"a\",@note\n"
    ".balign 4\n"
    ".long 5, 2f - 1f, 1\n"
    ".asciz \"modc\"\n"
    ".balign 4\n"
    "1: .incbin \"" MODC_DEVICE_NOTE "\"\n"
    ".balign 4\n"
    "2:\n"
    ".popsection\n");

extern "C" __attribute__((visibility("default"))) const modc_model *
modc_model_entry(int64_t abi, uint64_t features) {
  return modc::deviceEntry(abi, features);
}
