//===- TemporaryFolder.cpp - Files for other programs ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names are whole ones: LLVM takes relative ones as names in the system's
// folder.
//
//===----------------------------------------------------------------------===//

#include "frontend/TemporaryFolder.h"

#include "runtime/formats/File.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace modc {

Result<TemporaryFolder> TemporaryFolder::create(const std::string &parent,
                                                std::string_view prefix) {
  llvm::SmallString<128> folder(parent);
  if (folder.empty())
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  llvm::sys::fs::make_absolute(folder);
  std::string whole(folder);
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory(
          whole + "/" + std::string(prefix), folder))
    return makeError("cannot make a temporary directory in ", inQuotes(whole),
                     ": ", reasonText(error.value()));
  return TemporaryFolder(std::string(folder));
}

TemporaryFolder::~TemporaryFolder() {
  if (!folder.empty())
    (void)llvm::sys::fs::remove_directories(folder);
}

std::string TemporaryFolder::path(std::string_view name) const {
  return folder + "/" + std::string(name);
}

Result<std::string> TemporaryFolder::write(std::string_view name,
                                           const std::string &bytes) const {
  std::string whole = path(name);
  std::error_code error;
  llvm::raw_fd_ostream out(whole, error);
  if (!error) {
    out << bytes;
    out.close();
    error = out.error();
    out.clear_error();
  }
  if (error)
    return makeError("cannot write ", inQuotes(whole), ": ",
                     reasonText(error.value()));
  return whole;
}

std::string TemporaryFolder::read(std::string_view name) const {
  auto buffer = llvm::MemoryBuffer::getFile(path(name));
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

} // namespace modc
