//===- Weights.h - Parameters in safetensors files --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads and saves a session's parameters by name. A file either fits the model
// in every tensor or changes nothing.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_WEIGHTS_H
#define MODC_RUNTIME_WEIGHTS_H

#include "runtime/Session.h"
#include "runtime/formats/File.h"
#include "runtime/formats/Safetensors.h"

#include <map>
#include <string>
#include <vector>

namespace modc {

/// Loads all parameters. Refuses a missing or extra tensor, another shape or
/// type, and NaN or infinity, naming tensor and file; the optimizer starts
/// anew.
Status loadWeights(Session &session, const File &file);
Status loadWeights(Session &session, const std::string &path);

/// Saves all parameters with the network's name and hash.
Status saveWeights(const Session &session, const std::string &path);

/// Adds the tensors of an arena as views into it, under `prefix` + name.
void addArenaTensors(const std::vector<StoredTensor> &specs, const void *arena,
                     const std::string &prefix,
                     std::map<std::string, Tensor> &out);

/// Checks that `tensors` has each of `specs` under `prefix` + name, with shape
/// and type as given and, for floats, finite.
Status checkArenaTensors(const std::vector<StoredTensor> &specs,
                         const std::map<std::string, Tensor> &tensors,
                         const std::string &prefix, const std::string &file);

/// Copies tensors that were checked into the arena.
void copyArenaTensors(const std::vector<StoredTensor> &specs,
                      const std::map<std::string, Tensor> &tensors,
                      const std::string &prefix, void *arena);

} // namespace modc

#endif // MODC_RUNTIME_WEIGHTS_H
