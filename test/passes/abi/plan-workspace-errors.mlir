// RUN: modc-opt %s --modular-plan-workspace --split-input-file --verify-diagnostics

func.func @unbounded(%x: memref<1xi64> {modular.role = "input", modular.name = "x"}) {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<1xi64>
  // expected-error @below {{a temporary's size depends on this value, which has no bound in terms of the sizes N and S}}
  %size = arith.index_cast %v : i64 to index
  %a = memref.alloc(%size) : memref<?xf32>
  return
}

// -----

func.func @carried(%n: i32) {
  %a = memref.alloc() : memref<4xf32>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %i, %r = scf.while (%j = %zero, %m = %a) : (i32, memref<4xf32>) -> (i32, memref<4xf32>) {
    %more = arith.cmpi slt, %j, %n : i32
    scf.condition(%more) %j, %m : i32, memref<4xf32>
  } do {
  ^bb0(%j: i32, %m: memref<4xf32>):
    // expected-error @below {{a loop carries this temporary from one iteration to the next, so that it has no fixed place}}
    %b = memref.alloc() : memref<4xf32>
    memref.copy %m, %b : memref<4xf32> to memref<4xf32>
    %next = arith.addi %j, %one : i32
    scf.yield %next, %b : i32, memref<4xf32>
  }
  return
}

// -----

func.func @alignment() {
  // expected-error @below {{a temporary needs the identity layout and an alignment of at most 64 bytes}}
  %a = memref.alloc() {alignment = 4096 : i64} : memref<4xf32>
  return
}

// -----

// expected-error @below {{program 'branches' has 2 blocks, not one}}
func.func @branches() {
  %a = memref.alloc() : memref<4xf32>
  cf.br ^bb1
^bb1:
  return
}
