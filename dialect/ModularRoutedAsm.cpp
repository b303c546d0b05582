//===- ModularRoutedAsm.cpp - Assembly of grouped ops ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Text and accessors of modular.grouped.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularAsm.h"
#include "dialect/ModularOps.h"
#include <numeric>

using namespace mlir;
using namespace modc;

static int64_t sumBefore(ArrayRef<int64_t> counts, unsigned c) {
  return std::accumulate(counts.begin(), counts.begin() + c, int64_t(0));
}

OperandRange GroupedOp::getClassParameters(unsigned c) {
  ArrayRef<int64_t> counts = getParameterCounts();
  return getParameters().slice(sumBefore(counts, c), counts[c]);
}

ResultRange GroupedOp::getRowResults() {
  ArrayRef<int64_t> counts = getGradientCounts();
  return getOutputs().drop_back(getNumPointResults() +
                                sumBefore(counts, counts.size()));
}

ResultRange GroupedOp::getPointResults() {
  return getOutputs().slice(getRowResults().size(), getNumPointResults());
}

ResultRange GroupedOp::getClassGradients(unsigned c) {
  ArrayRef<int64_t> counts = getGradientCounts();
  return getOutputs().slice(getRowResults().size() + getNumPointResults() +
                                sumBefore(counts, c),
                            counts[c]);
}

ParseResult GroupedOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  OpAsmParser::UnresolvedOperand plan;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOperand(plan))
    return failure();
  TypedOperands operands[5]; // gather, along, points, shared, parameters
  int64_t rowsPerPoint = 1;
  // Not a list in the loop's head: an ArrayRef does not keep it alive.
  static constexpr StringLiteral keywords[] = {"gather", "along", "points",
                                               "shared"};
  for (auto [keyword, list] : llvm::zip(keywords, operands)) {
    if (failed(parser.parseOptionalKeyword(keyword)))
      continue;
    if (parser.parseLParen() || parseTypedOperands(parser, list))
      return failure();
    if (keyword == "points" && (parser.parseKeyword("rows") ||
                                parser.parseInteger(rowsPerPoint)))
      return failure();
    if (parser.parseRParen())
      return failure();
  }
  TypedOperands &parameters = operands[4];
  SmallVector<Attribute> classes;
  SmallVector<int64_t> parameterCounts;
  while (succeeded(parser.parseOptionalKeyword("class"))) {
    SmallVector<int64_t> members;
    auto parseMember = [&]() {
      return parser.parseInteger(members.emplace_back());
    };
    size_t before = parameters.types.size();
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                       parseMember))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("parameters")) &&
        (parser.parseLParen() || parseTypedOperands(parser, parameters) ||
         parser.parseRParen()))
      return failure();
    classes.push_back(builder.getDenseI64ArrayAttr(members));
    parameterCounts.push_back(parameters.types.size() - before);
    if (parser.parseRegion(*result.addRegion()))
      return failure();
  }
  Type planType;
  SmallVector<Type> types;
  SmallVector<int64_t> gradientCounts;
  auto parseType = [&]() { return parser.parseType(types.emplace_back()); };
  if (parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(planType) || parser.parseArrow() ||
      parser.parseKeyword("rows") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseType))
    return failure();
  size_t numRows = types.size();
  if (succeeded(parser.parseOptionalKeyword("points")) &&
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseType))
    return failure();
  size_t numPoints = types.size() - numRows;
  for (size_t c = 0; c < classes.size(); ++c) {
    size_t before = types.size();
    if (succeeded(parser.parseOptionalKeyword("gradients")) &&
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseType))
      return failure();
    gradientCounts.push_back(types.size() - before);
  }
  result.addTypes(types);
  result.addAttribute(getClassesAttrName(result.name),
                      builder.getArrayAttr(classes));
  result.addAttribute(getParameterCountsAttrName(result.name),
                      builder.getDenseI64ArrayAttr(parameterCounts));
  result.addAttribute(getGradientCountsAttrName(result.name),
                      builder.getDenseI64ArrayAttr(gradientCounts));
  if (rowsPerPoint != 1)
    result.addAttribute(getRowsPerPointAttrName(result.name),
                        builder.getI64IntegerAttr(rowsPerPoint));
  if (numPoints)
    result.addAttribute(getNumPointResultsAttrName(result.name),
                        builder.getI64IntegerAttr(numPoints));
  SmallVector<int32_t> segments = {1};
  if (parser.resolveOperand(plan, planType, result.operands))
    return failure();
  for (TypedOperands &list : operands) {
    segments.push_back(list.types.size());
    if (parser.resolveOperands(list.operands, list.types, loc,
                               result.operands))
      return failure();
  }
  result.addAttribute(getOperandSegmentSizesAttrName(result.name),
                      builder.getDenseI32ArrayAttr(segments));
  return success();
}

void GroupedOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getPlan();
  auto printList = [&](StringRef keyword, ValueRange operands) {
    if (operands.empty())
      return;
    printer << ' ' << keyword << '(';
    printTypedOperands(printer, operands);
    printer << ')';
  };
  printList("gather", getGathered());
  printList("along", getAlong());
  if (isByPoint() || getRowsPerPoint() != 1) {
    printer << " points(";
    printTypedOperands(printer, getPoints());
    printer << (getPoints().empty() ? "rows " : " rows ") << getRowsPerPoint()
            << ')';
  }
  printList("shared", getShared());
  for (unsigned c = 0, e = getNumClasses(); c < e; ++c) {
    printer.printNewline();
    printer << "  class [";
    llvm::interleaveComma(getClassMembers(c), printer);
    printer << ']';
    printList("parameters", getClassParameters(c));
    printer << ' ';
    printer.printRegion(getBodies()[c]);
  }
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {"classes", "parameter_counts",
                                 "gradient_counts", "rows_per_point",
                                 "num_point_results", "operandSegmentSizes"});
  printer << " : " << getPlan().getType() << " -> rows(";
  llvm::interleaveComma(getRowResults().getTypes(), printer);
  printer << ')';
  if (getNumPointResults()) {
    printer << " points(";
    llvm::interleaveComma(getPointResults().getTypes(), printer);
    printer << ')';
  }
  for (unsigned c = 0, e = getNumClasses(); c < e; ++c) {
    printer << " gradients(";
    llvm::interleaveComma(getClassGradients(c).getTypes(), printer);
    printer << ')';
  }
}

//===----------------------------------------------------------------------===//
// Pullback
//===----------------------------------------------------------------------===//

ParseResult PullbackOp::parse(OpAsmParser &parser, OperationState &result) {
  TypedOperands lists[3];
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int32_t> segments;
  static constexpr StringLiteral keywords[] = {"", "along", "to"};
  for (auto [keyword, list] : llvm::zip(keywords, lists)) {
    if ((!keyword.empty() && parser.parseKeyword(keyword)) ||
        parser.parseLParen() || parseTypedOperands(parser, list) ||
        parser.parseRParen() ||
        parser.resolveOperands(list.operands, list.types, loc,
                               result.operands))
      return failure();
    segments.push_back(list.types.size());
  }
  result.addTypes(lists[2].types);
  result.addAttribute(getOperandSegmentSizesAttrName(result.name),
                      parser.getBuilder().getDenseI32ArrayAttr(segments));
  return parser.parseOptionalAttrDict(result.attributes);
}

void PullbackOp::print(OpAsmPrinter &printer) {
  printer << " (";
  printTypedOperands(printer, getValues());
  printer << ") along (";
  printTypedOperands(printer, getCotangents());
  printer << ") to (";
  printTypedOperands(printer, getInputs());
  printer << ')';
  printer.printOptionalAttrDict((*this)->getAttrs(), {"operandSegmentSizes"});
}
