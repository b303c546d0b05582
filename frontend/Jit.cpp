//===- Jit.cpp - Compile a network into this process ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Objects of the compiler go to ORC's linker; nothing of the process is
// visible to them but the three memory functions.
//
//===----------------------------------------------------------------------===//

#include "frontend/Jit.h"

#include "frontend/NetworkState.h"
#include "frontend/PerfMap.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/EHFrameRegistrationPlugin.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/MapperJITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/MemoryMapper.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/TargetSelect.h"

#include <cstring>

namespace modc {
namespace api {

struct Jit::Code {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  modc_model_entry_fn entry = nullptr;
  std::string signature;
};

/// Addresses that one JIT sets aside; pages take memory as they are used.
constexpr size_t kReserved = size_t(64) << 20;

/// A linker that puts all objects into one stretch of addresses: they refer to
/// each other by 32 bits, and the system may place two mappings terabytes
/// apart.
static llvm::Expected<std::unique_ptr<llvm::orc::ObjectLayer>>
makeLinker(llvm::orc::ExecutionSession &session) {
  using namespace llvm::orc;
  auto memory =
      MapperJITLinkMemoryManager::CreateWithMapper<InProcessMemoryMapper>(
          kReserved);
  if (!memory)
    return memory.takeError();
  auto linker =
      std::make_unique<ObjectLinkingLayer>(session, std::move(*memory));
  auto frames = EHFrameRegistrationPlugin::Create(session);
  if (!frames)
    return frames.takeError();
  linker->addPlugin(std::move(*frames));
  return linker;
}

/// Puts objects into the process and finds the entry.
static llvm::Expected<modc_model_entry_fn>
load(llvm::orc::LLJIT &jit, const std::vector<std::string> &objects) {
  auto address = [](auto *function) {
    return llvm::orc::ExecutorSymbolDef(
        llvm::orc::ExecutorAddr::fromPtr(function),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable);
  };
  llvm::orc::SymbolMap memory;
  memory[jit.mangleAndIntern("memcpy")] = address(&std::memcpy);
  memory[jit.mangleAndIntern("memmove")] = address(&std::memmove);
  memory[jit.mangleAndIntern("memset")] = address(&std::memset);
  if (llvm::Error error = jit.getMainJITDylib().define(
          llvm::orc::absoluteSymbols(std::move(memory))))
    return std::move(error);
  for (size_t i = 0; i < objects.size(); ++i)
    if (llvm::Error error = jit.addObjectFile(
            llvm::MemoryBuffer::getMemBufferCopy(objects[i], jitObjectName(i))))
      return std::move(error);
  auto entry = jit.lookup("modc_model_entry");
  if (!entry)
    return entry.takeError();
  return entry->toPtr<modc_model_entry_fn>();
}

Result<Jit> Jit::compile(const Network &network, const JitOptions &options) {
  Result<mlir::ModuleOp> module = network.state().verified();
  if (!module)
    return module.error();
  // The pipeline uses its module up.
  mlir::OwningOpRef<mlir::ModuleOp> copy(module->clone());
  CompileOptions settings;
  settings.pipeline.optimization = options.optimization;
  settings.pipeline.dispatch =
      options.naive ? Dispatch::Naive : Dispatch::Grouped;
  settings.pipeline.programs = options.programs;
  settings.targets = {options.target};
  settings.from = network.state().phase;
  Result<CompiledModel> compiled =
      network.state().compiler.compile(*copy, settings);
  if (!compiled)
    return compiled.error();

  auto code = std::make_shared<Code>();
  auto jit = llvm::orc::LLJITBuilder()
                 .setObjectLinkingLayerCreator(makeLinker)
                 .create();
  if (!jit)
    return Error(llvm::toString(jit.takeError()));
  code->jit = std::move(*jit);
  if (options.perfMap)
    writePerfMap(*code->jit, compiled->objects);
  auto entry = load(*code->jit, compiled->objects);
  if (!entry)
    return Error(llvm::toString(entry.takeError()));
  code->entry = *entry;
  code->signature = std::move(compiled->signature);
  return Jit(std::move(code));
}

Jit::Jit(std::shared_ptr<Code> code) : code(std::move(code)) {}
modc_model_entry_fn Jit::entry() const { return code->entry; }
const std::string &Jit::signature() const { return code->signature; }

} // namespace api
} // namespace modc
