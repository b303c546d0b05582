//===- ElfHash.cpp - Is a compiled model whole ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only what is loaded counts: the ELF header, the program headers and the
// segments. So 'strip', which packagers run, does not break the hash; what it
// changes in the header, the place of the section table, stays out.
//
//===----------------------------------------------------------------------===//

#include "runtime/ElfHash.h"

#include "runtime/ElfNote.h"
#include "runtime/formats/Hash.h"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

namespace modc {
namespace {

constexpr size_t kDigits = 16;

/// Where in the file the digits of the hash stand.
std::optional<size_t> findDigits(std::string_view file, std::string_view note) {
  // No text in JSON can hold this: its quotes would be escaped.
  std::string key = std::string("\"") + kFileHashKey + "\":\"";
  size_t at = note.find(key);
  if (at == note.npos || note.size() - at < key.size() + kDigits)
    return std::nullopt;
  return size_t(note.data() - file.data()) + at + key.size();
}

/// A part of the file; an empty one where it lies outside.
std::string_view slice(std::string_view file, uint64_t offset, uint64_t size) {
  if (offset > file.size() || size > file.size() - offset)
    return {};
  return file.substr(size_t(offset), size_t(size));
}

std::optional<std::string> hashLoaded(std::string file, size_t digits) {
  Elf64_Ehdr header;
  if (file.size() < sizeof(header))
    return std::nullopt;
  std::memcpy(&header, file.data(), sizeof(header));
  uint64_t tableSize = uint64_t(header.e_phnum) * sizeof(Elf64_Phdr);
  std::string_view table = slice(file, header.e_phoff, tableSize);
  if (table.empty() || header.e_phentsize != sizeof(Elf64_Phdr))
    return std::nullopt;
  std::string programs(table);

  header.e_shoff = 0;
  header.e_shnum = header.e_shstrndx = 0;
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + digits, kNoFileHash, kDigits);
  Hash hash;
  hash.add(file.data(), sizeof(header));
  hash.add(std::string_view(programs));
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr program;
    std::memcpy(&program, programs.data() + i * sizeof(program),
                sizeof(program));
    if (program.p_type != PT_LOAD)
      continue;
    std::string_view segment = slice(file, program.p_offset, program.p_filesz);
    if (segment.size() != program.p_filesz)
      return std::nullopt;
    hash.add(segment);
  }
  return hash.hex();
}

} // namespace

Status sealLibrary(std::string &file) {
  Result<std::string_view> note = findModelNote(file);
  if (!note)
    return note.error();
  std::optional<size_t> digits = findDigits(file, *note);
  if (!digits)
    return makeError("the model note has no ", inQuotes(kFileHashKey));
  std::optional<std::string> hash = hashLoaded(file, *digits);
  if (!hash)
    return Error("the library's segments lie outside the file");
  std::copy(hash->begin(), hash->end(), file.begin() + ptrdiff_t(*digits));
  return {};
}

Status checkSeal(std::string_view file, std::string_view note) {
  std::optional<size_t> digits = findDigits(file, note);
  if (!digits)
    return {};
  std::optional<std::string> hash = hashLoaded(std::string(file), *digits);
  if (!hash || *hash != file.substr(*digits, kDigits))
    return Error("damaged: its contents are not those that it was written "
                 "with (the hash in its note differs)");
  return {};
}

} // namespace modc
