//===- PtxFigures.cpp - What ptxas says of kernels ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the text line by line. ptxas has no other form of it; what it adds from
// version to version stands between the figures and is passed over.
//
//===----------------------------------------------------------------------===//

#include "frontend/PtxFigures.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

using llvm::StringRef;

namespace modc {
namespace {

/// What stands between the first quotes after `before`; empty without any.
StringRef quotedAfter(StringRef line, StringRef before) {
  size_t at = line.find(before);
  if (at == StringRef::npos)
    return {};
  return line.drop_front(at + before.size())
      .split('\'')
      .second.split('\'')
      .first;
}

/// Reads the number before `what` ("used 1 barriers", "96 bytes smem") from the
/// parts of `line`. False if one is there that is no number.
bool readPart(StringRef line, StringRef what, int64_t &value) {
  llvm::SmallVector<StringRef> parts;
  line.split(parts, ',');
  for (StringRef part : parts) {
    part = part.trim();
    if (!part.consume_back(what))
      continue;
    StringRef number = part.rtrim();
    number = number.drop_front(number.rfind(' ') + 1);
    return !number.getAsInteger(10, value) && value >= 0;
  }
  return true;
}

/// A kernel of which not everything has been read.
struct Reader {
  std::vector<PtxFigures> kernels;
  /// Whether the last kernel's two lines have come.
  bool hasStack = true, hasRegisters = true;
  /// Whether the next line with a stack is of the last kernel, not of a
  /// function that it calls.
  bool isOwn = false;

  Status checkLast() const {
    if (hasStack && hasRegisters)
      return {};
    return makeError("ptxas gives no ", hasStack ? "registers" : "stack",
                     " of kernel ", inQuotes(kernels.back().kernel));
  }
  Status read(StringRef line);
};

Status Reader::read(StringRef line) {
  if (StringRef name = quotedAfter(line, "Compiling entry function");
      !name.empty()) {
    if (Status status = checkLast(); !status)
      return status;
    PtxFigures figures;
    figures.kernel = name.str();
    figures.chip = quotedAfter(line, "' for").str();
    kernels.push_back(figures);
    hasStack = hasRegisters = false;
    return {};
  }
  if (kernels.empty())
    return {};
  PtxFigures &last = kernels.back();
  StringRef text = line.substr(line.find(':') + 1).trim();
  if (StringRef own = text; own.consume_front("Function properties for ")) {
    isOwn = own.trim() == last.kernel;
    return {};
  }
  bool read = true;
  if (isOwn && line.contains("bytes stack frame")) {
    read = readPart(line, "bytes stack frame", last.stackBytes) &&
           readPart(line, "bytes spill stores", last.spillStoreBytes) &&
           readPart(line, "bytes spill loads", last.spillLoadBytes);
    hasStack = true;
    isOwn = false;
  } else if (text.starts_with("Used ") && text.contains(" registers")) {
    read = readPart(text, "registers", last.registers) &&
           readPart(text, "barriers", last.barriers) &&
           readPart(text, "bytes smem", last.sharedBytes);
    hasRegisters = true;
  }
  if (!read)
    return makeError("ptxas says of kernel ", inQuotes(last.kernel),
                     " what has no numbers: ", inQuotes(text.str()));
  return {};
}

} // namespace

Result<std::vector<PtxFigures>> parsePtxasLog(std::string_view log) {
  Reader reader;
  llvm::SmallVector<StringRef> lines;
  StringRef(log.data(), log.size()).split(lines, '\n');
  for (StringRef line : lines)
    if (Status status = reader.read(line); !status)
      return status.error();
  if (Status status = reader.checkLast(); !status)
    return status.error();
  return reader.kernels;
}

} // namespace modc
