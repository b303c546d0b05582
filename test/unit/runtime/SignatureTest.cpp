//===- SignatureTest.cpp - What a compiled model says about itself --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the signature of the model written by hand, and refuses each way in
// which a signature can lie.
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "ToyModel.h"
#include "runtime/Philox.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

/// The error for the toy's signature with the first `from` replaced by `to`.
std::string failure(const std::string &from, const std::string &to) {
  std::string text = toySignature();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  auto signature = Signature::parse(text.replace(at, from.size(), to));
  return signature ? "no failure" : signature.error().message();
}

TEST(Signature, ReadsTheToys) {
  auto signature = Signature::parse(toySignature());
  ASSERT_TRUE(signature) << signature.error().message();
  EXPECT_EQ(signature->network, "toy");
  EXPECT_EQ(signature->inputs[0].describe(), "[N, 2] f32");
  EXPECT_EQ(signature->inputs[0].width(), 2);
  EXPECT_EQ(*signature->inputs[0].bytes(5, 1), 40);
  EXPECT_EQ(signature->parameters.size(), 6u);
  EXPECT_EQ(signature->parameters[2].name, "experts.0.bias");
  EXPECT_EQ(signature->parameters[2].bytes, 8);
  EXPECT_EQ(signature->state.back().type, DType::I64);
  EXPECT_EQ(signature->slotMembers, (std::vector<int32_t>{2}));
  int sample = signature->findProgram("sample");
  ASSERT_GE(sample, 0);
  const ProgramSpec &program = signature->programs[size_t(sample)];
  int selection = program.findBuffer("selection", true);
  ASSERT_GE(selection, 0);
  EXPECT_EQ(*program.buffers[size_t(selection)].bytes(3, 4), 48);
  EXPECT_EQ(program.findBuffer("selection", false), -1);
  EXPECT_EQ(program.findInteger("step"), 1);
}

TEST(Signature, RefusesWhatIsNoSignature) {
  EXPECT_EQ(Signature::parse("").error().message(),
            "the signature is not valid JSON");
  EXPECT_EQ(Signature::parse("[1]").error().message(),
            "the signature is not a JSON object");
  EXPECT_EQ(Signature::parse("{}").error().message(),
            "the signature has no 'abi'");
  EXPECT_FALSE(Signature::parse(std::string(100000, '[')));
}

TEST(Signature, ChecksFields) {
  EXPECT_EQ(failure("\"hash\": \"0123456789abcdef\"", "\"hash\": \"xyz\""),
            "the signature: hash 'xyz' is not 16 hex digits");
  EXPECT_EQ(failure("\"element\": \"f32\"", "\"element\": \"f16\""),
            "the signature: element 'f16' is neither f32 nor f64");
  EXPECT_EQ(failure("\"slots\": 1", "\"slots\": -1"),
            "the signature: 'slots' is -1, outside [0, 1099511627776]");
  EXPECT_EQ(failure("\"slots\": 1", "\"slots\": 1.5"),
            "the signature: 'slots' is not an integer");
  EXPECT_EQ(failure("\"slots\": 1", "\"slots\": 18446744073709551615"),
            "the signature: 'slots' is 18446744073709551615, outside [0, "
            "1099511627776]");
  EXPECT_EQ(failure("\"groups\": [", "\"groups\": [\"router\", "),
            "groups has 'router' twice");
  EXPECT_EQ(failure("\"type\": \"f32\"", "\"type\": \"u8\""),
            "inputs 'x': unknown type 'u8'");
  EXPECT_EQ(failure("[\"N\", 2]", "[2, \"N\"]"),
            "inputs 'x': size 'N' does not stand first");
  EXPECT_EQ(failure("[\"N\", 2]", "[\"M\", 2]"),
            "inputs 'x': unknown size 'M'");
}

