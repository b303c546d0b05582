//===- ToyLibrary.cpp - The model by hand as a library --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes a `model.so` of the model written by hand, with its signature in a
// note, the way the compiler lays out an artefact (docs/artefact.md).
//
//===----------------------------------------------------------------------===//

#include "ToyModel.h"
#include "ToySignature.h"

#include <cstdint>

namespace {

constexpr unsigned kBytes = (sizeof(modc::kToySignature) + 3) / 4 * 4;

struct Note {
  uint32_t nameBytes = 5, descriptorBytes = kBytes, type = 1;
  char name[8] = "modc";
  char descriptor[kBytes] = {};
  constexpr Note() {
    for (unsigned i = 0; i < sizeof(modc::kToySignature); ++i)
      descriptor[i] = modc::kToySignature[i];
  }
};

} // namespace

extern "C" __attribute__((section(".note.modc"), used, aligned(4)))
const Note modcNote = {};

extern "C" __attribute__((visibility("default"))) const modc_model *
modc_model_entry(int64_t abi, uint64_t features) {
  return modc::toyEntry(abi, features);
}
