//===- SafetensorsHeader.h - JSON header of safetensors ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What stands in the header of a safetensors file, before anything is checked
// against the file. Internal to Safetensors.cpp and its header parser.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_SAFETENSORSHEADER_H
#define MODC_RUNTIME_FORMATS_SAFETENSORSHEADER_H

#include "runtime/formats/Result.h"
#include "runtime/formats/Tensor.h"

#include <map>

namespace modc::detail {

struct HeaderEntry {
  std::string dtype;
  Shape shape;
  /// Within the payload; begin <= end is not yet checked.
  int64_t begin = 0;
  int64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// Parses the JSON text. All entries are complete and no name stands twice.
Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view text);

/// `text` as a JSON string with its quotes; nothing if it is not UTF-8.
std::optional<std::string> jsonString(const std::string &text);

} // namespace modc::detail

#endif // MODC_RUNTIME_FORMATS_SAFETENSORSHEADER_H
