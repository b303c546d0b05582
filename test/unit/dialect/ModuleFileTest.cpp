//===- ModuleFileTest.cpp - Files that hold IR ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading gives a module or a message, for the examples, for damaged copies of
// them and for text made to overflow a stack.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModuleFile.h"
#include "dialect/ModularDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#endif

using namespace modc;

namespace {

/// What the parser held when it crashed is lost: LeakSanitizer overlooks what is
/// allocated while one of these lives.
struct ExpectLeaks {
#if __has_feature(address_sanitizer)
  __lsan::ScopedDisabler disabler;
#endif
  ExpectLeaks() {}
};

class ModuleFileTest : public testing::Test {
protected:
  ModuleFileTest()
      : context(mlir::MLIRContext::Threading::DISABLED),
        handler(&context, [this](mlir::Diagnostic &diagnostic) {
          llvm::raw_string_ostream(messages) << diagnostic << '\n';
        }) {
    context.loadDialect<ModularDialect, mlir::func::FuncDialect>();
  }

  /// The text of the module, empty if it was refused.
  std::string read(llvm::StringRef bytes) {
    messages.clear();
    mlir::OwningOpRef<mlir::ModuleOp> module =
        parseModule(bytes, "model.mlir", &context);
    if (!module)
      return "";
    std::string text;
    llvm::raw_string_ostream(text) << *module;
    return text;
  }

  /// Texts of all examples, by path.
  static std::vector<std::string> getExamples() {
    std::vector<std::string> paths;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(MODC_EXAMPLES, error), end;
         it != end && !error; it.increment(error))
      if (llvm::sys::path::extension(it->path()) == ".mlir")
        paths.push_back(it->path());
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> texts;
    for (const std::string &path : paths) {
      std::ifstream file(path);
      std::stringstream text;
      text << file.rdbuf();
      texts.push_back(text.str());
    }
    return texts;
  }

  mlir::MLIRContext context;
  mlir::ScopedDiagnosticHandler handler;
  std::string messages;
};

constexpr const char *small = R"(
modular.network @n {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}
)";

TEST_F(ModuleFileTest, BytecodeReadsBackAsTheText) {
  std::vector<std::string> examples = getExamples();
  ASSERT_GE(examples.size(), 11u);
  for (const std::string &text : examples) {
    auto module = parseModule(text, "model.mlir", &context);
    ASSERT_TRUE(module) << messages;
    std::string before;
    llvm::raw_string_ostream(before) << *module;
    EXPECT_EQ(read(toBytecode(*module)), before);
  }
}

TEST_F(ModuleFileTest, WritesAFileThatLoads) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("modc", "mlirbc", path));
  auto module = parseModule(small, "model.mlir", &context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(mlir::succeeded(writeBytecode(*module, path)));
  EXPECT_TRUE(loadModule(path, &context));
  llvm::sys::fs::remove(path);
}

TEST_F(ModuleFileTest, NamesAFileThatIsNotThere) {
  EXPECT_FALSE(loadModule("/nowhere/model.mlir", &context));
  EXPECT_EQ(messages,
            "cannot open '/nowhere/model.mlir': no such file or directory\n");
}

