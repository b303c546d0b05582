//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The header of a .npy file is a Python dictionary as text. It is parsed by a
// grammar of just what NumPy writes, so nothing in it can surprise.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Npy.h"

#include <cstring>

using namespace modc;

namespace {

constexpr std::string_view magic = "\x93NUMPY";
// NumPy itself refuses headers beyond 10,000 characters unless told otherwise;
// nothing that this reader accepts comes near.
constexpr size_t maxHeader = 1 << 16;
// Of NumPy 1; version 2 reads 64.
constexpr size_t maxRank = 32;

struct Header {
  std::string descr;
  bool fortranOrder = false;
  Shape shape;
};

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest(text) {}

  Result<Header> parse() {
    Header header;
    bool seen[3] = {false, false, false};
    if (!eat('{'))
      return Error("header is not a dictionary");
    while (!eat('}')) {
      std::optional<std::string> key = string();
      if (!key || !eat(':'))
        return Error("header is not a dictionary of named values");
      int which = *key == "descr"           ? 0
                  : *key == "fortran_order" ? 1
                  : *key == "shape"         ? 2
                                            : -1;
      if (which < 0)
        return makeError("header has an unknown key ", inQuotes(*key, 32));
      if (std::exchange(seen[which], true))
        return makeError("header has key ", inQuotes(*key), " twice");
      if (Status value = parseValue(which, header); !value)
        return value.error();
      if (!eat(',') && peek() != '}')
        return makeError("header has no comma after the value of ",
                         inQuotes(*key));
    }
    if (peek() != '\0' || !rest.empty())
      return Error("header goes on after the dictionary");
    for (int i = 0; i < 3; ++i)
      if (!seen[i])
        return makeError("header has no key '",
                         i == 0   ? "descr"
                         : i == 1 ? "fortran_order"
                                  : "shape",
                         "'");
    return header;
  }

private:
  /// The next character that is not a space, or zero at the end.
  char peek() {
    size_t skip = rest.find_first_not_of(" \t\r\n");
    rest.remove_prefix(std::min(skip, rest.size()));
    return rest.empty() ? '\0' : rest.front();
  }

