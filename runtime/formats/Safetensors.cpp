//===- Safetensors.cpp - Named tensors in one file ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the header of a safetensors file against the file, and lays out and
// hashes what is written. The format is that of the safetensors project.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Safetensors.h"

#include "runtime/formats/Hash.h"
#include "runtime/formats/SafetensorsHeader.h"

#include <algorithm>
#include <new>
#include <tuple>

using namespace modc;
using namespace modc::detail;

namespace {

// The limit of the format's reference implementation.
constexpr uint64_t maxHeader = 100'000'000;
constexpr size_t alignment = 64;
constexpr std::string_view metadataKey = "__metadata__";

struct SafetensorsType {
  std::string_view name;
  DType type;
};

constexpr SafetensorsType types[] = {
    {"BOOL", DType::Bool}, {"U8", DType::U8},   {"I8", DType::I8},
    {"U16", DType::U16},   {"I16", DType::I16}, {"F16", DType::F16},
    {"BF16", DType::BF16}, {"U32", DType::U32}, {"I32", DType::I32},
    {"F32", DType::F32},   {"U64", DType::U64}, {"I64", DType::I64},
    {"F64", DType::F64},
};

/// Over the metadata and then over each tensor with its bytes, in the order of
/// the names: independent of how the file lays them out.
std::string hashOf(const Safetensors &contents) {
  Hash hash;
  hash.add(uint64_t(contents.metadata.size()));
  for (const auto &[key, value] : contents.metadata) {
    hash.add(std::string_view(key));
    hash.add(std::string_view(value));
  }
  hash.add(uint64_t(contents.tensors.size()));
  for (const auto &[name, tensor] : contents.tensors) {
    hash.add(std::string_view(name));
    hash.add(nameOf(tensor.type));
    hash.add(uint64_t(tensor.shape.size()));
    for (int64_t size : tensor.shape)
      hash.add(uint64_t(size));
    hash.add(tensor.data, tensor.byteSize());
  }
  return hash.hex();
}

/// Type and shape of one entry, and that its offsets fit them.
Result<Tensor> checkEntry(const HeaderEntry &entry) {
  const auto *known =
      std::find_if(std::begin(types), std::end(types),
                   [&](const auto &type) { return type.name == entry.dtype; });
  if (known == std::end(types))
    return makeError("dtype ", inQuotes(entry.dtype, 32), " is not supported");
  std::optional<int64_t> count = elementCount(entry.shape, sizeOf(known->type));
  if (!count)
    return makeError("shape ", toString(entry.shape), " of ",
                     nameOf(known->type), " does not fit memory");
  int64_t bytes = *count * int64_t(sizeOf(known->type));
  if (entry.begin > entry.end)
    return makeError("offsets begin at ", entry.begin, " but end at ",
                     entry.end);
  if (entry.end - entry.begin != bytes)
    return makeError("shape ", toString(entry.shape), " of ",
                     nameOf(known->type), " needs ", bytes,
                     " bytes but the offsets ", entry.begin, " to ", entry.end,
                     " have ", entry.end - entry.begin);
  return Tensor{{}, known->type, entry.shape, nullptr, nullptr};
}

/// That the tensors, in the order of their offsets, cover the payload exactly.
Status checkLayout(const SafetensorsHeader &header, size_t payload) {
  using Item = std::pair<const std::string, HeaderEntry>;
  std::vector<const Item *> items;
  for (const Item &item : header.entries)
    items.push_back(&item);
  std::sort(items.begin(), items.end(), [](const Item *a, const Item *b) {
    return std::tie(a->second.begin, a->second.end, a->first) <
           std::tie(b->second.begin, b->second.end, b->first);
  });
  int64_t end = 0;
  std::string before = "the payload's start";
  for (const Item *item : items) {
    const HeaderEntry &entry = item->second;
    if (uint64_t(entry.end) > payload)
      return makeError("tensor ", inQuotes(item->first), " ends at ", entry.end,
                       " but the payload has ", payload, " bytes");
    if (entry.begin != end)
      return makeError("tensor ", inQuotes(item->first), " begins at ",
                       entry.begin,
                       entry.begin < end ? ", within " : ", not at ",
                       "the end ", end, " of ", before);
    end = entry.end;
    before = "tensor " + inQuotes(item->first);
  }
  if (uint64_t(end) != payload)
    return makeError("tensors end at ", end, " but the payload has ", payload,
                     " bytes");
  return {};
}

Result<Safetensors> readContents(const File &file, const std::string &source) {
  const uint8_t *bytes = file.data();
  if (file.size() < 8)
    return makeError("not a safetensors file: it has ", file.size(), " bytes");
  uint64_t length = 0;
  for (int i = 0; i < 8; ++i)
    length |= uint64_t(bytes[i]) << (8 * i);
  if (length > file.size() - 8)
    return makeError("not a safetensors file or cut short: header of ", length,
                     " bytes goes beyond the file's ", file.size());
  if (length > maxHeader)
    return makeError("header of ", length, " bytes is longer than ", maxHeader);
  std::string_view text(reinterpret_cast<const char *>(bytes) + 8, length);
  if (text.empty() || text[0] != '{')
    return Error("not a safetensors file: its header is not a JSON object");

  Result<SafetensorsHeader> header = parseSafetensorsHeader(text);
  if (!header)
    return header.error();
  const uint8_t *payload = bytes + 8 + length;
  Safetensors contents;
  for (const auto &[name, entry] : header->entries) {
    std::string what = "tensor " + inQuotes(name);
    Result<Tensor> tensor = checkEntry(entry);
    if (!tensor)
      return tensor.error().within(what);
    tensor->source = source + ": " + what;
    tensor->owner = file.owner();
    contents.tensors.emplace(name, *std::move(tensor));
  }
  if (Status layout = checkLayout(*header, file.size() - 8 - length); !layout)
    return layout.error();
  // Only now are the offsets known to lie within the file.
  for (auto &[name, tensor] : contents.tensors)
    tensor.data = payload + header->entries[name].begin;

  contents.metadata = std::move(header->metadata);
  auto stored = contents.metadata.find(std::string(hashKey));
  if (stored == contents.metadata.end())
    return contents;
  std::string expected = std::move(stored->second);
  contents.metadata.erase(stored);
  if (std::string found = hashOf(contents); found != expected)
    return makeError("payload does not match its hash: the file says ",
                     inQuotes(expected, 32), ", its contents give ",
                     inQuotes(found));
  return contents;
}

/// The tensors in the order of the file.
using Layout = std::vector<const std::pair<const std::string, Tensor> *>;

Layout layOut(const Safetensors &contents) {
  Layout order;
  for (const auto &item : contents.tensors)
    order.push_back(&item);
  std::sort(order.begin(), order.end(), [](auto *a, auto *b) {
    size_t left = sizeOf(a->second.type), right = sizeOf(b->second.type);
    return left != right ? left > right : a->first < b->first;
  });
  return order;
}

Result<std::string> headerOf(const Safetensors &contents,
                             const Layout &layout) {
  if (contents.metadata.count(std::string(hashKey)))
    return makeError("metadata key ", inQuotes(hashKey), " is reserved");
  std::map<std::string, std::string> metadata = contents.metadata;
  metadata[std::string(hashKey)] = hashOf(contents);

  std::string text = "{\"__metadata__\":{";
  for (const auto &[key, value] : metadata) {
    std::optional<std::string> left = jsonString(key),
                               right = jsonString(value);
    if (!left || !right)
      return makeError("metadata ", inQuotes(key), " is not UTF-8");
    text += (text.back() == '{' ? "" : ",") + *left + ":" + *right;
  }
  text += '}';
  uint64_t offset = 0;
  for (const auto *item : layout) {
    const Tensor &tensor = item->second;
    std::optional<std::string> name = jsonString(item->first);
    if (!name)
      return makeError("name ", inQuotes(item->first), " is not UTF-8");
    if (item->first == metadataKey)
      return makeError("name ", inQuotes(metadataKey), " is reserved");
    const auto *type = std::find_if(
        std::begin(types), std::end(types),
        [&](const auto &known) { return known.type == tensor.type; });
    text += "," + *name + ":{\"dtype\":\"" + std::string(type->name) +
            "\",\"shape\":[";
    for (size_t i = 0; i < tensor.shape.size(); ++i)
      text += (i ? "," : "") + std::to_string(tensor.shape[i]);
    text += "],\"data_offsets\":[" + std::to_string(offset) + ",";
    offset += tensor.byteSize();
    text += std::to_string(offset) + "]}";
  }
  text += '}';
  text.append((alignment - (8 + text.size()) % alignment) % alignment, ' ');
  if (text.size() > maxHeader)
    return makeError("header of ", text.size(), " bytes is longer than ",
                     maxHeader);
  std::string length;
  for (int i = 0; i < 8; ++i)
    length += char(uint64_t(text.size()) >> (8 * i) & 255);
  return length + text;
}

} // namespace

Result<Safetensors> modc::readSafetensors(const File &file) {
  std::string source = inQuotes(file.name(), pathLimit);
  try {
    Result<Safetensors> contents = readContents(file, source);
    if (!contents)
      return contents.error().within(source);
    return contents;
  } catch (const std::bad_alloc &) {
    return makeError(source, ": no memory for its header");
  }
}

Result<Safetensors> modc::readSafetensors(const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  return readSafetensors(*file);
}

Status modc::writeSafetensors(const std::string &path,
                              const Safetensors &contents) {
  Layout layout = layOut(contents);
  Result<std::string> header = headerOf(contents, layout);
  if (!header)
    return header.error().within("cannot write " + inQuotes(path, pathLimit));
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return file.error();
  if (Status status = file->write(header->data(), header->size()); !status)
    return status;
  for (const auto *item : layout)
    if (Status status = file->write(item->second.data, item->second.byteSize());
        !status)
      return status;
  return file->commit();
}
