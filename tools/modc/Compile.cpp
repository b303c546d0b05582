//===- Compile.cpp - modc compile -----------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns a network into a shared library, or shows it at any phase on the way.
//
//===----------------------------------------------------------------------===//

#include "runtime/Artefact.h"
#include "runtime/formats/File.h"
#include "tools/modc/Commands.h"
#include "tools/modc/Output.h"
#include "tools/modc/Source.h"
#include "tools/modc/TemporaryDirectory.h"
#include "tools/modc/Version.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace modc::driver {
namespace {

/// What --save-temps without a directory stands for.
constexpr const char *kBesideOutput = "beside the output";

struct CompileFlags {
  std::string input, output, emit = "so", from = "network", to = "llvm";
  std::string dumpPhases, saveTemps, remarksOutput, ptxas;
  std::vector<std::string> targets, programs, remarks;
  bool json = false;
  BuildOptions build;
};

std::vector<std::string> phaseNames() {
  std::vector<std::string> names;
  for (Phase phase : {Phase::Network, Phase::Routed, Phase::Programs,
                      Phase::Tiled, Phase::Buffers, Phase::Llvm})
    names.emplace_back(nameOf(phase));
  return names;
}

/// Where the output goes without -o: text to standard output, the rest beside
/// where the user stands.
std::string defaultOutput(const CompileFlags &flags) {
  bool isBytecode = flags.emit == "bytecode";
  if (flags.emit != "so" && flags.emit != "obj" && !isBytecode)
    return "-";
  std::filesystem::path path = std::filesystem::path(flags.input).filename();
  path.replace_extension(isBytecode           ? ".mlirbc"
                         : flags.emit == "so" ? ".so"
                                              : ".o");
  return path.string();
}

Status writeText(const std::string &path, const std::string &text) {
  if (path != "-")
    return writeFile(path, text);
  print(text);
  return {};
}

Result<nlohmann::ordered_json> summaryOf(const std::string &path,
                                         double seconds) {
  auto note = readArtefactNote(path);
  if (!note)
    return note.error();
  const Signature &signature = note->signature;
  nlohmann::ordered_json targets = nlohmann::ordered_json::array();
  for (const TargetSpec &target : signature.targets)
    targets.push_back(target.name);
  std::error_code ignored;
  return nlohmann::ordered_json{
      {"output", path},
      {"bytes", std::filesystem::file_size(path, ignored)},
      {"network", signature.network},
      {"hash", signature.hash},
      {"targets", targets},
      {"parameter_bytes", signature.parameterBytes},
      {"state_bytes", signature.stateBytes},
      {"seconds", seconds}};
}

/// Compiles to a library and says so.
Status compileLibrary(Compiler &compiler, mlir::ModuleOp module,
                      const CompileFlags &flags,
                      const CompileOptions &options) {
  auto start = std::chrono::steady_clock::now();
  if (Status status = compiler.compileTo(module, flags.output, options);
      !status)
    return status;
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  auto summary = summaryOf(flags.output, seconds.count());
  if (!summary)
    return summary.error();
  if (flags.json)
    printJson(*summary);
  else
    say(fmt::format("wrote {} ({}, {:.1f} s)", flags.output,
                    sizeText((*summary)["bytes"].get<int64_t>()),
                    seconds.count()));
  return {};
}

Status compileText(Compiler &compiler, mlir::ModuleOp module,
                   const CompileFlags &flags, const CompileOptions &options) {
  if (Status status = compiler.lower(module, *parsePhase(flags.to), options);
      !status)
    return status;
  EmitKind kind = flags.emit == "mlir"       ? EmitKind::Mlir
                  : flags.emit == "bytecode" ? EmitKind::Bytecode
                  : flags.emit == "llvm"     ? EmitKind::LlvmIr
                  : flags.emit == "asm"      ? EmitKind::Assembly
                                             : EmitKind::Object;
  auto text = compiler.emit(module, kind, options);
  if (!text)
    return text.error();
  return writeText(flags.output, *text);
}

Status checkOutputs(const CompileFlags &flags) {
  for (const std::string &folder : {flags.dumpPhases, flags.saveTemps})
    if (!folder.empty())
      if (Status status = checkDirectory(folder); !status)
        return status;
  if (!flags.remarksOutput.empty())
    if (Status status = checkWritable(flags.remarksOutput); !status)
      return status;
  if (Status status = checkDistinct(
          {{"the output", flags.output == "-" ? "" : flags.output},
           {"--remarks-output", flags.remarksOutput},
           {"the network", flags.input}});
      !status)
    return status;
  if (flags.output == "-")
    return {};
  return checkWritable(flags.output);
}

/// Reads "pass=REGEX", "pass-missed=REGEX" and "pass-analysis=REGEX", what -R
/// was given; a message where one is something else.
Result<RemarkOptions> remarkOptions(const CompileFlags &flags) {
  RemarkOptions options;
  options.record = !flags.remarksOutput.empty();
  for (const std::string &text : flags.remarks) {
    size_t equals = text.find('=');
    std::string kind = text.substr(0, equals);
    std::string *value = kind == "pass"            ? &options.passed
                         : kind == "pass-missed"   ? &options.missed
                         : kind == "pass-analysis" ? &options.analysis
                                                   : nullptr;
    if (!value)
      return makeError(
          "unknown flag ", inQuotes("-R" + kind),
          suggestion(kind, {"pass", "pass-missed", "pass-analysis"}));
    if (equals == text.npos || equals + 1 == text.size())
      return makeError("-R", kind, " wants a regular expression: -R", kind,
                       "=.*");
    *value = text.substr(equals + 1);
  }
  return options;
}

/// Lines on standard error and the file; also of a compilation that failed.
Status writeRemarks(Compiler &compiler, const CompileFlags &flags) {
  std::fputs(compiler.remarks().takeText().c_str(), stderr);
  if (flags.remarksOutput.empty())
    return {};
  return writeFile(flags.remarksOutput, compiler.remarks().yaml());
}

void declare(Flags &parser, CompileFlags &flags) {
  parser.argument("MODEL", flags.input, "a network, as text or bytecode");
  parser.text("-o,--output", "FILE", flags.output,
              "the file to write; - is standard output (default: MODEL's name "
              "with .so, .o or .mlirbc; standard output for text)");
  parser.choice("--emit", flags.emit,
                {"mlir", "bytecode", "llvm", "asm", "obj", "so"},
                "what to write");
  parser.texts("--target", "TARGET", flags.targets,
               "cpu:host, cpu:x86-64-v2, -v3 or -v4; repeatable, the library "
               "then takes the best one that runs (default: cpu:host); vulkan "
               "or cuda:sm_80, _86, _87, _89 or _90: kernels for such devices "
               "beside it");
  parser.texts("--program", "NAME", flags.programs,
               "a program that the library has, such as infer; repeatable "
               "(default: all)");
  parser.integer("-O", "N", flags.build.optimization, 0, 3, "optimization");
  parser.choice("--dispatch", flags.build.dispatch, {"grouped", "naive"},
                "how the members of a layer are run");
  parser.choice("--optimizer", flags.build.optimizer,
                {"sgd", "momentum", "rmsprop", "adam"},
                "update rule, instead of the network's");
  parser.text("--ptxas", "PATH", flags.ptxas,
              "the CUDA Toolkit's assembler, for cubins beside the PTX; none: "
              "PTX only (without: as found on the path, in $CUDA_PATH/bin or "
              "/usr/local/cuda/bin)");
  parser.flag("--json", flags.json, "print a summary as JSON");
  parser.section("phases");
  parser.choice("--to", flags.to, phaseNames(), "stop there and write the IR");
  parser.choice("--from", flags.from, phaseNames(),
                "MODEL is IR that --to wrote at that phase");
  parser.text("--dump-phases", "DIR", flags.dumpPhases,
              "write the IR of every phase there");
  parser.textOr("--save-temps", "[=DIR]", flags.saveTemps, kBesideOutput,
                "the same, and LLVM's IR, assembly and object of each target "
                "(default DIR: the output's name with .temps)");
  parser.section("remarks");
  parser.texts("-R", "pass[-missed|-analysis]=REGEX", flags.remarks,
               "say what passes of such names did (-Rpass=.*), did not do, "
               "and why (-Rpass-missed=fuse), with file and line");
  parser.text("--remarks-output", "FILE", flags.remarksOutput,
              "write all remarks there, as YAML");
  parser.examples(
      "  modc compile examples/toy.mlir -o toy.so\n"
      "  modc compile examples/toy.mlir -o toy.so -Rpass-missed=.*\n"
      "  modc compile examples/toy.mlir --program=infer -o infer.so\n"
      "  modc compile examples/toy.mlir --to=programs\n"
      "  modc compile examples/toy.mlir -o toy.so --target=cpu:x86-64-v2 \\\n"
      "    --target=cpu:x86-64-v4 -O3\n");
}

} // namespace

