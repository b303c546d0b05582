//===- KernelTable.cpp - Kernels of a target in the signature -------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call of a kernel carries the name of its product in its location; IR that
// was read from a phase's text has none, and is matched by shapes.
//
//===----------------------------------------------------------------------===//

#include "frontend/KernelTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/OpNames.h"
#include "passes/cpu/ContractionKernel.h"
#include "passes/cpu/abi/WorkspaceTable.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace modc {
namespace {

constexpr const char *kKernels = "modular.kernels";

struct Call {
  StringRef name, shape;
  int64_t kernel;
};

/// Whether a kernel of shape `part` computes a part of a product of `shape`: it
/// has n where the parts of a size differ.
bool isPartOf(StringRef part, StringRef shape) {
  SmallVector<StringRef> parts, sizes;
  part.split(parts, 'x');
  shape.split(sizes, 'x');
  return parts.size() == sizes.size() &&
         llvm::all_of(llvm::zip(parts, sizes), [](auto pair) {
           return std::get<0>(pair) == std::get<1>(pair) ||
                  std::get<0>(pair) == "n";
         });
}

/// The call that computes a product: by name and shape, else by either.
int64_t findKernel(ArrayRef<Call> calls, StringRef name, StringRef shape) {
  for (const Call &call : calls)
    if (call.name == name && call.shape == shape)
      return call.kernel;
  for (const Call &call : calls)
    if (call.name == name && isPartOf(call.shape, shape))
      return call.kernel;
  for (const Call &call : calls)
    if (call.shape == shape && call.name.empty())
      return call.kernel;
  return -1;
}

std::string printed(const llvm::json::Value &value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

} // namespace

void recordKernels(ModuleOp module) {
  llvm::StringMap<int64_t> numbers;
  llvm::json::Array kernels, uses;
  auto text = module->getAttrOfType<StringAttr>("modular.signature");
  llvm::Expected<llvm::json::Value> signature =
      llvm::json::parse(text ? text.getValue() : "{}");
  if (!signature)
    // The reader of the signature has the message.
    return llvm::consumeError(signature.takeError());
  llvm::json::Object *root = signature->getAsObject();
  llvm::json::Array *programs = root ? root->getArray("programs") : nullptr;
  llvm::json::Array *products = root ? root->getArray("products") : nullptr;
  if (!programs || !products)
    return;
  for (llvm::json::Value &value : *programs) {
    llvm::json::Object *program = value.getAsObject();
    llvm::json::Array *used = program ? program->getArray("products") : nullptr;
    auto name = program ? program->getString("name") : std::nullopt;
    auto function = name ? module.lookupSymbol<func::FuncOp>(*name) : nullptr;
    if (!used || !function)
      continue;
    SmallVector<Call> calls;
    function.walk([&](func::CallOp call) {
      auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
      auto facts = kernel
                       ? kernel->getAttrOfType<DictionaryAttr>(kKernelAttribute)
                       : DictionaryAttr();
      if (!facts)
        return;
      auto [number, isNew] =
          numbers.try_emplace(kernel.getName(), int64_t(kernels.size()));
      auto integer = [&](StringRef key) {
        return cast<IntegerAttr>(facts.get(key)).getInt();
      };
      if (isNew)
        kernels.push_back(llvm::json::Array{
            kernel.getName(), integer("rows"), integer("columns"),
            cast<BoolAttr>(facts.get("packed")).getValue()});
      calls.push_back({opNameOf(call.getLoc()),
                       cast<StringAttr>(facts.get("shape")).getValue(),
                       number->second});
    });
    for (size_t i = 0; i + 1 < used->size(); i += 2) {
      auto index = (*used)[i].getAsInteger();
      llvm::json::Object *product =
          index && *index >= 0 && size_t(*index) < products->size()
              ? (*products)[size_t(*index)].getAsObject()
              : nullptr;
      uses.push_back(
          product ? findKernel(calls, product->getString("name").value_or(""),
                               product->getString("shape").value_or(""))
                  : -1);
    }
  }
  if (kernels.empty())
    return;
  llvm::json::Object result{{"kernels", std::move(kernels)},
                            {"uses", std::move(uses)}};
  module->setAttr(kKernels, StringAttr::get(module.getContext(),
                                            printed(std::move(result))));
}

llvm::json::Object targetFactsOf(ModuleOp module) {
  auto parsed = [&](StringRef name) -> llvm::json::Object {
    auto text = module->getAttrOfType<StringAttr>(name);
    auto value = llvm::json::parse(text ? text.getValue() : "{}");
    if (llvm::json::Object *object = value ? value->getAsObject() : nullptr)
      return std::move(*object);
    llvm::consumeError(value.takeError());
    return {};
  };
  llvm::json::Object facts = parsed(kKernels);
  if (llvm::json::Object found = parsed(kWorkspaces); !found.empty())
    facts["workspaces"] = std::move(found);
  return facts;
}

std::string withTargetFacts(const std::string &signature,
                            std::vector<llvm::json::Object> facts) {
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(signature);
  llvm::json::Object *root = parsed ? parsed->getAsObject() : nullptr;
  llvm::json::Array *targets = root ? root->getArray("targets") : nullptr;
  if (!targets) {
    llvm::consumeError(parsed.takeError());
    return signature;
  }
  for (size_t i = 0; i < targets->size() && i < facts.size(); ++i)
    if (llvm::json::Object *target = (*targets)[i].getAsObject())
      for (auto &[key, value] : facts[i])
        (*target)[key] = std::move(value);
  return printed(*parsed);
}

} // namespace modc
