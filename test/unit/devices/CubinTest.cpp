//===- CubinTest.cpp - Which image of a kernel a chip gets ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for CUDA with a cubin beside their PTX: chips of its generation load
// the cubin, others and drivers that refuse it the PTX. The driver is
// FakeCuda.cpp's, which is an sm_80.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "DeviceModel.h"
#include "runtime/Session.h"
#include "runtime/devices/Devices.h"

#include <gtest/gtest.h>

#include <dlfcn.h>

using namespace modc;

namespace {

const std::string kPtx = ".visible .entry count(...)\n"
                         ".visible .entry scale(...)\n  ",
                  kCode = "\x7f"
                          "ELF .entry count(...) .entry scale(...)     ";

const std::string &code() {
  static const std::string both = kPtx + kCode;
  return both;
}

const modc_model *entry(int64_t abi, uint64_t features) {
  static modc_model model = *deviceEntry(abi, features);
  model.device_code = code().data();
  model.device_code_bytes = int64_t(code().size());
  return &model;
}

/// The model of DeviceModel.cpp, all kernels of which have a cubin for `chip`.
Result<std::shared_ptr<const Model>> model(const std::string &chip) {
  std::string text = deviceSignature({{"\"vulkan\"", "\"cuda:" + chip + "\""}});
  const std::string images =
      "[0, " + std::to_string(kPtx.size()) + R"(], "cubin": {"image": [)" +
      std::to_string(kPtx.size()) + ", " + std::to_string(kCode.size()) +
      R"(], "registers": 8, "stack": 0, "spills": 0})";
  const std::string from = "\"image\": [0, ";
  for (size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + images.size())) {
    size_t begin = text.find('[', at);
    text.replace(begin, text.find(']', begin) + 1 - begin, images);
  }
  return Model::fromEntry(entry, text);
}

using Texts = std::vector<std::string>;

class Cubin : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(kPtx.size() % 8, 0u);
    void *library = dlopen(MODC_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCuda"))();
    *fake = FakeCuda();
  }
  void TearDown() override {
    EXPECT_EQ(fake->modules, 0);
    *fake = FakeCuda();
  }
  /// Runs a step on the device; what went wrong, else nothing.
  std::string step(const std::string &chip) {
    DeviceOptions settings;
    settings.cudaLibrary = MODC_FAKE_CUDA;
    auto device = openDevice("cuda", settings);
    if (!device)
      return device.error().message();
    auto made = model(chip);
    if (!made)
      return made.error().message();
    SessionOptions options;
    options.device = std::move(*device);
    options.warn = [this](const std::string &message) {
      warnings.push_back(message);
    };
    auto session = Session::create(*made, options);
    if (!session)
      return session.error().message();
    EXPECT_TRUE((*session)->init(10));
    double lr = 0.5;
    Status status =
        (*session)->call((*session)->signature().findProgram("update"), nullptr,
                         0, 1, 1, nullptr, 0, &lr, 1);
    if (!status)
      return status.error().message();
    const auto *w = static_cast<const float *>(
        static_cast<const Session &>(**session).parameters());
    EXPECT_EQ(w[0], 10.5f);
    // Another kernel.
    char word[4] = {1, 2, 3};
    float y = 0;
    Buffer buffers[] = {{word, 3}, {&y, 4}};
    status = (*session)->call((*session)->signature().findProgram("bytes"),
                              buffers, 2, 1, 1, nullptr, 0, nullptr, 0);
    return status ? "" : status.error().message();
  }

  FakeCuda *fake = nullptr;
  Texts warnings;
};

TEST_F(Cubin, IsForItsGeneration) {
  EXPECT_EQ(step("sm_80"), "");
  EXPECT_EQ(fake->cubinsLoaded, 2);
  EXPECT_EQ(fake->ptxLoaded, 0);
  EXPECT_EQ(warnings, Texts());
}

TEST_F(Cubin, OfAnOlderGenerationIsLeft) {
  EXPECT_EQ(step("sm_75"), "");
  EXPECT_EQ(fake->cubinsLoaded, 0);
  EXPECT_EQ(fake->ptxLoaded, 2);
  EXPECT_EQ(warnings, Texts());
}

TEST_F(Cubin, GivesWayToPtx) {
  fake->refusesCubins = true;
  EXPECT_EQ(step("sm_80"), "");
  EXPECT_EQ(fake->cubinsLoaded, 0);
  EXPECT_EQ(fake->ptxLoaded, 2);
  // Starting takes longer, which is no error: it is said, once.
  EXPECT_EQ(warnings,
            Texts{"kernel 'by hand.count': the driver compiles PTX, as it "
                  "refuses the cubin (said once): cuda:0 (Fake A): "
                  "cuModuleLoadDataEx: error 200 of CUDA"});
}

TEST_F(Cubin, FailsAsPtxDoes) {
  fake->load = 218;
  EXPECT_EQ(step("sm_80"),
            "program 'update': kernel 'by hand.count': cuda:0 (Fake A): "
            "cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX");
  EXPECT_EQ(warnings, Texts());
}

} // namespace
