//===- Bindings.h - Files for the inputs and outputs of a network ----*- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads arguments such as 'x.npy' or 'image=x.npy' and pairs them with the
// tensors of a signature.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_BINDINGS_H
#define MODC_TOOLS_MODC_BINDINGS_H

#include "runtime/Signature.h"
#include "runtime/formats/Result.h"

#include <string>
#include <vector>

namespace modc::driver {

/// One path per entry of `specs`, in their order; empty where none was given.
/// `what` is the word for messages ("input"). A path without a name is allowed
/// where there is one tensor. Where `all`, none may be missing.
Result<std::vector<std::string>>
bindPaths(const std::vector<std::string> &arguments,
          const std::vector<TensorSpec> &specs, const std::string &what,
          bool all);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_BINDINGS_H
