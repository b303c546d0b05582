//===- Passes.td - All passes of modc ----------------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One definition a pass: FooPass here is Foo.cpp on disk, the flag
// --modular-foo and the test foo.mlir. Sections follow the phases.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_PASSES_TD
#define MODC_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

include "passes/autodiff/Passes.td"
include "passes/cpu/Passes.td"
include "passes/cpu/abi/Passes.td"
include "passes/gpu/Passes.td"
include "passes/routing/Passes.td"
include "passes/training/Passes.td"

#endif // MODC_PASSES_PASSES_TD
