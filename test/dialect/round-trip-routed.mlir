// RUN: modc-opt %s -o %t
// RUN: FileCheck %s < %t
// RUN: modc-opt %t | diff %t -
// RUN: modc-opt %s --mlir-print-op-generic | modc-opt | diff %t -
// RUN: modc-opt %s --emit-bytecode | modc-opt | diff %t -

// Text, generic form and bytecode of the routed level.

// CHECK-LABEL: func.func @choices
func.func @choices(%scores: tensor<?x2x3xf32>, %u: tensor<?x2xf32>, %stored: tensor<?x2xi32>, %i: tensor<?xi32>) -> tensor<3xi32> {
  // CHECK: modular.to_selection %{{.*}} : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %0 = modular.to_selection %stored : tensor<?x2xi32> -> !modular.selection<2 of 3>
  // CHECK: modular.from_selection %{{.*}} : !modular.selection<2 of 3> -> tensor<?x2xi32>
  %1 = modular.from_selection %0 : !modular.selection<2 of 3> -> tensor<?x2xi32>
  // CHECK: modular.mode %{{.*}} : tensor<?x2x3xf32> -> !modular.selection<2 of 3>
  %2 = modular.mode %scores : tensor<?x2x3xf32> -> !modular.selection<2 of 3>
  // CHECK: modular.sample %{{.*}}, %{{.*}} : tensor<?x2x3xf32>, tensor<?x2xf32> -> !modular.selection<2 of 3>
  %3 = modular.sample %scores, %u : tensor<?x2x3xf32>, tensor<?x2xf32> -> !modular.selection<2 of 3>
  // CHECK: modular.keep_stored %{{.*}}, %{{.*}} : tensor<?x2xi32> -> !modular.selection<2 of 3>
  %4 = modular.keep_stored %3, %stored : tensor<?x2xi32> -> !modular.selection<2 of 3>
  // CHECK: modular.log_probability %{{.*}}, %{{.*}} : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  %5 = modular.log_probability %scores, %4 : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  // CHECK: modular.gates %{{.*}}, %{{.*}} : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  %6 = modular.gates %scores, %4 : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  // CHECK: modular.sample %{{.*}} at(%{{.*}} : tensor<?xi32>), %{{.*}} : tensor<?x2x3xf32>, tensor<?x2xf32> -> !modular.selection<2 of 3>
  %s = modular.sample %scores at(%i : tensor<?xi32>), %u : tensor<?x2x3xf32>, tensor<?x2xf32> -> !modular.selection<2 of 3>
  // CHECK: modular.log_probability %{{.*}} at(%{{.*}} : tensor<?xi32>), %{{.*}} : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  %l = modular.log_probability %scores at(%i : tensor<?xi32>), %s : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?xf32>
  // CHECK: modular.gates %{{.*}} at(%{{.*}} : tensor<?xi32>), %{{.*}} : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  %g = modular.gates %scores at(%i : tensor<?xi32>), %s : tensor<?x2x3xf32>, !modular.selection<2 of 3> -> tensor<?x2xf32>
  // CHECK: modular.usage %{{.*}} : !modular.selection<2 of 3> -> tensor<3xi32>
  %7 = modular.usage %4 : !modular.selection<2 of 3> -> tensor<3xi32>
  return %7 : tensor<3xi32>
}

