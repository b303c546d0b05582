//===- LoopRoundsTest.cpp - Tests for rounds of loops ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// lavapipe leaves all loops of an invocation after so many rounds together,
// without a word. What LaunchRounds counts as no more must be computed whole.
//
//===----------------------------------------------------------------------===//

#include "KernelFixture.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Parser/Parser.h"
#include "passes/gpu/LaunchRounds.h"

using namespace modc;

namespace {

constexpr int64_t kMost = 65535;

/// `outer` times a loop of `inner` rounds, and beside it a branch that no
/// invocation takes.
int64_t countRounds(int64_t outer, int64_t inner) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                      mlir::memref::MemRefDialect, mlir::scf::SCFDialect>();
  std::string loop = R"(
      scf.for %i = %c0 to %outer step %c1 {
        scf.for %j = %c0 to %inner step %c1 {
          memref.store %c0, %y[%j] : memref<?xindex>
        }
      })";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      R"(func.func @launch(%y: memref<?xindex>, %first: i1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %outer = arith.constant )" +
          std::to_string(outer) + R"( : index
      %inner = arith.constant )" +
          std::to_string(inner) + R"( : index
      scf.if %first {)" +
          loop + "} else {" + loop + R"(
      } {modular.by_groups}
      return
    })",
      &context);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  LaunchRounds rounds = LaunchRounds::of(function);
  EXPECT_EQ(rounds.perRow, 0);
  return rounds.fixed;
}

/// Each round makes 3·x + 1 of a word.
BuiltKernel makeLoops() {
  return BuiltKernel(
      "loops", {{kWrite, 'i', {2}}}, 3, 1,
      [](DeviceBuilder &b, mlir::ValueRange in, mlir::ValueRange words) {
        mlir::Value zero = b.index(0);
        auto loops = [&](int64_t place) {
          auto round = [&](mlir::Value, mlir::ValueRange x) {
            mlir::Value three =
                mlir::arith::MulIOp::create(b, x[0], b.integer(3));
            return DeviceBuilder::Values{
                mlir::arith::AddIOp::create(b, three, b.integer(1))};
          };
          mlir::Value result =
              b.loop(zero, b.toIndex(words[0]), 1, {b.integer(0)},
                     [&](mlir::Value, mlir::ValueRange x) {
                       return b.loop(zero, b.toIndex(words[1]), 1, x, round);
                     })[0];
          b.store(result, in[0], b.index(place));
        };
        mlir::Value first = b.equal(b.toIndex(words[2]), zero);
        b.when(first, [&] { loops(0); });
        b.when(b.less(zero, b.toIndex(words[2])), [&] { loops(1); });
      });
}

class LoopRounds : public KernelRuns {
protected:
  bool areWhole(const std::shared_ptr<const Kernel> &kernel, int64_t outer,
                int64_t inner) {
    uint32_t expected = 0;
    for (int64_t i = 0; i < outer * inner; ++i)
      expected = 3 * expected + 1;
    DeviceRange y = put(std::vector<int32_t>(2));
    run({LaunchCommand{
        kernel, {1, 1, 1}, {y}, {uint32_t(outer), uint32_t(inner), 0}, ""}});
    return uint32_t(get<int32_t>(y, 2)[0]) == expected;
  }
};

TEST_F(LoopRounds, ThatCountAsFewEnoughAreMade) {
  auto kernel = load(makeLoops());
  for (int64_t outer : {1, 2, 100, 254, 255, 300, 1000, 20000}) {
    // The most that is allowed.
    int64_t inner = kMost / outer + 1;
    while (inner > 0 && countRounds(outer, inner) > kMost)
      --inner;
    ASSERT_GT(inner, 0) << outer;
    EXPECT_TRUE(areWhole(kernel, outer, inner)) << outer << " by " << inner;
  }
  // So there is a limit.
  EXPECT_FALSE(areWhole(kernel, 256, 256));
}

} // namespace
