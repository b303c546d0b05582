//===- Checkpoint.cpp - Where a training can be taken up again ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A checkpoint is a safetensors file with everything that the next step depends
// on; its metadata names the run, and its hash covers all of it.
//
//===----------------------------------------------------------------------===//

#include "runtime/Trainer.h"
#include "runtime/Weights.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace modc {
namespace {

constexpr const char *kKind = "modc.kind";
constexpr const char *kParameters = "parameters.";
constexpr const char *kState = "state.";
constexpr const char *kChoices = "choices";
constexpr const char *kSource = "modc.source";
constexpr const char *kOptions = "modc.options";

Result<Safetensors> readCheckpoint(const std::string &path) {
  Result<Safetensors> file = readSafetensors(path);
  if (!file)
    return file;
  auto kind = file->metadata.find(kKind);
  if (kind == file->metadata.end() || kind->second != "checkpoint")
    return makeError(inQuotes(path), " is not a checkpoint");
  return file;
}

Result<int64_t> numberIn(const Safetensors &file, const std::string &key) {
  auto entry = file.metadata.find(key);
  int64_t value = 0;
  if (entry == file.metadata.end())
    return makeError("lacks ", inQuotes(key));
  const std::string &text = entry->second;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    return makeError(inQuotes(key), " is ", inQuotes(text), ", not a number");
  return value;
}

} // namespace

Status Trainer::saveCheckpoint(const std::string &path) const {
  const Signature &signature = session.signature();
  Safetensors file;
  Session::CopyScope passing(session);
  Result<const void *> parameters =
      session.read(Session::ArenaKind::Parameters);
  if (!parameters)
    return parameters.error();
  Result<const void *> state = session.read(Session::ArenaKind::State);
  if (!state)
    return state.error();
  addArenaTensors(signature.parameters, *parameters, kParameters, file.tensors);
  addArenaTensors(signature.state, *state, kState, file.tensors);
  // A step may leave numbers that its own loss does not show; such a state
  // must not replace a good one.
  for (const auto &[name, tensor] : file.tensors)
    if (auto bad = tensor.firstNonFinite())
      return makeError("after step ", stepCount, " ", inQuotes(name),
                       " is NaN or infinite at element ", *bad,
                       ": the checkpoint is not written");
  file.tensors.emplace(kChoices, stored.tensor());
  file.metadata = {{kKind, "checkpoint"},
                   {"modc.network", signature.network},
                   {"modc.network_hash", signature.hash},
                   {"modc.data", data.fingerprint()},
                   {kSource, data.name()},
                   {kOptions, toJson(options).dump()},
                   {"modc.seed", std::to_string(options.seed)},
                   {"modc.batch", std::to_string(options.batch)},
                   {"modc.step", std::to_string(stepCount)},
                   {"modc.batches_drawn", std::to_string(batchesDrawn)},
                   {"modc.e_updates", std::to_string(eUpdates)}};
  return writeSafetensors(path, file);
}

Status Trainer::resume(const std::string &path) {
  Result<Safetensors> file = readCheckpoint(path);
  if (!file)
    return file.error();
  const Signature &signature = session.signature();
  auto same = [&](const char *key, const std::string &ours,
                  const char *what) -> Status {
    auto entry = file->metadata.find(key);
    std::string theirs =
        entry == file->metadata.end() ? "nothing" : entry->second;
    if (theirs == ours)
      return {};
    return makeError(inQuotes(path), " was made with another ", what, ": ",
                     inQuotes(theirs), " there, ", inQuotes(ours), " here");
  };
  for (Status status :
       {same("modc.network_hash", signature.hash, "network"),
        same("modc.data", data.fingerprint(), "data set"),
        same("modc.seed", std::to_string(options.seed), "seed"),
        same("modc.batch", std::to_string(options.batch), "batch size")})
    if (!status)
      return status;
  if (Status s = checkArenaTensors(signature.parameters, file->tensors,
                                   kParameters, path);
      !s)
    return s;
  if (Status s =
          checkArenaTensors(signature.state, file->tensors, kState, path);
      !s)
    return s;
  size_t known = signature.parameters.size() + signature.state.size() + 1;
  auto choices = file->tensors.find(kChoices);
  if (choices == file->tensors.end() || file->tensors.size() != known)
    return makeError(inQuotes(path), " has ", file->tensors.size(),
                     " tensors, a checkpoint of network ",
                     inQuotes(signature.network), " has ", known);
  int64_t numbers[3];
  const char *keys[] = {"modc.step", "modc.batches_drawn", "modc.e_updates"};
  for (int i = 0; i < 3; ++i) {
    Result<int64_t> number = numberIn(*file, keys[i]);
    if (!number)
      return number.error().within(inQuotes(path));
    numbers[i] = *number;
  }
  if (numbers[0] > options.steps)
    return makeError(inQuotes(path), " stands at step ", numbers[0],
                     ", the training ends at step ", options.steps);
  Session::CopyScope passing(session);
  Result<void *> state = session.write(Session::ArenaKind::State);
  if (!state)
    return state.error();
  if (Status s = stored.assign(choices->second); !s)
    return s;
  Result<void *> parameters = session.write(Session::ArenaKind::Parameters);
  if (!parameters)
    return parameters.error();
  copyArenaTensors(signature.parameters, file->tensors, kParameters,
                   *parameters);
  copyArenaTensors(signature.state, file->tensors, kState, *state);
  stepCount = numbers[0];
  batchesDrawn = numbers[1];
  eUpdates = numbers[2];
  batchIndices = nullptr;
  sums = {};
  return {};
}

Result<CheckpointOrigin> Trainer::readOrigin(const std::string &path) {
  Result<Safetensors> file = readCheckpoint(path);
  if (!file)
    return file.error();
  CheckpointOrigin origin;
  for (const char *key : {kOptions, kSource})
    if (file->metadata.find(key) == file->metadata.end())
      return makeError(inQuotes(path), " lacks ", inQuotes(key));
  origin.data = file->metadata[kSource];
  if (Status s = readOptions(file->metadata[kOptions], origin.options); !s)
    return s.error().within(inQuotes(path));
  return origin;
}

} // namespace modc
