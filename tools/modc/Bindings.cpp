//===- Bindings.cpp - Files for the inputs and outputs of a network
//------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What stands before the first '=' is a name if it could not be part of a
// path.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Bindings.h"

#include <fmt/format.h>

namespace modc::driver {

static std::string namesOf(const std::vector<TensorSpec> &specs) {
  std::string names;
  for (const TensorSpec &spec : specs)
    names += (names.empty() ? "" : ", ") + inQuotes(spec.name);
  return names;
}

Result<std::vector<std::string>>
bindPaths(const std::vector<std::string> &arguments,
          const std::vector<TensorSpec> &specs, const std::string &what,
          bool all) {
  std::vector<std::string> paths(specs.size());
  for (const std::string &argument : arguments) {
    size_t equals = argument.find('=');
    std::string name;
    if (equals != argument.npos && argument.find_first_of("/.") > equals)
      name = argument.substr(0, equals);
    size_t index = 0;
    if (!name.empty()) {
      while (index < specs.size() && specs[index].name != name)
        ++index;
      if (index == specs.size())
        return makeError("the network has no ", what, " ", inQuotes(name),
                         "; it has ", namesOf(specs));
    } else if (specs.size() != 1) {
      return makeError("the network has ", specs.size(), " ", what, "s (",
                       namesOf(specs), "): write --", what, " NAME=", argument);
    }
    std::string path = name.empty() ? argument : argument.substr(equals + 1);
    if (path.empty())
      return makeError("--", what, " ", argument, " names no file");
    if (!paths[index].empty())
      return makeError(what, " ", inQuotes(specs[index].name),
                       " is given twice: ", inQuotes(paths[index]), " and ",
                       inQuotes(path));
    paths[index] = path;
  }
  for (size_t i = 0; all && i < paths.size(); ++i)
    if (paths[i].empty())
      return makeError("no file for ", what, " ", inQuotes(specs[i].name),
                       ": write --", what, " ", specs[i].name, "=FILE.npy");
  return paths;
}

} // namespace modc::driver
