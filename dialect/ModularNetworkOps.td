//===- ModularNetworkOps.td - Ops that describe a network --*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The network level: what a user writes. Templates of modules, pools of them,
// controllers, one graph with layers, an objective and an update rule.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARNETWORKOPS_TD
#define MODC_DIALECT_MODULARNETWORKOPS_TD

include "dialect/ModularAttrs.td"
include "dialect/ModularTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Modular_NetworkOp : Modular_Op<"network", [
    IsolatedFromAbove, Symbol, SymbolTable, SingleBlock, NoTerminator,
    NoRegionArguments]> {
  let summary = "a modular neural network";
  let description = [{
    Holds module templates, pools, controllers, one graph, at most one
    objective and at most one optimizer.

    ```mlir
    modular.network @toy {
      modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
        %w = modular.parameter "weight" init(glorot_uniform) : tensor<2x2xf32>
        %b = modular.parameter "bias" init(zeros) : tensor<2xf32>
        %y = modular.linear %x, %w, %b : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
        modular.yield %y : tensor<?x2xf32>
      }
      ...
    }
    ```

    Constraints:
    - (C1) exactly one `modular.graph`.
    - (C2) at most one `modular.objective` and one `modular.optimizer`.
    - (C3) every float tensor has the same element type, f32 or f64.
    - (C4) modules do not apply each other in a cycle.
    - (C5) the names of parameters (instance and parameter) are unique.
    - (C6) the objective's first inputs have the types of the graph's results.
    - (C7) every static dimension is at least 1, and the static dimensions of a
      tensor multiply to at most 2^40.
    - (C8) it holds nothing else.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::modc::GraphOp getGraph();
    /// Null if the network has none.
    ::modc::ObjectiveOp getObjective();
    /// Null if the network has none.
    ::modc::OptimizerOp getOptimizer();
    /// The float type of all tensors of the network.
    ::mlir::FloatType getElementType();
  }];
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// An op with one block whose arguments are named inputs, and a function type.
class Modular_BodyOp<string mnemonic, list<Trait> traits = []>
    : Modular_Op<mnemonic, traits # [
        IsolatedFromAbove, HasParent<"NetworkOp">, SingleBlock,
        DeclareOpInterfaceMethods<OpAsmOpInterface,
          ["getAsmBlockArgumentNames"]>]> {
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  code bodyClassDeclaration = [{
    /// Inputs are the block arguments; results the terminator's operands.
    ::mlir::TypeRange getResultTypesOfBody() {
      return getFunctionType().getResults();
    }
  }];
  let extraClassDeclaration = bodyClassDeclaration;
}

def Modular_ModuleTemplateOp : Modular_BodyOp<"module", [Symbol]> {
  let summary = "a module template: a differentiable sub-network";
  let description = [{
    Maps row operands, and optional `shared` operands that every row sees
    whole, to row results. The body is a tensor program: ops of this dialect
    and of `linalg`, `tensor`, `arith` and `math`.

    ```mlir
    modular.module @affine(%x: tensor<?x2xf32>) -> tensor<?x2xf32> { ... }
    modular.module @head(%x: tensor<?x8xf32>, shared %keys: tensor<6x4xf32>) -> tensor<?x8xf32> { ... }
    ```

    What a shared input holds is the layer's business: the same for all rows (a
    learned memory), or the same for all rows of a point (keys and values of a
    sequence). The body is written for one of them either way.

    Constraints:
    - (C1) the leading dimension of each row operand and of each result is
      dynamic: the rows.
    - (C2) row i of each result depends on row i of the row operands only.
    - (C3) the terminator's types are the function type's results.
    - (C4) there is at least one row operand and one result.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$arg_names,
                       DefaultValuedAttr<I64Attr, "0">:$shared);
  let extraClassDeclaration = bodyClassDeclaration # [{
    /// Row operands come first; the last `shared` inputs are shared ones.
    unsigned getNumRowInputs() {
      return getFunctionType().getNumInputs() - getShared();
    }
  }];
}

