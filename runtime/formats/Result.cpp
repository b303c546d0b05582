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

namespace {

/// The length of the printable UTF-8 character that `text` begins with, or 0:
/// for a control character (C1 too, which terminals obey) and for what is not
/// the shortest form of a Unicode scalar value.
size_t printableLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned lead = byte(0);
  if (lead < 0x80)
    return lead >= 0x20 && lead != 0x7f;
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
    return 0;
  unsigned code = lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  static const unsigned first[] = {0xa0, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < first[length - 2] || code > 0x10ffff || surrogate ? 0 : length;
}

} // namespace

std::string modc::inQuotes(std::string_view text, size_t limit) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "'";
  size_t at = 0;
  while (at < text.size()) {
    size_t length = printableLength(text.substr(at));
    if (at + (length ? length : 1) > limit) {
      out += "...";
      break;
    }
    if (length == 0) {
      auto c = static_cast<unsigned char>(text[at++]);
      out += {'\\', 'x', digits[c >> 4], digits[c & 15]};
      continue;
    }
    out += text.substr(at, length);
    at += length;
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
