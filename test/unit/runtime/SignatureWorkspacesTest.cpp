//===- SignatureWorkspacesTest.cpp - What workspaces hold -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Workspaces in a signature: read where they are right, refused with the
// program named where they are not.
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "ToyModel.h"

#include <gtest/gtest.h>

using namespace modc;

namespace {

/// The toy's signature, each program with this workspace.
Result<Signature> parse(const std::string &slots,
                        const std::string &without = "") {
  std::string text = toySignature(), programs;
  auto plain = Signature::parse(text);
  for (const ProgramSpec &program : plain->programs)
    if (program.name != without)
      programs +=
          (programs.empty() ? "\"" : ", \"") + program.name + "\": " + slots;
  std::string before = R"({"name": "x86-64", "features": 0)";
  size_t at = text.find(before);
  EXPECT_NE(at, std::string::npos);
  text.insert(at + before.size(), ", \"workspaces\": {" + programs + "}");
  return Signature::parse(text);
}

std::string failure(const Result<Signature> &signature) {
  return signature ? "no failure" : signature.error().message();
}

TEST(SignatureWorkspaces, AreRead) {
  auto signature = parse(R"([[["layer0.plan", "?xi32", "N 4 *"],
                              {"worker": [[["", "8xf32", "32"]]]}],
                             [["layer0.grouped", "?xf32", ""]]])");
  ASSERT_TRUE(signature) << signature.error().message();
  const TargetSpec &target = signature->targets[0];
  ASSERT_EQ(target.workspaces.size(), signature->programs.size());
  const std::vector<WorkspaceSlot> &slots = target.workspaces[1];
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].temporaries[0].name, "layer0.plan");
  EXPECT_EQ(slots[0].temporaries[0].type, "?xi32");
  EXPECT_EQ(slots[0].temporaries[0].bytes->evaluate(3, 1), 12);
  ASSERT_EQ(slots[0].workers.size(), 1u);
  EXPECT_EQ(slots[0].workers[0][0].temporaries[0].bytes->evaluate(3, 1), 32);
  EXPECT_FALSE(slots[1].temporaries[0].bytes);
}

TEST(SignatureWorkspaces, MayBeAbsent) {
  auto signature = Signature::parse(toySignature());
  ASSERT_TRUE(signature);
  EXPECT_TRUE(signature->targets[0].workspaces.empty());
}

TEST(SignatureWorkspaces, AreChecked) {
  EXPECT_EQ(failure(parse("[]", "infer")),
            "target 'x86-64': no workspace of program 'infer'");
  std::string here = "target 'x86-64': workspace of 'init': ";
  EXPECT_EQ(failure(parse("7")), here + "slots are not an array");
  EXPECT_EQ(failure(parse("[7]")), here + "a slot is not an array");
  for (const char *temporary :
       {"7", R"(["a", "f32"])", R"(["a", "f32", 4])", R"({"thread": []})",
        R"({"worker": [[{"worker": []}]]})"})
    EXPECT_EQ(failure(parse(std::string("[[") + temporary + "]]")),
              here + "a temporary is not [name, type, bytes]");
  EXPECT_EQ(failure(parse(R"([[["a", "f32", "N *"]]])")),
            here + "formula 'N *': an operator lacks an operand");
}

} // namespace