  bool eat(char c) {
    if (rest.empty() || peek() != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }

  bool eatWord(std::string_view word) {
    peek();
    if (rest.substr(0, word.size()) != word)
      return false;
    rest.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> string() {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return std::nullopt;
    size_t end = rest.find(quote, 1);
    if (end == std::string_view::npos)
      return std::nullopt;
    std::string text(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    return text;
  }

  std::optional<int64_t> integer() {
    peek();
    size_t digits = 0;
    int64_t value = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9';
         ++digits)
      if (__builtin_mul_overflow(value, int64_t(10), &value) ||
          __builtin_add_overflow(value, int64_t(rest[digits] - '0'), &value))
        return std::nullopt;
    if (digits == 0)
      return std::nullopt;
    rest.remove_prefix(digits);
    eat('L'); // written by Python 2
    return value;
  }

  Status parseValue(int key, Header &header) {
    if (key == 0) {
      if (peek() == '[')
        return Error("structured dtypes are not supported");
      std::optional<std::string> descr = string();
      if (!descr)
        return Error("header's 'descr' is not a text");
      header.descr = *std::move(descr);
      return {};
    }
    if (key == 1) {
      header.fortranOrder = eatWord("True");
      if (!header.fortranOrder && !eatWord("False"))
        return Error("header's 'fortran_order' is neither True nor False");
      return {};
    }
    return parseShape(header.shape);
  }

  Status parseShape(Shape &shape) {
    if (!eat('('))
      return Error("header's 'shape' is not a tuple");
    bool comma = true;
    while (!eat(')')) {
      if (peek() == '-')
        return Error("header's 'shape' has a negative size");
      std::optional<int64_t> size = comma ? integer() : std::nullopt;
      if (!size)
        return Error("header's 'shape' is not a tuple of sizes that fit 63 "
                     "bits");
      shape.push_back(*size);
      if (shape.size() > maxRank)
        return makeError("header's 'shape' has more than ", maxRank,
                         " dimensions");
      comma = eat(',');
    }
    return {};
  }

  std::string_view rest;
};

struct NpyType {
  std::string_view descr;
  DType type;
};

constexpr NpyType npyTypes[] = {
    {"|b1", DType::Bool}, {"|u1", DType::U8},  {"|i1", DType::I8},
    {"<u2", DType::U16},  {"<i2", DType::I16}, {"<f2", DType::F16},
    {"<u4", DType::U32},  {"<i4", DType::I32}, {"<f4", DType::F32},
    {"<u8", DType::U64},  {"<i8", DType::I64}, {"<f8", DType::F64},
};

Result<DType> typeOf(const std::string &descr) {
  for (const NpyType &known : npyTypes) {
    if (known.descr == descr)
      return known.type;
    // Byte order means nothing for one byte, and NumPy reads any.
    if (known.descr[0] == '|' && descr.size() == 3 &&
        std::strchr("<>=", descr[0]) &&
        known.descr.substr(1) == descr.substr(1))
      return known.type;
  }
  if (!descr.empty() && descr[0] == '>')
    return makeError("dtype ", inQuotes(descr, 32),
                     " is big-endian; save it as little-endian");
  return makeError("dtype ", inQuotes(descr, 32), " is not supported");
}

Result<Tensor> readArray(const File &file) {
  const uint8_t *bytes = file.data();
  size_t size = file.size();
  if (size < magic.size() + 4 ||
      std::memcmp(bytes, magic.data(), magic.size()) != 0)
    return Error("not a .npy file");
  unsigned major = bytes[6], minor = bytes[7];
  if (major < 1 || major > 3 || minor != 0)
    return makeError("version ", major, ".", minor,
                     " of .npy is not one of 1.0, 2.0 and 3.0");
  size_t lengthBytes = major == 1 ? 2 : 4;
  size_t start = 8 + lengthBytes;
  if (size < start)
    return Error("ends within the header");
  size_t length = 0;
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= size_t(bytes[8 + i]) << (8 * i);
  if (length > size - start)
    return makeError("header of ", length, " bytes goes beyond the file's ",
                     size);
  if (length > maxHeader)
    return makeError("header of ", length, " bytes is longer than ", maxHeader);

  std::string_view text(reinterpret_cast<const char *>(bytes) + start, length);
  Result<Header> header = HeaderParser(text).parse();
  if (!header)
    return header.error();
  Result<DType> type = typeOf(header->descr);
  if (!type)
    return type.error();
  if (header->fortranOrder)
    return Error("array is in Fortran order; save it in C order "
                 "(numpy.ascontiguousarray)");
  std::optional<int64_t> count = elementCount(header->shape, sizeOf(*type));
  if (!count)
    return makeError("shape ", toString(header->shape), " of ", nameOf(*type),
                     " does not fit memory");
  size_t wanted = size_t(*count) * sizeOf(*type);
  size_t found = size - start - length;
  if (wanted != found)
    return makeError("shape ", toString(header->shape), " of ", nameOf(*type),
                     " needs ", wanted, " bytes but the file has ", found,
                     " after its header");

  return Tensor{{},
                *type,
                std::move(header->shape),
                bytes + start + length,
                file.owner()};
}

} // namespace

Result<Tensor> modc::readNpy(const File &file) {
  std::string source = inQuotes(file.name(), pathLimit);
  Result<Tensor> tensor = readArray(file);
  if (!tensor)
    return tensor.error().within(source);
  tensor->source = std::move(source);
  return tensor;
}

Result<Tensor> modc::readNpy(const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  return readNpy(*file);
}

Result<std::string> modc::npyHeader(const Tensor &tensor) {
  std::string_view descr;
  for (const NpyType &known : npyTypes)
    if (known.type == tensor.type)
      descr = known.descr;
  if (descr.empty())
    return makeError(".npy has no dtype ", nameOf(tensor.type));
  if (tensor.shape.size() > maxRank)
    return makeError(".npy has no shape of ", tensor.shape.size(),
                     " dimensions");
  // As NumPy prints a tuple: (), (3,), (3, 4).
  std::string shape;
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    shape += (i ? " " : "") + std::to_string(tensor.shape[i]) + ",";
  if (tensor.shape.size() > 1)
    shape.pop_back();
  std::string text = "{'descr': '" + std::string(descr) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  size_t prefix = magic.size() + 4;
  size_t total = (prefix + text.size() + 1 + 63) / 64 * 64;
  text.resize(total - prefix - 1, ' ');
  text += '\n';
  std::string header(magic);
  header += {'\x01', '\x00', char(text.size() & 255), char(text.size() >> 8)};
  return header + text;
}

Status modc::writeNpy(const std::string &path, const Tensor &tensor) {
  Result<std::string> header = npyHeader(tensor);
  if (!header)
    return header.error().within("cannot write " + inQuotes(path, pathLimit));
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return file.error();
  if (Status status = file->write(header->data(), header->size()); !status)
    return status;
  if (Status status = file->write(tensor.data, tensor.byteSize()); !status)
    return status;
  return file->commit();
}
