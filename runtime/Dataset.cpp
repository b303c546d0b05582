//===- Dataset.cpp - Points to train on and to evaluate -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors are checked and, unless they are bytes, converted to the model's type
// once, when the data set is opened; files that hold that type already stay
// mapped.
//
//===----------------------------------------------------------------------===//

#include "runtime/Dataset.h"

#include "runtime/ToyData.h"
#include "runtime/formats/Csv.h"
#include "runtime/formats/Hash.h"
#include "runtime/formats/Idx.h"
#include "runtime/formats/Npy.h"

#include <algorithm>
#include <cstring>

namespace modc {
namespace {

constexpr std::string_view kFashionFolder = "/usr/share/datasets/fashion-mnist";

template <typename T>
Result<Tensor> convertTo(const Tensor &tensor) {
  Result<std::vector<T>> values = tensor.convert<T>();
  if (!values)
    return values.error();
  return makeTensor<T>(tensor.source, tensor.shape, std::move(*values));
}

Result<Tensor> convertTo(DType type, const Tensor &tensor) {
  switch (type) {
  case DType::F32:
    return convertTo<float>(tensor);
  case DType::F64:
    return convertTo<double>(tensor);
  case DType::I32:
    return convertTo<int32_t>(tensor);
  case DType::I64:
    return convertTo<int64_t>(tensor);
  default:
    return makeError(tensor.source, ": a network cannot take ", nameOf(type),
                     " data");
  }
}

template <typename T>
Status checkLabels(const Tensor &tensor, int64_t classes) {
  const T *labels = tensor.as<T>();
  for (int64_t i = 0; i < tensor.count(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      return makeError(tensor.source, ": label ", i, " is ", labels[i],
                       ", but the network has ", classes, " classes");
  return {};
}

/// Rows of bytes as numbers x/255. Rows are far apart, so that each is asked
/// for while the ones before it are divided, in vectors.
template <typename T>
void gatherBytes(const uint8_t *__restrict data, int64_t width,
                 const int64_t *__restrict indices, int64_t number,
                 T *__restrict out) {
  constexpr int64_t kAhead = 2, kLine = 64;
  for (int64_t i = 0; i < number; ++i) {
    if (i + kAhead < number) {
      const uint8_t *next = data + indices[i + kAhead] * width;
      for (int64_t j = 0; j < width; j += kLine)
        __builtin_prefetch(next + j);
    }
    const uint8_t *row = data + indices[i] * width;
    for (int64_t j = 0; j < width; ++j)
      out[j] = T(row[j]) / T(255);
    out += width;
  }
}

std::vector<std::string> splitPaths(const std::string &source) {
  std::vector<std::string> paths(1);
  for (char c : source)
    if (c == ':')
      paths.emplace_back();
    else
      paths.back() += c;
  return paths;
}

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

/// "[8]" or "[28, 28]": the sizes of one point.
std::string describePoint(const TensorSpec &spec) {
  Shape shape;
  for (size_t i = 1; i < spec.shape.size(); ++i)
    shape.push_back(spec.shape[i].number);
  return toString(shape);
}

Result<std::vector<Tensor>> readFiles(const std::vector<std::string> &paths) {
  std::vector<Tensor> tensors;
  for (const std::string &path : paths) {
    Result<Tensor> tensor =
        endsWith(path, ".npy") ? readNpy(path) : readIdx(path);
    if (!tensor)
      return tensor.error();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

Result<std::vector<Tensor>> readTable(const Signature &signature,
                                      const std::string &path) {
  if (signature.inputs.size() != 1 || signature.wanted.size() > 1)
    return makeError(inQuotes(path), ": network ", inQuotes(signature.network),
                     " has ", signature.inputs.size(), " inputs and ",
                     signature.wanted.size(),
                     " targets, a CSV file can only hold one of each");
  CsvOptions options;
  options.type = signature.element;
  options.targetColumns =
      signature.wanted.empty() ? 0 : signature.wanted[0].width();
  Result<Csv> csv = readCsv(path, options);
  if (!csv)
    return csv.error();
  std::vector<Tensor> tensors = {csv->inputs};
  if (!signature.wanted.empty())
    tensors.push_back(csv->targets);
  return tensors;
}

} // namespace

Status Dataset::addColumn(const TensorSpec &spec, Tensor tensor,
                          int64_t classes) {
  if (!spec.isPerPoint())
    return makeError("network input ", inQuotes(spec.name), " is ",
                     spec.describe(), ", which data cannot be bound to");
  if (tensor.shape.empty())
    return makeError(tensor.source, " is a single number, not data");
  int64_t points = tensor.shape[0];
  int64_t width = points > 0 ? tensor.count() / points : spec.width();
  if (width != spec.width())
    return makeError(tensor.source, " has ", width, " numbers per point (",
                     toString(tensor.shape), "), but ", inQuotes(spec.name),
                     " of the network has ", spec.width(), " (",
                     describePoint(spec), ")");
  if (!columns.empty() && points != count)
    return makeError(tensor.source, " has ", points, " points, but ",
                     columns[0].tensor.source, " has ", count);
  count = points;

  bool isFloat = spec.type == DType::F32 || spec.type == DType::F64;
  bool staysBytes = isFloat && tensor.type == DType::U8;
  if (!staysBytes) {
    bool usable =
        tensor.type == spec.type &&
        reinterpret_cast<uintptr_t>(tensor.data) % sizeOf(tensor.type) == 0;
    if (auto bad = tensor.firstNonFinite())
      return makeError(tensor.source, " is NaN or infinite at element ", *bad);
    if (!usable) {
      Result<Tensor> converted = convertTo(spec.type, tensor);
      if (!converted)
        return converted.error();
      tensor = std::move(*converted);
    }
  }
  if (classes > 0 && !isFloat)
    if (Status status = spec.type == DType::I64
                            ? checkLabels<int64_t>(tensor, classes)
                            : checkLabels<int32_t>(tensor, classes);
        !status)
      return status;
  columns.push_back({spec.name, spec.type, width, std::move(tensor),
                     classes > 0 && !isFloat});
  return {};
}

Result<Dataset> Dataset::fromTensors(const Signature &signature,
                                     std::string name,
                                     std::vector<Tensor> inputs,
                                     std::vector<Tensor> wanted) {
  auto check = [&](const char *what, size_t given, size_t needed) -> Status {
    if (given == needed)
      return {};
    return makeError(inQuotes(name), " has ", given, " ", what,
                     ", but network ", inQuotes(signature.network), " has ",
                     needed);
  };
  if (Status s = check("inputs", inputs.size(), signature.inputs.size()); !s)
    return s.error();
  if (Status s = check("targets", wanted.size(), signature.wanted.size()); !s)
    return s.error();
  Dataset data;
  data.source = std::move(name);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (Status s = data.addColumn(signature.inputs[i], inputs[i], 0); !s)
      return s.error();
  for (size_t i = 0; i < wanted.size(); ++i)
    if (Status s =
            data.addColumn(signature.wanted[i], wanted[i], signature.classes);
        !s)
      return s.error();
  return data;
}

Result<Dataset> Dataset::open(const Signature &signature,
                              const std::string &source, Split split,
                              const DataOptions &options) {
  std::vector<Tensor> tensors;
  std::vector<int32_t> rules;
  if (source == "toy") {
    ToyData toy =
        makeToyData(options.seed, options.toyPoints, split == Split::Test);
    Shape shape = {options.toyPoints, 2};
    tensors.push_back(makeTensor("data 'toy'", shape, std::move(toy.x)));
    tensors.push_back(makeTensor("data 'toy'", shape, std::move(toy.y)));
    rules = std::move(toy.component);
  } else {
    Result<std::vector<Tensor>> files = std::vector<Tensor>();
    if (source == "fashion-mnist") {
      std::string start = std::string(kFashionFolder) +
                          (split == Split::Train ? "/train" : "/t10k");
      files = readFiles(
          {start + "-images-idx3-ubyte.gz", start + "-labels-idx1-ubyte.gz"});
      if (!files)
        return files.error().within(
            "fashion-mnist (Debian's package dataset-fashion-mnist)");
    } else if (endsWith(source, ".csv")) {
      files = readTable(signature, source);
    } else {
      std::vector<std::string> paths = splitPaths(source);
      size_t needed = signature.inputs.size() + signature.wanted.size();
      auto count = [](size_t number, const char *what) {
        return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
      };
      if (paths.size() != needed)
        return makeError("data ", inQuotes(source),
                         " is neither toy nor fashion-mnist nor ",
                         "a .csv file, and names ", count(paths.size(), "file"),
                         ", but network ", inQuotes(signature.network), " has ",
                         count(signature.inputs.size(), "input"), " and ",
                         count(signature.wanted.size(), "target"));
      for (const std::string &path : paths)
        if (path.empty())
          return makeError("data ", inQuotes(source),
                           " has an empty name of a file");
      files = readFiles(paths);
    }
    if (!files)
      return files.error();
    tensors = std::move(*files);
  }
  size_t inputs = std::min(signature.inputs.size(), tensors.size());
  Result<Dataset> data = fromTensors(
      signature, source, {tensors.begin(), tensors.begin() + long(inputs)},
      {tensors.begin() + long(inputs), tensors.end()});
  if (data)
    data->rules = std::move(rules);
  return data;
}

std::vector<int32_t> Dataset::labels() const {
  for (const Column &column : columns) {
    if (!column.isLabel || column.width != 1)
      continue;
    std::vector<int32_t> labels(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i)
      labels[size_t(i)] = column.type == DType::I64
                              ? int32_t(column.tensor.as<int64_t>()[i])
                              : column.tensor.as<int32_t>()[i];
    return labels;
  }
  return {};
}

void Dataset::gather(const Session &session, const int64_t *indices,
                     int64_t number, const BatchBuffers &buffers) const {
  size_t bytes = 1;
  for (const Column &column : columns)
    bytes += size_t(column.width) * sizeOf(column.type);
  // A task is worth the waking of a thread.
  constexpr size_t kTaskBytes = size_t(48) << 10;
  struct Work {
    const Dataset &data;
    const int64_t *indices;
    const BatchBuffers &buffers;
    int64_t number, points;
  } work{*this, indices, buffers, number,
         int64_t((kTaskBytes + bytes - 1) / bytes)};
  session.parallelFor((number + work.points - 1) / work.points,
                      [](void *user, int64_t task, int64_t) {
                        const Work &work = *static_cast<const Work *>(user);
                        int64_t first = task * work.points;
                        work.data.gatherPart(
                            work.indices, first,
                            std::min(first + work.points, work.number),
                            work.buffers);
                      },
                      &work);
}

void Dataset::gatherPart(const int64_t *indices, int64_t first, int64_t last,
                         const BatchBuffers &buffers) const {
  for (const Column &column : columns) {
    auto *out = static_cast<uint8_t *>(buffers.data(column.name));
    if (!out)
      continue;
    size_t bytes = size_t(column.width) * sizeOf(column.type);
    out += size_t(first) * bytes;
    const uint8_t *data = column.tensor.data;
    bool isFloat = column.type == DType::F32 || column.type == DType::F64;
    if (isFloat && column.tensor.type == DType::U8) {
      if (column.type == DType::F32)
        gatherBytes(data, column.width, indices + first, last - first,
                    reinterpret_cast<float *>(out));
      else
        gatherBytes(data, column.width, indices + first, last - first,
                    reinterpret_cast<double *>(out));
      continue;
    }
    for (int64_t i = first; i < last; ++i, out += bytes)
      std::memcpy(out, data + size_t(indices[i]) * bytes, bytes);
  }
}

std::string Dataset::fingerprint() const {
  Hash hash;
  for (const Column &column : columns) {
    hash.add(column.name);
    hash.add(nameOf(column.tensor.type));
    for (int64_t size : column.tensor.shape)
      hash.add(uint64_t(size));
    hash.add(column.tensor.data, column.tensor.byteSize());
  }
  return hash.hex();
}

} // namespace modc
