//===- ElfNote.cpp - Find a model's note in an ELF file -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A minimal ELF64 reader over a byte range. Structures are copied out, because
// nothing in a hostile file needs to be aligned.
//
//===----------------------------------------------------------------------===//

#include "runtime/ElfNote.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <optional>

namespace modc {
namespace {

constexpr std::string_view kSection = ".note.modc";
constexpr std::string_view kOwner("modc\0", 5);

/// `size` bytes at `offset`, if the file has them.
std::optional<std::string_view> slice(std::string_view file, uint64_t offset,
                                      uint64_t size) {
  if (offset > file.size() || size > file.size() - offset)
    return std::nullopt;
  return file.substr(size_t(offset), size_t(size));
}

template <typename T>
std::optional<T> read(std::string_view file, uint64_t offset) {
  std::optional<std::string_view> bytes = slice(file, offset, sizeof(T));
  if (!bytes)
    return std::nullopt;
  T value;
  std::memcpy(&value, bytes->data(), sizeof(T));
  return value;
}

/// The descriptor of the first note of ours in a section's contents.
std::optional<std::string_view> findNote(std::string_view section) {
  uint64_t position = 0;
  auto padded = [](uint64_t size) { return (size + 3) & ~uint64_t(3); };
  while (auto note = read<Elf64_Nhdr>(section, position)) {
    position += sizeof(Elf64_Nhdr);
    auto owner = slice(section, position, note->n_namesz);
    position += padded(note->n_namesz);
    auto descriptor = slice(section, position, note->n_descsz);
    position += padded(note->n_descsz);
    if (!owner || !descriptor)
      return std::nullopt;
    if (*owner == kOwner && note->n_type == 1)
      return descriptor;
  }
  return std::nullopt;
}

} // namespace

Result<std::string_view> findModelNote(std::string_view file) {
  auto header = read<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    return Error("not an ELF file");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_X86_64)
    return Error("an ELF file, but not for x86-64");
  if (header->e_type != ET_DYN)
    return Error("an ELF file, but not a shared library");

  // A file with 65,280 sections or more keeps its counts in section 0.
  uint64_t count = header->e_shnum;
  uint64_t names = header->e_shstrndx;
  auto first = read<Elf64_Shdr>(file, header->e_shoff);
  if (count == 0 && header->e_shoff != 0 && first)
    count = first->sh_size;
  if (names == SHN_XINDEX && first)
    names = first->sh_link;
  if (header->e_shoff == 0 || header->e_shentsize != sizeof(Elf64_Shdr) ||
      count > file.size() / sizeof(Elf64_Shdr) ||
      !slice(file, header->e_shoff, count * sizeof(Elf64_Shdr)) ||
      names >= count)
    return Error("no .note.modc: its table of sections is missing or damaged");

  auto section = [&](uint64_t index) {
    return *read<Elf64_Shdr>(file,
                             header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  Elf64_Shdr nameTable = section(names);
  auto nameBytes = slice(file, nameTable.sh_offset, nameTable.sh_size);
  if (!nameBytes)
    return Error("no .note.modc: its section names lie outside the file");
  for (uint64_t i = 0; i < count; ++i) {
    Elf64_Shdr candidate = section(i);
    auto name = slice(*nameBytes, candidate.sh_name, kSection.size() + 1);
    if (candidate.sh_type != SHT_NOTE || !name ||
        name->substr(0, kSection.size()) != kSection || name->back() != '\0')
      continue;
    auto contents = slice(file, candidate.sh_offset, candidate.sh_size);
    if (!contents)
      return Error("section .note.modc lies outside the file");
    auto note = findNote(*contents);
    if (!note)
      return Error("section .note.modc is damaged");
    size_t end = note->find_last_not_of('\0');
    return note->substr(0, end == std::string_view::npos ? 0 : end + 1);
  }
  return Error("no .note.modc");
}

} // namespace modc
