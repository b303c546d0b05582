//===- TemporaryFolder.h - Files for other programs -------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A folder for what a linker or an assembler reads and writes: they know files
// only. It goes with the object, with all that it holds.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_TEMPORARYFOLDER_H
#define MODC_FRONTEND_TEMPORARYFOLDER_H

#include "runtime/formats/Result.h"

#include <string>
#include <string_view>
#include <utility>

namespace modc {

class TemporaryFolder {
public:
  /// A new folder in `parent` (empty: the system's), whose name begins with
  /// `prefix`.
  static Result<TemporaryFolder> create(const std::string &parent,
                                        std::string_view prefix);
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder &&other) noexcept
      : folder(std::exchange(other.folder, {})) {}
  TemporaryFolder &operator=(TemporaryFolder &&) = delete;

  /// The whole name of a file in it.
  std::string path(std::string_view name) const;
  /// Writes a file, whose whole name it gives. Plainly: what is read in a
  /// moment needs no sync.
  Result<std::string> write(std::string_view name,
                            const std::string &bytes) const;
  /// The contents of a file; empty where there is none.
  std::string read(std::string_view name) const;

private:
  explicit TemporaryFolder(std::string folder) : folder(std::move(folder)) {}
  /// Empty in what was moved from.
  std::string folder;
};

} // namespace modc

#endif // MODC_FRONTEND_TEMPORARYFOLDER_H
