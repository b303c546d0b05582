//===- Compiler.cpp - Models through the phases, to code ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One context, one diagnostic handler, one pass manager a phase: so that each
// phase can be dumped, and a message says in which phase it arose.
//
//===----------------------------------------------------------------------===//

#include "frontend/Compiler.h"

#include "dialect/ModuleFile.h"
#include "frontend/Codegen.h"
#include "frontend/DeviceCompiler.h"
#include "frontend/FlopCount.h"
#include "frontend/KernelTable.h"
#include "frontend/Linker.h"
#include "frontend/Ptxas.h"
#include "frontend/SignatureText.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "runtime/formats/File.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace modc {
namespace {

constexpr const char *kPhases[] = {"network", "routed",  "programs",
                                   "tiled",   "buffers", "llvm"};

StringRef describe(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note: ";
  case DiagnosticSeverity::Warning:
    return "warning: ";
  case DiagnosticSeverity::Error:
    return "error: ";
  case DiagnosticSeverity::Remark:
    return "remark: ";
  }
  return "";
}

/// "file:line:column: error: text". Line 0 means the file as a whole: then it
/// is
/// "'file': text", as messages about other files are, unless the text names the
/// file itself.
void describe(llvm::raw_ostream &out, const Diagnostic &diagnostic) {
  auto file = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>();
  std::string text = diagnostic.str();
  if (file && file.getLine()) {
    out << file.getFilename().getValue() << ":" << file.getLine() << ":"
        << file.getColumn() << ": " << describe(diagnostic.getSeverity());
  } else if (file) {
    std::string name = inQuotes(file.getFilename().getValue().str());
    if (!StringRef(text).contains(name))
      out << name << ": ";
  }
  out << text << "\n";
}

DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  out << "\n";
  return text;
}

} // namespace

std::string_view nameOf(Phase phase) { return kPhases[int(phase)]; }

std::optional<Phase> parsePhase(std::string_view name) {
  for (int i = 0; i < int(std::size(kPhases)); ++i)
    if (name == kPhases[i])
      return Phase(i);
  return std::nullopt;
}

Compiler::Compiler()
    // Passes work on whole modules; threads would only cost their start.
    : mlirContext(makeRegistry(), MLIRContext::Threading::DISABLED) {
  // A message about a line of the user's, not a page of our own ops.
  mlirContext.printOpOnDiagnostic(false);
  mlirContext.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    llvm::raw_string_ostream out(messages);
    describe(out, diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      describe(out, note);
  });
}

Error Compiler::failure(std::string_view fallback) {
  std::string text = messages.empty() ? std::string(fallback) : messages;
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return Error(std::move(text));
}

Result<OwningOpRef<ModuleOp>> Compiler::parseFile(const std::string &path) {
  messages.clear();
  auto module = loadModule(path, &mlirContext);
  if (!module)
    return failure("cannot read " + inQuotes(path));
  return std::move(module);
}

Result<OwningOpRef<ModuleOp>> Compiler::parseText(std::string_view text,
                                                  std::string_view name) {
  messages.clear();
  auto module = parseModule(StringRef(text.data(), text.size()),
                            StringRef(name.data(), name.size()), &mlirContext);
  if (!module)
    return failure("cannot read " + inQuotes(name));
  return std::move(module);
}

Status Compiler::verify(ModuleOp module) {
  messages.clear();
  if (mlir::failed(mlir::verify(module)))
    return failure("the module is not valid");
  return {};
}

/// The file of a step of the way: "4-buffers.mlir", with the target's name
/// where there are several.
static std::string dumpPath(const CompileOptions &options, int number,
                            std::string_view name, const std::string &target,
                            const char *extension) {
  bool several = options.targets.size() > 1 && number > int(Phase::Tiled);
  return options.dumpPhases + "/" + std::to_string(number) + "-" +
         std::string(name) + (several ? "." + target : "") + extension;
}

Status Compiler::dump(ModuleOp module, Phase phase,
                      const CompileOptions &options,
                      const std::string &target) {
  if (options.dumpPhases.empty())
    return {};
  if (Status made = createDirectories(options.dumpPhases); !made)
    return made;
  return writeFile(
      dumpPath(options, int(phase), nameOf(phase), target, ".mlir"),
      print(module));
}

/// Phases of devices follow `programs`: 3-launches.vulkan.mlir.
Status Compiler::dumpDevicePhase(ModuleOp module, std::string_view phase,
                                 const std::string &device,
                                 const CompileOptions &options) {
  if (options.dumpPhases.empty())
    return {};
  if (Status made = createDirectories(options.dumpPhases); !made)
    return made;
  std::string name = device;
  std::replace(name.begin(), name.end(), ':', '-');
  int number = int(Phase::Programs) + (phase == "launches" ? 1 : 2);
  return writeFile(options.dumpPhases + "/" + std::to_string(number) + "-" +
                       std::string(phase) + "." + name + ".mlir",
                   print(module));
}

