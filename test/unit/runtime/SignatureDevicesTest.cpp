//===- SignatureDevicesTest.cpp - Programs of devices in a signature ------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A table of launches is read where it is right, and refused with target,
// program and launch named where one thing in it is not.
//
//===----------------------------------------------------------------------===//

#include "runtime/SignatureDevices.h"
#include "runtime/devices/DeviceLayout.h"

#include "ToyModel.h"

#include <gtest/gtest.h>

#include <random>

using namespace modc;

namespace {

constexpr int64_t kMost = INT32_MAX;

constexpr const char *kTable = R"([{
  "target": "vulkan",
  "kernels": [
    {"name": "infer.affine", "entry": "k0", "image": [0, 400],
     "bindings": "rrw", "constants": 2, "group": [64, 1, 1], "shared": 0},
    {"name": "infer.select", "entry": "k1", "image": [400, 96],
     "bindings": "rmw", "constants": 0, "group": [8, 8, 1], "shared": 512}],
  "programs": {"infer": {"slots": ["8 N *"], "launches": [
    {"kernel": 0, "label": "layer0.affine", "groups": ["N 63 + 64 /", "1", "1"],
     "bindings": [["buffer", 0, "0", "8 N *"],
                  ["parameters", 0, "128", "16"],
                  ["slot", 0, "0", "8 N *"]],
     "constants": ["N", "S N *"]},
    {"kernel": 1, "label": "layer0.select", "groups": ["N", "1", "1"],
     "bindings": [["slot", 0, "0", "8 N *"],
                  ["buffer", 1, "0", "8 N *"],
                  ["buffer", 2, "0", "4 N *"]],
     "constants": []}]}}}])";
constexpr const char *kCubin =
    R"("image": [0, 400], "cubin": {"image": [496, 64], "registers": 40,)"
    R"( "stack": 16, "spills": 8},)";

/// The toy's signature with the table, in which `from` became `to`.
Result<Signature> parse(const std::string &from = "",
                        const std::string &to = "") {
  std::string table = kTable;
  if (!from.empty()) {
    size_t at = table.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    table.replace(at, from.size(), to);
  }
  std::string text = toySignature();
  text.insert(text.rfind('}'), ", \"devices\": " + table);
  return Signature::parse(text);
}

std::string failure(const std::string &from, const std::string &to) {
  auto signature = parse(from, to);
  return signature ? "no failure" : signature.error().message();
}

TEST(SignatureDevices, AreRead) {
  auto signature = parse();
  ASSERT_TRUE(signature) << signature.error().message();
  ASSERT_EQ(signature->devices.size(), 1u);
  const DeviceTarget &target = signature->devices[0];
  EXPECT_EQ(target.name, "vulkan");
  ASSERT_EQ(target.kernels.size(), 2u);
  const DeviceKernel &kernel = target.kernels[1];
  EXPECT_EQ(kernel.name, "infer.select");
  EXPECT_EQ(kernel.entry, "k1");
  EXPECT_EQ(kernel.imageOffset, 400);
  EXPECT_EQ(kernel.imageBytes, 96);
  EXPECT_EQ(kernel.bindings, "rmw");
  EXPECT_EQ(kernel.group, (std::array<int64_t, 3>{8, 8, 1}));
  EXPECT_EQ(kernel.shared, 512);
  ASSERT_EQ(target.programs.size(), signature->programs.size());
  for (size_t i = 0; i < target.programs.size(); ++i)
    EXPECT_EQ(target.programs[i].has_value(),
              signature->programs[i].name == "infer");
  const DeviceProgram &infer =
      *target.programs[size_t(signature->findProgram("infer"))];
  ASSERT_EQ(infer.slots.size(), 1u);
  EXPECT_EQ(infer.slots[0].evaluate(5, 1), 40);
  ASSERT_EQ(infer.launches.size(), 2u);
  const DeviceLaunch &launch = infer.launches[0];
  EXPECT_EQ(launch.label, "layer0.affine");
  EXPECT_EQ(launch.groups[0].evaluate(65, 1), 2);
  EXPECT_EQ(launch.bindings[1].space, DeviceBinding::Space::Parameters);
  EXPECT_EQ(launch.bindings[1].offset.evaluate(1, 1), 128);
  EXPECT_EQ(launch.constants[1].evaluate(3, 4), 12);
}

