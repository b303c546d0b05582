//===- ModularBodyAsm.cpp - Assembly of ops with a body -------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Text of modules, controllers, graphs, objectives and optimizers: named
// inputs, result types and a region.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularAsm.h"
#include "dialect/ModularOps.h"

using namespace mlir;
using namespace modc;

/// Parses `keyword? {attrs} region` after the signature.
static ParseResult parseBody(OpAsmParser &parser, OperationState &result,
                             const BodySignature &signature) {
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  return parser.parseRegion(*result.addRegion(), signature.arguments,
                            /*enableNameShadowing=*/true);
}

static void printBody(OpAsmPrinter &printer, Operation *op, Region &region,
                      ArrayRef<StringRef> elided) {
  printer.printOptionalAttrDictWithKeyword(op->getAttrs(), elided);
  printer << ' ';
  printer.printRegion(region, /*printEntryBlockArgs=*/false);
}

template <typename OpTy>
static void addSignature(OpAsmParser &parser, OperationState &result,
                         const BodySignature &signature) {
  Builder &builder = parser.getBuilder();
  result.addAttribute(OpTy::getFunctionTypeAttrName(result.name),
                      TypeAttr::get(signature.getType(builder)));
  result.addAttribute(OpTy::getArgNamesAttrName(result.name),
                      signature.getNames(builder));
}

//===----------------------------------------------------------------------===//
// Module
//===----------------------------------------------------------------------===//

ParseResult ModuleTemplateOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  BodySignature signature;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes) ||
      parseBodySignature(parser, signature, /*allowShared=*/true))
    return failure();
  addSignature<ModuleTemplateOp>(parser, result, signature);
  if (signature.shared)
    result.addAttribute(getSharedAttrName(result.name),
                        parser.getBuilder().getI64IntegerAttr(signature.shared));
  return parseBody(parser, result, signature);
}

void ModuleTemplateOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printBodySignature(printer, getBody().front(),
                     getFunctionType().getResults(), getShared());
  printBody(printer, *this, getBody(),
            {"sym_name", "function_type", "arg_names", "shared"});
}

void ModuleTemplateOp::getAsmBlockArgumentNames(Region &region,
                                        OpAsmSetValueNameFn setName) {
  nameBlockArguments(region, getArgNames(), setName);
}

//===----------------------------------------------------------------------===//
// Controller
//===----------------------------------------------------------------------===//

ParseResult ControllerOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  BodySignature signature;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes) ||
      parseBodySignature(parser, signature, /*allowShared=*/false))
    return failure();
  addSignature<ControllerOp>(parser, result, signature);
  if (succeeded(parser.parseOptionalKeyword("distribution"))) {
    Attribute distribution;
    if (parser.parseLParen() || parser.parseAttribute(distribution) ||
        parser.parseRParen())
      return failure();
    result.addAttribute(getDistributionAttrName(result.name), distribution);
  }
  return parseBody(parser, result, signature);
}

void ControllerOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printBodySignature(printer, getBody().front(),
                     getFunctionType().getResults(), /*shared=*/0);
  if (!isa<SoftmaxAttr>(getDistribution()))
    printer << " distribution(" << getDistribution() << ')';
  printBody(printer, *this, getBody(),
            {"sym_name", "function_type", "arg_names", "distribution"});
}

void ControllerOp::getAsmBlockArgumentNames(Region &region,
                                            OpAsmSetValueNameFn setName) {
  nameBlockArguments(region, getArgNames(), setName);
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) {
  BodySignature signature;
  if (parseBodySignature(parser, signature, /*allowShared=*/false))
    return failure();
  addSignature<GraphOp>(parser, result, signature);
  return parseBody(parser, result, signature);
}

void GraphOp::print(OpAsmPrinter &printer) {
  printBodySignature(printer, getBody().front(),
                     getFunctionType().getResults(), /*shared=*/0);
  printBody(printer, *this, getBody(), {"function_type", "arg_names"});
}

void GraphOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setName) {
  nameBlockArguments(region, getArgNames(), setName);
}

//===----------------------------------------------------------------------===//
// Objective
//===----------------------------------------------------------------------===//

/// The name of a shorthand's scale, empty where it has none.
static StringRef getScaleName(ObjectiveKind kind) {
  switch (kind) {
  case ObjectiveKind::Gaussian:
    return "sigma";
  case ObjectiveKind::Laplace:
    return "scale";
  default:
    return "";
  }
}

ParseResult ObjectiveOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  ObjectiveKind kind = ObjectiveKind::Custom;
  if (succeeded(parser.parseOptionalKeyword(&keyword))) {
    std::optional<ObjectiveKind> known = symbolizeObjectiveKind(keyword);
    if (!known || *known == ObjectiveKind::Custom)
      return parser.emitError(loc)
             << "unknown objective '" << keyword
             << "', expected gaussian, categorical, bernoulli, laplace or a region";
    kind = *known;
  }
  result.addAttribute(getKindAttrName(result.name),
                      ObjectiveKindAttr::get(builder.getContext(), kind));
  if (kind == ObjectiveKind::Custom) {
    BodySignature signature;
    if (parseBodySignature(parser, signature, /*allowShared=*/false))
      return failure();
    addSignature<ObjectiveOp>(parser, result, signature);
    return parseBody(parser, result, signature);
  }
  result.addRegion();
  StringRef scaleName = getScaleName(kind);
  SMLoc scaleLoc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalLParen())) {
    if (scaleName.empty())
      return parser.emitError(scaleLoc)
             << "objective '" << keyword << "' has no settings";
    double scale;
    if (parser.parseKeyword(scaleName) || parser.parseEqual() ||
        parser.parseFloat(scale) || parser.parseRParen())
      return failure();
    result.addAttribute(getScaleAttrName(result.name),
                        builder.getF64FloatAttr(scale));
  }
  return parser.parseOptionalAttrDictWithKeyword(result.attributes);
}

void ObjectiveOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> elided = {"kind", "scale", "function_type",
                                   "arg_names"};
  if (getKind() == ObjectiveKind::Custom) {
    printBodySignature(printer, getBody().front(),
                       getFunctionType()->getResults(), /*shared=*/0);
    printBody(printer, *this, getBody(), elided);
    return;
  }
  printer << ' ' << stringifyObjectiveKind(getKind());
  StringRef scaleName = getScaleName(getKind());
  if (!scaleName.empty()) {
    printer << '(' << scaleName << " = ";
    printer.printFloat(getScale());
    printer << ')';
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), elided);
}

void ObjectiveOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setName) {
  nameBlockArguments(region, getArgNames(), setName);
}

//===----------------------------------------------------------------------===//
// Optimizer
//===----------------------------------------------------------------------===//

ParseResult OptimizerOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  OptimizerKind kind = OptimizerKind::Custom;
  if (succeeded(parser.parseOptionalKeyword(&keyword))) {
    std::optional<OptimizerKind> known = symbolizeOptimizerKind(keyword);
    if (!known || *known == OptimizerKind::Custom)
      return parser.emitError(loc)
             << "unknown optimizer '" << keyword
             << "', expected sgd, momentum, rmsprop, adam or a region";
    kind = *known;
  }
  result.addAttribute(getKindAttrName(result.name),
                      OptimizerKindAttr::get(builder.getContext(), kind));
  auto parseDense = [&]() {
    if (succeeded(parser.parseOptionalKeyword("dense")))
      result.addAttribute(getDenseAttrName(result.name), builder.getUnitAttr());
  };
  if (kind == OptimizerKind::Custom) {
    BodySignature signature;
    if (parseBodySignature(parser, signature, /*allowShared=*/false))
      return failure();
    result.addAttribute(getArgNamesAttrName(result.name),
                        signature.getNames(builder));
    parseDense();
    return parseBody(parser, result, signature);
  }
  result.addRegion();
  SmallVector<NamedAttribute> settings;
  auto parseSetting = [&]() -> ParseResult {
    StringRef name;
    double value;
    SMLoc settingLoc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual() ||
        parser.parseFloat(value))
      return failure();
    if (llvm::any_of(settings, [&](auto &s) { return s.getName() == name; }))
      return parser.emitError(settingLoc)
             << "setting '" << name << "' is given twice";
    settings.push_back(
        builder.getNamedAttr(name, builder.getF64FloatAttr(value)));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::OptionalParen,
                                     parseSetting))
    return failure();
  if (!settings.empty())
    result.addAttribute(getSettingsAttrName(result.name),
                        builder.getDictionaryAttr(settings));
  parseDense();
  return parser.parseOptionalAttrDictWithKeyword(result.attributes);
}

void OptimizerOp::print(OpAsmPrinter &printer) {
  SmallVector<StringRef> elided = {"kind", "settings", "dense", "arg_names"};
  if (getKind() == OptimizerKind::Custom) {
    printBodySignature(printer, getBody().front(), {}, /*shared=*/0);
    if (getDense())
      printer << " dense";
    printBody(printer, *this, getBody(), elided);
    return;
  }
  printer << ' ' << stringifyOptimizerKind(getKind());
  if (!getSettings().empty()) {
    printer << '(';
    llvm::interleaveComma(getSettings(), printer, [&](NamedAttribute setting) {
      printer << setting.getName().getValue() << " = ";
      if (auto value = dyn_cast<FloatAttr>(setting.getValue()))
        printer.printFloat(value.getValue());
      else
        printer << setting.getValue();
    });
    printer << ')';
  }
  if (getDense())
    printer << " dense";
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), elided);
}

void OptimizerOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setName) {
  nameBlockArguments(region, getArgNames(), setName);
}

unsigned OptimizerOp::getNumStates() {
  switch (getKind()) {
  case OptimizerKind::Sgd:
    return 0;
  case OptimizerKind::Momentum:
  case OptimizerKind::RmsProp:
    return 1;
  case OptimizerKind::Adam:
    return 2;
  case OptimizerKind::Custom:
    return getBody().getNumArguments() - 4;
  }
  llvm_unreachable("unknown optimizer");
}

double OptimizerOp::getSetting(StringRef name) {
  if (auto value = getSettings().getAs<FloatAttr>(name))
    return value.getValueAsDouble();
  if (name == "epsilon")
    return 1e-8;
  if (name == "beta2")
    return 0.999;
  // momentum, decay, beta1
  return 0.9;
}