def Modular_ControllerOp : Modular_BodyOp<"controller", [Symbol]> {
  let summary = "computes the scores by which rows choose members";
  let description = [{
    Maps its inputs, row by row, to scores `tensor<?xKxMxf>`; the distribution
    says what p(a|x) the scores mean. Each controller has its own parameters,
    named after it; two layers that name one controller share them.

    ```mlir
    modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> { ... }
    modular.controller @given(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> distribution(#modular.fixed) { ... }
    ```

    Constraints:
    - (C1) one result, of type `tensor<?xKxMxf>` with K, M ≥ 1.
    - (C2) row i of the scores depends on row i of the inputs only.
    - (C3) the terminator's types are the function type's results.
    - (C4) the distribution is one (it has the interface `RoutingDistribution`).
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$arg_names,
                       DefaultValuedAttr<AnyAttr,
                         "::modc::SoftmaxAttr::get($_builder.getContext())">:$distribution);
  let extraClassDeclaration = bodyClassDeclaration # [{
    ::modc::RoutingDistribution getRoutingDistribution() {
      return ::llvm::cast<::modc::RoutingDistribution>(getDistribution());
    }
    int64_t getChoose() {
      return ::llvm::cast<::mlir::RankedTensorType>(
          getFunctionType().getResult(0)).getDimSize(1);
    }
    int64_t getMembers() {
      return ::llvm::cast<::mlir::RankedTensorType>(
          getFunctionType().getResult(0)).getDimSize(2);
    }
  }];
}

def Modular_GraphOp : Modular_BodyOp<"graph"> {
  let summary = "the network as a function of its inputs";
  let description = [{
    Any DAG of layers, applied modules and tensor ops. The leading dimension of
    each input and result counts points; it is the only one that a batch may change.

    ```mlir
    modular.graph(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
      %h = modular.layer @experts(%x : tensor<?x784xf32>) by @router(%x : tensor<?x784xf32>)
          choose 1 compose sum -> tensor<?x64xf32>
      %r = modular.relu %h : tensor<?x64xf32>
      %y = modular.apply @dense as "head"(%r) : (tensor<?x64xf32>) -> tensor<?x10xf32>
      modular.output %y : tensor<?x10xf32>
    }
    ```

    Constraints:
    - (C1) the leading dimension of each input and result is dynamic.
    - (C2) point i of each result depends on point i of the inputs only.
    - (C3) the terminator's types are the function type's results.
    - (C4) there is at least one input and one result, and one of them is of floats.
    - (C5) dimensions of inputs and results other than the first are static.
  }];
  let arguments = (ins TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$arg_names);
}

def Modular_ObjectiveOp : Modular_BodyOp<"objective"> {
  let summary = "log p(y|x, a) of a point";
  let description = [{
    Either a shorthand on the graph's one result

    | shorthand | wanted | log p |
    |---|---|---|
    | `gaussian(sigma = 1.0)` | as the result | −½‖y − ŷ‖²/σ² |
    | `laplace(scale = 1.0)` | as the result | −‖y − ŷ‖₁/b |
    | `categorical` | `tensor<?xi32>`, labels | log softmax(ŷ)[y] |
    | `bernoulli` | as the result, 0 or 1 | Σ y·log σ(ŷ) + (1 − y)·log(1 − σ(ŷ)) |

    (constant terms left out), or a region over the graph's results and the
    wanted values that yields log p, `tensor<?xf>`:

    ```mlir
    modular.objective gaussian(sigma = 1.0)
    modular.objective(%y: tensor<?x2xf32>, %target: tensor<?x2xf32>) -> tensor<?xf32> { ... }
    ```

    Constraints:
    - (C1) a shorthand has no region and a positive, finite scale.
    - (C2) a region yields one `tensor<?xf>`, of which element i depends on point
      i of the inputs only.
    - (C3) a shorthand needs a graph with one result, of rank 2.
  }];
  let arguments = (ins Modular_ObjectiveAttr:$kind,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale,
                       OptionalAttr<TypeAttrOf<FunctionType>>:$function_type,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$arg_names);
  let regions = (region MaxSizedRegion<1>:$body);
  let extraClassDeclaration = "";
}

