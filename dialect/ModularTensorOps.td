//===- ModularTensorOps.td - Short ops for bodies ----------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Named tensor ops that keep hand-written bodies short. Each lowers to upstream
// ops (modular-decompose) and has a derivative.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARTENSOROPS_TD
#define MODC_DIALECT_MODULARTENSOROPS_TD

include "dialect/ModularAttrs.td"
include "dialect/ModularTypes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Modular_FloatTensor : RankedTensorOf<[F32, F64]>;

def Modular_LinearOp : Modular_Op<"linear", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "x·W + b on the last dimension";
  let description = [{
    y[..., h] = b[h] + Σ_d x[..., d]·W[d, h]; without b, the sum starts at 0.

    ```mlir
    %y = modular.linear %x, %w, %b : tensor<?x784xf32>, tensor<784x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    ```

    Constraints:
    - (C1) W has rank 2, x and y rank ≥ 2 with equal leading dimensions.
    - (C2) the last dimension of x is the first of W, that of y the last of W.
    - (C3) b has W's last dimension.
    - (C4) all have one element type.
  }];
  let arguments = (ins Modular_FloatTensor:$input, Modular_FloatTensor:$weight,
                       Optional<Modular_FloatTensor>:$bias);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`,` $bias^)? attr-dict `:` type($input) `,` type($weight)
    (`,` type($bias)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

class Modular_ElementwiseOp<string mnemonic, list<Trait> traits = []>
    : Modular_Op<mnemonic, traits # [
        Pure, SameOperandsAndResultType, Elementwise,
        DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let arguments = (ins Modular_FloatTensor:$input);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

def Modular_ReluOp : Modular_ElementwiseOp<"relu", [Idempotent]> {
  let summary = "max(x, 0)";
  let description = [{
    The derivative at 0 is 0; NaN becomes 0.

    ```mlir
    %y = modular.relu %x : tensor<?x64xf32>
    ```
  }];
}
def Modular_GeluOp : Modular_ElementwiseOp<"gelu"> {
  let summary = "x·Φ(x), exact, by erf";
  let description = [{
    Φ is the distribution function of the standard normal distribution
    (Hendrycks and Gimpel 2016); not the approximation by tanh.

    ```mlir
    %y = modular.gelu %x : tensor<?x64xf32>
    ```
  }];
}
def Modular_SigmoidOp : Modular_ElementwiseOp<"sigmoid"> {
  let summary = "1 / (1 + exp(−x))";
  let description = [{
    ```mlir
    %y = modular.sigmoid %x : tensor<?x64xf32>
    ```
  }];
}
def Modular_SoftplusOp : Modular_ElementwiseOp<"softplus"> {
  let summary = "log(1 + exp(x)), without overflow";
  let description = [{
    Computed as max(x, 0) + log(1 + exp(−|x|)).

    ```mlir
    %y = modular.softplus %x : tensor<?x64xf32>
    ```
  }];
}
def Modular_SoftmaxOp : Modular_Op<"softmax", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Modular_VJPOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "softmax over the last dimension";
  let description = [{
    y[..., i] = exp(x[..., i] − max) / Σ_j exp(x[..., j] − max), max being the
    largest x[..., j], so that nothing overflows.

    ```mlir
    %p = modular.softmax %scores : tensor<?x1x8xf32>
    ```
  }];
  let arguments = (ins Modular_FloatTensor:$input);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}
def Modular_LogSoftmaxOp : Modular_Op<"log_softmax", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Modular_VJPOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "logarithm of the softmax over the last dimension";
  let description = [{
    y[..., i] = x[..., i] − max − log Σ_j exp(x[..., j] − max), finite where the
    softmax itself would be 0.

    ```mlir
    %l = modular.log_softmax %logits : tensor<?x10xf32>
    ```
  }];
  let arguments = (ins Modular_FloatTensor:$input);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

def Modular_ReshapeOp : Modular_Op<"reshape", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "reshapes each row";
  let description = [{
    Keeps the first dimension and reads the others, row-major, in another shape.

    ```mlir
    %s = modular.reshape %x : tensor<?x8xf32> -> tensor<?x1x8xf32>
    ```

    Constraints:
    - (C1) first dimensions are equal.
    - (C2) the others are static with equal products.
    - (C3) element types are equal.
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Modular_PickOp : Modular_Op<"pick", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "the element of the last dimension that an index names";
  let description = [{
    y[i...] = x[i..., index[i...]]. An index out of range gives 0 (a trainer checks
    labels before). The index has no gradient.

    ```mlir
    %y = modular.pick %x[%label] : tensor<?x10xf32>, tensor<?xi32> -> tensor<?xf32>
    ```

    Constraints:
    - (C1) index and result have the input's shape without the last dimension.
    - (C2) the result has the input's element type.
  }];
  let arguments = (ins Modular_FloatTensor:$input, RankedTensorOf<[I32]>:$index);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    $input `[` $index `]` attr-dict `:` type($input) `,` type($index) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // MODC_DIALECT_MODULARTENSOROPS_TD
