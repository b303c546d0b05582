//===- KernelFixture.cpp - Built kernels on lavapipe ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "KernelFixture.h"

#include "dialect/ModularOps.h"
#include "frontend/DeviceCode.h"
#include "mlir/IR/Verifier.h"
#include "passes/Pipelines.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace mlir;

namespace modc {

static MLIRContext &context() {
  static MLIRContext *made = [] {
    DialectRegistry registry;
    registerDialects(registry);
    auto *context = new MLIRContext(registry);
    context->loadAllAvailableDialects();
    return context;
  }();
  return *made;
}

static MemRefType makeType(const BufferType &buffer) {
  SmallVector<int64_t> shape;
  for (int64_t size : buffer.shape)
    shape.push_back(size < 0 ? ShapedType::kDynamic : size);
  Type element = buffer.element == 'f' ? Type(Float32Type::get(&context()))
                                       : IntegerType::get(&context(), 32);
  return MemRefType::get(
      shape, element, MemRefLayoutAttrInterface(),
      gpu::AddressSpaceAttr::get(&context(), gpu::AddressSpace::Global));
}

BuiltKernel::BuiltKernel(std::string name,
                         const std::vector<BufferType> &buffers,
                         int64_t constants, int64_t threads, const Body &body,
                         int64_t mostShared) {
  description = {name, {}, 4 * constants, {threads, 1, 1}, 0};
  auto location = UnknownLoc::get(&context());
  module = ModuleOp::create(location);
  DeviceBuilder b(location, &context());
  b.setInsertionPointToEnd(module->getBody());
  auto kernels = gpu::GPUModuleOp::create(b, "kernels");
  b.setInsertionPointToStart(kernels.getBody());
  SmallVector<Type> types;
  for (const BufferType &buffer : buffers) {
    types.push_back(makeType(buffer));
    description.bindings.push_back(buffer.access);
  }
  auto function = gpu::GPUFuncOp::create(b, name, b.getFunctionType(types, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function.setKnownBlockSize(SmallVector<int32_t>{int32_t(threads), 1, 1});
  b.setInsertionPointToStart(&function.getBody().front());
  SmallVector<Value> words;
  for (int64_t i = 0; i < constants; ++i)
    words.push_back(LaunchConstantOp::create(b, b.getI32Type(), uint32_t(i)));
  body(b, function.getArguments(), words);
  gpu::ReturnOp::create(b);
  EXPECT_TRUE(succeeded(verify(*module))) << name;
  function.walk([&](memref::AllocOp shared) {
    Type element = shared.getType().getElementType();
    auto vector = dyn_cast<VectorType>(element);
    description.sharedBytes += shared.getType().getNumElements() *
                               (vector ? 4 * vector.getNumElements() : 4);
  });
  EXPECT_LE(threads, 128) << name;
  EXPECT_LE(description.sharedBytes, mostShared) << name;
}

static gpu::GPUModuleOp getKernels(ModuleOp module) {
  return *module.getOps<gpu::GPUModuleOp>().begin();
}

std::string BuiltKernel::spirv() const {
  auto code = generateSpirv(getKernels(module.get()));
  EXPECT_TRUE(code) << code.error().message();
  return code ? *code : "";
}

static std::string assemble(const std::string &ptx, const char *chip) {
  std::string path =
      testing::TempDir() + "/modc-kernel-" + std::to_string(getpid()) + ".ptx";
  std::ofstream(path) << ptx;
  std::string command = std::string(MODC_PTXAS) +
                        " -v -o /dev/null -arch=" + chip + " '" + path +
                        "' >'" + path + ".log' 2>&1";
  int status = std::system(command.c_str());
  std::ifstream file(path + ".log");
  std::string log{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(status, 0) << log;
  std::filesystem::remove(path);
  std::filesystem::remove(path + ".log");
  return log;
}

void BuiltKernel::checkPtx() const {
  for (const char *chip : {"sm_80", "sm_90"}) {
    auto text = generatePtx(getKernels(module.get()), chip);
    ASSERT_TRUE(text) << text.error().message();
    ASSERT_NE(std::string(MODC_PTXAS), "")
        << "no ptxas when this was configured; tools/setup.sh gets one";
    std::string log = assemble(*text, chip);
    EXPECT_NE(log.find("0 bytes spill stores, 0 bytes spill loads"),
              std::string::npos)
        << description.entry << ": " << log;
    size_t used = log.find("Used ");
    if (used != std::string::npos)
      std::cout << description.entry << " " << chip << ": "
                << log.substr(used, log.find('\n', used) - used) << "\n";
  }
}

std::shared_ptr<const Kernel> KernelRuns::load(const BuiltKernel &kernel) {
  auto loaded = device->load(kernel.spirv(), {kernel.spec()});
  EXPECT_TRUE(loaded) << loaded.error().message();
  return loaded ? (*loaded)[0] : nullptr;
}

std::vector<float> drawFloats(std::mt19937 &random, size_t count) {
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(count);
  for (float &v : values)
    v = value(random);
  return values;
}

} // namespace modc
