//===- Linker.cpp - Shared libraries from objects -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Objects and the library go through files in a folder of their own, which is
// removed in any case; the library gets its hash and is then written as a
// whole.
//
//===----------------------------------------------------------------------===//

#include "frontend/Linker.h"

#include "frontend/TemporaryFolder.h"
#include "runtime/ElfHash.h"
#include "runtime/formats/File.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

#include <optional>

namespace modc {
namespace {

struct LinkerProgram {
  std::string path;
  bool compilerDriver = false;
};

std::optional<LinkerProgram> findLinker() {
  // As the packages install it, then what the path has.
  const char *packaged = "/usr/lib/llvm-22/bin/ld.lld";
  if (llvm::sys::fs::can_execute(packaged))
    return LinkerProgram{packaged};
  for (const char *name : {"ld.lld-22", "ld.lld"})
    if (auto found = llvm::sys::findProgramByName(name))
      return LinkerProgram{*found};
  if (auto found = llvm::sys::findProgramByName("cc"))
    return LinkerProgram{*found, /*compilerDriver=*/true};
  return std::nullopt;
}

} // namespace

Status linkSharedLibrary(const std::vector<std::string> &objects,
                         const std::string &path,
                         const std::string &temporaryFolder) {
  std::optional<LinkerProgram> linker = findLinker();
  if (!linker)
    return Error("no linker: neither ld.lld (package lld-22) nor cc was found");

  auto folder = TemporaryFolder::create(temporaryFolder, "modc-link");
  if (!folder)
    return folder.error();
  std::vector<std::string> files;
  for (const std::string &object : objects) {
    auto file = folder->write(std::to_string(files.size()) + ".o", object);
    if (!file)
      return file.error();
    files.push_back(std::move(*file));
  }

  std::string linked = folder->path("linked.so");
  std::vector<std::string> arguments = {linker->path};
  auto option = [&](const std::string &text) {
    if (linker->compilerDriver)
      arguments.push_back("-Wl," + text);
    else
      for (auto [part, rest] = llvm::StringRef(text).split(','); !part.empty();
           std::tie(part, rest) = rest.split(','))
        arguments.push_back(part.str());
  };
  arguments.push_back("-shared");
  if (linker->compilerDriver)
    arguments.push_back("-nostdlib");
  option("-z,now");
  option("-z,relro");
  option("-z,noexecstack");
  option("--build-id=none");
  option("--hash-style=gnu");
  arguments.push_back("-o");
  arguments.push_back(linked);
  arguments.insert(arguments.end(), files.begin(), files.end());

  std::string log = folder->path("log"), reason;
  std::vector<llvm::StringRef> references(arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(""), llvm::StringRef(log), llvm::StringRef(log)};
  int code = llvm::sys::ExecuteAndWait(linker->path, references, std::nullopt,
                                       redirects, 0, 0, &reason);
  if (code != 0) {
    if (reason.empty())
      reason = llvm::StringRef(folder->read("log")).trim().str();
    return makeError("cannot link ", inQuotes(path), " with ", linker->path,
                     ": ", reason.empty() ? "no message" : reason);
  }
  auto library = llvm::MemoryBuffer::getFile(linked);
  if (!library)
    return makeError("cannot read ", inQuotes(linked), ": ",
                     reasonText(library.getError().value()));
  std::string bytes = (*library)->getBuffer().str();
  if (Status sealed = sealLibrary(bytes); !sealed)
    return sealed.error().within(inQuotes(path));
  return writeFile(path, bytes, 0777);
}

} // namespace modc
