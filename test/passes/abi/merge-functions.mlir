// RUN: modc-opt %s --modular-merge-functions | FileCheck %s

// Two tasks are equal once the bodies that they call are one.
// CHECK-LABEL: func.func @infer
// CHECK: llvm.mlir.addressof @infer_task0
// CHECK-LABEL: func.func @score
// CHECK: llvm.mlir.addressof @infer_task0
func.func @infer() -> !llvm.ptr {
  %task = llvm.mlir.addressof @infer_task0 : !llvm.ptr
  return %task : !llvm.ptr
}
func.func @score() -> !llvm.ptr {
  %task = llvm.mlir.addressof @score_task0 : !llvm.ptr
  return %task : !llvm.ptr
}

// CHECK: llvm.func internal @infer_task0
// CHECK-NOT: @score_task0
llvm.func internal @infer_task0(%n: i64) {
  func.call @infer_task0_body(%n) : (i64) -> ()
  llvm.return
}
llvm.func internal @score_task0(%n: i64) {
  func.call @score_task0_body(%n) : (i64) -> ()
  llvm.return
}

// CHECK: func.func private @infer_task0_body
// CHECK-NOT: @score_task0_body
func.func private @infer_task0_body(%n: i64) {
  %c = arith.constant 1 : i64
  %m = arith.addi %n, %c : i64
  return
}
func.func private @score_task0_body(%n: i64) {
  %c = arith.constant 1 : i64
  %m = arith.addi %n, %c : i64
  return
}

// Another constant, another function; a public one is somebody else's to call.
// CHECK: func.func private @two
// CHECK: func.func private @three
// CHECK: func.func @public
func.func private @two() -> i64 {
  %c = arith.constant 2 : i64
  return %c : i64
}
func.func private @three() -> i64 {
  %c = arith.constant 3 : i64
  return %c : i64
}
func.func @public() -> i64 {
  %c = arith.constant 3 : i64
  return %c : i64
}

// What is found by its name keeps it.
// CHECK: func.func private @infer_workspace
// CHECK: func.func private @score_workspace
func.func private @infer_workspace() -> i64 {
  %c = arith.constant 64 : i64
  return %c : i64
}
func.func private @score_workspace() -> i64 {
  %c = arith.constant 64 : i64
  return %c : i64
}
