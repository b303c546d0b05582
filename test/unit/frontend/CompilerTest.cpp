//===- CompilerTest.cpp - Tests of the compiler as a library --------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a module at the phase buffers into a library, loads it and calls it
// through the model interface.
//
//===----------------------------------------------------------------------===//

#include "frontend/Compiler.h"
#include "frontend/Codegen.h"
#include "frontend/Linker.h"

#include "runtime/Session.h"
#include "llvm/Object/ELFObjectFile.h"
#include "gtest/gtest.h"

#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace modc;

namespace {

std::string scratch(const std::string &name) {
  std::string folder = testing::TempDir() + "/modc-compiler-test";
  std::filesystem::create_directories(folder);
  return folder + "/" + name;
}

CompileOptions buffersOptions() {
  CompileOptions options;
  options.from = Phase::Buffers;
  return options;
}

Status compileScale(const std::string &path, const CompileOptions &options) {
  Compiler compiler;
  auto module = compiler.parseFile(MODC_TEST_INPUTS "/scale.mlir");
  if (!module)
    return module.error();
  return compiler.compileTo(**module, path, options);
}

std::string contents(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// y = x * w * k + shift for n rows and a number of workers.
void checkScale(const std::string &path, int64_t n, int64_t workers) {
  auto model = Model::open(path);
  ASSERT_TRUE(bool(model)) << model.error().message();
  SessionOptions options;
  options.workers = workers;
  auto session = Session::create(*model, options);
  ASSERT_TRUE(bool(session)) << session.error().message();
  float *w = static_cast<float *>((*session)->parameters()) + 16;
  for (int j = 0; j < 4; ++j)
    w[j] = float(j + 1);
  std::vector<float> x(n * 4), y(n * 4, -1);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(i);
  int64_t bytes = int64_t(x.size() * sizeof(float));
  Buffer buffers[] = {{x.data(), bytes}, {y.data(), bytes}};
  int64_t shift = 3;
  double k = 0.5;
  Status ran = (*session)->call(0, buffers, 2, n, 1, &shift, 1, &k, 1);
  ASSERT_TRUE(bool(ran)) << ran.error().message();
  for (int64_t i = 0; i < n * 4; ++i)
    ASSERT_EQ(y[i], x[i] * float(i % 4 + 1) * 0.5f + 3) << "at " << i;
}

TEST(Compiler, LibraryRunsThroughTheModelInterface) {
  std::string path = scratch("scale.so");
  Status status = compileScale(path, buffersOptions());
  ASSERT_TRUE(bool(status)) << status.error().message();
  for (int64_t n : {0, 1, 7, 8, 9, 1000})
    for (int64_t workers : {1, 3})
      checkScale(path, n, workers);
}

TEST(Compiler, EveryOptimizationLevelGivesTheSameResults) {
  for (unsigned level = 0; level <= 3; ++level) {
    std::string path = scratch("scale-O" + std::to_string(level) + ".so");
    CompileOptions options = buffersOptions();
    options.pipeline.optimization = level;
    Status status = compileScale(path, options);
    ASSERT_TRUE(bool(status)) << status.error().message();
    checkScale(path, 100, 2);
  }
}

TEST(Compiler, OneLibraryHoldsSeveralTargets) {
  std::string path = scratch("scale-targets.so");
  CompileOptions options = buffersOptions();
  options.targets = {"cpu:x86-64-v2", "cpu:x86-64-v4", "cpu:x86-64-v3"};
  Status status = compileScale(path, options);
  ASSERT_TRUE(bool(status)) << status.error().message();
  auto note = readArtefactNote(path);
  ASSERT_TRUE(bool(note)) << note.error().message();
  ASSERT_EQ(note->signature.targets.size(), 3u);
  EXPECT_EQ(note->signature.targets[0].name, "x86-64-v4");
  EXPECT_EQ(note->signature.targets[2].name, "x86-64-v2");
  EXPECT_EQ(note->signature.flags, "-O2 --dispatch=grouped");
  checkScale(path, 50, 2);
}

TEST(Compiler, LibraryImportsMemoryFunctionsAndExportsItsEntry) {
  std::string path = scratch("scale-symbols.so");
  Status status = compileScale(path, buffersOptions());
  ASSERT_TRUE(bool(status)) << status.error().message();
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  auto *elf =
      llvm::dyn_cast<llvm::object::ELFObjectFileBase>(file->getBinary());
  ASSERT_NE(elf, nullptr);
  std::vector<std::string> exported;
  for (const llvm::object::SymbolRef symbol :
       elf->getDynamicSymbolIterators()) {
    std::string name = llvm::cantFail(symbol.getName()).str();
    if (llvm::cantFail(symbol.getFlags()) &
        llvm::object::SymbolRef::SF_Undefined)
      EXPECT_TRUE(name == "memcpy" || name == "memmove" || name == "memset")
          << "imports " << name;
    else
      exported.push_back(name);
  }
  EXPECT_EQ(exported, std::vector<std::string>{"modc_model_entry"});
}

TEST(Compiler, EveryVariantRefersToTheDeviceCode) {
  Compiler compiler;
  auto module = compiler.parseText(
      "llvm.mlir.global internal constant @modc_programs() : "
      "!llvm.array<0 x ptr> {\n"
      "  %0 = llvm.mlir.zero : !llvm.array<0 x ptr>\n"
      "  llvm.return %0 : !llvm.array<0 x ptr>\n"
      "}",
      "a table of no programs");
  ASSERT_TRUE(bool(module)) << module.error().message();
  auto targets = parseTargets({"cpu:x86-64-v2", "cpu:x86-64-v3"});
  ASSERT_TRUE(bool(targets)) << targets.error().message();
  std::string images("an image\0another\n", 17);
  std::vector<std::string> objects;
  for (const CpuTarget &target : *targets) {
    auto object = generateCode(**module, target, 2, CodeKind::Object,
                               int64_t(images.size()));
    ASSERT_TRUE(bool(object)) << object.error().message();
    Status imports = checkImports(*object);
    EXPECT_TRUE(bool(imports)) << imports.error().message();
    objects.push_back(std::move(*object));
  }
  auto entry =
      generateEntry(*targets, R"({"file_hash":"0000000000000000"})", images);
  ASSERT_TRUE(bool(entry)) << entry.error().message();
  objects.push_back(std::move(*entry));
  std::string path = scratch("device-code.so");
  Status linked = linkSharedLibrary(objects, path);
  ASSERT_TRUE(bool(linked)) << linked.error().message();
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  auto find =
      reinterpret_cast<modc_model_entry_fn>(dlsym(library, "modc_model_entry"));
  ASSERT_NE(find, nullptr);
  for (const CpuTarget &target : *targets) {
    const modc_model *model = find(MODC_ABI_VERSION, target.features);
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(model->target, target.name);
    EXPECT_EQ(model->program_count, 0);
    ASSERT_EQ(model->device_code_bytes, int64_t(images.size()));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(model->device_code) % 8, 0u);
    EXPECT_EQ(std::string(static_cast<const char *>(model->device_code),
                          images.size()),
              images);
  }
  dlclose(library);
}

TEST(Compiler, SameInputGivesTheSameBytes) {
  std::string first = scratch("first.so"), second = scratch("second.so");
  CompileOptions options = buffersOptions();
  options.targets = {"cpu:x86-64-v2", "cpu:x86-64-v3"};
  ASSERT_TRUE(bool(compileScale(first, options)));
  ASSERT_TRUE(bool(compileScale(second, options)));
  EXPECT_EQ(contents(first), contents(second));
}

TEST(Compiler, UnwritableOutputIsNamed) {
  Status status =
      compileScale(scratch("missing/folder/scale.so"), buffersOptions());
  ASSERT_FALSE(bool(status));
  EXPECT_NE(status.error().message().find("missing/folder/scale.so"),
            std::string::npos)
      << status.error().message();
}

TEST(Compiler, UnknownTargetIsRefused) {
  CompileOptions options = buffersOptions();
  options.targets = {"cpu:pentium"};
  Status status = compileScale(scratch("pentium.so"), options);
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().message(),
            "unknown target 'cpu:pentium', expected one of cpu:host, "
            "cpu:x86-64-v2, cpu:x86-64-v3, cpu:x86-64-v4, vulkan, cuda:sm_80, "
            "cuda:sm_86, cuda:sm_87, cuda:sm_89, cuda:sm_90");
  // A chip has one name, and later ones than LLVM's PTX ISA 8.0 have none.
  for (const char *text : {"cuda:sm_75", "cuda:sm_080", "cuda:80", "cuda:",
                           "cuda:sm_90a", "cuda:sm_100", "cuda:sm_-80"}) {
    options.targets = {"cpu:host", text};
    status = compileScale(scratch("pentium.so"), options);
    ASSERT_FALSE(bool(status)) << text;
    EXPECT_EQ(status.error().message().find("unknown target '" +
                                            std::string(text) +
                                            "', expected one of cpu:host, "),
              0u)
        << status.error().message();
  }
  for (const char *text : {"cuda:sm_80", "vulkan"}) {
    options.targets = {text, "cpu:host", text};
    status = compileScale(scratch("pentium.so"), options);
    ASSERT_FALSE(bool(status));
    EXPECT_EQ(status.error().message(),
              "target '" + std::string(text) + "' is given twice");
  }
}

