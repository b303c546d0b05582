//===- Weights.cpp - Parameters in safetensors files ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything is compared with the signature before the first byte is copied.
//
//===----------------------------------------------------------------------===//

#include "runtime/Weights.h"

#include <cstring>

namespace modc {

void addArenaTensors(const std::vector<StoredTensor> &specs, const void *arena,
                     const std::string &prefix,
                     std::map<std::string, Tensor> &out) {
  for (const StoredTensor &spec : specs) {
    Tensor tensor;
    tensor.source = spec.name;
    tensor.type = spec.type;
    tensor.shape = spec.shape;
    tensor.data = static_cast<const uint8_t *>(arena) + spec.offset;
    out.emplace(prefix + spec.name, std::move(tensor));
  }
}

Status checkArenaTensors(const std::vector<StoredTensor> &specs,
                         const std::map<std::string, Tensor> &tensors,
                         const std::string &prefix, const std::string &file) {
  for (const StoredTensor &spec : specs) {
    std::string name = prefix + spec.name;
    auto found = tensors.find(name);
    if (found == tensors.end())
      return makeError(inQuotes(file), " lacks tensor ", inQuotes(name));
    const Tensor &tensor = found->second;
    auto fail = [&](const auto &...parts) {
      return makeError(inQuotes(file), ": tensor ", inQuotes(name), " ",
                       parts...);
    };
    if (tensor.shape != spec.shape)
      return fail("has shape ", toString(tensor.shape), ", the model wants ",
                  toString(spec.shape));
    if (tensor.type != spec.type)
      return fail("is ", nameOf(tensor.type), ", the model wants ",
                  nameOf(spec.type));
    if (auto bad = tensor.firstNonFinite())
      return fail("is NaN or infinite at element ", *bad);
  }
  return {};
}

void copyArenaTensors(const std::vector<StoredTensor> &specs,
                      const std::map<std::string, Tensor> &tensors,
                      const std::string &prefix, void *arena) {
  for (const StoredTensor &spec : specs)
    if (spec.bytes != 0)
      std::memcpy(static_cast<char *>(arena) + spec.offset,
                  tensors.find(prefix + spec.name)->second.data,
                  size_t(spec.bytes));
}

Status loadWeights(Session &session, const File &file) {
  Result<Safetensors> contents = readSafetensors(file);
  if (!contents)
    return contents.error();
  const Signature &signature = session.signature();
  if (Status status = checkArenaTensors(signature.parameters, contents->tensors,
                                        "", file.name());
      !status)
    return status;
  for (const auto &[name, tensor] : contents->tensors)
    if (signature.findParameter(name) < 0)
      return makeError(inQuotes(file.name()), " has tensor ", inQuotes(name),
                       ", which network ", inQuotes(signature.network),
                       " does not have");
  Session::CopyScope passing(session);
  Result<void *> parameters = session.write(Session::ArenaKind::Parameters);
  if (!parameters)
    return parameters.error();
  copyArenaTensors(signature.parameters, contents->tensors, "", *parameters);
  return session.resetState();
}

Status loadWeights(Session &session, const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  return loadWeights(session, *file);
}

Status saveWeights(const Session &session, const std::string &path) {
  if (!session.isInitialised())
    return Error("the session has no parameters to save");
  Session::CopyScope passing(session);
  Result<const void *> parameters =
      session.read(Session::ArenaKind::Parameters);
  if (!parameters)
    return parameters.error();
  Safetensors contents;
  addArenaTensors(session.signature().parameters, *parameters, "",
                  contents.tensors);
  // The last step may leave numbers that its own loss does not show.
  for (const auto &[name, tensor] : contents.tensors)
    if (auto bad = tensor.firstNonFinite())
      return makeError(inQuotes(name), " is NaN or infinite at element ", *bad,
                       ": ", inQuotes(path), " is not written");
  contents.metadata = {{"modc.kind", "weights"},
                       {"modc.network", session.signature().network},
                       {"modc.network_hash", session.signature().hash}};
  return writeSafetensors(path, contents);
}

} // namespace modc
