//===- Result.cpp - Errors as values --------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quoting of text that comes from outside. Names in a hostile file may hold
// control characters or megabytes; neither belongs in a message.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Result.h"

std::string modc::inQuotes(std::string_view text, size_t limit) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "'";
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == limit) {
      out += "...";
      break;
    }
    unsigned char c = static_cast<unsigned char>(text[i]);
    // Bytes from 0x80 on belong to UTF-8 sequences; they are shown as they are.
    if (c < 0x20 || c == 0x7f) {
      out += "\\x";
      out += digits[c >> 4];
      out += digits[c & 15];
    } else {
      out += text[i];
    }
  }
  return out + "'";
}
