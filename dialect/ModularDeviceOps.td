//===- ModularDeviceOps.td - Ops of kernels for devices ----*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel of a `gpu.module` needs beside upstream's ops, for Vulkan and
// CUDA alike.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARDEVICEOPS_TD
#define MODC_DIALECT_MODULARDEVICEOPS_TD

include "dialect/ModularDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Modular_LaunchConstantOp : Modular_Op<"launch_constant", [Pure]> {
  let summary = "a scalar of 32 bits that a launch passes to its kernel";
  let description = [{
    Sizes that are known when a program is recorded: push constants with Vulkan,
    parameters after the pointers with CUDA. The constant of index i is word i of
    what the launch passes, an f32 by its bits. An op rather than an argument, as
    storage buffers are the only arguments that SPIR-V kernels have.

    ```mlir
    %rows = modular.launch_constant 0 : i32
    ```

    Constraints:
    - (C1) the index is less than 32: Vulkan guarantees 128 bytes.
    - (C2) it stands in a `gpu.func` that is a kernel.
  }];
  let arguments = (ins ConfinedAttr<I32Attr, [IntNonNegative]>:$index);
  let results = (outs AnyTypeOf<[I32, F32]>:$result);
  let assemblyFormat = "$index attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif // MODC_DIALECT_MODULARDEVICEOPS_TD
