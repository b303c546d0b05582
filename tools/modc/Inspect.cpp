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
#include "tools/modc/InspectDevices.h"
#include "tools/modc/InspectKernels.h"
#include "tools/modc/InspectMemory.h"
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
  for (const DeviceTarget &target : signature.devices)
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

std::string remarks(const StoredTensor &parameter) {
  std::string text = parameter.init;
  if (!parameter.trained)
    text += ", not trained";
  if (parameter.panels > 0)
    text += fmt::format(", panels of {} columns", parameter.panels);
  return text;
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
                 fmt::format("{}", tensor.offset), remarks(tensor)});
    print(table.text("  "));
  }
  if (!signature.programs.empty()) {
    print("\nprograms\n");
    for (const ProgramSpec &program : signature.programs)
      print(fmt::format("  {:<18} ({}) -> ({})\n", program.name,
                        joinBuffers(program, false),
                        joinBuffers(program, true)));
  }
  print(devicesText(signature));
}

/// What to say of a file.
struct InspectFlags {
  bool json = false, kernels = false, memory = false;
  KernelFlags options;
};

int printNote(const std::string &path, const char *kind, int64_t bytes,
              const Result<ArtefactNote> &note, const InspectFlags &flags) {
  if (!note)
    return fail(note.error());
  std::optional<Json> kernels, memory;
  const DeviceTarget *device =
      findDevice(note->signature, flags.options.target);
  if (flags.kernels && device) {
    kernels = describeLaunches(note->signature, *device, flags.options);
  } else if (flags.kernels) {
    auto described = describeKernels(note->signature, flags.options);
    if (!described)
      return fail(described.error());
    kernels = std::move(*described);
  }
  if (flags.memory) {
    const KernelFlags &call = flags.options;
    // Kernels are measured on all threads, but a session has one by default.
    auto described = describeMemory(
        note->signature, {call.points, call.candidates,
                          std::max<int64_t>(call.threads, 1), call.target});
    if (!described)
      return fail(described.error());
    memory = std::move(*described);
  }
  if (flags.json) {
    Json result = {{"kind", kind}, {"file", path}, {"bytes", bytes}};
    if (kernels)
      result["kernels"] = std::move(*kernels);
    if (memory)
      result["memory"] = std::move(*memory);
    if (!kernels && !memory)
      result["signature"] = Json::parse(note->text);
    printJson(result);
    return Done;
  }
  print(fmt::format("{}: {} {}, {}\n", path, kind,
                    inQuotes(note->signature.network), sizeText(bytes)));
  if (kernels)
    print(device ? launchesText(*kernels) : kernelsText(*kernels));
  if (memory)
    print(memoryText(*memory));
  if (!kernels && !memory)
    printSignature(note->signature);
  return Done;
}

int inspectLibrary(const std::string &path, const InspectFlags &flags) {
  Result<File> file = File::open(path);
  if (!file)
    return fail(file.error());
  return printNote(path, "model", int64_t(file->size()), readArtefactNote(path),
                   flags);
}

/// What the network would be when compiled for this processor.
int inspectNetwork(const std::string &path, const InspectFlags &flags) {
  Result<File> file = File::open(path);
  if (!file)
    return fail(file.error());
  auto note = compiledNote(path, {});
  return printNote(path, "network", int64_t(file->size()), note, flags);
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
  InspectFlags options;
  bool &json = options.json;
  Flags flags(
      "inspect", "FILE [FLAG...]",
      "Says what FILE holds: the signature of a model (model.so, or\n"
      "model.mlir), the tensors of weights or of a checkpoint, the shape\n"
      "of an array. Nothing in the file is run.");
  flags.argument("FILE", path,
                 "model.so, model.mlir, .safetensors, checkpoint or .npy");
  flags.flag("--json", json, "print JSON, for programs");
  flags.section("kernels and memory of a model");
  flags.flag("--kernels", options.kernels,
             "print products of matrices by program: kernel, tile, FLOPs, "
             "bytes and the time that a roofline predicts; of a device "
             "target, its launches");
  flags.flag("--memory", options.memory,
             "print what each program keeps in memory while it runs: bytes as "
             "a formula of points N and candidates S, and for this call");
  KernelFlags &kernels = options.options;
  flags.integer("--points", "N", kernels.points, 1, 1 << 24,
                "points of a call");
  flags.integer("--samples", "S", kernels.candidates, 1, 1 << 16,
                "candidates of an E-step");
  flags.text("--target", "TARGET", kernels.target,
             "a target of the model (without: the best that runs here)");
  flags.integer("--threads", "N", kernels.threads, 0, 4096,
                "threads to measure on (0 takes all processors), or of a "
                "session (0 is 1)");
  flags.real("--peak", "GFLOPS", kernels.peak, 1e-3, 1e9,
             "peak of all threads (without: measured)");
  flags.real("--bandwidth", "GBS", kernels.bandwidth, 1e-3, 1e9,
             "bandwidth of memory (without: measured)");
  flags.examples("  modc inspect model.so\n"
                 "  modc inspect model.so --kernels --points 1024\n"
                 "  modc inspect model.so --memory --points 1024\n"
                 "  modc inspect weights.safetensors --json\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  FileKind kind = fileKind(path);
  bool isModel = kind == FileKind::Library || kind == FileKind::Text ||
                 kind == FileKind::Bytecode || kind == FileKind::Missing;
  if ((options.kernels || options.memory) && !isModel)
    return fail(inQuotes(path) + " is no model, which " +
                (options.kernels ? "--kernels" : "--memory") + " wants");
  for (const char *flag : {"--points", "--samples", "--target", "--threads"})
    if (flags.given(flag) && !options.kernels && !options.memory)
      return misuse("inspect",
                    std::string(flag) + " wants --kernels or --memory");
  for (const char *flag : {"--peak", "--bandwidth"})
    if (flags.given(flag) && !options.kernels)
      return misuse("inspect", std::string(flag) + " wants --kernels");
  switch (kind) {
  case FileKind::Library:
    return inspectLibrary(path, options);
  case FileKind::Safetensors:
    return inspectTensors(path, json);
  case FileKind::Npy:
    return inspectArray(path, json);
  case FileKind::Text:
  case FileKind::Bytecode:
    return inspectNetwork(path, options);
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
