// RUN: modc-opt %s --modular-outline-kernels -verify-diagnostics -split-input-file
// What kernels and tables of launches cannot have is named.

// Views are values.
func.func private @view(%x: memref<?x4xf32>, %n: index) attributes {modular.invocations = array<i64: 1, 1>} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%n) {
    // expected-error @+1 {{'memref.subview' makes a view of a buffer in a kernel}}
    %v = memref.subview %x[%i, 0] [1, 4] [1, 1] : memref<?x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
    memref.store %zero, %v[%c0, %c0] : memref<1x4xf32, strided<[4, 1], offset: ?>>
  }
  return
}

// -----

func.func private @dynamic(%x: memref<?xf32>, %n: index) attributes {modular.invocations = array<i64: 1, 1>} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%n) {
    // expected-error @+1 {{a temporary of an invocation has no fixed size}}
    %t = memref.alloc(%n) : memref<?xf32>
    memref.store %zero, %t[%i] : memref<?xf32>
  }
  return
}

// -----

// expected-error @+1 {{has several loops over invocations}}
func.func private @loops(%n: index) attributes {modular.invocations = array<i64: 1, 0>} {
  scf.forall (%i) in (%n) {
  }
  scf.forall (%i) in (%n) {
  }
  return
}

// -----

func.func private @two_dimensions(%n: index) attributes {modular.invocations = array<i64: 1, 0>} {
  // expected-error @+1 {{is no loop over invocations}}
  scf.forall (%i, %j) in (%n, %n) {
  }
  return
}

// -----

// expected-error @+1 {{takes a buffer with strides}}
func.func private @strides(%x: memref<4xf32, strided<[2]>>) {
  return
}

// -----

func.func private @size(%x: memref<4x?xf32>, %y: memref<1xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{asks for a size that no constant of the launch has}}
  %n = memref.dim %x, %c1 : memref<4x?xf32>
  memref.store %n, %y[%c0] : memref<1xindex>
  return
}

// -----

memref.global "private" constant @table : memref<5000xi32> = dense<1>
func.func private @large(%y: memref<1xi32>, %n: index) attributes {modular.invocations = array<i64: 1, 0>} {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{reads a constant table that is too large for a kernel}}
  %t = memref.get_global @table : memref<5000xi32>
  %v = memref.load %t[%n] : memref<5000xi32>
  memref.store %v, %y[%c0] : memref<1xi32>
  return
}

// -----

// Work outside of launches.
func.func @run(%y: memref<1xf32> {modular.name = "y", modular.role = "output"}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  // expected-error @+1 {{a program of a device is a list of launches}}
  memref.store %zero, %y[%c0] : memref<1xf32>
  return
}

// -----

func.func @run(%y: memref<1xf32> {modular.name = "y", modular.role = "weight"}) {
  // expected-error @+1 {{takes an argument of role 'weight'}}
  call @k(%y) : (memref<1xf32>) -> ()
  return
}
func.func private @k(%y: memref<1xf32>) {
  return
}

// -----

func.func @run(%y: memref<4x1xf32> {modular.name = "y", modular.role = "output"}) {
  %v = memref.collapse_shape %y [[0, 1]] : memref<4x1xf32> into memref<4xf32>
  // expected-error @+1 {{takes a view of a buffer}}
  call @k(%v) : (memref<4xf32>) -> ()
  return
}
func.func private @k(%y: memref<4xf32>) {
  return
}
