//===- Csv.cpp - Tables of numbers as text --------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pass over the mapped text with std::from_chars, which knows no locale.
// What is unusual, quotes and numbers at the edge of the range, is kept out of
// the way of what is not.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <stdexcept>

using namespace modc;

namespace {

enum class Problem { None, Empty, NotANumber, NotFinite, OutOfRange };

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// Whether a decimal number, known to be too large or too small for a double or
/// a float, is the former: whether its first digit other than zero, shifted by
/// the exponent, stands before the point.
bool isLarge(std::string_view text) {
  size_t e = std::min(text.find_first_of("eE"), text.size());
  std::string_view digits = text.substr(0, e);
  size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos)
    return false;
  auto point = int64_t(std::min(digits.find('.'), digits.size()));
  // Fields are far shorter than 2^62 bytes, so nothing overflows below.
  int64_t exponent = 0;
  bool negative = text.substr(e, 2) == "e-" || text.substr(e, 2) == "E-";
  for (char c : text.substr(e))
    if (c >= '0' && c <= '9' && exponent < int64_t(1) << 55)
      exponent = exponent * 10 + (c - '0');
  return point - int64_t(first) + (negative ? -exponent : exponent) > 0;
}

/// Parses a field without blanks around it.
template <typename T>
Problem parseNumber(std::string_view text, T &value) {
  if (text.empty())
    return Problem::Empty;
  const char *begin = text.data(), *end = begin + text.size();
  // from_chars takes no plus sign.
  if (*begin == '+' && text.size() > 1 && begin[1] != '-')
    ++begin;
  auto [stop, code] = std::from_chars(begin, end, value);
  if (stop != end || code == std::errc::invalid_argument)
    return Problem::NotANumber;
  if (code == std::errc::result_out_of_range) {
    if (isLarge(text))
      return Problem::OutOfRange;
    value = *begin == '-' ? T(-0.0) : T(0);
  }
  return std::isfinite(value) ? Problem::None : Problem::NotFinite;
}

/// Walks the fields of one line.
class Fields {
public:
  Fields(std::string_view line, char separator)
      : rest(line), separator(separator) {}

  /// The next field without blanks and quotes; false after the last. A field
  /// whose quotes do not match keeps them, and is then no number.
  bool next(std::string_view &field) {
    if (done)
      return false;
    size_t begin = rest.find_first_not_of(" \r");
    size_t search = 0;
    if (begin != std::string_view::npos && rest[begin] == '"') {
      size_t close = rest.find('"', begin + 1);
      // Two quotes in a row stand for one within the field.
      while (close != std::string_view::npos && close + 1 < rest.size() &&
             rest[close + 1] == '"')
        close = rest.find('"', close + 2);
      if (close != std::string_view::npos)
        search = close;
    }
    const char *found =
        search < rest.size()
            ? static_cast<const char *>(std::memchr(
                  rest.data() + search, separator, rest.size() - search))
            : nullptr;
    size_t length = found ? size_t(found - rest.data()) : rest.size();
    field = trimmed(rest.substr(0, length));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
      field = trimmed(field.substr(1, field.size() - 2));
    done = !found;
    rest.remove_prefix(found ? length + 1 : length);
    return true;
  }

private:
  std::string_view rest;
  char separator;
  bool done = false;
};

/// The lines that are not blank, with their numbers.
class Lines {
public:
  explicit Lines(const File &file)
      : rest(reinterpret_cast<const char *>(file.data()), file.size()) {
    if (rest.substr(0, 3) == "\xef\xbb\xbf") // a byte-order mark
      rest.remove_prefix(3);
  }

  bool next(std::string_view &line) {
    while (!rest.empty()) {
      ++number;
      size_t end = std::min(rest.find('\n'), rest.size());
      line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.find_first_not_of(" \t\r") != std::string_view::npos)
        return true;
    }
    return false;
  }

  int64_t number = 0;
  std::string_view rest;
};

char separatorOf(std::string_view line) {
  for (char candidate : {'\t', ';', ','}) {
    bool quoted = false;
    for (char c : line) {
      quoted ^= c == '"';
      if (c == candidate && !quoted)
        return candidate;
    }
  }
  return ',';
}

Error at(int64_t line, int64_t column) {
  return makeError("line ", line, ", column ", column);
}

Error describe(Problem problem, std::string_view field, DType type) {
  std::string text = inQuotes(field, 32);
  switch (problem) {
  case Problem::Empty:
    return Error("field is empty");
  case Problem::NotFinite:
    return Error(text + " is not a finite number");
  case Problem::OutOfRange:
    return makeError(text, " is out of the range of ", nameOf(type));
  default:
    return Error(text + " is not a number");
  }
}

