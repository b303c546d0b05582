//===- SignatureText.cpp - The library's signature ------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses the module's JSON, sets the fields that were left open and prints it
// with sorted keys, so that the same input gives the same bytes.
//
//===----------------------------------------------------------------------===//

#include "frontend/SignatureText.h"

#include "runtime/ElfHash.h"
#include "runtime/ModelAbi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace modc {

constexpr const char *kSignature = "modular.signature";
constexpr const char *kHash = "modular.hash";

static std::string hashOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  std::string hex = llvm::utohexstr(llvm::xxHash64(text), /*LowerCase=*/true);
  return std::string(16 - hex.size(), '0') + hex;
}

void recordHash(ModuleOp module) {
  module->removeAttr(kHash);
  module->setAttr(kHash, StringAttr::get(module.getContext(), hashOf(module)));
}

Result<std::string> completeSignature(ModuleOp module,
                                      const std::vector<CpuTarget> &targets,
                                      const PipelineOptions &options) {
  auto text = module->getAttrOfType<StringAttr>(kSignature);
  if (!text)
    return makeError("the module has no attribute '", kSignature, "'");
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(text.getValue());
  if (!parsed)
    return makeError("'", kSignature, "' is not valid JSON: ",
                     llvm::toString(parsed.takeError()));
  llvm::json::Object *root = parsed->getAsObject();
  if (!root)
    return makeError("'", kSignature, "' is not a JSON object");

  (*root)["abi"] = MODC_ABI_VERSION;
  (*root)["modc"] = MODC_VERSION;
  (*root)["llvm"] = LLVM_VERSION_STRING;
  std::string flags = "-O" + std::to_string(options.optimization);
  flags += options.dispatch == Dispatch::Naive ? " --dispatch=naive"
                                               : " --dispatch=grouped";
  (*root)["flags"] = flags;
  llvm::json::Array list;
  for (const CpuTarget &target : targets)
    list.push_back(llvm::json::Object{{"name", target.name},
                                      {"features", int64_t(target.features)}});
  (*root)["targets"] = std::move(list);
  auto hash = module->getAttrOfType<StringAttr>(kHash);
  if (hash)
    (*root)["hash"] = hash.getValue();
  else if (!root->get("hash"))
    (*root)["hash"] = std::string(16, '0');
  // The linker's output fills it in.
  (*root)[kFileHashKey] = kNoFileHash;

  std::string result;
  llvm::raw_string_ostream(result) << *parsed;
  return result;
}

std::string withDevices(const std::string &signature,
                        std::vector<llvm::json::Object> devices) {
  if (devices.empty())
    return signature;
  llvm::json::Value root = cantFail(llvm::json::parse(signature));
  llvm::json::Array list;
  for (llvm::json::Object &device : devices)
    list.push_back(std::move(device));
  (*root.getAsObject())["devices"] = std::move(list);
  std::string text;
  llvm::raw_string_ostream(text) << root;
  return text;
}

} // namespace modc
