//===- DeviceCode.cpp - Code for Vulkan and CUDA --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the pipelines of passes/gpu on a copy and writes what comes out with
// MLIR's SPIR-V serializer and LLVM's NVPTX back end.
//
//===----------------------------------------------------------------------===//

#include "frontend/DeviceCode.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Target/SPIRV/Serialization.h"
#include "passes/gpu/Pipeline.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

using namespace mlir;

namespace modc {
namespace {

constexpr const char *kTriple = "nvptx64-nvidia-cuda";
/// PTX ISA 8.0, of CUDA 12.0: the first that knows sm_90, and read by all later
/// drivers.
constexpr const char *kFeatures = "+ptx80";

/// A module that holds a copy of the kernels.
OwningOpRef<ModuleOp> copy(gpu::GPUModuleOp kernels) {
  OwningOpRef<ModuleOp> host = ModuleOp::create(kernels.getLoc());
  host->push_back(kernels->clone());
  return host;
}

Result<std::unique_ptr<llvm::TargetMachine>>
makeMachine(std::string_view chip) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  std::string reason;
  llvm::Triple triple(kTriple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return makeError("LLVM has no code generator for ", kTriple, ": ", reason);
  // LLVM only warns, on the terminal, of a chip that it does not know.
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!known || !known->isCPUStringValid(llvm::StringRef(chip)))
    return makeError("no chip ", inQuotes(chip), " is known to LLVM");
  llvm::TargetOptions options;
  // Products and sums stay apart; kernels say fma where they want it.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, llvm::StringRef(chip), kFeatures, options, std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

/// Reports each op that no pass has lowered, where it was written.
bool isLowered(gpu::GPUModuleOp module) {
  bool lowered = true;
  module.getBody()->walk([&](Operation *op) {
    if (isa_and_present<LLVM::LLVMDialect, NVVM::NVVMDialect>(op->getDialect()))
      return;
    op->emitOpError("has no lowering to PTX");
    lowered = false;
  });
  return lowered;
}

/// Fails if the code calls what only NVIDIA's libdevice or a host has.
Status checkCalls(const llvm::Module &module) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic())
      return makeError("a kernel calls ", inQuotes(function.getName().str()),
                       ", which no device has");
  return {};
}

} // namespace

Result<std::string> generateSpirv(gpu::GPUModuleOp kernels) {
  OwningOpRef<ModuleOp> host = copy(kernels);
  PassManager manager(kernels.getContext());
  addSpirvPasses(manager);
  if (failed(manager.run(*host)))
    return Error("the kernels cannot be lowered to SPIR-V");
  // The pass makes one of the other.
  auto code = *host->getOps<spirv::ModuleOp>().begin();
  SmallVector<uint32_t> words;
  spirv::SerializationOptions options;
  options.emitSymbolName = false;
  if (failed(spirv::serialize(code, words, options)))
    return Error("the kernels cannot be written as SPIR-V");
  return std::string(reinterpret_cast<const char *>(words.data()),
                     words.size() * sizeof(uint32_t));
}

Result<std::string> generatePtx(gpu::GPUModuleOp kernels,
                                std::string_view chip) {
  auto machine = makeMachine(chip);
  if (!machine)
    return machine.error();
  OwningOpRef<ModuleOp> host = copy(kernels);
  PassManager manager(kernels.getContext());
  addNvvmPasses(manager);
  if (failed(manager.run(*host)))
    return Error("the kernels cannot be lowered to PTX");
  auto lowered = *host->getOps<gpu::GPUModuleOp>().begin();
  if (!isLowered(lowered))
    return Error("the kernels have ops without a lowering");
  MLIRContext &context = *kernels.getContext();
  registerBuiltinDialectTranslation(context);
  registerGPUDialectTranslation(context);
  registerLLVMDialectTranslation(context);
  registerNVVMDialectTranslation(context);
  llvm::LLVMContext llvmContext;
  auto code = translateModuleToLLVMIR(lowered, llvmContext, "modc");
  if (!code)
    return Error("the kernels cannot be translated to LLVM's IR");
  if (Status status = checkCalls(*code); !status)
    return status.error();
  code->setSourceFileName("modc");
  code->setTargetTriple(llvm::Triple(kTriple));
  code->setDataLayout((*machine)->createDataLayout());
  for (llvm::Function &function : *code)
    if (!function.isDeclaration())
      function.addFnAttr("denormal-fp-math-f32", "preserve-sign,preserve-sign");
  optimize(*code, **machine);
  SmallVector<char, 0> text;
  llvm::raw_svector_ostream out(text);
  llvm::legacy::PassManager passes;
  // Fails only where a target cannot write the kind, and NVPTX writes text.
  (void)(*machine)->addPassesToEmitFile(passes, out, nullptr,
                                        llvm::CodeGenFileType::AssemblyFile);
  passes.run(*code);
  return std::string(text.begin(), text.end());
}

} // namespace modc