def Modular_OptimizerOp : Modular_Op<"optimizer", [
    IsolatedFromAbove, HasParent<"NetworkOp">,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "the update rule";
  let description = [{
    Either a shorthand or a region on scalars that is applied to every element of
    every parameter: parameter, gradient, learning rate, count of steps of the
    member (from 1), then the rule's own state, which starts at 0. It yields the
    new parameter and the new state.

    | shorthand | rule |
    |---|---|
    | `sgd` | p − lr·g |
    | `momentum(momentum = 0.9)` | v ← μ·v + g; p − lr·v |
    | `rmsprop(decay = 0.9, epsilon = 1e-8)` | v ← ρ·v + (1 − ρ)·g²; p − lr·g/(√v + ε) |
    | `adam(beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8)` | Kingma and Ba 2015, Algorithm 1 |

    ```mlir
    modular.optimizer adam(beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-8)
    modular.optimizer(%p: f32, %g: f32, %lr: f32, %step: f32, %v: f32) { ... }
    ```

    `dense` updates all members at each step, those that no row chose too, with
    a zero gradient (as the code released with the paper did).

    Constraints:
    - (C1) a shorthand has no region and knows its settings' names; all are finite.
    - (C2) a region has at least 4 arguments, scalars of one float type, and
      yields as many values as it has arguments, less 3.
    - (C3) after rounding to the network's float type, `momentum`, `decay`, `beta1`
      and `beta2` are at least 0 and below 1, and `epsilon` is a positive normal
      number.
  }];
  let arguments = (ins Modular_OptimizerAttr:$kind,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$settings,
                       UnitAttr:$dense,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$arg_names);
  let regions = (region MaxSizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// Slots of state that the rule keeps for each parameter.
    unsigned getNumStates();
    /// A setting's value, or the shorthand's default.
    double getSetting(::llvm::StringRef name);
  }];
}

def Modular_YieldOp : Modular_Op<"yield", [
    Pure, Terminator, ReturnLike,
    ParentOneOf<["ModuleTemplateOp", "ControllerOp", "ObjectiveOp", "OptimizerOp",
                 "ScanOp", "GroupedOp", "UpdateOp"]>]> {
  let summary = "ends a body with its results";
  let description = [{
    Terminator of modules, controllers, objectives, update rules, scans and the
    regions of routed ops; the enclosing op says what the values mean.

    ```mlir
    modular.yield %y : tensor<?x2xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ /* no values */ }]>];
}

def Modular_OutputOp : Modular_Op<"output", [
    Pure, Terminator, ReturnLike, HasParent<"GraphOp">]> {
  let summary = "ends a graph with the network's outputs";
  let description = [{
    The compiled model gives them in this order.

    ```mlir
    modular.output %y : tensor<?x10xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ /* no values */ }]>];
}

//===----------------------------------------------------------------------===//
// Inside bodies
//===----------------------------------------------------------------------===//

