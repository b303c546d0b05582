//===- ModularAttrs.td - Attributes of the modular dialect -*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARATTRS_TD
#define MODC_DIALECT_MODULARATTRS_TD

include "dialect/ModularDialect.td"
include "dialect/ModularInterfaces.td"

class Modular_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Modular_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

class Modular_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::modc";
  let genSpecializedAttr = 0;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

def Modular_ComposeEnum : Modular_Enum<"Compose",
    "how the results of the K chosen modules become one", [
      I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Concat", 1, "concat">,
      I32EnumAttrCase<"Mean", 2, "mean">, I32EnumAttrCase<"Gated", 3, "gated">
    ]>;
def Modular_ComposeAttr : EnumAttr<Modular_Dialect, Modular_ComposeEnum, "compose">;

def Modular_DuplicatesEnum : Modular_Enum<"Duplicates",
    "what a module that a row picks twice counts", [
      I32EnumAttrCase<"Each", 0, "each">, I32EnumAttrCase<"Once", 1, "once">
    ]>;
def Modular_DuplicatesAttr
    : EnumAttr<Modular_Dialect, Modular_DuplicatesEnum, "duplicates">;

def Modular_GateEnum : Modular_Enum<"Gate",
    "where the weights of a gated sum come from", [
      I32EnumAttrCase<"Hard", 0, "hard">, I32EnumAttrCase<"Fixed", 1, "fixed">,
      I32EnumAttrCase<"Soft", 2, "soft">
    ]>;
def Modular_GateAttr : EnumAttr<Modular_Dialect, Modular_GateEnum, "gate">;

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

def Modular_Member : Modular_Attr<"Member", "member"> {
  let summary = "a member of a pool: its name and its module";
  let description = [{
    The name is stable: it names the member's parameters in weights files
    (`experts.0.weight`) and survives edits of the pool.
  }];
  let parameters = (ins "::mlir::StringAttr":$name,
                        "::mlir::FlatSymbolRefAttr":$module);
  let assemblyFormat = "`<` $name `,` $module `>`";
}

//===----------------------------------------------------------------------===//
// Initialisers
//===----------------------------------------------------------------------===//

def Modular_InitEnum : Modular_Enum<"InitKind", "how a parameter starts", [
      I32EnumAttrCase<"Zeros", 0, "zeros">,
      I32EnumAttrCase<"Constant", 1, "constant">,
      I32EnumAttrCase<"Uniform", 2, "uniform">,
      I32EnumAttrCase<"Normal", 3, "normal">,
      I32EnumAttrCase<"GlorotUniform", 4, "glorot_uniform">,
      I32EnumAttrCase<"GlorotNormal", 5, "glorot_normal">,
      I32EnumAttrCase<"HeUniform", 6, "he_uniform">,
      I32EnumAttrCase<"HeNormal", 7, "he_normal">
    ]>;

def Modular_Init : Modular_Attr<"Init", "init"> {
  let summary = "the initial distribution of a parameter";
  let description = [{
    | kind | values |
    |---|---|
    | `zeros` | 0 |
    | `constant(c)` | c |
    | `uniform(a, b)` | uniform in [a, b) |
    | `normal(m, s)` | normal with mean m and standard deviation s |
    | `glorot_uniform` | uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010) |
    | `glorot_normal` | normal, variance 2 / (fan_in + fan_out) |
    | `he_uniform` | uniform in ±√(6 / fan_in) (He et al. 2015) |
    | `he_normal` | normal, variance 2 / fan_in |

    For a tensor of shape [a, b] fan_in is a and fan_out is b; for rank 1 both
    are its size; for rank r > 2 the last two dimensions are a and b and each
    is multiplied by the product of the leading ones.
  }];
  let parameters = (ins EnumParameter<Modular_InitEnum>:$kind,
                        "::mlir::DenseF64ArrayAttr":$values);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Distributions of choices
//===----------------------------------------------------------------------===//

def Modular_Softmax : Modular_Attr<"Softmax", "softmax", [
    DeclareAttrInterfaceMethods<Modular_RoutingDistribution>]> {
  let summary = "a product of K softmaxes, one for each pick";
  let description = [{
    p(a|x) = Π_k softmax(scores[k])[a_k]: ordered, with replacement, M^K
    outcomes (Kirsch, Kunze, Barber 2018).
  }];
  let assemblyFormat = "";
}

def Modular_Fixed : Modular_Attr<"Fixed", "fixed", [
    DeclareAttrInterfaceMethods<Modular_RoutingDistribution>]> {
  let summary = "the picks with the largest scores, always";
  let description = [{
    A point mass on the mode of the scores: nothing is drawn, log p(a|x) is 0
    and the scores get no gradient but through soft gates. A selection that is
    given from outside is not read. With scores from data or from a frozen
    controller this is routing by data, or fixed random routing.
  }];
  let assemblyFormat = "";
}

//===----------------------------------------------------------------------===//
// Objectives and update rules
//===----------------------------------------------------------------------===//

def Modular_ObjectiveEnum : Modular_Enum<"ObjectiveKind",
    "log p(y|x, a) of a point", [
      I32EnumAttrCase<"Custom", 0, "custom">,
      I32EnumAttrCase<"Gaussian", 1, "gaussian">,
      I32EnumAttrCase<"Categorical", 2, "categorical">,
      I32EnumAttrCase<"Bernoulli", 3, "bernoulli">,
      I32EnumAttrCase<"Laplace", 4, "laplace">
    ]>;
def Modular_ObjectiveAttr
    : EnumAttr<Modular_Dialect, Modular_ObjectiveEnum, "objective_kind">;

def Modular_OptimizerEnum : Modular_Enum<"OptimizerKind",
    "how a parameter follows its gradient", [
      I32EnumAttrCase<"Custom", 0, "custom">, I32EnumAttrCase<"Sgd", 1, "sgd">,
      I32EnumAttrCase<"Momentum", 2, "momentum">,
      I32EnumAttrCase<"RmsProp", 3, "rmsprop">,
      I32EnumAttrCase<"Adam", 4, "adam">
    ]>;
def Modular_OptimizerAttr
    : EnumAttr<Modular_Dialect, Modular_OptimizerEnum, "optimizer_kind">;

#endif // MODC_DIALECT_MODULARATTRS_TD