TEST(Signature, ChecksArenas) {
  EXPECT_EQ(failure("\"offset\": 16", "\"offset\": 8"),
            "parameter 'experts.0.weight' overlaps 'experts.1.weight'");
  EXPECT_EQ(failure("\"offset\": 192", "\"offset\": 252"),
            "parameter 'router.bias' ends at byte 260 of an arena of 256");
  EXPECT_EQ(failure("\"offset\": 192", "\"offset\": -8"),
            "parameter 'router.bias': 'offset' is -8, outside [0, "
            "1099511627776]");
  EXPECT_EQ(failure("\"offset\": 192", "\"offset\": 193"),
            "parameter 'router.bias': offset 193 is not aligned to its "
            "elements");
  EXPECT_EQ(failure("\"shape\": [2, 2], \"offset\": 0",
                    "\"shape\": [1099511627776, 2], \"offset\": 0"),
            "parameter 'experts.0.weight': its size overflows");
  EXPECT_EQ(failure("\"group\": 2", "\"group\": 3"),
            "parameter 'router.weight': 'group' is 3, outside [0, 2]");
  EXPECT_EQ(failure("\"name\": \"experts.1.weight\"",
                    "\"name\": \"experts.0.weight\""),
            "parameters has 'experts.0.weight' twice");
  EXPECT_EQ(failure("\"offset\": 512", "\"offset\": 560"),
            "state 'steps' ends at byte 584 of an arena of 576");
}

TEST(Signature, ReadsPanels) {
  std::string text = toySignature();
  for (const char *name : {"experts.1.weight", "router.weight.v"}) {
    std::string before = "{\"name\": \"" + std::string(name) + "\", ";
    size_t at = text.find(before);
    ASSERT_NE(at, std::string::npos);
    text.insert(at + before.size(), "\"panels\": 1, ");
  }
  auto signature = Signature::parse(text);
  ASSERT_TRUE(signature) << signature.error().message();
  for (const auto *list : {&signature->parameters, &signature->state})
    for (const StoredTensor &tensor : *list)
      EXPECT_EQ(tensor.panels, tensor.name == "experts.1.weight" ||
                                   tensor.name == "router.weight.v")
          << tensor.name;
}

TEST(Signature, ChecksPanels) {
  auto refused = [](const std::string &name, const std::string &panels) {
    std::string before = "{\"name\": \"" + name + "\", ";
    return failure(before, before + "\"panels\": " + panels + ", ");
  };
  EXPECT_EQ(refused("router.weight", "2"), "no failure");
  EXPECT_EQ(refused("router.weight", "0"),
            "parameter 'router.weight': 'panels' is 0, outside [1, "
            "1099511627776]");
  EXPECT_EQ(refused("router.weight", "\"wide\""),
            "parameter 'router.weight': 'panels' is not an integer");
  EXPECT_EQ(refused("router.weight", "3"),
            "parameter 'router.weight': shape [2, 2] is no matrix of whole "
            "panels of 3 columns");
  EXPECT_EQ(refused("router.bias", "2"),
            "parameter 'router.bias': shape [2] is no matrix of whole panels "
            "of 2 columns");
  EXPECT_EQ(refused("steps", "1"),
            "state 'steps': shape [3] is no matrix of whole panels of 1 "
            "columns");
  const std::string three =
      R"("router.weight.v", "shape": [2, 3], "panels": 2)";
  EXPECT_EQ(failure(R"("router.weight.v", "shape": [2, 2])", three),
            "state 'router.weight.v': shape [2, 3] is no matrix of whole "
            "panels of 2 columns");
  // A panel is no wider than its matrix, also where that has no columns.
  const std::string empty =
      R"("router.weight.v", "shape": [2, 0], "panels": 2)";
  EXPECT_EQ(failure(R"("router.weight.v", "shape": [2, 2])", empty),
            "state 'router.weight.v': shape [2, 0] is no matrix of whole "
            "panels of 2 columns");
}