def Modular_ParameterOp : Modular_Op<"parameter", [
    ParentOneOf<["ModuleTemplateOp", "ControllerOp", "GraphOp", "ObjectiveOp"]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "a trained tensor of the body's instance";
  let description = [{
    Each instance of the body (a pool's member, a controller, an applied module,
    the graph) has its own tensor: `experts.0.weight`. Without gradient and
    update where `frozen`; a *state* is not trained either and is kept in weights
    files beside the parameters.

    ```mlir
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<784x64xf32>
    %m = modular.parameter "mean" init(zeros) state : tensor<64xf32>
    ```

    Constraints:
    - (C1) the type is a static float tensor with at least one element.
    - (C2) the name is not empty and holds letters, digits, `_`, `-` only.
    - (C3) the initialiser's numbers are finite in the type, and so are the span
      of `uniform` and nine standard deviations of `normal`.
  }];
  let arguments = (ins StrAttr:$name, Modular_Init:$init, UnitAttr:$frozen,
                       UnitAttr:$state);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $name `init` `` `(` custom<Init>($init) `)` (`frozen` $frozen^)? (`state` $state^)?
    attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def Modular_PoolOp : Modular_Op<"pool", [HasParent<"NetworkOp">, Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "members that a layer chooses among";
  let description = [{
    ```mlir
    modular.pool @experts [@affine x 8]                     // experts.0 … experts.7
    modular.pool @mixed [@small x 2, @large, @conv "edge"]  // mixed.0, mixed.1, mixed.2, edge
    ```
    Members share an interface, not a body.

    Constraints:
    - (C1) a pool has at least one member.
    - (C2) each member names a `modular.module` of the network.
    - (C3) all members have the same function type and shared inputs.
    - (C4) names of members are unique in the network, not empty, and hold
      letters, digits, `_`, `-`, `.` only.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypedArrayAttrBase<Modular_Member, "members">:$members);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    int64_t getNumMembers() { return getMembers().size(); }
    ::modc::MemberAttr getMember(unsigned i) {
      return ::llvm::cast<::modc::MemberAttr>(getMembers()[i]);
    }
  }];
}

def Modular_LayerOp : Modular_Op<"layer", [
    Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "runs the K members of a pool that a controller chooses";
  let description = [{
    ```mlir
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    %y, %a = modular.layer @experts(%x : tensor<?x2xf32> shared %kv : tensor<?x4xf32>)
        by @router(%z : tensor<?x8xf32>) choose 2 compose gated gate soft duplicates once
        name "first" -> tensor<?x2xf32>, !modular.selection<2 of 8>
    ```

    Row operands are gathered for the members that run; shared operands are seen
    whole. A shared operand with one dimension more than the members' input, a
    dynamic first one, has a slice for each point, and each row sees its point's
    slice whole: keys and values that the queries of a sequence read.

    ```mlir
    %y = modular.layer @heads(%tokens : tensor<?x8xf32> shared %keys : tensor<?x6x4xf32>)
        by @router(%tokens : tensor<?x8xf32>) choose 2 compose sum rows 6 -> tensor<?x8xf32>
    ```

    Row results of the K picks are composed by sum, concatenation along
    the last dimension in the order of picks, mean, or gated sum. Gates are 1
    (`hard`), given (`fixed [0.7, 0.3]`), or the probabilities of the picks
    divided by their sum (`soft`). A row that picks a module twice counts it
    twice (`each`), or once and for its first pick (`once`). With `once`, later
    picks of it count 0 and nothing else changes: the mean still divides by K,
    and soft gates are still the probabilities over the sum of all K, so that
    the gates that count then sum to less than 1.

    `rows R` says that each point has R consecutive rows (tokens); 1 if not
    given. The name is `layer0`, `layer1`, … in order if not given.

    Constraints:
    - (C1) the pool and the controller exist.
    - (C2) 1 ≤ K ≤ M, where the pool has M members.
    - (C3) the controller's scores are `tensor<?xKxMxf>`.
    - (C4) row and shared operands have the types of the members' inputs; shared
      ones may have a dynamic dimension of points before them.
    - (C5) controller operands have the types of the controller's inputs.
    - (C6) results have the types of the members' results; with `concat` the last
      dimension is K times as large. A last result may be the selection.
    - (C7) `gate` other than hard needs `compose gated`; `fixed` has K finite gates.
    - (C8) `duplicates once` does not go with `concat`.
    - (C9) rows ≥ 1.
    - (C10) it stands in the graph, or in a scan of the graph.
    - (C11) names of layers are unique in the graph.
  }];
  let arguments = (ins FlatSymbolRefAttr:$pool,
                       Variadic<AnyRankedTensor>:$row_operands,
                       Variadic<AnyRankedTensor>:$shared_operands,
                       FlatSymbolRefAttr:$controller,
                       Variadic<AnyRankedTensor>:$controller_operands,
                       I64Attr:$choose,
                       Modular_ComposeAttr:$compose,
                       DefaultValuedAttr<Modular_GateAttr, "::modc::Gate::Hard">:$gate,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$gates,
                       DefaultValuedAttr<Modular_DuplicatesAttr, "::modc::Duplicates::Each">:$duplicates,
                       DefaultValuedAttr<I64Attr, "1">:$rows_per_point,
                       OptionalAttr<StrAttr>:$layer_name);
  let results = (outs Variadic<AnyType>:$outputs);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// The selection if the op has it as its last result, else null.
    ::mlir::Value getSelection();
    /// The composed row results, without the selection.
    ::mlir::ResultRange getRowResults();
  }];
}