// CHECK-LABEL: func.func @grouped
func.func @grouped(%a: !modular.selection<2 of 3>, %one: !modular.selection<1 of 3>, %i: tensor<?xi32>, %n: index, %x: tensor<?x4xf32>, %kv: tensor<5x2xf32>, %keys: tensor<?x6x2xf32>,
                   %w: tensor<2x4x2xf32>, %b: tensor<2x2xf32>, %v: tensor<1x4x2xf32>, %g: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK: modular.num_workers{{$}}
  %workers = modular.num_workers
  // CHECK: %[[P:.*]] = modular.plan %{{.*}} : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %p = modular.plan %a : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  // CHECK: modular.plan %{{.*}} distinct(%{{.*}} of %{{.*}} : tensor<?xi32>) unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  %u = modular.plan %one distinct(%i of %n : tensor<?xi32>) unique : !modular.selection<1 of 3> -> !modular.plan<1 of 3>
  // CHECK: modular.plan %{{.*}} distinct(%{{.*}} of %{{.*}} : tensor<?xi32>) duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  %q = modular.plan %a distinct(%i of %n : tensor<?xi32>) duplicates once : !modular.selection<2 of 3> -> !modular.plan<2 of 3>
  // CHECK: modular.dispatch sum %[[P]], %{{.*}} : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  %d = modular.dispatch sum %p, %x : !modular.plan<2 of 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: modular.grouped %[[P]] gather(%{{.*}} : tensor<?x4xf32>) along(%{{.*}} : tensor<?x4xf32>) shared(%{{.*}} : tensor<5x2xf32>)
  // CHECK-NEXT: class [0, 2] parameters(%{{.*}} : tensor<2x4x2xf32>, %{{.*}} : tensor<2x2xf32>) {
  // CHECK: class [1] parameters(%{{.*}} : tensor<1x4x2xf32>) {
  // CHECK: } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  %h, %dw = modular.grouped %p gather(%x : tensor<?x4xf32>) along(%d : tensor<?x4xf32>) shared(%kv : tensor<5x2xf32>)
    class [0, 2] parameters(%w : tensor<2x4x2xf32>, %b : tensor<2x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %dm: tensor<?x4xf32>, %kvm: tensor<5x2xf32>, %wm: tensor<4x2xf32>, %bm: tensor<2xf32>):
      %y = modular.linear %xm, %wm, %bm : tensor<?x4xf32>, tensor<4x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
      modular.yield %y, %wm : tensor<?x2xf32>, tensor<4x2xf32>
    }
    class [1] parameters(%v : tensor<1x4x2xf32>) {
    ^bb0(%xm: tensor<?x4xf32>, %dm: tensor<?x4xf32>, %kvm: tensor<5x2xf32>, %vm: tensor<4x2xf32>):
      %y = modular.linear %xm, %vm : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x2xf32>) gradients(tensor<2x4x2xf32>) gradients()
  // CHECK: modular.grouped %[[P]] gather(%{{.*}} : tensor<?x4xf32>) points(%[[K:.*]] : tensor<?x6x2xf32> rows 6) shared(
  // CHECK: } : !modular.plan<2 of 3> -> rows(tensor<?x4xf32>) points(tensor<?x6x2xf32>) gradients()
  %xh, %dk = modular.grouped %p gather(%x : tensor<?x4xf32>) points(%keys : tensor<?x6x2xf32> rows 6) shared(%kv : tensor<5x2xf32>)
    class [0, 1, 2] {
    ^bb0(%xm: tensor<?x4xf32>, %km: tensor<6x2xf32>, %kvm: tensor<5x2xf32>):
      modular.yield %xm, %km : tensor<?x4xf32>, tensor<6x2xf32>
    } : !modular.plan<2 of 3> -> rows(tensor<?x4xf32>) points(tensor<?x6x2xf32>) gradients()
  // CHECK: modular.combine gated %[[P]], %{{.*}} gates(%{{.*}} : tensor<?x2xf32>) : !modular.plan<2 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  %y = modular.combine gated %p, %h gates(%g : tensor<?x2xf32>) : !modular.plan<2 of 3>, tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: modular.combine concat %[[P]], %{{.*}} : !modular.plan<2 of 3>, tensor<?x2xf32> -> tensor<?x4xf32>
  %z = modular.combine concat %p, %h : !modular.plan<2 of 3>, tensor<?x2xf32> -> tensor<?x4xf32>
  // CHECK: modular.gate_cotangent %[[P]], %{{.*}}, %{{.*}} : !modular.plan<2 of 3>, tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x2xf32>
  %dg = modular.gate_cotangent %p, %h, %y : !modular.plan<2 of 3>, tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x2xf32>
  return %dg : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @candidates
func.func @candidates(%x: tensor<?x4xf32>, %s: index, %seed: i64, %step: i64, %points: tensor<?xi64>,
                      %j: tensor<?xf32>, %a: tensor<?x2xi32>, %i: tensor<?xi32>) -> tensor<?x2xi32> {
  %slot = arith.constant 0 : index
  // CHECK: modular.tile_rows %{{.*}} times %{{.*}} : tensor<?x4xf32> -> tensor<?x4xf32>
  %0 = modular.tile_rows %x times %s : tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: %[[INDEX:.*]], %[[FIRST:.*]] = modular.distinct_rows %{{.*}} below 3 of %{{.*}} in %{{.*}} : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  %index, %first = modular.distinct_rows %a below 3 of %i in %slot : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  // CHECK: modular.take_rows %{{.*}} at %[[INDEX]] : tensor<?x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %t = modular.take_rows %x at %index : tensor<?x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  // CHECK: modular.uniform seed %{{.*}} step %{{.*}} points %{{.*}} candidates %{{.*}} slot %{{.*}} purpose 1 {rows_per_point = 2 : i64} : tensor<?xi64> -> tensor<?x2xf32>
  %1 = modular.uniform seed %seed step %step points %points candidates %s slot %slot purpose 1 {rows_per_point = 2 : i64} : tensor<?xi64> -> tensor<?x2xf32>
  // CHECK: modular.keep_best %{{.*}}, %{{.*}} candidates %{{.*}} : tensor<?xf32>, tensor<?x2xi32> -> tensor<?x2xi32>, tensor<?xf32>, tensor<?xf32>
  %best, %before, %after = modular.keep_best %j, %a candidates %s : tensor<?xf32>, tensor<?x2xi32>
      -> tensor<?x2xi32>, tensor<?xf32>, tensor<?xf32>
  return %best : tensor<?x2xi32>
}

