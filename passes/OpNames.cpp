//===- OpNames.cpp - Names of ops for people to read ----------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names are NameLocs around the locations that the parser gave. A location that
// was fused from several has the name of the first that has one.
//
//===----------------------------------------------------------------------===//

#include "passes/OpNames.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace modc;

StringRef modc::opNameOf(Location loc) {
  auto named = loc->findInstanceOf<NameLoc>();
  return named ? named.getName().getValue() : StringRef();
}

Location modc::withOpName(Location loc, StringRef name) {
  while (auto named = dyn_cast<NameLoc>(loc))
    loc = named.getChildLoc();
  if (name.empty())
    return loc;
  return NameLoc::get(StringAttr::get(loc.getContext(), name), loc);
}

std::string modc::joinNames(StringRef name, StringRef part) {
  return (name + (name.empty() || part.empty() ? "" : ".") + part).str();
}

StringRef modc::describeOp(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return linalg::isaContractionOpInterface(generic) ? "product"
           : generic.getNumReductionLoops()           ? "reduce"
                                                      : "elementwise";
  StringRef name = op->getName().stripDialect();
  // The last part: "parallel.loop" would read as two names.
  return name.drop_front(name.rfind('.') + 1);
}

void modc::setOpNames(Operation *op, StringRef name) {
  op->walk([&](Operation *inner) {
    inner->setLoc(withOpName(inner->getLoc(), name));
  });
}

void modc::appendToOpNames(Operation *op, StringRef part) {
  op->walk([&](Operation *inner) {
    StringRef name = opNameOf(inner->getLoc());
    if (name != part && !name.ends_with("." + part.str()))
      inner->setLoc(withOpName(inner->getLoc(), joinNames(name, part)));
  });
}

MadeOps::MadeOps(OpBuilder &builder) : builder(builder) {
  bool first =
      builder.getInsertionPoint() == builder.getInsertionBlock()->begin();
  before = first ? nullptr : &*std::prev(builder.getInsertionPoint());
}

llvm::iterator_range<Block::iterator> MadeOps::get() const {
  return {before ? std::next(before->getIterator())
                 : builder.getInsertionBlock()->begin(),
          builder.getInsertionPoint()};
}