/// The toy's signature with the table for CUDA, the first kernel of which has a
/// cubin; in that `from` became `to`.
Result<Signature> parseCubin(const std::string &from = "",
                             const std::string &to = "") {
  std::string table = kTable, cubin = kCubin;
  if (!from.empty()) {
    size_t at = cubin.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    cubin.replace(at, from.size(), to);
  }
  table.replace(table.find("vulkan"), 6, "cuda:sm_80");
  table.replace(table.find("\"image\": [0, 400],"), 18, cubin);
  std::string text = toySignature();
  text.insert(text.rfind('}'), ", \"devices\": " + table);
  return Signature::parse(text);
}

TEST(SignatureDevices, CubinsAreRead) {
  auto signature = parseCubin();
  ASSERT_TRUE(signature) << signature.error().message();
  const std::vector<DeviceKernel> &kernels = signature->devices[0].kernels;
  ASSERT_TRUE(kernels[0].cubin);
  EXPECT_EQ(kernels[0].cubin->offset, 496);
  EXPECT_EQ(kernels[0].cubin->bytes, 64);
  EXPECT_EQ(kernels[0].cubin->registers, 40);
  EXPECT_EQ(kernels[0].cubin->stackBytes, 16);
  EXPECT_EQ(kernels[0].cubin->spillBytes, 8);
  EXPECT_FALSE(kernels[1].cubin);
  EXPECT_TRUE(checkImages(*signature, 560));
  Status status = checkImages(*signature, 559);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "target 'cuda:sm_80', kernel 'infer.affine': its cubin ends at "
            "byte 560 of 559 of device code");
}

TEST(SignatureDevices, CubinsAreChecked) {
  const std::string here = "target 'cuda:sm_80', kernel 'infer.affine', cubin";
  auto failure = [](const std::string &from, const std::string &to) {
    auto signature = parseCubin(from, to);
    return signature ? "no failure" : signature.error().message();
  };
  EXPECT_EQ(failure("[496, 64]", "[497, 64]"),
            here + ": its image starts at byte 497, no multiple of 8");
  EXPECT_EQ(failure("[496, 64]", "[1099511627777, 64]"),
            here + ": offset of its image is 1099511627777, outside [0, "
                   "1099511627776]");
  EXPECT_EQ(failure("\"registers\": 40", "\"registers\": 256"),
            here + ": 'registers' is 256, outside [1, 255]");
  EXPECT_EQ(failure("\"registers\": 40", "\"registers\": 0"),
            here + ": 'registers' is 0, outside [1, 255]");
  EXPECT_EQ(failure("\"stack\": 16", "\"stack\": -1"),
            here + ": 'stack' is -1, outside [0, 1099511627776]");
  EXPECT_EQ(failure("\"spills\": 8", "\"spills\": 0.5"),
            here + ": 'spills' is not an integer");
  EXPECT_EQ(failure(", \"stack\": 16", ""), here + " has no 'stack'");
  EXPECT_EQ(failure(" \"cubin\": {", " \"cubin\": 7, \"other\": {"),
            here + " is not an object");
  // Vulkan has no use for one.
  EXPECT_EQ(::failure("\"image\": [0, 400],", kCubin),
            "target 'vulkan', kernel 'infer.affine', cubin: a target of Vulkan "
            "has none");
}

TEST(SignatureDevices, OperationsAreChecked) {
  const std::string from = "\"constants\": [\"N\", \"S N *\"]";
  auto signature = parse(from, from + ", \"operations\": \"N 24 *\"");
  ASSERT_TRUE(signature) << signature.error().message();
  const DeviceProgram &infer =
      *signature->devices[0].programs[size_t(signature->findProgram("infer"))];
  ASSERT_TRUE(infer.launches[0].flops);
  EXPECT_EQ(infer.launches[0].flops->evaluate(3, 1), 72);
  EXPECT_FALSE(infer.launches[1].flops);
  EXPECT_EQ(failure(from, from + ", \"operations\": 24"),
            "target 'vulkan', program 'infer', launch 0: operations is not a "
            "formula");
}

