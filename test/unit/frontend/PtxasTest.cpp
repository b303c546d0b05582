//===- PtxasTest.cpp - PTX to machine code of a chip ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With the real ptxas, whose kernels have known figures, and with programs that
// fail.
//
//===----------------------------------------------------------------------===//

#include "frontend/Ptxas.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace modc;

namespace {

/// A kernel that shares `bytes` and writes one word.
std::string kernel(int bytes) {
  return ".version 8.0\n.target sm_80\n.address_size 64\n"
         ".visible .entry k(.param .u64 p)\n{\n"
         ".reg .b64 %rd<3>;\n.reg .b32 %r<2>;\n"
         ".shared .align 4 .b8 s[" +
         std::to_string(bytes) +
         "];\n"
         "ld.param.u64 %rd1, [p];\n"
         "cvta.to.global.u64 %rd2, %rd1;\n"
         "ld.shared.u32 %r1, [s];\n"
         "st.global.u32 [%rd2], %r1;\nret;\n}\n";
}

/// Sets a variable of the environment until it is destroyed.
class Variable {
public:
  Variable(const char *name, const std::string &value) : name(name) {
    const char *before = std::getenv(name);
    old = before ? before : "";
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { setenv(name, old.c_str(), 1); }

private:
  const char *name;
  std::string old;
};

std::string folder() {
  return testing::TempDir() + "/modc-ptxas-test-" + std::to_string(getpid());
}

TEST(Ptxas, IsFound) {
  auto none = findPtxas("none");
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, "");
  auto missing = findPtxas("/nowhere/ptxas");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(),
            "no program '/nowhere/ptxas' to assemble PTX with");
  std::string toolkit = folder(), program = toolkit + "/bin/ptxas";
  std::filesystem::create_directories(toolkit + "/bin");
  std::filesystem::create_symlink("/bin/true", program);
  {
    Variable path("PATH", "/nowhere"), cuda("CUDA_PATH", "/nowhere");
    auto found = findPtxas("");
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, "");
  }
  {
    Variable path("PATH", "/nowhere"), cuda("CUDA_PATH", toolkit);
    EXPECT_EQ(*findPtxas(""), program);
  }
  {
    Variable path("PATH", toolkit + "/bin"), cuda("CUDA_PATH", "/nowhere");
    EXPECT_EQ(*findPtxas(""), program);
  }
  std::filesystem::remove_all(toolkit);
}

TEST(Ptxas, AssemblesSeveral) {
  ASSERT_NE(std::string(MODC_PTXAS), "")
      << "no ptxas when this was configured; tools/setup.sh gets one";
  std::filesystem::create_directories(folder());
  auto results =
      assemblePtx(MODC_PTXAS, {kernel(64), "no PTX at all", kernel(4096)},
                  "sm_80", folder());
  ASSERT_EQ(results.size(), 3u);
  for (size_t i : {size_t(0), size_t(2)}) {
    ASSERT_TRUE(results[i]) << results[i].error().message();
    EXPECT_EQ(results[i]->cubin.substr(0, 4), "\x7f"
                                              "ELF");
    EXPECT_EQ(results[i]->figures.kernel, "k");
    EXPECT_EQ(results[i]->figures.chip, "sm_80");
    EXPECT_EQ(results[i]->figures.sharedBytes, i == 0 ? 64 : 4096);
    EXPECT_GT(results[i]->figures.registers, 0);
  }
  ASSERT_FALSE(results[1]);
  EXPECT_NE(results[1].error().message().find("ptx"), std::string::npos)
      << results[1].error().message();
  // Nothing is left behind.
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
  std::filesystem::remove_all(folder());
}

TEST(Ptxas, FailsWithAReason) {
  auto run = [](const std::string &program, const std::string &where) {
    auto results = assemblePtx(program, {kernel(4)}, "sm_80", where);
    return results[0] ? "no failure" : results[0].error().message();
  };
  EXPECT_EQ(run("/bin/false", ""), "no message");
  // Says nothing of any kernel.
  EXPECT_EQ(run("/bin/true", ""), "it gives 0 kernels and 0 bytes");
  EXPECT_NE(run("/nowhere/ptxas", ""), "no failure");
  EXPECT_EQ(run("/bin/true", "/nowhere"),
            "cannot make a temporary directory in '/nowhere': no such file or "
            "directory");
}

/// One that hangs holds nobody up for ever: neither its module nor, one after
/// the other, those that come after it.
TEST(Ptxas, IsStoppedInTime) {
  std::filesystem::create_directories(folder());
  std::string program = folder() + "/ptxas";
  std::ofstream(program) << "#!/bin/sh\nexec sleep 60\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  std::vector<std::string> modules(1000, kernel(4));
  auto begin = std::chrono::steady_clock::now();
  auto results = assemblePtx(program, modules, "sm_80", folder(), 0.2);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  ASSERT_EQ(results.size(), modules.size());
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().message(), "ptxas was stopped after 200 ms");
  ASSERT_FALSE(results.back());
  EXPECT_EQ(results.back().error().message(),
            "not assembled, as another was stopped");
  std::filesystem::remove(program);
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
  std::filesystem::remove_all(folder());
}

/// As a shell says of a program that crashes.
TEST(Ptxas, NamesTheSignalThatEndedIt) {
  std::filesystem::create_directories(folder());
  std::string program = folder() + "/ptxas";
  std::ofstream(program) << "#!/bin/sh\nkill -SEGV $$\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  auto results = assemblePtx(program, {kernel(4)}, "sm_80", folder());
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().message(), "Segmentation fault");
  std::filesystem::remove_all(folder());
}

} // namespace
