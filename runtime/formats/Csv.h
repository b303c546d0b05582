//===- Csv.h - Tables of numbers as text ------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads numeric CSV: rows of inputs with the targets in the last columns, the
// way a spreadsheet or pandas saves them.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_FORMATS_CSV_H
#define MODC_RUNTIME_FORMATS_CSV_H

#include "runtime/formats/File.h"
#include "runtime/formats/Tensor.h"

namespace modc {

struct CsvOptions {
  /// How many of the last columns are targets; 0 if there are none.
  int64_t targetColumns = 1;
  /// Read numbers as F32 or as F64.
  DType type = DType::F32;
};

struct Csv {
  /// [rows, columns - targetColumns] and [rows, targetColumns], of the type
  /// that the options name.
  Tensor inputs;
  Tensor targets;
  /// One per column, from the header line; empty if there is none.
  std::vector<std::string> names;
  /// ',', ';' or tab.
  char separator = ',';
};

/// Parses a file of UTF-8 text; empty lines are skipped, and line ends may be
/// those of Windows. The separator is the tab, semicolon or comma that the
/// first line has, looked for in this order. The first line is a header if none
/// of its fields is a number. A field may stand in double quotes.
///
/// Refuses, with line and column, both counted from 1: a field that is not a
/// decimal number, NaN and infinity, a number out of the type's range, a row
/// whose number of fields differs from the first line's; and a file without
/// rows or without an input column. A number too small for the type becomes
/// zero.
Result<Csv> readCsv(const File &file, const CsvOptions &options = {});
Result<Csv> readCsv(const std::string &path, const CsvOptions &options = {});

} // namespace modc

#endif // MODC_RUNTIME_FORMATS_CSV_H
