//===- Codegen.cpp - From the LLVM dialect to machine code ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's own pipeline at the level asked for, told that no library function
// exists but the three that a model may import. Reassociation is never
// allowed: results must not depend on what LLVM vectorises.
//
//===----------------------------------------------------------------------===//

#include "frontend/Codegen.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "runtime/ModelAbi.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

#include <algorithm>
#include <mutex>

namespace modc {
namespace {

constexpr const char *kTriple = "x86_64-unknown-linux-gnu";
/// The symbol of the images of kernels, which the entry holds.
constexpr const char *kDeviceCode = "modc_model_device_code";

/// `modc_model_x86_64_v3`.
std::string modelSymbol(const CpuTarget &target) {
  std::string name = "modc_model_" + target.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

Result<std::unique_ptr<llvm::TargetMachine>>
makeMachine(const std::string &cpu, unsigned optimization) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
  std::string reason;
  llvm::Triple triple(kTriple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return makeError("LLVM has no code generator for ", kTriple, ": ", reason);
  llvm::CodeGenOptLevel levels[] = {
      llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Less,
      llvm::CodeGenOptLevel::Default, llvm::CodeGenOptLevel::Aggressive};
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
      levels[std::min(optimization, 3u)]));
}

/// A library that has nothing but what a model may import.
llvm::TargetLibraryInfoImpl memoryFunctions() {
  llvm::TargetLibraryInfoImpl library((llvm::Triple(kTriple)));
  library.disableAllFunctions();
  library.setAvailable(llvm::LibFunc_memcpy);
  library.setAvailable(llvm::LibFunc_memmove);
  library.setAvailable(llvm::LibFunc_memset);
  return library;
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              unsigned optimization) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = optimization >= 2;
  // Contractions are vectors already and the rest are loops: what it finds
  // beside them are address computations, for two thirds of the time.
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = optimization >= 2;
  // Tiles of contractions fill the registers already, and copies of the other
  // loops are most of the code and of the time.
  tuning.LoopUnrolling = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  functions.registerPass(
      [] { return llvm::TargetLibraryAnalysis(memoryFunctions()); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::OptimizationLevel levels[] = {
      llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  llvm::ModulePassManager passes =
      optimization == 0 ? builder.buildO0DefaultPipeline(levels[0])
                        : builder.buildPerModuleDefaultPipeline(
                              levels[std::min(optimization, 3u)]);
  passes.run(module, modules);
}

/// The passes of code generation but one. The scheduler of instructions moves
/// loads of later rounds of a tile up until its sums no longer fit the
/// registers, and the processor has a scheduler of its own.
class CodegenPasses : public llvm::legacy::PassManager {
public:
  void add(llvm::Pass *pass) override {
    if (pass->getPassName() == "Machine Instruction Scheduler")
      delete pass;
    else
      llvm::legacy::PassManager::add(pass);
  }
};

std::string emit(llvm::Module &module, llvm::TargetMachine &machine,
                 CodeKind kind) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  if (kind == CodeKind::LlvmIr) {
    module.print(out, nullptr);
    return std::string(bytes.begin(), bytes.end());
  }
  CodegenPasses passes;
  passes.add(new llvm::TargetLibraryInfoWrapperPass(memoryFunctions()));
  // Fails only where a target cannot write the kind, and x86-64 writes both.
  (void)machine.addPassesToEmitFile(passes, out, nullptr,
                                    kind == CodeKind::Object
                                        ? llvm::CodeGenFileType::ObjectFile
                                        : llvm::CodeGenFileType::AssemblyFile);
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

/// Without the instruction, a fused multiply-add would be a call of the C
/// library: multiply and add instead.
void splitFma(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &op : llvm::make_early_inc_range(block)) {
        auto *fma = llvm::dyn_cast<llvm::IntrinsicInst>(&op);
        if (!fma || fma->getIntrinsicID() != llvm::Intrinsic::fma)
          continue;
        llvm::IRBuilder<> builder(fma);
        fma->replaceAllUsesWith(builder.CreateFAdd(
            builder.CreateFMul(fma->getArgOperand(0), fma->getArgOperand(1)),
            fma->getArgOperand(2)));
        fma->eraseFromParent();
      }
}

/// struct modc_model and, at its end, the table of programs.
llvm::Error addModel(llvm::Module &module, const CpuTarget &target,
                     int64_t deviceCodeBytes) {
  llvm::GlobalVariable *table = module.getNamedGlobal("modc_programs");
  if (!table || !llvm::isa<llvm::ArrayType>(table->getValueType()))
    return llvm::createStringError("no table of programs 'modc_programs'");
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type *pointer = builder.getPtrTy();
  llvm::Type *i64 = builder.getInt64Ty();
  auto *type = llvm::StructType::get(
      context, {i64, pointer, i64, pointer, pointer, i64});
  uint64_t count =
      llvm::cast<llvm::ArrayType>(table->getValueType())->getNumElements();
  auto *name = new llvm::GlobalVariable(
      module, llvm::ArrayType::get(builder.getInt8Ty(), target.name.size() + 1),
      true, llvm::GlobalValue::InternalLinkage,
      llvm::ConstantDataArray::getString(context, target.name), "modc_target");
  llvm::Constant *code = llvm::ConstantPointerNull::get(builder.getPtrTy());
  if (deviceCodeBytes > 0) {
    auto *symbol = new llvm::GlobalVariable(module, builder.getInt8Ty(), true,
                                            llvm::GlobalValue::ExternalLinkage,
                                            nullptr, kDeviceCode);
    symbol->setVisibility(llvm::GlobalValue::HiddenVisibility);
    code = symbol;
  }
  auto *model = new llvm::GlobalVariable(
      module, type, true, llvm::GlobalValue::ExternalLinkage,
      llvm::ConstantStruct::get(type, {builder.getInt64(MODC_ABI_VERSION), name,
                                       builder.getInt64(count), table, code,
                                       builder.getInt64(deviceCodeBytes)}),
      modelSymbol(target));
  model->setVisibility(llvm::GlobalValue::HiddenVisibility);
  for (llvm::GlobalObject &object : module.global_objects())
    if (!object.isDeclaration() && !object.hasPrivateLinkage() &&
        &object != model)
      object.setLinkage(llvm::GlobalValue::InternalLinkage);
  return llvm::Error::success();
}

/// Reports each op that no pass has lowered, where it was written.
bool isLowered(mlir::ModuleOp module) {
  bool lowered = true;
  module.getBody()->walk([&](mlir::Operation *op) {
    if (llvm::isa_and_present<mlir::LLVM::LLVMDialect>(op->getDialect()))
      return;
    op->emitOpError("has no lowering to LLVM's IR");
    lowered = false;
  });
  return lowered;
}

void setAttributes(llvm::Module &module, const CpuTarget &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.name);
    function.addFnAttr("tune-cpu", target.tuning);
    // What is tuned for may rather have half of the vector.
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBits()));
    // Stack traces of profilers reach the host through a model.
    function.addFnAttr("frame-pointer", "all");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

} // namespace