Result<std::string> Compiler::generateObject(ModuleOp module,
                                             const CompileOptions &options,
                                             const CpuTarget &target,
                                             int64_t deviceCodeBytes) {
  unsigned optimization = options.pipeline.optimization;
  Result<std::string> object = generateCode(module, target, optimization,
                                            CodeKind::Object, deviceCodeBytes);
  if (!object || options.dumpPhases.empty() || !options.dumpCode)
    return object;
  // Again from the start: code of a copy of the IR differs in its labels.
  auto write = [&](const char *extension, Result<std::string> code) -> Status {
    if (!code)
      return code.error();
    return writeFile(
        dumpPath(options, int(Phase::Llvm) + 1, "code", target.name, extension),
        *code);
  };
  if (Status s = write(".o", *object); !s)
    return s.error();
  if (Status s = write(
          ".ll", generateCode(module, target, optimization, CodeKind::LlvmIr));
      !s)
    return s.error();
  if (Status s = write(
          ".s", generateCode(module, target, optimization, CodeKind::Assembly));
      !s)
    return s.error();
  return object;
}

/// Passes would only say what they miss in IR of another phase.
Status Compiler::checkPhase(ModuleOp module, Phase phase) {
  bool derived = module->hasAttr("modular.signature");
  bool hasNetwork = !module.getOps<NetworkOp>().empty();
  const char *reason = nullptr;
  if (phase == Phase::Network && derived && !hasNetwork)
    reason = "it is of a later one";
  else if (phase != Phase::Network && hasNetwork)
    reason = "it holds a 'modular.network'";
  else if (phase != Phase::Network && !derived)
    reason = "it has no 'modular.signature'";
  // An empty file is a module too, and stopping here derives no program of it.
  if (!reason && phase == Phase::Network &&
      mlir::failed(getOnlyNetwork(module)))
    return failure("not one network");
  if (!reason)
    return {};
  emitError(module.getLoc())
      << "not IR of phase '" << nameOf(phase) << "': " << reason;
  return failure(reason);
}

Status Compiler::lower(ModuleOp module, Phase to,
                       const CompileOptions &options) {
  messages.clear();
  if (int(to) < int(options.from))
    return makeError("phase ", nameOf(to), " comes before phase ",
                     nameOf(options.from), ", where the model is");
  Result<std::vector<CpuTarget>> targets = parseTargets(options.targets);
  if (!targets)
    return targets.error();
  if (Status status = checkPhase(module, options.from); !status)
    return status;
  // What the hash is of must not change on the way.
  if (options.from == Phase::Network)
    recordHash(module);
  if (Status dumped =
          dump(module, options.from, options, targets->front().name);
      !dumped)
    return dumped;
  return lower(module, options.from, to, options, targets->front());
}

/// Narrower vectors take a panel in several tiles of columns, each of which
/// goes through all of its rows: as a rule that is slower than plain matrices.
constexpr int64_t kPanelVectorBits = 512;

Status Compiler::lower(ModuleOp module, Phase from, Phase to,
                       const CompileOptions &options, const CpuTarget &target) {
  PipelineOptions pipeline = options.pipeline;
  pipeline.vectorBits = target.vectorBits();
  Result<std::vector<CpuTarget>> all = parseTargets(options.targets);
  pipeline.panels = all && llvm::all_of(*all, [](const CpuTarget &each) {
                      return each.vectorBits() >= kPanelVectorBits;
                    });
  for (int i = int(from) + 1; i <= int(to); ++i) {
    PassManager manager(&mlirContext);
    buildPipeline(manager, Phase(i - 1), Phase(i), pipeline);
    // Once a phase: after each of its passes would take a fifth of the time.
    manager.enableVerifier(false);
    if (mlir::failed(manager.run(module)) || mlir::failed(mlir::verify(module)))
      return failure("phase " + std::string(nameOf(Phase(i))) +
                     " failed without a message");
    if (Phase(i) == Phase::Programs)
      recordFlops(module);
    if (Phase(i) == Phase::Buffers)
      recordKernels(module);
    if (Status dumped = dump(module, Phase(i), options, target.name); !dumped)
      return dumped;
  }
  return {};
}

