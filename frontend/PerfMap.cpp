//===- PerfMap.cpp - Names of compiled functions for perf -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plugin of the JIT's linker, which says where sections come to stand. It has
// no names of local functions: those are taken from the object, as offsets.
//
//===----------------------------------------------------------------------===//

#include "frontend/PerfMap.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

namespace modc {
namespace {

struct Function {
  std::string name, section;
  uint64_t offset, size;
};

/// The functions of an ELF object; none where it cannot be read.
std::vector<Function> functionsOf(const std::string &object) {
  std::vector<Function> functions;
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(object, "modc"));
  if (!file) {
    llvm::consumeError(file.takeError());
    return functions;
  }
  for (llvm::object::ELFSymbolRef symbol : (*file)->symbols()) {
    auto name = symbol.getName();
    auto section = symbol.getSection();
    auto offset = symbol.getValue();
    if (name && section && offset && *section != (*file)->section_end() &&
        symbol.getELFType() == llvm::ELF::STT_FUNC) {
      auto where = (*section)->getName();
      if (where)
        functions.push_back(
            {name->str(), where->str(), *offset, symbol.getSize()});
      llvm::consumeError(where.takeError());
    }
    llvm::consumeError(name.takeError());
    llvm::consumeError(section.takeError());
    llvm::consumeError(offset.takeError());
  }
  return functions;
}

class PerfMapPlugin : public llvm::orc::ObjectLinkingLayer::Plugin {
public:
  explicit PerfMapPlugin(const std::vector<std::string> &objects) {
    for (const std::string &object : objects)
      functions.push_back(functionsOf(object));
  }
  void modifyPassConfig(llvm::orc::MaterializationResponsibility &,
                        llvm::jitlink::LinkGraph &,
                        llvm::jitlink::PassConfiguration &passes) override {
    passes.PostFixupPasses.push_back(
        [this](llvm::jitlink::LinkGraph &graph) { return append(graph); });
  }
  llvm::Error
  notifyFailed(llvm::orc::MaterializationResponsibility &) override {
    return llvm::Error::success();
  }
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib &,
                                      llvm::orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(llvm::orc::JITDylib &,
                                   llvm::orc::ResourceKey,
                                   llvm::orc::ResourceKey) override {}

private:
  llvm::Error append(llvm::jitlink::LinkGraph &graph) {
    // A profile without names is no reason to fail.
    std::error_code error;
    llvm::raw_fd_ostream out(
        "/tmp/perf-" + std::to_string(llvm::sys::Process::getProcessId()) +
            ".map",
        error, llvm::sys::fs::OF_Append | llvm::sys::fs::OF_Text);
    for (size_t i = 0; !error && i < functions.size(); ++i) {
      if (graph.getName() != jitObjectName(i))
        continue;
      for (const Function &function : functions[i]) {
        llvm::jitlink::Section *section =
            graph.findSectionByName(function.section);
        if (!section || section->empty())
          continue;
        llvm::jitlink::SectionRange range(*section);
        uint64_t address = range.getStart().getValue() + function.offset;
        out << llvm::format_hex_no_prefix(address, 1) << ' '
            << llvm::format_hex_no_prefix(function.size, 1) << ' '
            << function.name << '\n';
      }
    }
    out.close();
    out.clear_error();
    return llvm::Error::success();
  }

  std::vector<std::vector<Function>> functions;
};

} // namespace

std::string jitObjectName(size_t number) {
  return "modc" + std::to_string(number);
}

void writePerfMap(llvm::orc::LLJIT &jit,
                  const std::vector<std::string> &objects) {
  if (auto *layer = llvm::dyn_cast<llvm::orc::ObjectLinkingLayer>(
          &jit.getObjLinkingLayer()))
    layer->addPlugin(std::make_shared<PerfMapPlugin>(objects));
}

} // namespace modc