TEST(SignatureDevices, MayBeAbsent) {
  auto signature = Signature::parse(toySignature());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(signature->devices.empty());
}

TEST(SignatureDevices, KernelsAreChecked) {
  const std::string here = "target 'vulkan', kernel 'infer.affine'";
  EXPECT_EQ(failure("\"vulkan\"", "\"metal\""),
            "target 'metal' of a device is neither vulkan nor "
            "cuda:sm_<number>");
  EXPECT_EQ(failure("\"vulkan\"", "\"cuda:sm_\""),
            "target 'cuda:sm_' of a device is neither vulkan nor "
            "cuda:sm_<number>");
  EXPECT_EQ(failure("\"vulkan\"", "7"), "a device: 'target' is not a text");
  EXPECT_EQ(failure("\"k0\"", "\"\""), here + ": its entry has no name");
  EXPECT_EQ(failure("[0, 400]", "[0]"),
            here + ": 'image' is not [offset, bytes]");
  EXPECT_EQ(failure("[0, 400]", "[4, 400]"),
            here + ": its image starts at byte 4, no multiple of 8");
  EXPECT_EQ(failure("[0, 400]", "[0, 0]"),
            here + ": bytes of its image is 0, outside [1, 1099511627776]");
  EXPECT_EQ(failure("[0, 400]", "[-8, 400]"),
            here + ": offset of its image is -8, outside [0, 1099511627776]");
  EXPECT_EQ(failure("\"rrw\"", "\"rxw\""),
            here + ": bindings 'rxw' are not of r, w and m");
  EXPECT_EQ(failure("\"constants\": 2", "\"constants\": -1"),
            here + ": 'constants' is -1, outside [0, 1024]");
  EXPECT_EQ(failure("[64, 1, 1]", "[64, 1]"),
            here + ": 'group' does not have 3 dimensions");
  EXPECT_EQ(failure("[64, 1, 1]", "[64, 0, 1]"),
            here + ": a dimension of its groups is 0, outside [1, 65536]");
}

TEST(SignatureDevices, LaunchesAreChecked) {
  const std::string program = "target 'vulkan', program 'infer'",
                    launch = program + ", launch 0";
  EXPECT_EQ(failure("\"infer\": {", "\"guess\": {"),
            "target 'vulkan': the model has no program 'guess'");
  EXPECT_EQ(failure("[\"8 N *\"]", "[8]"),
            program + ": a slot is not a formula");
  EXPECT_EQ(failure("[\"8 N *\"]", "[\"8 N\"]"),
            program + ": a slot: formula '8 N': it does not have one value");
  EXPECT_EQ(failure("\"kernel\": 0", "\"kernel\": 2"),
            launch + ": 'kernel' is 2, outside [0, 1]");
  EXPECT_EQ(failure("\"label\": \"layer0.affine\"", "\"label\": []"),
            launch + ": 'label' is not a text");
  EXPECT_EQ(failure("[\"N 63 + 64 /\", \"1\", \"1\"]", "[\"N\", \"1\"]"),
            launch + ": 'groups' does not have 3 dimensions");
  EXPECT_EQ(failure("\"N 63 + 64 /\"", "\"M\""),
            launch + ": groups: formula 'M': a word is no number, size or "
                     "operator");
  EXPECT_EQ(failure("[\"parameters\", 0, \"128\", \"16\"],", ""),
            launch + " has 2 bindings, kernel 'infer.affine' takes 3");
  EXPECT_EQ(failure("[\"N\", \"S N *\"]", "[\"N\"]"),
            launch + " has 1 constants, kernel 'infer.affine' takes 2");
  EXPECT_EQ(failure("[\"N\", \"S N *\"]", "[\"N\", \"S *\"]"),
            launch + ": a constant: formula 'S *': an operator lacks an "
                     "operand");
}

