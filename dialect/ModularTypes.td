//===- ModularTypes.td - Types of the modular dialect ------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULARTYPES_TD
#define MODC_DIALECT_MODULARTYPES_TD

include "dialect/ModularDialect.td"

class Modular_Type<string name, string typeMnemonic>
    : TypeDef<Modular_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Modular_Selection : Modular_Type<"Selection", "selection"> {
  let summary = "for each row, K picks out of M members";
  let description = [{
    `!modular.selection<K of M>`: one integer in [0, M) for each row and pick.
    A choice carries no gradient; that it is no tensor of floats says so. As a
    tensor it is `tensor<?xKxi32>` (`modular.to_selection`,
    `modular.from_selection`).
  }];
  let parameters = (ins "int64_t":$choose, "int64_t":$members);
  let assemblyFormat = "`<` $choose `of` $members `>`";
  let genVerifyDecl = 1;
}

def Modular_Plan : Modular_Type<"Plan", "plan"> {
  let summary = "a selection sorted by member";
  let description = [{
    `!modular.plan<K of M>`: the routed rows of a selection in *grouped order*:
    ascending member, and within a member ascending row. It knows each
    member's first position, the row behind each position, and the position
    of each (row, pick).
  }];
  let parameters = (ins "int64_t":$choose, "int64_t":$members);
  let assemblyFormat = "`<` $choose `of` $members `>`";
  let genVerifyDecl = 1;
}

#endif // MODC_DIALECT_MODULARTYPES_TD
