//===- ModularTrainingOps.td - Ops of training -------------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What samplers, losses and update rules become at the routed level: rows of
// candidates and which of them are kept, random numbers, gradients, updates.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARTRAININGOPS_TD
#define MODC_DIALECT_MODULARTRAININGOPS_TD

include "dialect/ModularRoutedOps.td"
include "mlir/Interfaces/ParallelCombiningOpInterface.td"

//===----------------------------------------------------------------------===//
// Candidates, random numbers
//===----------------------------------------------------------------------===//

def Modular_TileRowsOp : Modular_Op<"tile_rows", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let summary = "repeats all rows S times, one repetition after another";
  let description = [{
    y[s·N + n] = x[n]. `modular-share-candidates` moves it down past ops that
    work row by row.

    ```mlir
    %y = modular.tile_rows %x times %s : tensor<?x2xf32> -> tensor<?x2xf32>
    ```

    Constraints:
    - (C1) result and operand have the same type, with a dynamic first dimension.
  }];
  let arguments = (ins AnyRankedTensor:$input, Index:$times);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `times` $times attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Modular_TakeRowsOp : Modular_Op<"take_rows", [Pure]> {
  let summary = "rows of a tensor, by number";
  let description = [{
    y[r] = x[i[r]], for numbers i of rows of x.

    ```mlir
    %y = modular.take_rows %x at %i : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
    ```

    Constraints:
    - (C1) result and operand have the same type, with a dynamic first dimension.
    - (C2) i is `tensor<?xi32>`.
  }];
  let arguments = (ins AnyRankedTensor:$input, RankedTensorOf<[I32]>:$rows);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `at` $rows attr-dict `:` type($input) `,` type($rows) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Modular_ScatterRowsOp : Modular_Op<"scatter_rows", [
    DeclareOpInterfaceMethods<ParallelCombiningOpInterface>]> {
  let summary = "puts rows at places by number";
  let description = [{
    y[i[r]] = x[r], for numbers i that are all different. How a lowering lays
    the rows of one member among those of the others: on tensors it ends a task
    of an `scf.forall`, on buffers it is done where it stands. What y has at no
    number of i stays.

    ```mlir
    scf.forall.in_parallel {
      modular.scatter_rows %x into %y at %i : tensor<?x2xf32> into tensor<?x2xf32>, tensor<?xi32>
    }
    modular.scatter_rows %a into %b at %n : memref<?x2xf32> into memref<?x2xf32>, memref<?xi32>
    ```

    Constraints:
    - (C1) x and y are both tensors or both buffers, of the same element type and
      sizes but for the first, which is dynamic.
    - (C2) i is a `tensor<?xi32>` or a buffer of `?xi32`, as x is.
    - (C3) on tensors, the parent is an `scf.forall.in_parallel`.
  }];
  let arguments = (ins AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$source,
                       AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$dest,
                       AnyTypeOf<[RankedTensorOf<[I32]>, MemRefOf<[I32]>]>:$rows);
  let assemblyFormat = [{
    $source `into` $dest `at` $rows attr-dict `:`
    type($source) `into` type($dest) `,` type($rows)
  }];
  let hasVerifier = 1;
}

def Modular_DistinctRowsOp : Modular_Op<"distinct_rows", [Pure]> {
  let summary = "numbers the distinct rows of a table of choices";
  let description = [{
    Two rows r and s are the same if parent[r] = parent[s] and keys[r, p] =
    keys[s, p] for all p. `index[r]` is the number of row r among the distinct
    ones, in order of their first occurrence; `first[d]` is the first row with
    number d. There are as many distinct rows as `first` has elements.

    Parents that are numbers from an earlier `distinct_rows` make a trie: rows
    are then the same if all their choices so far are.

    ```mlir
    %index, %first = modular.distinct_rows %keys below 8 of %parent in %n
        : tensor<?x2xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
    ```

    Keys are in [0, 8) here, elements of parent in [0, n): others are undefined
    behaviour, as a table of all pairs may stand behind this.

    Constraints:
    - (C1) keys are `tensor<?xPxi32>` with P ≥ 1.
    - (C2) parent, index and first are `tensor<?xi32>`.
    - (C3) the bound of keys is at least 1.
  }];
  let arguments = (ins RankedTensorOf<[I32]>:$keys, I32Attr:$bound,
                       RankedTensorOf<[I32]>:$parent, Index:$count);
  let results = (outs RankedTensorOf<[I32]>:$index, RankedTensorOf<[I32]>:$first);
  let assemblyFormat = [{
    $keys `below` $bound `of` $parent `in` $count attr-dict `:` type($keys) `,` type($parent) `->` type($index) `,` type($first)
  }];
  let hasVerifier = 1;
}

def Modular_UniformOp : Modular_Op<"uniform", [Pure]> {
  let summary = "uniform random numbers in [0, 1) for the picks of rows";
  let description = [{
    Philox4x32-10 (docs/artefact.md, "Random bits"): element [(s·N + n)·R + r, k]
    is keyed by the seed, and by data-set index of point n, step, slot
    `slot` + r·K + k, purpose and candidate s.

    ```mlir
    %u = modular.uniform seed %seed step %step points %points candidates %s slot %c0
        purpose 1 : tensor<?xi64> -> tensor<?x2xf32>
    ```

    Constraints:
    - (C1) the result is `tensor<?xKxf>`.
    - (C2) points are `tensor<?xi64>`, and there is at least one row a point.
  }];
  let arguments = (ins I64:$seed, I64:$step, RankedTensorOf<[I64]>:$points,
                       Index:$candidates, Index:$slot, I64Attr:$purpose,
                       DefaultValuedAttr<I64Attr, "1">:$rows_per_point);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    `seed` $seed `step` $step `points` $points `candidates` $candidates `slot` $slot
    `purpose` $purpose attr-dict `:` type($points) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Modular_InitializeOp : Modular_Op<"initialize", [Pure]> {
  let summary = "the initial values of a parameter, or of a stack of them";
  let description = [{
    With one name, the result is that tensor; with several, a stack of as many
    (first dimension), each initialised under its own name.

    ```mlir
    %w = modular.initialize(glorot_uniform) ["experts.0.weight", "experts.1.weight"] seed %seed : tensor<2x2x2xf32>
    ```

    Constraints:
    - (C1) there is a name; with n > 1 names or `stacked`, the first dimension
      is n.
    - (C2) the shape is static.
  }];
  let arguments = (ins I64:$seed, Modular_Init:$init, StrArrayAttr:$names,
                       UnitAttr:$stacked);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    `` `(` custom<Init>($init) `)` $names `seed` $seed (`stacked` $stacked^)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def Modular_KeepBestOp : Modular_Op<"keep_best", [Pure]> {
  let summary = "each point's best candidate";
  let description = [{
    objective[s·N + n] is J of candidate s of point n, choices its P picks. Gives
    the choices of the largest J (the first of equals; NaN is never the
    largest), J of candidate 0 and the largest J.

    ```mlir
    %best, %before, %after = modular.keep_best %j, %choices candidates %s
        : tensor<?xf32>, tensor<?x2xi32> -> tensor<?x2xi32>, tensor<?xf32>, tensor<?xf32>
    ```

    Constraints:
    - (C1) objective is `tensor<?xf>`, choices and the first result `tensor<?xPxi32>`.
  }];
  let arguments = (ins Modular_FloatTensor:$objective, RankedTensorOf<[I32]>:$choices,
                       Index:$candidates);
  let results = (outs RankedTensorOf<[I32]>:$best, Modular_FloatTensor:$before,
                      Modular_FloatTensor:$after);
  let assemblyFormat = [{
    $objective `,` $choices `candidates` $candidates attr-dict `:` type($objective) `,` type($choices)
    `->` type($best) `,` type($before) `,` type($after)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Gradients, updates
//===----------------------------------------------------------------------===//

def Modular_PullbackOp : Modular_Op<"pullback", [
    Pure, AttrSizedOperandSegments]> {
  let summary = "cotangents of values that earlier ops of the block used";
  let description = [{
    Reverse-mode differentiation as one op: given cotangents of `outputs`, the
    cotangents of `inputs`, which are values before them in the same block (block
    arguments too). `modular-differentiate` replaces it by ops.

    ```mlir
    %dw, %db = modular.pullback (%loss : tensor<?xf32>) along (%one : tensor<?xf32>)
        to (%w : tensor<2x2xf32>, %b : tensor<2xf32>)
    ```

    Constraints:
    - (C1) as many cotangents as outputs, of the same types.
    - (C2) results have the types of the inputs; all are floats or tensors of
      floats with a rank.
  }];
  let arguments = (ins Variadic<AnyType>:$values, Variadic<AnyType>:$cotangents,
                       Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$gradients);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Modular_DefinedWhereOp : Modular_Op<"defined_where", [
    Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "a stack of which only some slices are wanted";
  let description = [{
    Slices of the first dimension whose flag is not 0 are those of `value`; the
    others are undefined, and nothing needs to compute or store them. A member
    without rows has no gradient, which is not a gradient of zero.

    ```mlir
    %some = modular.defined_where %dw, %touched : tensor<64x512x512xf32>, tensor<64xi32>
    ```

    Constraints:
    - (C1) the value has a first dimension, of static size n, and the flags are
      `tensor<nxi32>`.
  }];
  let arguments = (ins Modular_FloatTensor:$value, RankedTensorOf<[I32]>:$flags);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    $value `,` $flags attr-dict `:` type($value) `,` type($flags)
  }];
  let hasVerifier = 1;
}

def Modular_GradientNormOp : Modular_Op<"gradient_norm", [
    Pure, SameVariadicOperandSize]> {
  let summary = "the norm of a gradient, and the factor that clips it";
  let description = [{
    The gradients of all parameters are one vector; slices of a stacked one (of
    its first dimension) whose `active` is 0 are no part of it. Gives its L2
    norm, summed up in f64, and min(1, clip/norm), or 1 where clip is not above 0.

    ```mlir
    %norm, %scale = modular.gradient_norm(%dw, %db : tensor<8x4x3xf32>, tensor<3xf32>)
        active(%on, %one : tensor<8xi8>, tensor<1xi8>) clip %clip stacked [true, false] : f32 -> f64, f32
    ```

    Constraints:
    - (C1) each gradient has a flag in `stacked` and a static shape, with a
      first dimension if the flag is set.
    - (C2) each active is `tensor<nxi8>`, n being the gradient's first dimension
      if it is stacked, else 1.
  }];
  let arguments = (ins Variadic<Modular_FloatTensor>:$gradients,
                       Variadic<RankedTensorOf<[I8]>>:$active, AnyFloat:$clip,
                       DenseBoolArrayAttr:$stacked);
  let results = (outs F64:$norm, AnyFloat:$scale);
  let assemblyFormat = [{
    (`(` $gradients^ `:` type($gradients) `)` `active` `(` $active `:` type($active) `)`)?
    `clip` $clip `stacked` $stacked attr-dict `:` type($clip) `->` type(results)
  }];
  let hasVerifier = 1;
}

def Modular_UpdateOp : Modular_Op<"update", [Pure, SingleBlock]> {
  let summary = "one optimizer step of a parameter, or of a stack of them";
  let description = [{
    The region is the update rule on scalars (see `modular.optimizer`). Slices of
    the first dimension (the whole tensor if not `stacked`) whose `active` is 0
    stay as they are, their state too. The gradient is multiplied by
    `scale` (gradient clipping), and the parameter by 1 − lr·decay, before.
    Parameter and state are meant to be updated in place.

    ```mlir
    %new = modular.update %w, %dw active %active steps %steps lr %lr decay %decay scale %scale stacked {
      ^bb0(%p: f32, %g: f32, %rate: f32, %step: f32):
        %d = arith.mulf %rate, %g : f32
        %n = arith.subf %p, %d : f32
        modular.yield %n : f32
    } : tensor<2x2x2xf32>, tensor<2x2x2xf32>, tensor<2xi8>, tensor<2xi64>, f32, f32, f32 -> tensor<2x2x2xf32>
    ```

    Constraints:
    - (C1) gradient, states and results have the parameter's type.
    - (C2) active is `tensor<nxi8>` and steps `tensor<nxi64>`, n being the first
      dimension if `stacked`, else 1.
    - (C3) the region takes four scalars of the parameter's element type and one
      for each state, and yields the new parameter and states.
  }];
  let arguments = (ins Modular_FloatTensor:$parameter, Modular_FloatTensor:$gradient,
                       Variadic<Modular_FloatTensor>:$states,
                       RankedTensorOf<[I8]>:$active, RankedTensorOf<[I64]>:$steps,
                       AnyFloat:$lr, AnyFloat:$decay, AnyFloat:$scale, UnitAttr:$stacked);
  let results = (outs Modular_FloatTensor:$result, Variadic<Modular_FloatTensor>:$new_states);
  let regions = (region SizedRegion<1>:$rule);
  let assemblyFormat = [{
    $parameter `,` $gradient (`states` `(` $states^ `:` type($states) `)`)? `active` $active `steps` $steps
    `lr` $lr `decay` $decay `scale` $scale (`stacked` $stacked^)? attr-dict-with-keyword $rule
    `:` type($parameter) `,` type($gradient) `,` type($active) `,` type($steps) `,` type($lr) `,` type($decay) `,` type($scale)
    `->` type(results)
  }];
  let hasRegionVerifier = 1;
}

#endif // MODC_DIALECT_MODULARTRAININGOPS_TD