TEST_F(ModuleFileTest, NamesAFileThatCannotBeWritten) {
  auto module = parseModule(small, "model.mlir", &context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(mlir::failed(writeBytecode(*module, "/nowhere/model.mlirbc")));
  EXPECT_NE(messages.find("can't write '/nowhere/model.mlirbc': "),
            std::string::npos);
}

TEST_F(ModuleFileTest, RefusesADirectory) {
  EXPECT_FALSE(loadModule(MODC_EXAMPLES, &context));
  EXPECT_NE(messages.find("is a directory"), std::string::npos) << messages;
}

TEST_F(ModuleFileTest, RefusesBytecodeWithoutAHash) {
  auto module = parseModule(small, "model.mlir", &context);
  std::string bytes = toBytecode(*module).substr(16);
  EXPECT_EQ(read(bytes), "");
  EXPECT_NE(messages.find("is MLIR bytecode without a hash"),
            std::string::npos);
}

TEST_F(ModuleFileTest, RefusesEveryFlippedBitOfBytecode) {
  auto module = parseModule(small, "model.mlir", &context);
  std::string bytes = toBytecode(*module);
  for (size_t bit = 64; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= 1 << bit % 8;
    ASSERT_EQ(read(bytes), "") << "bit " << bit;
    ASSERT_NE(messages.find("is damaged"), std::string::npos) << "bit " << bit;
    bytes[bit / 8] ^= 1 << bit % 8;
  }
}

TEST_F(ModuleFileTest, RefusesEveryPrefixOfBytecode) {
  auto module = parseModule(small, "model.mlir", &context);
  std::string bytes = toBytecode(*module);
  for (size_t size = 1; size < bytes.size(); ++size) {
    ASSERT_EQ(read(llvm::StringRef(bytes).take_front(size)), "") << size;
    ASSERT_EQ(messages, size < 16 ? "'model.mlir' is cut short\n"
                                  : "'model.mlir' is damaged: the hash of its "
                                    "bytecode is not the one that it was "
                                    "written with\n");
  }
  // Nothing is left to tell it from empty text; compilers want a network.
  EXPECT_EQ(read(""), "module {\n}");
}

TEST_F(ModuleFileTest, RefusesLargeInput) {
  EXPECT_EQ(read(std::string(maxModuleBytes + 1, ' ')), "");
  EXPECT_EQ(messages, "'model.mlir' is larger than 64 MiB\n");
}

TEST_F(ModuleFileTest, RefusesBinaryInput) {
  EXPECT_EQ(read(llvm::StringRef("\0\1\2", 3)), "");
  EXPECT_EQ(messages,
            "'model.mlir' is neither text nor bytecode that modc wrote\n");
}

/// `prefix`, then `open` many times.
static std::string repeat(const char *prefix, const char *open, unsigned times) {
  std::string text = prefix;
  for (unsigned i = 0; i < times; ++i)
    text += open;
  return text;
}

TEST_F(ModuleFileTest, RefusesDeepNesting) {
  for (const char *open : {"[", "(", "{", "<", "module {", "tuple<", "{a = ["})
    for (unsigned times : {300u, 100000u}) {
      EXPECT_EQ(read(repeat("#a = ", open, times)), "");
      EXPECT_NE(messages.find("nests deeper than 256"), std::string::npos)
          << open;
    }
  EXPECT_FALSE(findTextHazard(repeat("", "[", 256)));
  EXPECT_TRUE(findTextHazard(repeat("", "[", 257)));
}

TEST_F(ModuleFileTest, CountsAliases) {
  std::string text = "#a0 = 0\n";
  for (int i = 1; i < 100000; ++i)
    text += "#a" + std::to_string(i) + " = [#a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(read(text), "");
  EXPECT_NE(messages.find("nests deeper than 256"), std::string::npos);
}

TEST_F(ModuleFileTest, CountsSignsAndLongExpressions) {
  EXPECT_EQ(read(repeat("#m = affine_map<(d0) -> (", "- ", 100000)), "");
  EXPECT_NE(messages.find("nests deeper than 256"), std::string::npos);
  for (const char *term : {" + d0 mod 3", "\n + d0 mod 3"}) {
    EXPECT_EQ(read(repeat("#m = affine_map<(d0) -> (d0", term, 100000)), "");
    EXPECT_NE(messages.find("4096 characters"), std::string::npos);
  }
}

// linalg.transpose parses a permutation and follows it without looking.
TEST_F(ModuleFileTest, SurvivesACrashOfTheParser) {
  ExpectLeaks leaks;
  EXPECT_EQ(read("%t = linalg.transpose ins(%x : tensor<2x3xf32>) outs(%e : "
                 "tensor<3x2xf32>) permutation = [1, "),
            "");
  EXPECT_NE(messages, "");
  EXPECT_NE(read(small), "");
}

TEST_F(ModuleFileTest, OverlooksStringsAndComments) {
  EXPECT_FALSE(findTextHazard(repeat("\"", "[", 1000) + "\""));
  EXPECT_FALSE(findTextHazard(repeat("// ", "[", 1000)));
  EXPECT_FALSE(findTextHazard(repeat("", "(a) -> b >= c <= d ", 1000)));
  // A string ends with its line, so that one quotation mark hides nothing.
  EXPECT_TRUE(findTextHazard(repeat("\"\n", "[", 1000)));
  EXPECT_TRUE(findTextHazard(repeat("\"\\\"\" ", "[", 1000)));
}

/// Damages text as a slip of the hand would, and as a hostile hand might.
static std::string mutate(std::string text, std::mt19937 &random) {
  auto below = [&](size_t n) { return n ? random() % n : 0; };
  static const char *const pieces[] = {
      "0",  "-1", "?",       "99999999999999999999", "f64",   "f16",
      "[",  "]",  "tensor<", "i32",                  "index", "x",
      "%x", "@m", "#modular.softmax", "\"",          "none",  "!modular.plan<1 of 2>",
      "4294967296", "linalg.matmul", "modular.yield"};
  for (size_t n = 1 + below(4); n > 0 && !text.empty(); --n) {
    size_t at = below(text.size());
    switch (below(6)) {
    case 0:
      text[at] ^= 1 << below(8);
      break;
    case 1:
      text.erase(at, 1 + below(20));
      break;
    case 2:
      text.insert(at, pieces[below(std::size(pieces))]);
      break;
    case 3:
      text.insert(at, text.substr(below(text.size()), below(60)));
      break;
    case 4:
      text.resize(at);
      break;
    case 5: {
      // Replace a word, numbers above all.
      size_t word = text.find_first_of("0123456789", at);
      if (word != std::string::npos)
        text.replace(word, 1, pieces[below(std::size(pieces))]);
      break;
    }
    }
  }
  return text;
}

TEST_F(ModuleFileTest, SurvivesDamagedText) {
  ExpectLeaks leaks;
  std::vector<std::string> examples = getExamples();
  constexpr unsigned runs = 2000;
  unsigned refused = 0, survived = 0;
  for (unsigned seed = 0; seed < runs; ++seed) {
    std::mt19937 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::string text = mutate(examples[seed % examples.size()], random);
    if (read(text).empty()) {
      ++refused;
      survived += messages.find("does not survive") != std::string::npos;
      EXPECT_NE(messages, "");
    }
  }
  // Some slips are harmless: in comments, names and numbers.
  EXPECT_GT(refused, runs / 2);
  EXPECT_LT(refused, runs);
  // The parser's own errors are the rule.
  EXPECT_LT(survived, runs / 20);
  RecordProperty("crashes_survived", survived);
}

TEST_F(ModuleFileTest, SurvivesDamagedBytecode) {
  std::vector<std::string> examples = getExamples();
  std::vector<std::string> files;
  for (const std::string &text : examples) {
    auto module = parseModule(text, "model.mlir", &context);
    ASSERT_TRUE(module);
    files.push_back(toBytecode(*module));
  }
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    const std::string &file = files[seed % files.size()];
    std::string bytes = mutate(file, random);
    // Cut to nothing it is text: of an empty module.
    if (bytes != file && !bytes.empty())
      ASSERT_EQ(read(bytes), "") << "seed " << seed;
  }
}

} // namespace