/// The names in the first line, or none if it holds numbers. A line with both
/// is refused: it is more likely damaged than a header.
Result<std::vector<std::string>> headerNames(std::string_view line,
                                             int64_t number, char separator) {
  std::vector<std::string> names;
  Fields fields(line, separator);
  std::string_view field;
  int64_t column = 0, numbers = 0, other = 0;
  std::string otherText;
  while (fields.next(field)) {
    ++column;
    double ignored;
    if (parseNumber(field, ignored) == Problem::NotANumber) {
      if (other == 0) {
        other = column;
        otherText = inQuotes(field, 32);
      }
    } else if (!field.empty()) {
      ++numbers;
    }
    names.emplace_back(field);
    for (size_t at = 0;
         (at = names.back().find("\"\"", at)) != std::string::npos; ++at)
      names.back().erase(at, 1);
  }
  if (other == 0)
    return std::vector<std::string>();
  if (numbers > 0)
    return Error(at(number, other).message() + ": " + otherText +
                 " is not a number, and other fields of the line are: it is "
                 "neither a header nor a row");
  return names;
}

template <typename T>
Result<Csv> parse(const File &file, const CsvOptions &options) {
  Lines lines(file);
  std::string_view line;
  if (!lines.next(line))
    return Error("file has no rows");
  Csv csv;
  csv.separator = separatorOf(line);
  Result<std::vector<std::string>> names =
      headerNames(line, lines.number, csv.separator);
  if (!names)
    return names.error();
  csv.names = *std::move(names);

  int64_t firstLine = lines.number, columns = 0;
  Fields first(line, csv.separator);
  for (std::string_view field; first.next(field);)
    ++columns;
  int64_t inputs = columns - options.targetColumns;
  if (inputs < 1)
    return makeError("line ", firstLine, " has ", columns,
                     " columns, which leaves no input beside ",
                     options.targetColumns, " of targets");
  if (!csv.names.empty() && !lines.next(line))
    return Error("file has a header but no rows");

  std::vector<T> x, y;
  // A guess from the first row saves most of the copying as the vectors grow.
  // A row takes a digit and a separator for each column at least, which keeps
  // the guess below the file's size even if the first row is cut short.
  size_t width = std::max(line.size() + 1, size_t(columns) * 2);
  size_t guess = 1 + lines.rest.size() / width;
  x.reserve(guess * size_t(inputs));
  y.reserve(guess * size_t(options.targetColumns));
  int64_t rows = 0;
  do {
    Fields fields(line, csv.separator);
    std::string_view field;
    int64_t column = 0;
    for (; fields.next(field); ++column) {
      T value = 0;
      Problem problem = parseNumber(field, value);
      if (problem != Problem::None)
        return describe(problem, field, options.type)
            .within(at(lines.number, column + 1).message());
      if (column < inputs)
        x.push_back(value);
      else if (column < columns)
        y.push_back(value);
    }
    if (column != columns)
      return makeError("line ", lines.number, " has ", column,
                       " columns but line ", firstLine, " has ", columns);
    ++rows;
  } while (lines.next(line));

  std::string source = inQuotes(file.name(), pathLimit);
  csv.inputs = makeTensor<T>(source, {rows, inputs}, std::move(x));
  csv.targets = makeTensor<T>(source + ": targets",
                              {rows, options.targetColumns}, std::move(y));
  return csv;
}

} // namespace

Result<Csv> modc::readCsv(const File &file, const CsvOptions &options) {
  std::string source = inQuotes(file.name(), pathLimit);
  if (options.targetColumns < 0)
    return makeError(source, ": ", options.targetColumns, " target columns");
  if (options.type != DType::F32 && options.type != DType::F64)
    return makeError(source, ": numbers are read as f32 or f64, not as ",
                     nameOf(options.type));
  try {
    Result<Csv> csv = options.type == DType::F32 ? parse<float>(file, options)
                                                 : parse<double>(file, options);
    if (!csv)
      return csv.error().within(source);
    return csv;
  } catch (const std::bad_alloc &) {
    return makeError(source, ": no memory for its rows");
  } catch (const std::length_error &) {
    return makeError(source, ": no memory for its rows");
  }
}

Result<Csv> modc::readCsv(const std::string &path, const CsvOptions &options) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  return readCsv(*file, options);
}
