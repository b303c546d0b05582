// RUN: modc-opt %s --modular-plan-workspace --modular-model-abi --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: llvm.func internal @program(%{{.*}}: !llvm.ptr)
// The parameter arena is field 1, the buffers field 5, the reals field 8.
// CHECK: %[[P:.*]] = llvm.getelementptr %[[CALL:.*]][1] : (!llvm.ptr) -> !llvm.ptr, i64
// CHECK: %[[ARENA:.*]] = llvm.load %[[P]]
// CHECK: llvm.getelementptr %[[ARENA]][192] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: llvm.getelementptr %[[CALL]][5]
// CHECK: llvm.getelementptr %[[CALL]][8]
// CHECK: llvm.fptrunc
// CHECK: call @program_body

// CHECK-LABEL: func.func private @program_body
// An arena is aligned to 64 bytes, a buffer of the host to its elements.
// CHECK-SAME: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias}
// CHECK-SAME: !llvm.ptr {llvm.align = 4 : i64, llvm.noalias}

// CHECK: llvm.func internal @program_workspace(%{{.*}}: !llvm.ptr, %{{.*}}: i64) -> i64

// CHECK: llvm.mlir.global private constant @modc_name0("program\00")
// CHECK: llvm.mlir.global external constant @modc_programs() {{.*}}: !llvm.array<1 x struct<(ptr, ptr, ptr)>>
func.func @program(
    %w: memref<4xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 192 : i64},
    %x: memref<?x4xf32> {modular.role = "input", modular.name = "x", modular.rows = "N"},
    %k: f32 {modular.role = "real", modular.name = "k"}) {
  return
}

// -----

// Members of a stack that is an argument too share its memory.
// CHECK-LABEL: func.func private @stack_body
// CHECK-SAME: (%{{.*}}: !llvm.ptr {llvm.align = 64 : i64}, %{{.*}}: !llvm.ptr {llvm.align = 16 : i64},
func.func @stack(
    %all: memref<2x4xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 0 : i64},
    %one: memref<4xf32> {modular.role = "parameter", modular.name = "w", modular.offset = 16 : i64}) {
  return
}

// -----

// expected-error @below {{argument 0 has type 'f32' and no 'modular.role'}}
func.func @role(%x: f32) {
  return
}

// -----

// expected-error @below {{argument 0 stands in an arena, but has no 'modular.offset'}}
func.func @offset(%w: memref<4xf32> {modular.role = "parameter", modular.name = "w"}) {
  return
}

// -----

// expected-error @below {{argument 0 is a buffer of type 'memref<?xf32>': only its first dimension may be dynamic, and then 'modular.rows' says what it is}}
func.func @rows(%x: memref<?xf32> {modular.role = "input", modular.name = "x"}) {
  return
}