int compileMain(int argc, char **argv) {
  CompileFlags flags;
  Flags parser(
      "compile", "MODEL [-o FILE] [FLAG...]",
      "Compiles a network to a shared library that trains and runs it,\n"
      "without LLVM at run time.");
  declare(parser, flags);
  if (std::optional<int> code = parser.parse(argc, argv))
    return *code;
  if (parser.given("--to") && !parser.given("--emit"))
    flags.emit = "mlir";
  if (parser.given("--to") && flags.emit != "mlir" &&
      flags.emit != "bytecode" && flags.to != "llvm")
    return misuse("compile", fmt::format("--emit={} wants phase llvm, not "
                                         "--to={}",
                                         flags.emit, flags.to));
  if (!flags.programs.empty() && flags.from != "network")
    return misuse("compile", fmt::format("--program wants a network, and "
                                         "--from={} has its programs",
                                         flags.from));
  if (!flags.programs.empty() && flags.to == "network")
    return misuse("compile", "--program wants a phase after network");
  if (!flags.saveTemps.empty() && !flags.dumpPhases.empty())
    return misuse("compile", "--save-temps writes what --dump-phases does: "
                             "give one of them");
  if (flags.json && flags.emit != "so")
    return misuse("compile", "--json wants --emit=so");
  auto remarks = remarkOptions(flags);
  if (!remarks)
    return misuse("compile", remarks.error().message());
  if (flags.output.empty())
    flags.output = defaultOutput(flags);
  if (flags.output == "-" && flags.emit == "so")
    return misuse("compile", "a library cannot go to standard output");

  if (flags.saveTemps == kBesideOutput)
    flags.saveTemps = (flags.output == "-"
                           ? std::filesystem::path(flags.input).stem().string()
                           : flags.output) +
                      ".temps";

  CompileOptions options;
  options.pipeline = pipelineOptions(flags.build);
  options.pipeline.programs = flags.programs;
  options.from = *parsePhase(flags.from);
  options.ptxas = flags.ptxas;
  options.dumpCode = !flags.saveTemps.empty();
  options.dumpPhases = options.dumpCode ? flags.saveTemps : flags.dumpPhases;
  if (!flags.targets.empty())
    options.targets = flags.targets;
  switch (fileKind(flags.input)) {
  case FileKind::Library:
  case FileKind::Safetensors:
  case FileKind::Npy:
  case FileKind::Directory:
    return fail(inQuotes(flags.input) + " is not a network");
  default:
    break;
  }
  if (Status status = checkOutputs(flags); !status)
    return fail(status.error());

  std::unique_ptr<TemporaryDirectory> directory;
  if (flags.emit == "so") {
    auto created = TemporaryDirectory::create();
    if (!created)
      return fail(created.error());
    directory = std::move(*created);
    options.temporaryFolder = directory->path;
  }
  Compiler compiler;
  if (Status status = compiler.remarks().listen(compiler.context(), *remarks);
      !status)
    return misuse("compile", status.error().message());
  auto module = readSource(compiler, flags.input, flags.build);
  if (!module)
    return fail(module.error());
  Status status = flags.emit == "so"
                      ? compileLibrary(compiler, module->get(), flags, options)
                      : compileText(compiler, module->get(), flags, options);
  Status remarked = writeRemarks(compiler, flags);
  if (!status)
    return fail(status.error());
  if (!remarked)
    return fail(remarked.error());
  printWarnings(compiler);
  return Done;
}

} // namespace modc::driver
