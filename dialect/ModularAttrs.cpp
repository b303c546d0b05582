//===- ModularAttrs.cpp - Attributes of the modular dialect ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registration, and the text and constraints of initialisers.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModularAttrs.h"
#include "dialect/ModularAsm.h"
#include "dialect/ModularDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace modc;

#include "dialect/ModularAttrInterfaces.cpp.inc"
#include "dialect/ModularEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/ModularAttrs.cpp.inc"

void ModularDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/ModularAttrs.cpp.inc"
      >();
}

/// Numbers that an initialiser takes.
static unsigned numValues(InitKind kind) {
  switch (kind) {
  case InitKind::Constant:
    return 1;
  case InitKind::Uniform:
  case InitKind::Normal:
    return 2;
  default:
    return 0;
  }
}

LogicalResult
InitAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                 InitKind kind, DenseF64ArrayAttr numbers) {
  ArrayRef<double> values = numbers.asArrayRef();
  if (values.size() != numValues(kind))
    return emitError() << "initialiser '" << stringifyInitKind(kind)
                       << "' takes " << numValues(kind) << " values, got "
                       << values.size();
  for (double value : values)
    if (!std::isfinite(value))
      return emitError() << "initialiser '" << stringifyInitKind(kind)
                         << "' needs finite values";
  if (kind == InitKind::Normal && values[1] < 0)
    return emitError() << "initialiser 'normal' needs a standard deviation of "
                          "at least 0, got "
                       << values[1];
  if (kind == InitKind::Uniform && values[0] > values[1])
    return emitError() << "initialiser 'uniform' needs ascending bounds, got "
                       << values[0] << " and " << values[1];
  return success();
}

ParseResult modc::parseInit(AsmParser &parser, InitAttr &init) {
  StringRef keyword;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<InitKind> kind = symbolizeInitKind(keyword);
  if (!kind)
    return parser.emitError(loc)
           << "unknown initialiser '" << keyword
           << "', expected zeros, constant, uniform, normal, glorot_uniform, "
              "glorot_normal, he_uniform or he_normal";
  SmallVector<double> values;
  if (succeeded(parser.parseOptionalLParen())) {
    auto parseValue = [&]() { return parser.parseFloat(values.emplace_back()); };
    if (parser.parseCommaSeparatedList(parseValue) || parser.parseRParen())
      return failure();
  }
  init = InitAttr::getChecked(
      [&]() { return parser.emitError(loc); }, parser.getContext(), *kind,
      parser.getBuilder().getDenseF64ArrayAttr(values));
  return success(static_cast<bool>(init));
}

void modc::printInit(AsmPrinter &printer, InitAttr init) {
  printer << stringifyInitKind(init.getKind());
  if (init.getValues().empty())
    return;
  printer << '(';
  llvm::interleaveComma(init.getValues().asArrayRef(), printer,
                        [&](double value) { printer.printFloat(APFloat(value)); });
  printer << ')';
}

Attribute InitAttr::parse(AsmParser &parser, Type) {
  InitAttr init;
  if (parser.parseLess() || parseInit(parser, init) || parser.parseGreater())
    return {};
  return init;
}

void InitAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printInit(printer, *this);
  printer << '>';
}
