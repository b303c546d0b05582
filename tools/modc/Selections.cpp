//===- Selections.cpp - Keep the choices of a training --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each file is written atomically and named by its step, so that names sort by
// time.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Selections.h"

#include "runtime/formats/File.h"
#include "runtime/formats/Npy.h"
#include "tools/modc/Output.h"

#include <fmt/format.h>

#include <charconv>

namespace modc::driver {

Result<SelectionSaver> SelectionSaver::parse(const std::string &text) {
  SelectionSaver saver;
  constexpr std::string_view prefix = "every:";
  if (text.compare(0, prefix.size(), prefix) == 0) {
    const char *begin = text.data() + prefix.size();
    const char *end = text.data() + text.size();
    auto [rest, problem] = std::from_chars(begin, end, saver.every);
    if (problem == std::errc() && saver.every > 0) {
      if (rest == end)
        return saver;
      saver.directory.assign(rest + 1, end);
      if (*rest == ':' && !saver.directory.empty())
        return saver;
    }
  }
  return makeError("--save-selections: ", inQuotes(text),
                   " is not of the form every:N or every:N:DIR");
}

Status SelectionSaver::check() const {
  return every == 0 ? Status() : checkDirectory(directory);
}

Status SelectionSaver::prepare() const {
  return every == 0 ? Status() : createDirectories(directory);
}

Status SelectionSaver::afterStep(int64_t step, const Choices &choices) const {
  if (every == 0 || step % every != 0)
    return {};
  return writeNpy(fmt::format("{}/step-{:08}.npy", directory, step),
                  choices.tensor());
}

} // namespace modc::driver
