//===- ModularRoutedOps.td - Ops of the routed level -------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What layers, samplers and update rules become: pure ops on tensors, in which a
// plan is an SSA value. Rows of S candidates for N points are candidate-major:
// row (s·N + n)·R + r for row r of point n, R rows a point.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARROUTEDOPS_TD
#define MODC_DIALECT_MODULARROUTEDOPS_TD

include "dialect/ModularTensorOps.td"
include "mlir/Interfaces/ParallelCombiningOpInterface.td"

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

def Modular_ToSelectionOp : Modular_Op<"to_selection", [Pure]> {
  let summary = "reads integers as a selection";
  let description = [{
    Integers out of [0, M) are clamped into it, so that no later op can read
    out of bounds.

    ```mlir
    %a = modular.to_selection %i : tensor<?x2xi32> -> !modular.selection<2 of 8>
    ```

    Constraints:
    - (C1) the operand is `tensor<?xKxi32>` for `!modular.selection<K of M>`.
  }];
  let arguments = (ins RankedTensorOf<[I32]>:$input);
  let results = (outs Modular_Selection:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Modular_FromSelectionOp : Modular_Op<"from_selection", [
    Pure, DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "a selection as integers";
  let description = [{
    Element [r, k] is pick k of row r.

    ```mlir
    %i = modular.from_selection %a : !modular.selection<2 of 8> -> tensor<?x2xi32>
    ```

    Constraints:
    - (C1) the result is `tensor<?xKxi32>` for `!modular.selection<K of M>`.
  }];
  let arguments = (ins Modular_Selection:$input);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` type($result)";
  let hasVerifier = 1;
}

def Modular_ModeOp : Modular_Op<"mode", [Pure]> {
  let summary = "for each row and pick, the member with the largest score";
  let description = [{
    The first of equals; NaN is never the largest (member 0 if all are NaN).

    ```mlir
    %a = modular.mode %scores : tensor<?x2x8xf32> -> !modular.selection<2 of 8>
    ```

    Constraints:
    - (C1) scores are `tensor<?xKxMxf>` for `!modular.selection<K of M>`.
  }];
  let arguments = (ins Modular_FloatTensor:$scores);
  let results = (outs Modular_Selection:$result);
  let assemblyFormat = "$scores attr-dict `:` type($scores) `->` qualified(type($result))";
  let hasVerifier = 1;
}

def Modular_SampleOp : Modular_Op<"sample", [Pure]> {
  let summary = "draws each pick from the softmax of its scores";
  let description = [{
    The first member m whose cumulative probability exceeds the uniform number
    u in [0, 1); the last member with non-zero probability if none does. With
    `at(%i)`, row r draws by the scores of row i[r]: candidates that have the same
    scores look up one softmax.

    ```mlir
    %a = modular.sample %scores, %u : tensor<?x2x8xf32>, tensor<?x2xf32> -> !modular.selection<2 of 8>
    %c = modular.sample %scores at(%i : tensor<?xi32>), %u : tensor<?x2x8xf32>, tensor<?x2xf32> -> !modular.selection<2 of 8>
    ```

    Constraints:
    - (C1) scores are `tensor<?xKxMxf>` for `!modular.selection<K of M>`.
    - (C2) uniforms are `tensor<?xKxf>`.
    - (C3) i is `tensor<?xi32>`.
  }];
  let arguments = (ins Modular_FloatTensor:$scores,
                       Optional<RankedTensorOf<[I32]>>:$rows,
                       Modular_FloatTensor:$uniforms);
  let results = (outs Modular_Selection:$result);
  let assemblyFormat = [{
    $scores (`at` `(` $rows^ `:` type($rows) `)`)? `,` $uniforms attr-dict `:` type($scores) `,` type($uniforms)
    `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Modular_KeepStoredOp : Modular_Op<"keep_stored", [
    Pure, AllTypesMatch<["selection", "result"]>]> {
  let summary = "replaces the first rows of a selection by stored choices";
  let description = [{
    Rows 0 … rows(stored) − 1 become the stored ones: candidate 0 of each point.

    ```mlir
    %a = modular.keep_stored %drawn, %stored : tensor<?x2xi32> -> !modular.selection<2 of 8>
    ```

    Constraints:
    - (C1) stored is `tensor<?xKxi32>` for `!modular.selection<K of M>`.
  }];
  let arguments = (ins Modular_Selection:$selection, RankedTensorOf<[I32]>:$stored);
  let results = (outs Modular_Selection:$result);
  let assemblyFormat = [{
    $selection `,` $stored attr-dict `:` type($stored) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Modular_LogProbabilityOp : Modular_Op<"log_probability", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let summary = "Σ_k log softmax(scores[k])[a_k] of each row";
  let description = [{
    log p(a|x) under a product of K softmaxes, as one op: its derivative is
    softmax minus one-hot, with no logarithm of a probability that may be 0.
    With `at(%i)`, the scores of row r are those of row i[r]; this form has no
    derivative.

    ```mlir
    %l = modular.log_probability %scores, %a : tensor<?x2x8xf32>, !modular.selection<2 of 8> -> tensor<?xf32>
    %m = modular.log_probability %scores at(%i : tensor<?xi32>), %a : tensor<?x2x8xf32>, !modular.selection<2 of 8> -> tensor<?xf32>
    ```

    Constraints:
    - (C1) scores are `tensor<?xKxMxf>` for `!modular.selection<K of M>`.
    - (C2) the result is `tensor<?xf>`.
    - (C3) i is `tensor<?xi32>`.
  }];
  let arguments = (ins Modular_FloatTensor:$scores,
                       Optional<RankedTensorOf<[I32]>>:$rows,
                       Modular_Selection:$selection);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    $scores (`at` `(` $rows^ `:` type($rows) `)`)? `,` $selection attr-dict `:` type($scores) `,`
    qualified(type($selection)) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Modular_GatesOp : Modular_Op<"gates", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let summary = "soft gates: probabilities of the picks over their sum";
  let description = [{
    g[r, k] = p_k[a_k] / Σ_j p_j[a_j], with p_k = softmax(scores[r, k]). With
    `at(%i)`, the scores of row r are those of row i[r]; this form has no
    derivative.

    ```mlir
    %g = modular.gates %scores, %a : tensor<?x2x8xf32>, !modular.selection<2 of 8> -> tensor<?x2xf32>
    %h = modular.gates %scores at(%i : tensor<?xi32>), %a : tensor<?x2x8xf32>, !modular.selection<2 of 8> -> tensor<?x2xf32>
    ```

    Constraints:
    - (C1) scores are `tensor<?xKxMxf>` for `!modular.selection<K of M>`.
    - (C2) the result is `tensor<?xKxf>`.
    - (C3) i is `tensor<?xi32>`.
  }];
  let arguments = (ins Modular_FloatTensor:$scores,
                       Optional<RankedTensorOf<[I32]>>:$rows,
                       Modular_Selection:$selection);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    $scores (`at` `(` $rows^ `:` type($rows) `)`)? `,` $selection attr-dict `:` type($scores) `,`
    qualified(type($selection)) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Modular_UsageOp : Modular_Op<"usage", [Pure]> {
  let summary = "how often each member is picked";
  let description = [{
    Element m counts the (row, pick) pairs that name member m: exact integers,
    which a host may add up over batches.

    ```mlir
    %n = modular.usage %a : !modular.selection<2 of 8> -> tensor<8xi32>
    ```

    Constraints:
    - (C1) the result is `tensor<Mxi32>` for `!modular.selection<K of M>`.
  }];
  let arguments = (ins Modular_Selection:$selection);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$selection attr-dict `:` qualified(type($selection)) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

def Modular_PlanOp : Modular_Op<"plan", [Pure, AttrSizedOperandSegments]> {
  let summary = "sorts a selection by member";
  let description = [{
    One stable counting sort. With `distinct(%i of %n)`, row r stands for operand
    row i[r] of n, and a (operand row, member) pair that several rows pick has one
    position: candidates share work. `unique` promises that no two rows agree in
    both, so that none is looked for. With `duplicates once`, a second pick of
    a member by a row has no position.

    ```mlir
    %p = modular.plan %a : !modular.selection<2 of 8> -> !modular.plan<2 of 8>
    %q = modular.plan %a distinct(%i of %n : tensor<?xi32>) duplicates once : !modular.selection<2 of 8> -> !modular.plan<2 of 8>
    ```

    Constraints:
    - (C1) the plan has the selection's K and M.
    - (C2) i is `tensor<?xi32>`, and given exactly with n.
    - (C3) `unique` needs operand rows and K = 1.
  }];
  let arguments = (ins Modular_Selection:$selection,
                       Optional<RankedTensorOf<[I32]>>:$rows,
                       Optional<Index>:$count, UnitAttr:$unique,
                       DefaultValuedAttr<Modular_DuplicatesAttr, "::modc::Duplicates::Each">:$duplicates);
  let results = (outs Modular_Plan:$result);
  let assemblyFormat = [{
    $selection (`distinct` `(` $rows^ `of` $count `:` type($rows) `)`)? (`unique` $unique^)? (`duplicates` $duplicates^)? attr-dict
    `:` qualified(type($selection)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether rows that agree in operand row and member share a position.
    bool isDistinct() { return static_cast<bool>(getRows()); }
  }];
}

def Modular_GroupedOp : Modular_Op<"grouped", [
    Pure, IsolatedFromAbove, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let summary = "runs each member on the rows that picked it";
  let description = [{
    One region for each *class*: members with the same body. For each member
    that has rows, its class's region runs on all of its rows, in grouped order.
    Region arguments: for each `gather` operand (row order) the member's rows of
    it; for each `along` operand (grouped order) likewise; for each `points`
    operand the slice of the rows' point; each `shared` operand whole; then slice
    i of each of the class's parameter stacks, i being the member's place in the
    class.

    Row r belongs to point r / R, R being `rows_per_point`. With `points`
    operands or results the region runs on the member's rows of one point at a
    time; rows of a point stand side by side, as grouped order is ascending.

    The region yields row results, which are laid into the op's results in
    grouped order (the same number of positions as the plan's R·K; positions
    that no row uses are undefined); then one value for each `points` result,
    which is summed over the rows of the point, whatever member they chose; then
    one *gradient* for each of the class's gradient results: a value for the
    member, laid into slice i of the stack. Slices of members without rows are 0.

    Row results are independent row by row, so that a lowering may run a
    member's rows in blocks; gradients sum over the member's rows in ascending
    order, `points` results over the point's rows in ascending order, and for
    each row over its picks.

    ```mlir
    %h = modular.grouped %p gather(%x : tensor<?x784xf32>)
      class [0, 1, 2] parameters(%w : tensor<3x784x64xf32>, %b : tensor<3x64xf32>) {
      ^bb0(%xm: tensor<?x784xf32>, %wm: tensor<784x64xf32>, %bm: tensor<64xf32>):
        %y = modular.linear %xm, %wm, %bm : tensor<?x784xf32>, tensor<784x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
        modular.yield %y : tensor<?x64xf32>
      } : !modular.plan<1 of 3> -> rows(tensor<?x64xf32>) gradients()
    %dx, %dk = modular.grouped %q gather(%x : tensor<?x4xf32>) along(%dh : tensor<?x6xf32>)
      points(%keys : tensor<?x6x4xf32> rows 6)
      class [0, 1, 2] { ... }
      : !modular.plan<1 of 3> -> rows(tensor<?x4xf32>) points(tensor<?x6x4xf32>) gradients()
    ```

    Constraints:
    - (C1) the classes' members are a partition of 0 … M−1.
    - (C2) each parameter stack and gradient result of a class has as its first
      dimension the number of the class's members.
    - (C3) a region's arguments are as above.
    - (C4) a region yields the row results, then the `points` results and its
      class's gradients without their first dimension.
    - (C5) `points` operands and results have a dynamic first dimension, and R ≥ 1.
  }];
  let arguments = (ins Modular_Plan:$plan,
                       Variadic<AnyRankedTensor>:$gathered,
                       Variadic<AnyRankedTensor>:$along,
                       Variadic<AnyRankedTensor>:$points,
                       Variadic<AnyRankedTensor>:$shared,
                       Variadic<AnyRankedTensor>:$parameters,
                       ArrayAttr:$classes,
                       DenseI64ArrayAttr:$parameter_counts,
                       DenseI64ArrayAttr:$gradient_counts,
                       DefaultValuedAttr<I64Attr, "1">:$rows_per_point,
                       DefaultValuedAttr<I64Attr, "0">:$num_point_results);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region VariadicRegion<SizedRegion<1>>:$bodies);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    unsigned getNumClasses() { return getClasses().size(); }
    /// Member numbers of class c, ascending.
    ::llvm::ArrayRef<int64_t> getClassMembers(unsigned c) {
      return ::llvm::cast<::mlir::DenseI64ArrayAttr>(getClasses()[c]).asArrayRef();
    }
    /// Operands that are class c's parameter stacks.
    ::mlir::OperandRange getClassParameters(unsigned c);
    /// Results that are class c's gradient stacks.
    ::mlir::ResultRange getClassGradients(unsigned c);
    /// Results in grouped order.
    ::mlir::ResultRange getRowResults();
    /// Results with a slice for each point.
    ::mlir::ResultRange getPointResults();
    /// Whether regions run on rows of one point at a time.
    bool isByPoint() {
      return !getPoints().empty() || getNumPointResults() != 0;
    }
    ::mlir::Block &getClassBody(unsigned c) { return getBodies()[c].front(); }
  }];
}

def Modular_CombineOp : Modular_Op<"combine", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let summary = "composes the results of each row's picks";
  let description = [{
    y[r] = Σ_k g[r, k]·v[position(r, k)] for `sum` (g = 1) and `gated`, the same
    divided by K for `mean`, and v[position(r, 0)], … side by side along the last
    dimension for `concat`; k ascends. Picks without a position (duplicates once)
    count 0. Adjoint of `modular.dispatch`. With K = 1, `mean` and `concat`
    become `sum`.

    ```mlir
    %y = modular.combine sum %p, %v : !modular.plan<2 of 8>, tensor<?x64xf32> -> tensor<?x64xf32>
    %z = modular.combine gated %p, %v gates(%g : tensor<?x2xf32>) : !modular.plan<2 of 8>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    Constraints:
    - (C1) gates are `tensor<?xKxf>` and given exactly with `gated`.
    - (C2) with `concat`, the result's last dimension is K times the value's;
      else the shapes are equal.
  }];
  let arguments = (ins Modular_Plan:$plan, Modular_FloatTensor:$values,
                       Optional<Modular_FloatTensor>:$gates,
                       Modular_ComposeAttr:$compose);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    `` $compose $plan `,` $values (`gates` `(` $gates^ `:` type($gates) `)`)? attr-dict
    `:` qualified(type($plan)) `,` type($values) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def Modular_DispatchOp : Modular_Op<"dispatch", [
    Pure, DeclareOpInterfaceMethods<Modular_VJPOpInterface>]> {
  let summary = "lays row values out in grouped order";
  let description = [{
    v[position(r, k)] = g[r, k]·y[r] (1/K for `mean`, block k of the last dimension
    for `concat`). Adjoint of `modular.combine`. Needs a plan without
    `distinct`.

    ```mlir
    %dv = modular.dispatch sum %p, %dy : !modular.plan<2 of 8>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    Constraints:
    - (C1) those of `modular.combine`, value and result exchanged.
  }];
  let arguments = (ins Modular_Plan:$plan, Modular_FloatTensor:$values,
                       Optional<Modular_FloatTensor>:$gates,
                       Modular_ComposeAttr:$compose);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    `` $compose $plan `,` $values (`gates` `(` $gates^ `:` type($gates) `)`)? attr-dict
    `:` qualified(type($plan)) `,` type($values) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def Modular_GateCotangentOp : Modular_Op<"gate_cotangent", [Pure]> {
  let summary = "inner product of each pick's result with its row's cotangent";
  let description = [{
    g[r, k] = ⟨v[position(r, k)], dy[r]⟩, 0 for picks without a position: the
    cotangent of the gates of a `modular.combine gated`.

    ```mlir
    %dg = modular.gate_cotangent %p, %v, %dy : !modular.plan<2 of 8>, tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x2xf32>
    ```

    Constraints:
    - (C1) values and cotangent agree in all dimensions but the first, and in
      element type.
    - (C2) the result is `tensor<?xKxf>` for `!modular.plan<K of M>`.
  }];
  let arguments = (ins Modular_Plan:$plan, Modular_FloatTensor:$values,
                       Modular_FloatTensor:$cotangent);
  let results = (outs Modular_FloatTensor:$result);
  let assemblyFormat = [{
    $plan `,` $values `,` $cotangent attr-dict `:` qualified(type($plan)) `,` type($values) `,`
    type($cotangent) `->` type($result)
  }];
  let hasVerifier = 1;
}

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

#endif // MODC_DIALECT_MODULARROUTEDOPS_TD
