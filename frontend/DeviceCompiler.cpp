//===- DeviceCompiler.cpp - Programs for devices --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each kernel is an image of its own: a program loads only those that it needs.
// Kernels of equal code share one. CUDA's have two: a cubin, which the chips of
// one generation run as it is, and PTX, which the drivers of all later ones
// compile.
//
//===----------------------------------------------------------------------===//

#include "frontend/DeviceCompiler.h"

#include "frontend/DeviceCode.h"
#include "frontend/Ptxas.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "passes/gpu/LaunchLimits.h"
#include "passes/gpu/LaunchTable.h"
#include "passes/gpu/Pipeline.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace modc {
namespace {

Status run(ModuleOp module, llvm::function_ref<void(OpPassManager &)> addPasses,
           std::string_view phase, const DevicePhaseListener &listener) {
  PassManager manager(module.getContext());
  addPasses(manager);
  // Once a phase: after each of its passes would take a fifth of the time.
  manager.enableVerifier(false);
  if (mlir::failed(manager.run(module)) || mlir::failed(mlir::verify(module)))
    return makeError("phase ", phase, " failed without a message");
  return listener ? listener(module, phase) : Status();
}

/// The images of a target, one after the other.
class Images {
public:
  explicit Images(std::string &code) : code(code) {}

  /// [offset, bytes] of an image, which is written once.
  llvm::json::Array place(const std::string &image) {
    auto [known, isNew] = offsets.try_emplace(image, 0);
    if (isNew) {
      code.resize((code.size() + 7) / 8 * 8);
      known->second = code.size();
      code += image;
    }
    return llvm::json::Array{known->second, int64_t(image.size())};
  }

private:
  std::string &code;
  llvm::StringMap<int64_t> offsets;
};

/// Gives the kernels that ptxas assembles a `cubin`, with what it says of them.
void addCubins(llvm::json::Array &kernels, ArrayRef<std::string> images,
               std::string_view chip, DeviceAssembler &assembler,
               Images &placed) {
  llvm::StringMap<size_t> numbers;
  std::vector<std::string> modules;
  for (const std::string &image : images)
    if (numbers.try_emplace(image, modules.size()).second)
      modules.push_back(image);
  auto assembled =
      assemblePtx(assembler.ptxas, modules, chip, assembler.temporaryFolder);
  for (auto [value, image] : llvm::zip(kernels, images)) {
    llvm::json::Object &kernel = *value.getAsObject();
    Result<AssembledKernel> &result = assembled[numbers.lookup(image)];
    if (!result) {
      if (assembler.complaint.empty())
        assembler.complaint =
            "kernel " + inQuotes(kernel.getString("name")->str()) + " for " +
            std::string(chip) + ": " + result.error().message();
      continue;
    }
    const PtxFigures &figures = result->figures;
    kernel["cubin"] = llvm::json::Object{
        {"image", placed.place(result->cubin)},
        {"registers", figures.registers},
        {"stack", figures.stackBytes},
        {"spills", figures.spillStoreBytes + figures.spillLoadBytes}};
  }
}

} // namespace

Result<llvm::json::Object> compileForDevice(ModuleOp module,
                                            std::string_view target,
                                            const DevicePhaseListener &listener,
                                            DeviceAssembler &assembler,
                                            std::string &code) {
  // Parameters are drawn by the processor, once.
  if (auto init = module.lookupSymbol<func::FuncOp>("init"))
    init.erase();
  if (Status s = run(module, addLaunchPasses, "launches", listener); !s)
    return s.error();
  int64_t shared = target == "vulkan" ? kVulkanSharedBytes : kCudaSharedBytes;
  auto addKernels = [&](OpPassManager &manager) {
    addKernelPasses(manager, shared);
  };
  if (Status s = run(module, addKernels, "kernels", listener); !s)
    return s.error();
  auto text = module->getAttrOfType<StringAttr>(kDevicePrograms);
  if (!text)
    return makeError("the module has no attribute '", kDevicePrograms.str(),
                     "'");
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(text.getValue());
  if (!parsed)
    return makeError("'", kDevicePrograms.str(), "' is not valid JSON: ",
                     llvm::toString(parsed.takeError()));
  llvm::json::Object table = std::move(*parsed->getAsObject());
  Images placed(code);
  std::vector<std::string> images;
  std::string_view chip = target.substr(target.find(':') + 1);
  for (llvm::json::Value &entry : *table.getArray("kernels")) {
    llvm::json::Object &kernel = *entry.getAsObject();
    std::string name = kernel.getString("name")->str();
    gpu::GPUModuleOp kernels = findKernels(module, name);
    // CUDA refuses launches with more parameters than a kernel has.
    auto passed = IntegerAttr::get(IntegerType::get(module.getContext(), 64),
                                   *kernel.getInteger("constants"));
    if (target != "vulkan")
      for (auto function : kernels.getOps<gpu::GPUFuncOp>())
        function->setAttr(kLaunchConstantsAttr, passed);
    Result<std::string> image = target == "vulkan" ? generateSpirv(kernels)
                                                   : generatePtx(kernels, chip);
    if (!image)
      return image.error().within(name);
    kernel["image"] = placed.place(*image);
    images.push_back(std::move(*image));
  }
  if (target != "vulkan" && !assembler.ptxas.empty())
    addCubins(*table.getArray("kernels"), images, chip, assembler, placed);
  table["target"] = std::string(target);
  return table;
}

} // namespace modc
