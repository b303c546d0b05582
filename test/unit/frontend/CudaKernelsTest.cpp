//===- CudaKernelsTest.cpp - Kernels of the examples, assembled -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing here has an NVIDIA GPU: what ptxas says of each kernel of each
// example is all that can be known of it. None may spill, and those that share
// memory must leave room for others on their multiprocessor.
//
//===----------------------------------------------------------------------===//

#include "frontend/Compiler.h"
#include "frontend/CudaChips.h"
#include "frontend/DeviceCompiler.h"
#include "frontend/Ptxas.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

using namespace modc;

namespace {

/// Examples that devices run; of others some may be refused, by name.
const std::set<std::string> kRun = {"attention-heads",
                                    "fashion-mnist",
                                    "fashion-mnist-mixed",
                                    "fashion-mnist-one",
                                    "fashion-mnist-plain",
                                    "fashion-mnist-random",
                                    "fashion-mnist-recurrent",
                                    "mnist",
                                    "pasted-convolution",
                                    "pasted-gated",
                                    "pasted-layer-norm",
                                    "toy"};

/// What ptxas says of each image, in their order; many examples share kernels.
std::vector<Result<AssembledKernel>>
assemble(const std::vector<std::string> &images, const std::string &chip) {
  static std::map<std::pair<std::string, std::string>, Result<AssembledKernel>>
      known;
  std::set<std::string> missing;
  for (const std::string &image : images)
    if (!known.count({chip, image}))
      missing.insert(image);
  std::vector<std::string> modules(missing.begin(), missing.end());
  auto made = assemblePtx(MODC_PTXAS, modules, chip, testing::TempDir());
  for (size_t i = 0; i < modules.size(); ++i)
    known.emplace(std::pair(chip, modules[i]), std::move(made[i]));
  std::vector<Result<AssembledKernel>> results;
  for (const std::string &image : images)
    results.push_back(known.at({chip, image}));
  return results;
}

/// What is true of all kernels of one example and chip.
struct Summary {
  int kernels = 0, tiles = 0;
  int64_t mostRegisters = 0, fewestWarps = 64;

  void add(const llvm::json::Object &kernel,
           const Result<AssembledKernel> &result, const char *chip) {
    SCOPED_TRACE(kernel.getString("name")->str());
    ASSERT_TRUE(result) << result.error().message();
    const PtxFigures &figures = result->figures;
    EXPECT_EQ(figures.spillStoreBytes + figures.spillLoadBytes, 0);
    // What the compiler says of shared memory is what there is.
    int64_t shared = *kernel.getInteger("shared");
    EXPECT_EQ(figures.sharedBytes, shared);
    Occupancy held =
        computeOccupancy(*findCudaChip(chip), figures.registers, shared,
                         *(*kernel.getArray("group"))[0].getAsInteger());
    EXPECT_TRUE(held.groups >= 2 || held.warps >= 8)
        << held.groups << " groups of " << held.warps << " warps, by "
        << held.limit << ": " << figures.registers << " registers, " << shared
        << " shared bytes";
    ++kernels;
    mostRegisters = std::max(mostRegisters, figures.registers);
    if (shared > 0) {
      ++tiles;
      fewestWarps = std::min(fewestWarps, held.warps);
    }
  }
};

class CudaKernels : public testing::TestWithParam<std::string> {};

TEST_P(CudaKernels, NeitherSpillNorFillAMultiprocessor) {
  ASSERT_NE(std::string(MODC_PTXAS), "")
      << "no ptxas when this was configured; tools/setup.sh gets one";
  Compiler compiler;
  auto module = compiler.parseFile(std::string(MODC_EXAMPLES) + "/" +
                                   GetParam() + ".mlir");
  ASSERT_TRUE(module) << module.error().message();
  Status lowered = compiler.lower(**module, Phase::Programs, {});
  ASSERT_TRUE(lowered) << lowered.error().message();
  for (const char *chip : {"sm_80", "sm_90"}) {
    SCOPED_TRACE(chip);
    mlir::OwningOpRef<mlir::ModuleOp> own((*module)->clone());
    DeviceAssembler assembler;
    std::string code;
    auto table = compileForDevice(*own, std::string("cuda:") + chip, {},
                                  assembler, code);
    if (!table) {
      EXPECT_EQ(kRun.count(GetParam()), 0u) << compiler.diagnostics();
      return;
    }
    const llvm::json::Array &kernels = *table->getArray("kernels");
    std::vector<std::string> images;
    for (const llvm::json::Value &kernel : kernels) {
      const llvm::json::Array &image = *kernel.getAsObject()->getArray("image");
      images.push_back(code.substr(size_t(*image[0].getAsInteger()),
                                   size_t(*image[1].getAsInteger())));
    }
    auto results = assemble(images, chip);
    Summary summary;
    for (size_t i = 0; i < kernels.size(); ++i)
      summary.add(*kernels[i].getAsObject(), results[i], chip);
    EXPECT_GT(summary.kernels, 0);
    std::printf("%s, %s: %d kernels, %d with shared memory; at most %d "
                "registers, at least %d warps of the latter on a "
                "multiprocessor\n",
                GetParam().c_str(), chip, summary.kernels, summary.tiles,
                int(summary.mostRegisters), int(summary.fewestWarps));
  }
}

std::vector<std::string> examples() {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(MODC_EXAMPLES))
    if (entry.path().extension() == ".mlir")
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Examples, CudaKernels, testing::ValuesIn(examples()),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
