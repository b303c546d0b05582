//===- ModularRoutedOps.td - Ops of the routed level -------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What layers and controllers become: pure ops on tensors, in which a plan is an
// SSA value. Rows of S candidates for N points are candidate-major: row
// (s·N + n)·R + r for row r of point n, R rows a point.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARROUTEDOPS_TD
#define MODC_DIALECT_MODULARROUTEDOPS_TD

include "dialect/ModularTensorOps.td"

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

def Modular_NumWorkersOp : Modular_Op<"num_workers", [Pure]> {
  let summary = "the number of workers that run a program's tasks";
  let description = [{
    What the host of a call says, at least 1. It decides into how many tasks work
    is split, never what results are: a program gives the same bits on any number
    of workers.

    ```mlir
    %workers = modular.num_workers
    ```
  }];
  let arguments = (ins);
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
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

#endif // MODC_DIALECT_MODULARROUTEDOPS_TD
