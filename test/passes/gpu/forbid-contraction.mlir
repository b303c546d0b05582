// RUN: modc-opt %s --pass-pipeline='builtin.module(spirv.module(modular-forbid-contraction))' | FileCheck %s

spirv.module Logical GLSL450 {
  // CHECK-LABEL: spirv.func @ops
  spirv.func @ops(%x: f32, %m: f32, %v: vector<4xf32>, %i: i32) -> f32 "None" {
    // CHECK: spirv.FAdd %{{.*}}, %{{.*}} {no_contraction} : f32
    %s = spirv.FAdd %x, %m : f32
    // CHECK: spirv.FSub %{{.*}}, %{{.*}} {no_contraction} : f32
    %d = spirv.FSub %s, %m : f32
    // CHECK: spirv.FMul %{{.*}}, %{{.*}} {no_contraction} : f32
    %p = spirv.FMul %d, %x : f32
    // CHECK: spirv.FDiv %{{.*}}, %{{.*}} {no_contraction} : f32
    %q = spirv.FDiv %p, %x : f32
    // CHECK: spirv.FAdd %{{.*}}, %{{.*}} {no_contraction} : vector<4xf32>
    %w = spirv.FAdd %v, %v : vector<4xf32>
    // Fused where it is written so, and integers are exact.
    // CHECK: spirv.GL.Fma %{{.*}}, %{{.*}}, %{{.*}} : f32
    %f = spirv.GL.Fma %q, %x, %m : f32
    // CHECK: spirv.IAdd %{{.*}}, %{{.*}} : i32
    %j = spirv.IAdd %i, %i : i32
    spirv.ReturnValue %f : f32
  }
}
