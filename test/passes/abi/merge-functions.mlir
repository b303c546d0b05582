// RUN: modc-opt %s --modular-merge-functions | FileCheck %s

// Two tasks are equal once the bodies that they call are one. A function of two
// programs has the name of neither.
// CHECK-LABEL: func.func @infer
// CHECK: llvm.mlir.addressof @relu.task
// CHECK-LABEL: func.func @score
// CHECK: llvm.mlir.addressof @relu.task
func.func @infer() -> !llvm.ptr {
  %task = llvm.mlir.addressof @infer.relu.task : !llvm.ptr
  return %task : !llvm.ptr
}
func.func @score() -> !llvm.ptr {
  %task = llvm.mlir.addressof @score.relu.task : !llvm.ptr
  return %task : !llvm.ptr
}

// CHECK: llvm.func internal @relu.task
// CHECK: call @relu(
// CHECK-NOT: relu.task
llvm.func internal @infer.relu.task(%n: i64) {
  func.call @infer.relu(%n) : (i64) -> ()
  llvm.return
}
llvm.func internal @score.relu.task(%n: i64) {
  func.call @score.relu(%n) : (i64) -> ()
  llvm.return
}

// CHECK: func.func private @relu(
// CHECK-NOT: relu
func.func private @infer.relu(%n: i64) {
  %c = arith.constant 1 : i64
  %m = arith.addi %n, %c : i64
  return
}
func.func private @score.relu(%n: i64) {
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
