//===- Idx.cpp - IDX files (MNIST), gzip too ------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both kinds of file go through one parser that is fed bytes; only where the
// bytes come from differs.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Idx.h"

#include "runtime/formats/Gunzip.h"

#include <algorithm>
#include <new>

using namespace modc;

namespace {

/// The element type of an IDX magic number's third byte.
std::optional<DType> typeOf(uint8_t code) {
  switch (code) {
  case 0x08:
    return DType::U8;
  case 0x09:
    return DType::I8;
  case 0x0b:
    return DType::I16;
  case 0x0c:
    return DType::I32;
  case 0x0d:
    return DType::F32;
  case 0x0e:
    return DType::F64;
  default:
    return std::nullopt;
  }
}

/// The bytes of the array one after the other, compressed or not.
class Source {
public:
  explicit Source(const File &file) : file(file) {
    if (isGzip(file.data(), file.size()))
      gzip.emplace(file.data(), file.size());
  }

  bool compressed() const { return gzip.has_value(); }

  /// As Gunzip::read.
  Result<size_t> read(uint8_t *out, size_t size) {
    if (gzip)
      return gzip->read(out, size);
    size = std::min(size, file.size() - used);
    std::copy_n(file.data() + used, size, out);
    used += size;
    return size;
  }

  /// The most that can still come.
  uint64_t most() const {
    return gzip ? Gunzip::mostFrom(file.size()) : file.size() - used;
  }

  /// The plain file's bytes that come next.
  const uint8_t *rest() const { return file.data() + used; }

private:
  const File &file;
  std::optional<Gunzip> gzip;
  size_t used = 0;
};

Result<Tensor> readHeader(Source &source) {
  uint8_t magic[4];
  Result<size_t> got = source.read(magic, 4);
  if (!got)
    return got.error();
  if (*got < 4 || magic[0] != 0 || magic[1] != 0)
    return Error("not an IDX file");
  std::optional<DType> type = typeOf(magic[2]);
  if (!type)
    return makeError("not an IDX file: its magic number has type ", magic[2],
                     ", not one of 8, 9, 11, 12, 13 and 14");
  if (magic[3] == 0)
    return Error("not an IDX file: its magic number has no dimensions");
  Shape shape;
  for (int i = 0; i < magic[3]; ++i) {
    uint8_t size[4];
    got = source.read(size, 4);
    if (!got)
      return got.error();
    if (*got < 4)
      return makeError("ends within the header's ", magic[3], " sizes");
    shape.push_back(int64_t(size[0]) << 24 | size[1] << 16 | size[2] << 8 |
                    size[3]);
  }
  return Tensor{{}, *type, std::move(shape), nullptr, nullptr};
}

Result<Tensor> readArray(const File &file) {
  Source source(file);
  Result<Tensor> header = readHeader(source);
  if (!header)
    return header.error();
  Tensor &tensor = *header;
  size_t width = sizeOf(tensor.type);
  std::string what = "shape " + toString(tensor.shape) + " of " +
                     std::string(nameOf(tensor.type));
  std::optional<int64_t> count = elementCount(tensor.shape, width);
  if (!count)
    return makeError(what, " does not fit memory");
  size_t bytes = size_t(*count) * width;
  if (bytes > source.most())
    return makeError(what, " needs ", bytes, " bytes but the file has ",
                     source.compressed() ? "at most " : "", source.most(),
                     " after its header");
  if (!source.compressed() && bytes < source.most())
    return makeError(what, " needs ", bytes, " bytes but the file has ",
                     source.most(), " after its header");
  if (!source.compressed() && width == 1) {
    tensor.data = source.rest();
    tensor.owner = file.owner();
    return header;
  }

  // Not a vector: that would write zeros to all of it first.
  auto values = std::shared_ptr<uint8_t[]>(new uint8_t[bytes]);
  Result<size_t> got = source.read(values.get(), bytes);
  if (!got)
    return got.error();
  if (*got < bytes)
    return makeError(what, " needs ", bytes, " bytes but the file has ", *got,
                     " after its header");
  // Asking for one byte more verifies the checksum at the end, too.
  uint8_t more;
  got = source.read(&more, 1);
  if (!got)
    return got.error();
  if (*got != 0)
    return makeError(what, " needs ", bytes,
                     " bytes but the file has more after its header");
  for (size_t i = 0; width > 1 && i < bytes; i += width)
    std::reverse(values.get() + i, values.get() + i + width);
  tensor.data = values.get();
  tensor.owner = std::move(values);
  return header;
}

} // namespace

Result<Tensor> modc::readIdx(const File &file) {
  std::string source = inQuotes(file.name(), pathLimit);
  try {
    Result<Tensor> tensor = readArray(file);
    if (!tensor)
      return tensor.error().within(source);
    tensor->source = std::move(source);
    return tensor;
  } catch (const std::bad_alloc &) {
    return makeError(source, ": no memory for its array");
  }
}

Result<Tensor> modc::readIdx(const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  return readIdx(*file);
}