TEST(Compiler, ACudaDeviceGetsItsNewestTarget) {
  EXPECT_EQ(cudaTargetFor("sm_80"), "cuda:sm_80");
  EXPECT_EQ(cudaTargetFor("sm_88"), "cuda:sm_87");
  EXPECT_EQ(cudaTargetFor("sm_90"), "cuda:sm_90");
  EXPECT_EQ(cudaTargetFor("sm_120"), "cuda:sm_90");
  // Refused by its name.
  EXPECT_EQ(cudaTargetFor("sm_75"), "cuda:sm_75");
  EXPECT_EQ(cudaTargetFor("?"), "cuda:?");
}

TEST(Compiler, PhasesAreDumped) {
  std::string folder = scratch("phases");
  std::filesystem::remove_all(folder);
  CompileOptions options = buffersOptions();
  options.dumpPhases = folder;
  Status status = compileScale(scratch("dumped.so"), options);
  ASSERT_TRUE(bool(status)) << status.error().message();
  EXPECT_NE(contents(folder + "/4-buffers.mlir").find("scf.parallel"),
            std::string::npos);
  EXPECT_NE(contents(folder + "/5-llvm.mlir").find("@modc_programs"),
            std::string::npos);
}

TEST(Compiler, SyntaxErrorsCarryTheirPlace) {
  Compiler compiler;
  auto module = compiler.parseText("module {\n  oops\n}\n", "bad.mlir");
  ASSERT_FALSE(bool(module));
  EXPECT_EQ(module.error().message().substr(0, 20), "bad.mlir:2:3: error:");
}

} // namespace