TEST(SignatureDevices, BindingsAreChecked) {
  const std::string here = "target 'vulkan', program 'infer', launch 0, "
                           "binding 1";
  const std::string from = "[\"parameters\", 0, \"128\", \"16\"]";
  for (const char *to :
       {"7", "[]", R"(["parameters", 0, "0"])", R"([1, 0, "0", "4"])"})
    EXPECT_EQ(failure(from, to),
              here + " is not [space, index, offset, bytes]");
  EXPECT_EQ(failure(from, R"(["heap", 0, "0", "4"])"),
            here + ": unknown space 'heap'");
  EXPECT_EQ(failure(from, R"(["parameters", 1, "0", "4"])"),
            here + ": index of 'parameters' is 1, outside [0, 0]");
  EXPECT_EQ(failure(from, R"(["buffer", 3, "0", "4"])"),
            here + ": index of 'buffer' is 3, outside [0, 2]");
  EXPECT_EQ(failure(from, R"(["slot", 1, "0", "4"])"),
            here + ": index of 'slot' is 1, outside [0, 0]");
  EXPECT_EQ(failure(from, R"(["parameters", 0, 0, "4"])"),
            here + ": offset is not a formula");
  EXPECT_EQ(failure(from, R"(["parameters", 0, "0", "4 /"])"),
            here + ": length: formula '4 /': an operator lacks an operand");
}

TEST(SignatureDevices, OutputsAreWritten) {
  EXPECT_EQ(failure("\"rmw\"", "\"rmr\""),
            "target 'vulkan', program 'infer': no launch writes 'selection'");
}

TEST(SignatureDevices, AreDifferent) {
  std::string twice = kTable;
  twice = twice.substr(1, twice.size() - 2);
  std::string text = toySignature();
  text.insert(text.rfind('}'), ", \"devices\": [" + twice + "," + twice + "]");
  auto signature = Signature::parse(text);
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().message(), "devices has 'vulkan' twice");
}

TEST(SignatureDevices, DamageIsRefusedOrHarmless) {
  std::mt19937 random(3);
  const std::string alphabet = "0123456789-+*/ NS\"[]{},.eabkrwm\x01\xff";
  int read = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string table = kTable;
    if (i % 4 == 0) {
      table.replace(table.find("vulkan"), 6, "cuda:sm_80");
      table.replace(table.find("\"image\": [0, 400],"), 18, kCubin);
    }
    for (size_t edits = 1 + random() % 3; edits > 0; --edits)
      table[random() % table.size()] = alphabet[random() % alphabet.size()];
    std::string text = toySignature();
    text.insert(text.rfind('}'), ", \"devices\": " + table);
    auto signature = Signature::parse(text);
    if (!signature) {
      EXPECT_FALSE(signature.error().message().empty());
      continue;
    }
    ++read;
    (void)checkImages(*signature, 496);
    for (const DeviceTarget &target : signature->devices)
      for (size_t p = 0; p < target.programs.size(); ++p)
        if (const auto &program = target.programs[p])
          for (int64_t points : {int64_t(0), int64_t(7), kMost})
            (void)DeviceLayout::create(signature->programs[p], *program, points,
                                       kMost, 64);
  }
  // Both happen.
  EXPECT_GT(read, 100);
  EXPECT_LT(read, 2900);
}

TEST(SignatureDevices, ImagesAreWithinTheCode) {
  auto signature = parse();
  ASSERT_TRUE(signature);
  EXPECT_TRUE(checkImages(*signature, 496));
  Status status = checkImages(*signature, 495);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "target 'vulkan', kernel 'infer.select': its image ends at byte "
            "496 of 495 of device code");
  // A model that has a table and no code.
  std::string text = toySignature();
  text.insert(text.rfind('}'), std::string(", \"devices\": ") + kTable);
  auto model = Model::fromEntry(toyEntry, text);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message(),
            "target 'vulkan', kernel 'infer.affine': its image ends at byte "
            "400 of 0 of device code");
}

} // namespace
