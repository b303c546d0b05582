//===- ModularNetworkAsm.cpp - Assembly of pools, layers and scans ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Text of the ops inside a network that are no bodies themselves.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularAsm.h"
#include "dialect/ModularOps.h"

using namespace mlir;
using namespace modc;

//===----------------------------------------------------------------------===//
// Parameter
//===----------------------------------------------------------------------===//

void ParameterOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), getName());
}

//===----------------------------------------------------------------------===//
// Pool
//===----------------------------------------------------------------------===//

/// The default name of member i of a pool.
static std::string getDefaultName(StringRef pool, size_t i) {
  return (pool + "." + Twine(i)).str();
}

ParseResult PoolOp::parse(OpAsmParser &parser, OperationState &result) {
  // Ample for any pool, and small enough that a typing error can't fill memory.
  constexpr int64_t maxMembers = 1 << 20;
  Builder &builder = parser.getBuilder();
  StringAttr name;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes))
    return failure();
  SmallVector<Attribute> members;
  auto parseMember = [&]() -> ParseResult {
    FlatSymbolRefAttr module;
    if (parser.parseAttribute(module))
      return failure();
    std::string given;
    if (succeeded(parser.parseOptionalString(&given))) {
      members.push_back(
          MemberAttr::get(builder.getContext(), builder.getStringAttr(given), module));
      return success();
    }
    int64_t count = 1;
    SMLoc loc = parser.getCurrentLocation();
    if (succeeded(parser.parseOptionalKeyword("x")) &&
        parser.parseInteger(count))
      return failure();
    if (count < 1 || count > maxMembers)
      return parser.emitError(loc)
             << "a pool repeats a module between 1 and " << maxMembers
             << " times, got " << count;
    for (int64_t i = 0; i < count; ++i)
      members.push_back(MemberAttr::get(
          builder.getContext(),
          builder.getStringAttr(getDefaultName(name.getValue(), members.size())),
          module));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     parseMember))
    return failure();
  result.addAttribute(getMembersAttrName(result.name),
                      builder.getArrayAttr(members));
  return parser.parseOptionalAttrDictWithKeyword(result.attributes);
}

void PoolOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << " [";
  auto hasDefaultName = [&](unsigned i) {
    return getMember(i).getName() == getDefaultName(getSymName(), i);
  };
  unsigned size = getNumMembers();
  for (unsigned i = 0; i < size;) {
    if (i)
      printer << ", ";
    FlatSymbolRefAttr module = getMember(i).getModule();
    printer << module;
    unsigned begin = i++;
    if (!hasDefaultName(begin)) {
      printer << ' ' << getMember(begin).getName();
      continue;
    }
    while (i < size && getMember(i).getModule() == module && hasDefaultName(i))
      ++i;
    if (i - begin > 1)
      printer << " x " << i - begin;
  }
  printer << ']';
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {"sym_name", "members"});
}

//===----------------------------------------------------------------------===//
// Layer
//===----------------------------------------------------------------------===//

Value LayerOp::getSelection() {
  if (getNumResults() == 0)
    return {};
  Value last = getResult(getNumResults() - 1);
  return isa<SelectionType>(last.getType()) ? last : Value();
}

ResultRange LayerOp::getRowResults() {
  return getSelection() ? getOutputs().drop_back() : getOutputs();
}

/// Parses `name` as a value of an enum, listing the choices if it is none.
template <typename EnumAttrTy, typename EnumTy>
static ParseResult parseEnum(OpAsmParser &parser, OperationState &result,
                             StringAttr attrName, StringRef what,
                             std::optional<EnumTy> (*symbolize)(StringRef),
                             StringRef choices) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<EnumTy> value = symbolize(keyword);
  if (!value)
    return parser.emitError(loc) << "unknown " << what << " '" << keyword
                                 << "', expected " << choices;
  result.addAttribute(attrName,
                      EnumAttrTy::get(parser.getContext(), *value));
  return success();
}