TEST(Signature, ChecksLayers) {
  EXPECT_EQ(failure("\"choose\": 1", "\"choose\": 2"),
            "layer 'layer0': its choices end outside the 1 slots of a point");
  EXPECT_EQ(failure("\"slots\": 1", "\"slots\": 2"),
            "slot 1 belongs to no layer");
  EXPECT_EQ(failure("\"probability\": 0", "\"probability\": 1"),
            "layer 'layer0': its probabilities end outside the 2 of a point");
  EXPECT_EQ(
      failure("[\"experts.0\", \"experts.1\"], \"choose\"", "[], \"choose\""),
      "layer 'layer0' has no members");
  std::string layer = "{\"name\": \"layer0\"";
  EXPECT_EQ(
      failure(layer, "{\"name\": \"other\", \"pool\": \"p\", \"members\": "
                     "[\"m\"], \"choose\": 1, \"rows\": 1, \"slot\": 0, "
                     "\"probability\": 0, \"fixed\": true}, " +
                         layer),
      "layer 'layer0': slot 0 belongs to another layer too");
}

TEST(Signature, ChecksPrograms) {
  EXPECT_EQ(failure("{\"name\": \"infer\"", "{\"name\": \"init\""),
            "programs has 'init' twice");
  EXPECT_EQ(failure("\"type\": \"i32\", \"shape\": [\"N\", 1], \"output\": "
                    "true",
                    "\"type\": \"i64\", \"shape\": [\"N\", 1], \"output\": "
                    "true"),
            "program 'infer': buffer 'selection' is [N, 1] i64, not 1 i32 "
            "choices per row");
  EXPECT_EQ(
      failure("\"integers\": [\"seed\"]", "\"integers\": [\"seed\", \"seed\"]"),
      "program 'init': integers has 'seed' twice");
}

TEST(Signature, ReadsFlops) {
  std::string text = toySignature();
  size_t at = text.find("{\"name\": \"infer\",");
  ASSERT_NE(at, std::string::npos);
  text.insert(at + 1, "\"flops\": [5, 16, 3], ");
  Result<Signature> signature = Signature::parse(text);
  ASSERT_TRUE(signature) << signature.error().message();
  const ProgramSpec &infer =
      signature->programs[size_t(signature->findProgram("infer"))];
  ASSERT_TRUE(infer.flops);
  EXPECT_EQ(infer.flops->total(10, 4), 5 + 160 + 120);
  EXPECT_FALSE(
      signature->programs[size_t(signature->findProgram("init"))].flops);
  EXPECT_EQ(failure("{\"name\": \"infer\",",
                    "{\"flops\": [1, 2], \"name\": \"infer\","),
            "program 'infer': 'flops' has 2 terms, not 3");
  EXPECT_EQ(failure("{\"name\": \"infer\",",
                    "{\"flops\": [0, -2, 0], \"name\": \"infer\","),
            "program 'infer': 'flops' is -2, outside [0, "
            "9223372036854775807]");
}

TEST(Signature, SizesDoNotOverflow) {
  auto signature = Signature::parse(toySignature());
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->inputs[0].bytes(INT64_MAX, 1).error().message(),
            "size of 'x' overflows for 9223372036854775807 points and 1 "
            "candidates");
}

TEST(Signature, SurvivesDamage) {
  std::string text = toySignature();
  for (uint32_t round = 0; round < 4000; ++round) {
    PhiloxBlock words = philox({round, 0, 0, 0}, 7);
    std::string damaged = text;
    damaged[words[0] % damaged.size()] ^= char(1u << (words[1] % 8));
    if (round % 2)
      damaged.resize(words[2] % damaged.size());
    auto signature = Signature::parse(damaged);
    if (signature)
      for (const StoredTensor &tensor : signature->parameters)
        EXPECT_LE(tensor.offset + tensor.bytes, signature->parameterBytes);
  }
}

} // namespace
