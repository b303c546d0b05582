//===- Inspect.cpp - modc inspect -----------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Says what a file holds, without running any of it: the signature of a model,
// the tensors of weights, the state of a checkpoint. The files may be hostile.
//
//===----------------------------------------------------------------------===//

#include "runtime/Artefact.h"
#include "runtime/formats/File.h"
#include "runtime/formats/Npy.h"
#include "runtime/formats/Safetensors.h"
#include "tools/modc/Commands.h"
#include "tools/modc/Network.h"
#include "tools/modc/Output.h"

#include <nlohmann/json.hpp>

namespace modc::driver {
namespace {

using Json = nlohmann::ordered_json;

std::string joinSpecs(const std::vector<TensorSpec> &specs) {
  std::string text;
  for (const TensorSpec &spec : specs)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", spec.name,
                        spec.describe());
  return text;
}

std::string joinBuffers(const ProgramSpec &program, bool output) {
  std::string text;
  for (const TensorSpec &spec : program.buffers)
    if (spec.output == output)
      text += (text.empty() ? "" : ", ") + spec.name;
  return text;
}

void printFacts(const Signature &signature) {
  std::vector<std::string> targets;
  for (const TargetSpec &target : signature.targets)
    targets.push_back(target.name);
  int64_t numbers = 0, trained = 0;
  for (const StoredTensor &parameter : signature.parameters) {
    numbers += parameter.elements();
    trained += parameter.trained ? parameter.elements() : 0;
  }
  auto line = [](std::string_view label, std::string_view text) {
    print(fmt::format("  {:<11} {}\n", label, text));
  };
  line("made by",
       fmt::format("modc {}, LLVM {}, {}", signature.compiler, signature.llvm,
                   signature.flags.empty() ? "no flags" : signature.flags));
  line("hash", signature.hash);
  if (!targets.empty())
    line("targets", fmt::format("{}", fmt::join(targets, ", ")));
  line("inputs", joinSpecs(signature.inputs));
  line("outputs", joinSpecs(signature.outputs));
  line("wanted", joinSpecs(signature.wanted));
  line("objective", signature.classes > 0
                        ? fmt::format("{}, {} classes", signature.objective,
                                      signature.classes)
                        : signature.objective);
  line("optimizer",
       signature.optimizer + (signature.denseUpdates ? ", dense" : ""));
  line("parameters", fmt::format("{} ({} trained), {}", numbers, trained,
                                 sizeText(signature.parameterBytes)));
  line("state", sizeText(signature.stateBytes));
}

void printSignature(const Signature &signature) {
  printFacts(signature);
  if (!signature.layers.empty()) {
    print("\nlayers\n");
    Table table;
    table.row({"name", "pool", "members", "choose", "rows", "controller"});
    for (const LayerSpec &layer : signature.layers)
      table.row({layer.name, layer.pool, fmt::format("{}", layer.memberCount()),
                 fmt::format("{}", layer.choose), fmt::format("{}", layer.rows),
                 layer.fixed ? "fixed" : "learned"});
    print(table.text("  "));
  }
  if (!signature.parameters.empty()) {
    print("\nparameters\n");
    Table table;
    table.row({"name", "shape", "type", "offset", "initialiser"});
    for (const StoredTensor &tensor : signature.parameters)
      table.row({tensor.name, toString(tensor.shape),
                 std::string(nameOf(tensor.type)),
                 fmt::format("{}", tensor.offset),
                 tensor.trained ? tensor.init : tensor.init + ", not trained"});
    print(table.text("  "));
  }
  if (!signature.programs.empty()) {
    print("\nprograms\n");
    for (const ProgramSpec &program : signature.programs)
      print(fmt::format("  {:<18} ({}) -> ({})\n", program.name,
                        joinBuffers(program, false),
                        joinBuffers(program, true)));
  }
}

int printNote(const std::string &path, const char *kind, int64_t bytes,
              const Result<ArtefactNote> &note, bool json) {
  if (!note)
    return fail(note.error());
  if (json) {
    printJson({{"kind", kind},
               {"file", path},
               {"bytes", bytes},
               {"signature", Json::parse(note->text)}});
    return Done;
  }
  print(fmt::format("{}: {} {}, {}\n", path, kind,
                    inQuotes(note->signature.network), sizeText(bytes)));
  printSignature(note->signature);
  return Done;
}

int inspectLibrary(const std::string &path, bool json) {
  Result<File> file = File::open(path);
  if (!file)
    return fail(file.error());
  return printNote(path, "model", int64_t(file->size()), readArtefactNote(path),
                   json);
}

/// What the network would be when compiled for this processor.
int inspectNetwork(const std::string &path, bool json) {
  Result<File> file = File::open(path);
  if (!file)
    return fail(file.error());
  auto note = compiledNote(path, {});
  return printNote(path, "network", int64_t(file->size()), note, json);
}

int inspectTensors(const std::string &path, bool json) {
  Result<File> file = File::open(path);
  if (!file)
    return fail(file.error());
  Result<Safetensors> contents = readSafetensors(*file);
  if (!contents)
    return fail(contents.error());
  bool isCheckpoint = contents->metadata["modc.kind"] == "checkpoint";
  const char *kind = isCheckpoint ? "checkpoint" : "weights";
  if (json) {
    Json tensors = Json::array();
    for (const auto &[name, tensor] : contents->tensors)
      tensors.push_back({{"name", name},
                         {"type", nameOf(tensor.type)},
                         {"shape", tensor.shape},
                         {"bytes", tensor.byteSize()},
                         {"finite", !tensor.firstNonFinite().has_value()}});
    printJson({{"kind", kind},
               {"file", path},
               {"bytes", file->size()},
               {"metadata", contents->metadata},
               {"tensors", tensors}});
    return Done;
  }
  print(fmt::format("{}: {}, {} tensors, {}\n", path, kind,
                    contents->tensors.size(), sizeText(int64_t(file->size()))));
  for (const auto &[key, value] : contents->metadata)
    print(fmt::format("  {}: {}\n", inQuotes(key), inQuotes(value)));
  Table table;
  for (const auto &[name, tensor] : contents->tensors) {
    std::string quoted = inQuotes(name);
    table.row({quoted.substr(1, quoted.size() - 2), toString(tensor.shape),
               std::string(nameOf(tensor.type)),
               tensor.firstNonFinite() ? "not finite" : ""});
  }
  print(table.text("  "));
  return Done;
}

int inspectArray(const std::string &path, bool json) {
  Result<Tensor> tensor = readNpy(path);
  if (!tensor)
    return fail(tensor.error());
  if (json)
    printJson({{"kind", "array"},
               {"file", path},
               {"type", nameOf(tensor->type)},
               {"shape", tensor->shape}});
  else
    print(fmt::format("{}: array {} {}\n", path, toString(tensor->shape),
                      nameOf(tensor->type)));
  return Done;
}

} // namespace

int inspectMain(int argc, char **argv) {
  std::string path;
  bool json = false;
  Flags flags(
      "inspect", "FILE [--json]",
      "Says what FILE holds: the signature of a model (model.so, or\n"
      "model.mlir), the tensors of weights or of a checkpoint, the shape\n"
      "of an array. Nothing in the file is run.");
  flags.argument("FILE", path,
                 "model.so, model.mlir, .safetensors, checkpoint or .npy");
  flags.flag("--json", json, "print JSON, for programs");
  flags.examples("  modc inspect model.so\n"
                 "  modc inspect weights.safetensors --json\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  switch (fileKind(path)) {
  case FileKind::Library:
    return inspectLibrary(path, json);
  case FileKind::Safetensors:
    return inspectTensors(path, json);
  case FileKind::Npy:
    return inspectArray(path, json);
  case FileKind::Text:
  case FileKind::Bytecode:
    return inspectNetwork(path, json);
  case FileKind::Directory:
    // What --checkpoint takes.
    path += "/checkpoint.safetensors";
    return inspectTensors(path, json);
  case FileKind::Missing:
    break;
  }
  return fail(File::open(path).error());
}

} // namespace modc::driver