Result<std::string> generateCode(mlir::ModuleOp module, const CpuTarget &target,
                                 unsigned optimization, CodeKind kind,
                                 int64_t deviceCodeBytes) {
  auto machine = makeMachine(target.name, optimization);
  if (!machine)
    return machine.error();
  if (!isLowered(module))
    return Error("the module has ops without a lowering");
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  auto code = mlir::translateModuleToLLVMIR(module, context, "modc");
  if (!code)
    return Error("the module cannot be translated to LLVM's IR");
  code->setSourceFileName("modc");
  code->setTargetTriple(llvm::Triple(kTriple));
  code->setDataLayout((*machine)->createDataLayout());
  if (llvm::Error error = addModel(*code, target, deviceCodeBytes))
    return Error(llvm::toString(std::move(error)));
  if (!(target.features & MODC_CPU_FMA))
    splitFma(*code);
  setAttributes(*code, target);
  optimize(*code, **machine, optimization);
  return emit(*code, **machine, kind);
}

Result<std::string> generateEntry(const std::vector<CpuTarget> &targets,
                                  const std::string &signature,
                                  const std::string &deviceCode) {
  auto machine = makeMachine("x86-64", 2);
  if (!machine)
    return machine.error();
  llvm::LLVMContext context;
  llvm::Module module("modc", context);
  module.setTargetTriple(llvm::Triple(kTriple));
  module.setDataLayout((*machine)->createDataLayout());
  llvm::IRBuilder<> builder(context);
  llvm::Type *i64 = builder.getInt64Ty();
  llvm::PointerType *pointer = builder.getPtrTy();

  auto *entry = llvm::Function::Create(
      llvm::FunctionType::get(pointer, {i64, i64}, false),
      llvm::GlobalValue::ExternalLinkage, "modc_model_entry", module);
  entry->addFnAttr(llvm::Attribute::NoUnwind);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", entry));
  llvm::Value *abi = builder.CreateICmpEQ(entry->getArg(0),
                                          builder.getInt64(MODC_ABI_VERSION));
  // From the least demanding to the most: the last that fits wins.
  llvm::Value *best = llvm::ConstantPointerNull::get(pointer);
  for (const CpuTarget &target : llvm::reverse(targets)) {
    auto *model = new llvm::GlobalVariable(module, builder.getInt8Ty(), true,
                                           llvm::GlobalValue::ExternalLinkage,
                                           nullptr, modelSymbol(target));
    model->setVisibility(llvm::GlobalValue::HiddenVisibility);
    llvm::Value *needed = builder.getInt64(target.features);
    llvm::Value *has = builder.CreateICmpEQ(
        builder.CreateAnd(entry->getArg(1), needed), needed);
    best = builder.CreateSelect(has, model, best);
  }
  builder.CreateRet(
      builder.CreateSelect(abi, best, llvm::ConstantPointerNull::get(pointer)));

  if (!deviceCode.empty()) {
    auto *bytes = llvm::ConstantDataArray::getString(context, deviceCode,
                                                     /*AddNull=*/false);
    auto *code = new llvm::GlobalVariable(module, bytes->getType(), true,
                                          llvm::GlobalValue::ExternalLinkage,
                                          bytes, kDeviceCode);
    code->setVisibility(llvm::GlobalValue::HiddenVisibility);
    code->setAlignment(llvm::Align(64));
  }

  // An ELF note: sizes of name and descriptor, type, name, descriptor.
  std::string padded = signature;
  padded.resize((padded.size() + 3) & ~size_t(3), '\0');
  auto *header = llvm::ConstantDataArray::get(
      context, llvm::ArrayRef<uint32_t>{5, uint32_t(padded.size()), 1});
  auto *name = llvm::ConstantDataArray::getString(
      context, llvm::StringRef("modc\0\0\0\0", 8), /*AddNull=*/false);
  auto *text = llvm::ConstantDataArray::getString(context, padded,
                                                  /*AddNull=*/false);
  auto *note = llvm::ConstantStruct::getAnon({header, name, text});
  auto *global = new llvm::GlobalVariable(module, note->getType(), true,
                                          llvm::GlobalValue::PrivateLinkage,
                                          note, "modc_note");
  global->setSection(".note.modc");
  global->setAlignment(llvm::Align(4));
  return emit(module, **machine, CodeKind::Object);
}

Status checkImports(const std::string &object) {
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(object, "modc"));
  if (!file)
    return Error(llvm::toString(file.takeError()));
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      return Error("the object's symbols cannot be read");
    }
    if (!(*flags & llvm::object::SymbolRef::SF_Undefined) || name->empty() ||
        *name == "memcpy" || *name == "memmove" || *name == "memset" ||
        *name == "_GLOBAL_OFFSET_TABLE_" || name->starts_with("modc_model_"))
      continue;
    return makeError("the compiled model calls ", inQuotes(name->str()),
                     ", but it may only import memcpy, memmove and memset");
  }
  return {};
}

} // namespace modc