def Modular_ApplyOp : Modular_Op<"apply", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "runs one module on every row";
  let description = [{
    An instance of the module, here one named `head` with its own parameters
    (`head.weight`); two uses of one instance name share them. Inside a module
    the name is prefixed by the outer instance: `experts.0.head.weight`.

    ```mlir
    %y = modular.apply @dense as "head"(%x) : (tensor<?x64xf32>) -> tensor<?x10xf32>
    ```

    Constraints:
    - (C1) the module exists.
    - (C2) operands and results have the types of the module's.
    - (C3) two uses of one instance name apply the same module.
    - (C4) the instance's name is not empty and holds letters, digits, `_`, `-`, `.` only.
  }];
  let arguments = (ins FlatSymbolRefAttr:$module, StrAttr:$instance,
                       Variadic<AnyRankedTensor>:$operands);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = [{
    $module `as` $instance `(` $operands `)` attr-dict `:` functional-type($operands, $outputs)
  }];
}

def Modular_ScanOp : Modular_Op<"scan", [
    AttrSizedOperandSegments, RecursiveMemoryEffects, SingleBlock,
    DeclareOpInterfaceMethods<Modular_VJPOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>,
    DeclareOpInterfaceMethods<Modular_RowOpInterface>]> {
  let summary = "a recurrence: carries values along a sequence";
  let description = [{
    Runs its region once for each index t of dimension 1 of the sequences, in
    ascending order (descending with `reverse`). Region arguments are t, the
    carried values, and element t of each sequence, without dimension 1. The
    region yields the next carried values, then an element for each stacked
    result. Results are the last carried values, then the stacked ones.

    ```mlir
    %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x16xf32>)
        over(%xt = %xs : tensor<?x8x4xf32>)
        -> tensor<?x16xf32>, tensor<?x8x16xf32> {
      ...
      modular.yield %hn, %hn : tensor<?x16xf32>, tensor<?x16xf32>
    }
    ```

    The region may use values from outside. It may hold layers: then there is a
    choice for each step, and dimension 1 must be static. So it is in a network
    anyway, where sequences come from the graph's inputs; a dynamic length is for
    programs on tensors of any size.

    Constraints:
    - (C1) at least one sequence, all of rank ≥ 2 with the same dimension 1.
    - (C2) the region's arguments are an index, the carried types, and the
      sequences' types without dimension 1.
    - (C3) the region yields the carried types, then the stacked results' types
      without dimension 1, all of them as long as the sequences.
    - (C4) the sequences' dimension 1 is static if the region holds a layer.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inits,
                       Variadic<AnyRankedTensor>:$sequences, UnitAttr:$reverse);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    ::mlir::BlockArgument getStep() { return getBody().getArgument(0); }
    ::llvm::ArrayRef<::mlir::BlockArgument> getCarried() {
      return getBody().getArguments().slice(1, getInits().size());
    }
    ::llvm::ArrayRef<::mlir::BlockArgument> getElements() {
      return getBody().getArguments().drop_front(1 + getInits().size());
    }
    ::mlir::ResultRange getFinals() {
      return getOutputs().take_front(getInits().size());
    }
    ::mlir::ResultRange getStacked() {
      return getOutputs().drop_front(getInits().size());
    }
  }];
}

#endif // MODC_DIALECT_MODULARNETWORKOPS_TD
