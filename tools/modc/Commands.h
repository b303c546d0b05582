//===- Commands.h - The sub-commands of modc --------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per sub-command, each in a file of its own. They take the
// arguments after the sub-command's name and return the exit code.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_COMMANDS_H
#define MODC_TOOLS_MODC_COMMANDS_H

#include <string_view>

namespace modc::driver {

using CommandFunction = int (*)(int argc, char **argv);

struct Command {
  std::string_view name;
  CommandFunction run;
  std::string_view summary;
};

int compileMain(int argc, char **argv);
int initMain(int argc, char **argv);
int trainMain(int argc, char **argv);
int evalMain(int argc, char **argv);
int runMain(int argc, char **argv);
int benchMain(int argc, char **argv);
int inspectMain(int argc, char **argv);
int devicesMain(int argc, char **argv);
int helpMain(int argc, char **argv);
int versionMain(int argc, char **argv);

/// The command of that name, or null after a message with a suggestion.
const Command *findCommand(std::string_view name);

/// What `modc` alone prints.
int printOverview();

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_COMMANDS_H