// CHECK-LABEL: func.func @scatter_rows
func.func @scatter_rows(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>, %i: tensor<?xi32>, %a: memref<?x2xf32>,
                        %b: memref<?x2xf32, strided<[2, 1], offset: ?>>, %n: memref<?xi32>, %tasks: index) -> tensor<?x2xf32> {
  %r = scf.forall (%t) in (%tasks) shared_outs(%o = %y) -> (tensor<?x2xf32>) {
    scf.forall.in_parallel {
      // CHECK: modular.scatter_rows %{{.*}} into %{{.*}} at %{{.*}} : tensor<?x2xf32> into tensor<?x2xf32>, tensor<?xi32>
      modular.scatter_rows %x into %o at %i : tensor<?x2xf32> into tensor<?x2xf32>, tensor<?xi32>
    }
  }
  // CHECK: modular.scatter_rows %{{.*}} into %{{.*}} at %{{.*}} : memref<?x2xf32> into memref<?x2xf32, strided<[2, 1], offset: ?>>, memref<?xi32>
  modular.scatter_rows %a into %b at %n : memref<?x2xf32> into memref<?x2xf32, strided<[2, 1], offset: ?>>, memref<?xi32>
  return %r : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @training
func.func @training(%seed: i64, %loss: tensor<?xf32>, %one: tensor<?xf32>, %active: tensor<3xi8>, %steps: tensor<3xi64>,
                    %m: tensor<3x2x2xf32>, %db: tensor<3xf32>, %one8: tensor<1xi8>, %touched: tensor<3xi32>,
                    %lr: f32, %decay: f32, %scale: f32) -> tensor<3x2x2xf32> {
  // CHECK: modular.initialize(glorot_uniform) ["e.0.weight", "e.1.weight", "e.2.weight"] seed %{{.*}} stacked : tensor<3x2x2xf32>
  %w = modular.initialize(glorot_uniform) ["e.0.weight", "e.1.weight", "e.2.weight"] seed %seed stacked : tensor<3x2x2xf32>
  // CHECK: modular.pullback (%{{.*}} : tensor<?xf32>) along (%{{.*}} : tensor<?xf32>) to (%{{.*}} : tensor<3x2x2xf32>)
  %dw = modular.pullback (%loss : tensor<?xf32>) along (%one : tensor<?xf32>) to (%w : tensor<3x2x2xf32>)
  // CHECK: modular.defined_where %{{.*}}, %{{.*}} : tensor<3x2x2xf32>, tensor<3xi32>
  %some = modular.defined_where %dw, %touched : tensor<3x2x2xf32>, tensor<3xi32>
  // CHECK: modular.gradient_norm(%{{.*}}, %{{.*}} : tensor<3x2x2xf32>, tensor<3xf32>) active(%{{.*}}, %{{.*}} : tensor<3xi8>, tensor<1xi8>) clip %{{.*}} stacked [true, false] : f32 -> f64, f32
  %norm, %clipped = modular.gradient_norm(%dw, %db : tensor<3x2x2xf32>, tensor<3xf32>) active(%active, %one8 : tensor<3xi8>, tensor<1xi8>)
      clip %scale stacked [true, false] : f32 -> f64, f32
  // CHECK: modular.gradient_norm clip %{{.*}} stacked [] : f32 -> f64, f32
  %none, %whole = modular.gradient_norm clip %scale stacked [] : f32 -> f64, f32
  // CHECK: modular.update %{{.*}}, %{{.*}} states(%{{.*}} : tensor<3x2x2xf32>) active %{{.*}} steps %{{.*}} lr %{{.*}} decay %{{.*}} scale %{{.*}} stacked {
  %new:2 = modular.update %w, %dw states(%m : tensor<3x2x2xf32>) active %active steps %steps lr %lr decay %decay scale %scale stacked {
  ^bb0(%p: f32, %g: f32, %rate: f32, %step: f32, %v: f32):
    %d = arith.mulf %rate, %g : f32
    %q = arith.subf %p, %d : f32
    modular.yield %q, %v : f32, f32
  } : tensor<3x2x2xf32>, tensor<3x2x2xf32>, tensor<3xi8>, tensor<3xi64>, f32, f32, f32 -> tensor<3x2x2xf32>, tensor<3x2x2xf32>
  return %new#0 : tensor<3x2x2xf32>
}
