//===- Init.cpp - modc init -----------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Draws a network's parameters by its initialisers and writes them to a file,
// where other tools can read and change them.
//
//===----------------------------------------------------------------------===//

#include "runtime/Weights.h"
#include "tools/modc/Commands.h"
#include "tools/modc/Network.h"
#include "tools/modc/Output.h"

namespace modc::driver {

int initMain(int argc, char **argv) {
  std::string model, output;
  int64_t seed = 0;
  BuildOptions build;
  Flags flags(
      "init", "MODEL -o WEIGHTS [--seed N]",
      "Draws the parameters of MODEL (model.so or model.mlir) by its\n"
      "initialisers and writes them as safetensors. The same seed gives\n"
      "the same bytes everywhere.");
  flags.argument("MODEL", model, "model.so or model.mlir");
  flags.text("-o,--output", "WEIGHTS", output, "the file to write");
  flags.integer("--seed", "N", seed, 0, INT64_MAX, "seed of the initialisers");
  addBuildFlags(flags, build);
  flags.examples("  modc init examples/toy.mlir --seed 1 -o toy.safetensors\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  if (output.empty())
    return misuse("init", "no file to write is given: -o WEIGHTS");

  if (Status status = checkWritable(output); !status)
    return fail(status.error());
  auto session = openSession(model, build, flags, 1);
  if (!session)
    return fail(session.error());
  if (Status status = (*session)->init(uint64_t(seed)); !status)
    return fail(status.error().within(inQuotes(model)));
  if (Status status = saveWeights(**session, output); !status)
    return fail(status.error());
  return Done;
}

} // namespace modc::driver
