//===- Spirv.cpp - What a SPIR-V module says of itself --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A header of five words, then instructions: the first word of each holds its
// length and opcode. What we look for stands before the first function.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/Spirv.h"

#include <cstring>
#include <map>

namespace modc {
namespace {

constexpr uint32_t kMagic = 0x07230203;
constexpr size_t kHeaderWords = 5;
enum Opcode : uint32_t {
  OpExtension = 10,
  OpEntryPoint = 15,
  OpExecutionMode = 16,
  OpCapability = 17,
  OpFunction = 54
};
constexpr uint32_t kLocalSize = 17, kGLCompute = 5;

/// The words of an instruction after its first one.
struct Operands {
  const uint32_t *words;
  size_t count;

  /// A literal string from word `first` on; empty where it has no end.
  std::string text(size_t first) const {
    if (first >= count)
      return {};
    auto *begin = reinterpret_cast<const char *>(words + first);
    size_t most = (count - first) * 4;
    size_t length = strnlen(begin, most);
    return length < most ? std::string(begin, length) : std::string();
  }
};

} // namespace

Result<SpirvModule> readSpirv(std::string_view image) {
  SpirvModule module;
  if (image.size() % 4 != 0 || image.size() < kHeaderWords * 4)
    return makeError("no SPIR-V: ", image.size(),
                     " bytes are no header and whole words");
  module.words.resize(image.size() / 4);
  std::memcpy(module.words.data(), image.data(), image.size());
  const std::vector<uint32_t> &words = module.words;
  if (words[0] != kMagic)
    return Error("no SPIR-V: another magic number");
  module.major = words[1] >> 16 & 0xff;
  module.minor = words[1] >> 8 & 0xff;

  // By the entry point's function.
  std::map<uint32_t, std::array<int64_t, 3>> sizes;
  std::vector<std::pair<uint32_t, std::string>> names;
  for (size_t at = kHeaderWords; at < words.size();) {
    uint32_t opcode = words[at] & 0xffff;
    size_t length = words[at] >> 16;
    if (length == 0 || length > words.size() - at)
      return makeError("no SPIR-V: the instruction at word ", at, " of ",
                       words.size(), " has ", length, " words");
    if (opcode == OpFunction)
      break;
    Operands operands{&words[at] + 1, length - 1};
    if (opcode == OpCapability && operands.count == 1)
      module.capabilities.push_back(operands.words[0]);
    else if (opcode == OpExtension)
      module.extensions.push_back(operands.text(0));
    else if (opcode == OpEntryPoint && operands.count > 2 &&
             operands.words[0] == kGLCompute)
      names.emplace_back(operands.words[1], operands.text(2));
    else if (opcode == OpExecutionMode && operands.count == 5 &&
             operands.words[1] == kLocalSize)
      sizes[operands.words[0]] = {operands.words[2], operands.words[3],
                                  operands.words[4]};
    at += length;
  }
  for (auto &[function, name] : names)
    module.entries.push_back({std::move(name), sizes[function]});
  return module;
}

} // namespace modc
