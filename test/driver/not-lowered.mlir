// What no pass has lowered is refused where it was written.

// RUN: not modc compile --from=llvm --emit=llvm %s 2>&1 | FileCheck %s
// CHECK: not-lowered.mlir:[[#@LINE+4]]:8: error: 'math.exp' op has no lowering to LLVM's IR
// CHECK-NOT: error

llvm.func @f(%x: f32) -> f32 {
  %y = math.exp %x : f32
  llvm.return %y : f32
}
