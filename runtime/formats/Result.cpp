//===- Result.cpp - Errors as values --------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parts of messages that come from outside: names in a hostile file, which may
// hold control characters or megabytes, and what the system says.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Result.h"

#include <system_error>

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

std::string modc::reasonText(int code) {
  // strerror is not safe with threads; this is.
  std::string text = std::generic_category().message(code);
  // Its texts start with a capital, messages here do not; but "RPC ..." stays.
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' &&
      text[1] <= 'z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}