ParseResult LayerOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  FlatSymbolRefAttr pool, controller;
  TypedOperands rows, shared, controls;
  int64_t choose;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseAttribute(pool, getPoolAttrName(result.name),
                            result.attributes) ||
      parser.parseLParen() || parseTypedOperands(parser, rows))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("shared")) &&
      parseTypedOperands(parser, shared))
    return failure();
  if (parser.parseRParen() || parser.parseKeyword("by") ||
      parser.parseAttribute(controller, getControllerAttrName(result.name),
                            result.attributes) ||
      parser.parseLParen() || parseTypedOperands(parser, controls) ||
      parser.parseRParen() || parser.parseKeyword("choose") ||
      parser.parseInteger(choose) || parser.parseKeyword("compose") ||
      parseEnum<ComposeAttr, Compose>(parser, result,
                                      getComposeAttrName(result.name),
                                      "composition", symbolizeCompose,
                                      "sum, concat, mean or gated"))
    return failure();
  result.addAttribute(getChooseAttrName(result.name),
                      builder.getI64IntegerAttr(choose));
  if (succeeded(parser.parseOptionalKeyword("gate"))) {
    if (parseEnum<GateAttr, Gate>(parser, result, getGateAttrName(result.name),
                                  "gate", symbolizeGate,
                                  "hard, fixed or soft"))
      return failure();
    SmallVector<double> gates;
    auto parseGate = [&]() { return parser.parseFloat(gates.emplace_back()); };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::OptionalSquare,
                                       parseGate))
      return failure();
    if (!gates.empty())
      result.addAttribute(getGatesAttrName(result.name),
                          builder.getDenseF64ArrayAttr(gates));
  }
  if (succeeded(parser.parseOptionalKeyword("duplicates")) &&
      parseEnum<DuplicatesAttr, Duplicates>(
          parser, result, getDuplicatesAttrName(result.name),
          "policy for duplicates", symbolizeDuplicates, "each or once"))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("rows"))) {
    int64_t rowsPerPoint;
    if (parser.parseInteger(rowsPerPoint))
      return failure();
    result.addAttribute(getRowsPerPointAttrName(result.name),
                        builder.getI64IntegerAttr(rowsPerPoint));
  }
  if (succeeded(parser.parseOptionalKeyword("name"))) {
    std::string name;
    if (parser.parseString(&name))
      return failure();
    result.addAttribute(getLayerNameAttrName(result.name),
                        builder.getStringAttr(name));
  }
  SmallVector<Type> types;
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseArrow() ||
      parseResultTypes(parser, types))
    return failure();
  result.addTypes(types);
  result.addAttribute(
      getOperandSegmentSizesAttrName(result.name),
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(rows.types.size()),
                                    static_cast<int32_t>(shared.types.size()),
                                    static_cast<int32_t>(controls.types.size())}));
  for (TypedOperands *operands : {&rows, &shared, &controls})
    if (parser.resolveOperands(operands->operands, operands->types, loc,
                               result.operands))
      return failure();
  return success();
}

void LayerOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getPoolAttr() << '(';
  printTypedOperands(printer, getRowOperands());
  if (!getSharedOperands().empty()) {
    printer << " shared ";
    printTypedOperands(printer, getSharedOperands());
  }
  printer << ") by " << getControllerAttr() << '(';
  printTypedOperands(printer, getControllerOperands());
  printer << ") choose " << getChoose() << " compose "
          << stringifyCompose(getCompose());
  if (getGate() != Gate::Hard || !getGates().empty()) {
    printer << " gate " << stringifyGate(getGate());
    if (!getGates().empty()) {
      printer << " [";
      llvm::interleaveComma(getGates(), printer, [&](double gate) {
        printer.printFloat(APFloat(gate));
      });
      printer << ']';
    }
  }
  if (getDuplicates() != Duplicates::Each)
    printer << " duplicates " << stringifyDuplicates(getDuplicates());
  if (getRowsPerPoint() != 1)
    printer << " rows " << getRowsPerPoint();
  if (getLayerName())
    printer << " name " << getLayerNameAttr();
  printer.printOptionalAttrDict(
      (*this)->getAttrs(),
      {"pool", "controller", "choose", "compose", "gate", "gates",
       "duplicates", "rows_per_point", "layer_name", "operandSegmentSizes"});
  printer << " -> ";
  llvm::interleaveComma(getResultTypes(), printer);
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// `(%h = %h0 : type, ...)`: operands with names inside the region.
static ParseResult
parseAssignments(OpAsmParser &parser,
                 SmallVectorImpl<OpAsmParser::Argument> &arguments,
                 TypedOperands &operands) {
  auto parseOne = [&]() -> ParseResult {
    return failure(parser.parseArgument(arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(operands.operands.emplace_back()) ||
                   parser.parseColonType(operands.types.emplace_back()));
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOne);
}

/// The type of one element of a sequence: without dimension 1.
static Type getElementOf(Type sequence) {
  auto type = dyn_cast<RankedTensorType>(sequence);
  if (!type || type.getRank() < 2)
    return {};
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + 1);
  return RankedTensorType::get(shape, type.getElementType());
}

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  SmallVector<OpAsmParser::Argument> arguments(1);
  SmallVector<OpAsmParser::Argument> elements;
  TypedOperands inits, sequences;
  SMLoc loc = parser.getCurrentLocation();
  arguments[0].type = builder.getIndexType();
  if (parser.parseKeyword("step") || parser.parseLParen() ||
      parser.parseArgument(arguments[0]) || parser.parseRParen())
    return failure();
  if (succeeded(parser.parseOptionalKeyword("carry")) &&
      parseAssignments(parser, arguments, inits))
    return failure();
  if (parser.parseKeyword("over") ||
      parseAssignments(parser, elements, sequences))
    return failure();
  for (auto [argument, type] :
       llvm::zip(MutableArrayRef(arguments).drop_front(), inits.types))
    argument.type = type;
  for (auto [argument, type] : llvm::zip(elements, sequences.types)) {
    argument.type = getElementOf(type);
    if (!argument.type)
      return parser.emitError(loc)
             << "expected sequences of rank 2 or more, got " << type;
  }
  arguments.append(elements);
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    result.addAttribute(getReverseAttrName(result.name), builder.getUnitAttr());
  SmallVector<Type> types;
  if (succeeded(parser.parseOptionalArrow()) &&
      parseResultTypes(parser, types))
    return failure();
  result.addTypes(types);
  result.addAttribute(
      getOperandSegmentSizesAttrName(result.name),
      builder.getDenseI32ArrayAttr(
          {static_cast<int32_t>(inits.types.size()),
           static_cast<int32_t>(sequences.types.size())}));
  if (parser.resolveOperands(inits.operands, inits.types, loc,
                             result.operands) ||
      parser.resolveOperands(sequences.operands, sequences.types, loc,
                             result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  return parser.parseRegion(*result.addRegion(), arguments);
}

void ScanOp::print(OpAsmPrinter &printer) {
  printer << " step(" << getStep() << ')';
  auto printAssignments = [&](StringRef keyword, auto arguments,
                              ValueRange operands) {
    printer << ' ' << keyword << '(';
    llvm::interleaveComma(llvm::zip(arguments, operands), printer,
                          [&](auto pair) {
                            printer << std::get<0>(pair) << " = "
                                    << std::get<1>(pair) << " : "
                                    << std::get<1>(pair).getType();
                          });
    printer << ')';
  };
  if (!getInits().empty())
    printAssignments("carry", getCarried(), getInits());
  printAssignments("over", getElements(), getSequences());
  if (getReverse())
    printer << " reverse";
  if (getNumResults()) {
    printer << " -> ";
    llvm::interleaveComma(getResultTypes(), printer);
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {"reverse", "operandSegmentSizes"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

void ScanOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  if (!region.empty() && region.getNumArguments())
    setName(region.getArgument(0), "t");
}
