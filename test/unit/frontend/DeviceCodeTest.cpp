//===- DeviceCodeTest.cpp - Kernels, compiled and run ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the kernels of test/passes/gpu/Inputs. Their SPIR-V passes
// spirv-val, and their PTX is assembled without a spill.
//
//===----------------------------------------------------------------------===//

#include "KernelInputs.h"
#include "frontend/PtxFigures.h"

#include "mlir/IR/Diagnostics.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace modc;
using mlir::gpu::GPUModuleOp;

namespace {

std::string contents(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Writes `code`, runs `tool` on the file and gives what it says, on failure in
/// a test failure.
std::string runTool(const std::string &tool, const std::string &name,
                    const std::string &code) {
  std::string folder =
      testing::TempDir() + "/modc-device-code-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  std::string path = folder + "/" + name;
  std::ofstream(path, std::ios::binary) << code;
  int status =
      std::system((tool + " '" + path + "' >'" + path + ".log' 2>&1").c_str());
  std::string log = contents(path + ".log");
  EXPECT_EQ(status, 0) << name << ": " << log;
  std::filesystem::remove_all(folder);
  return log;
}

const char *const kAll[] = {"grouped",       "plan",       "softmax",
                            "uniform",       "empty-loop", "contraction",
                            "wide-integers", "doubles",    "buffers"};

TEST(DeviceCode, PassesTheValidatorOfSpirv) {
  for (const char *name : kAll)
    runTool(MODC_SPIRV_VAL " --target-env vulkan1.1", name, spirvOf(name));
}

TEST(DeviceCode, IsTheSameEachTime) {
  EXPECT_EQ(spirvOf("grouped"), spirvOf("grouped"));
}

TEST(DeviceCode, WritesPtx) {
  for (const char *name : kAll)
    for (const char *chip : {"sm_80", "sm_90"}) {
      Kernels kernels(name);
      auto text = generatePtx(*kernels, chip);
      ASSERT_TRUE(text) << text.error().message();
      EXPECT_NE(text->find(std::string(".target ") + chip), std::string::npos);
      EXPECT_NE(text->find(".minnctapersm 2"), std::string::npos) << name;
      EXPECT_EQ(text->find("__nv_"), std::string::npos) << name;
    }
}

TEST(DeviceCode, KeepsPtxArithmeticAsWritten) {
  Kernels kernels("softmax");
  auto text = generatePtx(*kernels, "sm_80");
  ASSERT_TRUE(text) << text.error().message();
  // exp's products and sums stay apart, and subnormals are zeros.
  EXPECT_NE(text->find("mul.rn.ftz.f32"), std::string::npos);
  EXPECT_NE(text->find("add.rn.ftz.f32"), std::string::npos);
  EXPECT_EQ(text->find("fma"), std::string::npos);
}

TEST(DeviceCode, AssemblesWithoutSpills) {
  ASSERT_NE(std::string(MODC_PTXAS), "")
      << "no ptxas when this was configured; tools/setup.sh gets one";
  for (const char *name : kAll)
    for (const char *chip : {"sm_80", "sm_90"}) {
      Kernels kernels(name);
      auto text = generatePtx(*kernels, chip);
      ASSERT_TRUE(text) << text.error().message();
      std::string log =
          runTool(std::string(MODC_PTXAS) + " -v -o /dev/null -arch=" + chip,
                  name, *text);
      auto figures = parsePtxasLog(log);
      ASSERT_TRUE(figures) << figures.error().message();
      ASSERT_EQ(figures->size(), 1u) << log;
      EXPECT_EQ((*figures)[0].chip, chip);
      EXPECT_GT((*figures)[0].registers, 0);
      EXPECT_EQ((*figures)[0].spillStoreBytes, 0) << name << ": " << log;
      EXPECT_EQ((*figures)[0].spillLoadBytes, 0) << name << ": " << log;
    }
}

TEST(DeviceCode, NamesWhatCannotBeLowered) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    gpu.module @kernels {
      gpu.func @k(%x: memref<?xf32, #gpu.address_space<global>>) kernel
          attributes {known_block_size = array<i32: 1, 1, 1>} {
        %0 = arith.constant 0 : index
        %i = arith.constant 3 : i32
        %a = memref.load %x[%0] : memref<?xf32, #gpu.address_space<global>>
        %b = math.fpowi %a, %i : f32, i32
        memref.store %b, %x[%0] : memref<?xf32, #gpu.address_space<global>>
        gpu.return
      }
    })",
                                                        &context);
  ASSERT_TRUE(module);
  std::string said;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &now) {
    said += now.str() + "\n";
    return mlir::success();
  });
  GPUModuleOp kernels = *module->getOps<GPUModuleOp>().begin();
  auto spirv = generateSpirv(kernels);
  ASSERT_FALSE(spirv);
  EXPECT_EQ(spirv.error().message(), "the kernels cannot be lowered to SPIR-V");
  EXPECT_NE(said.find("'math.fpowi' op has no lowering in kernels"),
            std::string::npos)
      << said;
  said.clear();
  auto ptx = generatePtx(kernels, "sm_80");
  ASSERT_FALSE(ptx);
  EXPECT_EQ(ptx.error().message(), "the kernels cannot be lowered to PTX");
  EXPECT_NE(said.find("'math.fpowi' op has no lowering in kernels"),
            std::string::npos)
      << said;
  ptx = generatePtx(kernels, "sm_1");
  ASSERT_FALSE(ptx);
  EXPECT_EQ(ptx.error().message(), "no chip 'sm_1' is known to LLVM");
}

} // namespace