Result<std::string> Compiler::emit(ModuleOp module, EmitKind kind,
                                   const CompileOptions &options) {
  messages.clear();
  if (kind == EmitKind::Mlir)
    return print(module);
  if (kind == EmitKind::Bytecode)
    return toBytecode(module);
  Result<std::vector<CpuTarget>> targets = parseTargets(options.targets);
  if (!targets)
    return targets.error();
  CodeKind code = kind == EmitKind::LlvmIr     ? CodeKind::LlvmIr
                  : kind == EmitKind::Assembly ? CodeKind::Assembly
                                               : CodeKind::Object;
  Result<std::string> result = generateCode(
      module, targets->front(), options.pipeline.optimization, code);
  if (!result)
    return failure(result.error().message());
  return result;
}

/// Where a kernel of `devices` can be assembled: without ptxas it cannot, which
/// is worth a warning unless the user wants none.
static Result<DeviceAssembler>
findAssembler(const std::vector<std::string> &devices,
              const CompileOptions &options) {
  DeviceAssembler assembler;
  assembler.temporaryFolder = options.temporaryFolder;
  if (llvm::none_of(devices, [](const std::string &device) {
        return StringRef(device).starts_with("cuda:");
      }))
    return assembler;
  Result<std::string> ptxas = findPtxas(options.ptxas);
  if (!ptxas)
    return ptxas.error();
  assembler.ptxas = std::move(*ptxas);
  if (assembler.ptxas.empty() && options.ptxas.empty())
    assembler.complaint = "there is no ptxas on the path, in $CUDA_PATH/bin or "
                          "in /usr/local/cuda/bin";
  return assembler;
}

Result<CompiledModel> Compiler::compile(ModuleOp module,
                                        const CompileOptions &options) {
  Result<std::vector<CpuTarget>> targets = parseTargets(options.targets);
  if (!targets)
    return targets.error();
  Result<std::vector<std::string>> devices =
      parseDeviceTargets(options.targets);
  if (!devices)
    return devices.error();
  // Targets part where registers begin to matter, devices before.
  Phase shared = std::max(options.from, Phase::Tiled);
  std::vector<llvm::json::Object> deviceFacts;
  std::string deviceCode;
  Result<DeviceAssembler> assembler = findAssembler(*devices, options);
  if (!assembler)
    return assembler.error();
  if (devices->empty()) {
    if (Status lowered = lower(module, shared, options); !lowered)
      return lowered.error();
  } else {
    if (int(options.from) > int(Phase::Programs))
      return makeError("target ", devices->front(), ": IR of phase ",
                       nameOf(options.from),
                       " is of the processor's, programs or an earlier phase "
                       "is wanted");
    if (Status lowered = lower(module, Phase::Programs, options); !lowered)
      return lowered.error();
    for (const std::string &device : *devices) {
      OwningOpRef<ModuleOp> own(module.clone());
      auto listener = [&](ModuleOp ir, std::string_view phase) {
        return dumpDevicePhase(ir, phase, device, options);
      };
      Result<llvm::json::Object> facts =
          compileForDevice(*own, device, listener, *assembler, deviceCode);
      if (!facts)
        return failure(facts.error().message());
      deviceFacts.push_back(std::move(*facts));
    }
    if (Status lowered =
            lower(module, Phase::Programs, shared, options, targets->front());
        !lowered)
      return lowered.error();
  }
  CompiledModel result;
  Result<std::string> signature =
      completeSignature(module, *targets, options.pipeline);
  if (!signature)
    return signature.error();
  result.signature = std::move(*signature);
  std::vector<llvm::json::Object> facts;
  for (const CpuTarget &target : *targets) {
    OwningOpRef<ModuleOp> own(module.clone());
    if (Status lowered = lower(*own, shared, Phase::Llvm, options, target);
        !lowered)
      return lowered.error();
    facts.push_back(targetFactsOf(*own));
    messages.clear();
    Result<std::string> object =
        generateObject(*own, options, target, int64_t(deviceCode.size()));
    if (!object)
      return failure(object.error().message());
    if (Status imports = checkImports(*object); !imports)
      return imports.error().within(target.name);
    result.objects.push_back(std::move(*object));
  }
  result.signature =
      withDevices(withTargetFacts(result.signature, std::move(facts)),
                  std::move(deviceFacts));
  Result<std::string> entry =
      generateEntry(*targets, result.signature, deviceCode);
  if (!entry)
    return entry.error();
  result.objects.push_back(std::move(*entry));
  if (!assembler->complaint.empty())
    messages +=
        "warning: kernels stay PTX, which the driver compiles when they "
        "are loaded: " +
        assembler->complaint + "\n";
  return result;
}

Status Compiler::compileTo(ModuleOp module, const std::string &path,
                           const CompileOptions &options) {
  Result<CompiledModel> model = compile(module, options);
  if (!model)
    return model.error();
  return linkSharedLibrary(model->objects, path, options.temporaryFolder);
}

} // namespace modc
