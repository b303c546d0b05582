//===- modc.cpp - The driver ----------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Picks the sub-command; all else is in the files of the sub-commands and in
// the libraries.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Commands.h"
#include "tools/modc/Flags.h"
#include "tools/modc/Output.h"

#include <exception>
#include <new>

using namespace modc::driver;

static int dispatch(int argc, char **argv) {
  if (argc < 2)
    return printOverview();
  std::string_view word = argv[1];
  if (word == "--help" || word == "-h")
    return printOverview();
  if (word == "--version" || word == "-V")
    return versionMain(argc - 2, argv + 2);
  if (word.empty() || word[0] == '-')
    return misuse("", fmt::format("unknown flag '{}'{}", word,
                                  suggestion(std::string(word),
                                             {"--help", "--version"})));
  const Command *command = findCommand(word);
  return command ? command->run(argc - 2, argv + 2) : UsageError;
}

int main(int argc, char **argv) {
  try {
    return finish(dispatch(argc, argv));
  } catch (const std::bad_alloc &) {
    return fail("not enough memory");
  } catch (const std::exception &problem) {
    return fail(problem.what());
  }
}
