//===- ModularAsm.cpp - Pieces of the dialect's assembly ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parsers and printers that several ops share.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularAsm.h"

using namespace mlir;
using namespace modc;

FunctionType BodySignature::getType(Builder &builder) const {
  SmallVector<Type> inputs;
  for (const OpAsmParser::Argument &argument : arguments)
    inputs.push_back(argument.type);
  return builder.getFunctionType(inputs, results);
}

ArrayAttr BodySignature::getNames(Builder &builder) const {
  SmallVector<StringRef> names;
  for (const OpAsmParser::Argument &argument : arguments)
    names.push_back(argument.ssaName.name.drop_front());
  return builder.getStrArrayAttr(names);
}

ParseResult modc::parseBodySignature(OpAsmParser &parser,
                                     BodySignature &signature,
                                     bool allowShared) {
  auto parseArgument = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    bool isShared =
        allowShared && succeeded(parser.parseOptionalKeyword("shared"));
    if (!isShared && signature.shared)
      return parser.emitError(loc,
                              "shared inputs must come after all row inputs");
    signature.shared += isShared;
    return parser.parseArgument(signature.arguments.emplace_back(),
                                /*allowType=*/true);
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                     parseArgument))
    return failure();
  if (succeeded(parser.parseOptionalArrow()))
    return parseResultTypes(parser, signature.results);
  return success();
}

void modc::printBodySignature(OpAsmPrinter &printer, Block &block,
                              TypeRange results, int64_t shared) {
  printer << '(';
  int64_t firstShared = block.getNumArguments() - shared;
  llvm::interleaveComma(block.getArguments(), printer, [&](BlockArgument arg) {
    if (arg.getArgNumber() >= firstShared)
      printer << "shared ";
    printer.printRegionArgument(arg);
  });
  printer << ')';
  if (results.empty())
    return;
  printer << " -> ";
  if (results.size() > 1)
    printer << '(';
  llvm::interleaveComma(results, printer);
  if (results.size() > 1)
    printer << ')';
}

void modc::nameBlockArguments(Region &region, ArrayAttr names,
                              OpAsmSetValueNameFn setName) {
  if (region.empty())
    return;
  for (auto [argument, name] : llvm::zip(region.getArguments(), names))
    if (auto text = dyn_cast<StringAttr>(name))
      setName(argument, text.getValue());
}

ParseResult modc::parseResultTypes(OpAsmParser &parser,
                                   SmallVectorImpl<Type> &types) {
  auto parseType = [&]() { return parser.parseType(types.emplace_back()); };
  return succeeded(parser.parseOptionalLParen())
             ? failure(parser.parseCommaSeparatedList(parseType) ||
                       parser.parseRParen())
             : parser.parseCommaSeparatedList(parseType);
}

ParseResult modc::parseTypedOperands(OpAsmParser &parser,
                                     TypedOperands &operands) {
  OpAsmParser::UnresolvedOperand operand;
  OptionalParseResult first = parser.parseOptionalOperand(operand);
  if (!first.has_value())
    return success();
  if (failed(*first))
    return failure();
  operands.operands.push_back(operand);
  if (parser.parseColonType(operands.types.emplace_back()))
    return failure();
  while (succeeded(parser.parseOptionalComma()))
    if (parser.parseOperand(operands.operands.emplace_back()) ||
        parser.parseColonType(operands.types.emplace_back()))
      return failure();
  return success();
}

void modc::printTypedOperands(OpAsmPrinter &printer, ValueRange operands) {
  llvm::interleaveComma(operands, printer, [&](Value operand) {
    printer << operand << " : " << operand.getType();
  });
}
