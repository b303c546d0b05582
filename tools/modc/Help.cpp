//===- Help.cpp - modc, modc help and modc --version ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a newcomer sees first: one screen with three examples, the help text of
// each sub-command, and the versions that a report of a mistake needs.
//
//===----------------------------------------------------------------------===//

#include "frontend/Target.h"
#include "runtime/ModelAbi.h"
#include "tools/modc/Commands.h"
#include "tools/modc/Flags.h"
#include "tools/modc/Output.h"
#include "tools/modc/Version.h"

#include <nlohmann/json.hpp>

namespace modc::driver {

static const Command commands[] = {
    {"compile", compileMain, "turn model.mlir into a shared library"},
    {"init", initMain, "draw a network's first weights"},
    {"train", trainMain, "train a network by generalized Viterbi EM"},
    {"eval", evalMain, "judge trained weights on a data set"},
    {"run", runMain, "compute a network's outputs for inputs in .npy files"},
    {"bench", benchMain, "time a model's programs beside the machine's peak"},
    {"inspect", inspectMain,
     "say what a model, weights or checkpoint file holds"},
    {"devices", devicesMain, "list what networks can run on here"},
    {"help", helpMain, "print this text, or a sub-command's"},
};

const Command *findCommand(std::string_view name) {
  std::vector<std::string> names;
  for (const Command &command : commands) {
    if (command.name == name)
      return &command;
    names.emplace_back(command.name);
  }
  misuse("", fmt::format("unknown sub-command '{}'{}", name,
                         suggestion(std::string(name), names)));
  return nullptr;
}

int printOverview() {
  print("modc compiles and trains modular neural networks.\n\n"
        "usage: modc COMMAND [ARGUMENT...]\n\ncommands:\n");
  for (const Command &command : commands)
    print(fmt::format("  {:<9} {}\n", command.name, command.summary));
  print(R"(
examples:
  Train the toy regression, generated on the spot, and keep the weights:
    modc train examples/toy.mlir --steps 20000 --batch 100 --lr 0.01 \
      --save toy.safetensors
  Train on real images, then judge the result:
    modc train examples/fashion-mnist.mlir --data fashion-mnist --epochs 6 \
      --save weights.safetensors
    modc eval examples/fashion-mnist.mlir --data fashion-mnist \
      --weights weights.safetensors
  Make a library that a C program can link, and run it:
    modc compile examples/fashion-mnist.mlir -o model.so
    modc run model.so --weights weights.safetensors --input x.npy --output y.npy

'modc COMMAND --help' lists the flags of a command; 'modc --version' names the
versions of modc, LLVM and the artefact. Exit codes: 0 done, 1 the work failed,
2 usage, 3 an --expect comparison failed, 130 interrupted.
)");
  return Done;
}

int helpMain(int argc, char **argv) {
  if (argc == 0 || std::string_view(argv[0]) == "help" ||
      std::string_view(argv[0]) == "--help" ||
      std::string_view(argv[0]) == "-h")
    return printOverview();
  if (argc > 1)
    return misuse("help", fmt::format("unexpected argument '{}'", argv[1]));
  const Command *command = findCommand(argv[0]);
  if (!command)
    return UsageError;
  char flag[] = "--help";
  char *arguments[] = {flag, nullptr};
  return command->run(1, arguments);
}

int versionMain(int argc, char **argv) {
  bool json = argc == 1 && std::string_view(argv[0]) == "--json";
  if (argc > 0 && !json)
    return misuse("", fmt::format("unexpected argument '{}'", argv[0]));
  const std::vector<std::string> targets = knownTargets();
  if (json) {
    printJson({{"modc", modcVersion()},
               {"llvm", llvmVersion()},
               {"targets", targets},
               {"abi", MODC_ABI_VERSION}});
    return Done;
  }
  print(fmt::format("modc {}\nLLVM {}\ntargets {}\nartefact {}\n",
                    modcVersion(), llvmVersion(), fmt::join(targets, ", "),
                    MODC_ABI_VERSION));
  return Done;
}

} // namespace modc::driver
