// What no pass has lowered is refused where it was written.

// RUN: not modc compile --from=llvm --emit=llvm %s 2>&1 | FileCheck %s
// CHECK: not-lowered.mlir:[[#@LINE+5]]:10: error: 'math.exp' op has no lowering to LLVM's IR
// CHECK-NOT: error

module attributes {modular.signature = {}} {
  llvm.func @f(%x: f32) -> f32 {
    %y = math.exp %x : f32
    llvm.return %y : f32
  }
}
