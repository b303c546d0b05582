//===- ToySignature.h - The signature of the model by hand ------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The signature that goes with ToyModel.cpp, as a compiler would write it; in a
// header of its own so that a shared library can carry it as a note.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_RUNTIME_TOYSIGNATURE_H
#define MODC_TEST_UNIT_RUNTIME_TOYSIGNATURE_H

namespace modc {

inline constexpr char kToySignature[] = R"({
  "abi": 5, "modc": "0.1.0", "llvm": "none", "flags": "", "network": "toy",
  "hash": "0123456789abcdef", "element": "f32",
  "targets": [{"name": "x86-64", "features": 0}],
  "inputs":  [{"name": "x", "type": "f32", "shape": ["N", 2]}],
  "outputs": [{"name": "y", "type": "f32", "shape": ["N", 2]}],
  "wanted":  [{"name": "target", "type": "f32", "shape": ["N", 2]}],
  "objective": "gaussian", "classes": 0,
  "optimizer": {"name": "adam", "dense": false},
  "layers": [{"name": "layer0", "pool": "experts",
              "members": ["experts.0", "experts.1"], "choose": 1, "rows": 1,
              "slot": 0, "probability": 0, "fixed": false}],
  "slots": 1, "probabilities": 2,
  "groups": ["experts.0", "experts.1", "router"],
  "parameters": [
    {"name": "experts.0.weight", "shape": [2, 2], "offset": 0, "trained": true, "group": 0, "init": "glorot_uniform"},
    {"name": "experts.1.weight", "shape": [2, 2], "offset": 16, "trained": true, "group": 1, "init": "glorot_uniform"},
    {"name": "experts.0.bias", "shape": [2], "offset": 64, "trained": true, "group": 0, "init": "zeros"},
    {"name": "experts.1.bias", "shape": [2], "offset": 72, "trained": true, "group": 1, "init": "zeros"},
    {"name": "router.weight", "shape": [2, 2], "offset": 128, "trained": true, "group": 2, "init": "glorot_uniform"},
    {"name": "router.bias", "shape": [2], "offset": 192, "trained": true, "group": 2, "init": "zeros"}],
  "parameter_bytes": 256,
  "state": [
    {"name": "experts.0.weight.m", "shape": [2, 2], "offset": 0},
    {"name": "experts.1.weight.m", "shape": [2, 2], "offset": 16},
    {"name": "experts.0.bias.m", "shape": [2], "offset": 64},
    {"name": "experts.1.bias.m", "shape": [2], "offset": 72},
    {"name": "router.weight.m", "shape": [2, 2], "offset": 128},
    {"name": "router.bias.m", "shape": [2], "offset": 192},
    {"name": "experts.0.weight.v", "shape": [2, 2], "offset": 256},
    {"name": "experts.1.weight.v", "shape": [2, 2], "offset": 272},
    {"name": "experts.0.bias.v", "shape": [2], "offset": 320},
    {"name": "experts.1.bias.v", "shape": [2], "offset": 328},
    {"name": "router.weight.v", "shape": [2, 2], "offset": 384},
    {"name": "router.bias.v", "shape": [2], "offset": 448},
    {"name": "steps", "type": "i64", "shape": [3], "offset": 512}],
  "state_bytes": 576,
  "programs": [
    {"name": "init", "buffers": [], "integers": ["seed"], "reals": []},
    {"name": "infer", "integers": [], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "y", "type": "f32", "shape": ["N", 2], "output": true},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": true}]},
    {"name": "forward", "integers": [], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": false},
      {"name": "y", "type": "f32", "shape": ["N", 2], "output": true}]},
    {"name": "score", "integers": [], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": false},
      {"name": "log_likelihood", "type": "f32", "shape": ["N"], "output": true},
      {"name": "log_prior", "type": "f32", "shape": ["N"], "output": true}]},
    {"name": "e_step", "integers": ["seed", "step"], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "points", "type": "i64", "shape": ["N"], "output": false},
      {"name": "stored", "type": "i32", "shape": ["N", 1], "output": false},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": true},
      {"name": "before", "type": "f32", "shape": ["N"], "output": true},
      {"name": "after", "type": "f32", "shape": ["N"], "output": true}]},
    {"name": "e_step_enumerated", "integers": [], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "stored", "type": "i32", "shape": ["N", 1], "output": false},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": true},
      {"name": "before", "type": "f32", "shape": ["N"], "output": true},
      {"name": "after", "type": "f32", "shape": ["N"], "output": true}]},
    {"name": "m_step", "integers": [], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": false},
      {"name": "log_likelihood", "type": "f32", "shape": ["N"], "output": true},
      {"name": "log_prior", "type": "f32", "shape": ["N"], "output": true},
      {"name": "touched", "type": "i32", "shape": [3], "output": true}]},
    {"name": "update", "integers": [], "reals": ["lr", "weight_decay", "clip_norm"], "buffers": [
      {"name": "touched", "type": "i32", "shape": [3], "output": false},
      {"name": "frozen", "type": "i8", "shape": [3], "output": false},
      {"name": "gradient_norm", "type": "f64", "shape": [1], "output": true}]},
    {"name": "train_step", "integers": [], "reals": ["lr", "weight_decay", "clip_norm"], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": false},
      {"name": "frozen", "type": "i8", "shape": [3], "output": false},
      {"name": "log_likelihood", "type": "f32", "shape": ["N"], "output": true},
      {"name": "log_prior", "type": "f32", "shape": ["N"], "output": true},
      {"name": "gradient_norm", "type": "f64", "shape": [1], "output": true}]},
    {"name": "evaluate", "integers": [], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "y", "type": "f32", "shape": ["N", 2], "output": true},
      {"name": "selection", "type": "i32", "shape": ["N", 1], "output": true},
      {"name": "log_likelihood", "type": "f32", "shape": ["N"], "output": true},
      {"name": "log_prior", "type": "f32", "shape": ["N"], "output": true},
      {"name": "probabilities", "type": "f32", "shape": ["N", 2], "output": true}]},
    {"name": "sample", "integers": ["seed", "step"], "reals": [], "buffers": [
      {"name": "x", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "target", "type": "f32", "shape": ["N", 2], "output": false},
      {"name": "points", "type": "i64", "shape": ["N"], "output": false},
      {"name": "selection", "type": "i32", "shape": ["S*N", 1], "output": true},
      {"name": "log_likelihood", "type": "f32", "shape": ["S*N"], "output": true},
      {"name": "log_prior", "type": "f32", "shape": ["S*N"], "output": true}]}
  ]})";

} // namespace modc

#endif // MODC_TEST_UNIT_RUNTIME_TOYSIGNATURE_H
