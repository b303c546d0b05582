//===- ProgramBuilder.cpp - Builds one program's function -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arguments are made as they are asked for; roles, names and offsets go into
// their attributes.
//
//===----------------------------------------------------------------------===//

#include "passes/training/ProgramBuilder.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

using namespace mlir;
using namespace modc;

static std::string getTypeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

void modc::describeType(RankedTensorType type, StringRef rows,
                        llvm::json::Object &object) {
  object["type"] = getTypeName(type.getElementType());
  llvm::json::Array shape;
  for (int64_t size : type.getShape())
    shape.push_back(ShapedType::isDynamic(size) ? llvm::json::Value(rows.str())
                                                : llvm::json::Value(size));
  object["shape"] = std::move(shape);
}

ProgramBuilder::ProgramBuilder(ModuleOp module, Location loc, StringRef name,
                               const Layout &layout, FloatType element)
    : loc(loc), layout(layout), element(element), b(module.getContext()) {
  b.setInsertionPointToEnd(module.getBody());
  func = func::FuncOp::create(b, loc, name, b.getFunctionType({}, {}));
  b.setInsertionPointToEnd(func.addEntryBlock());
}

Value ProgramBuilder::addArgument(Type type, StringRef role, StringRef name) {
  NamedAttrList list;
  list.set("modular.role", b.getStringAttr(role));
  list.set("modular.name", b.getStringAttr(name));
  if (isa<TensorType>(type))
    list.set("bufferization.writable", b.getBoolAttr(false));
  attributes.push_back(list);
  return func.getBody().front().addArgument(type, loc);
}

void ProgramBuilder::setAttr(Value argument, StringRef name, Attribute value) {
  attributes[cast<BlockArgument>(argument).getArgNumber()].set(name, value);
}

Value ProgramBuilder::getArena(StringRef role, const std::string &name,
                               Type type, int64_t offset) {
  Value &argument = arenas[{role.str(), name}];
  if (!argument) {
    argument = addArgument(type, role, name);
    setAttr(argument, "modular.offset", b.getI64IntegerAttr(offset));
  }
  return argument;
}

Value ProgramBuilder::getParameter(unsigned stack) {
  const ParameterStack &s = layout.stacks[stack];
  Value argument =
      getArena("parameter", s.names[0], s.getStackType(), s.offset);
  // What messages point at: the parameter, not the network.
  argument.setLoc(s.loc);
  return argument;
}

Value ProgramBuilder::getGradient(unsigned stack) {
  const ParameterStack &s = layout.stacks[stack];
  return getArena("gradient", s.names[0], s.getStackType(), s.offset);
}

Value ProgramBuilder::getState(unsigned stack, unsigned slot) {
  const ParameterStack &s = layout.stacks[stack];
  return getArena("state", s.names[0] + "." + std::to_string(slot),
                  s.getStackType(), s.stateOffsets[slot]);
}

Value ProgramBuilder::getSteps() {
  auto type = RankedTensorType::get(
      {static_cast<int64_t>(layout.groups.size())}, b.getI64Type());
  return getArena("state", "steps", type, layout.stepsOffset);
}

Value ProgramBuilder::addInput(StringRef name, Type type, StringRef rows) {
  Value argument = addArgument(type, "input", name);
  llvm::json::Object buffer{{"name", name.str()}, {"output", false}};
  describeType(cast<RankedTensorType>(type), rows, buffer);
  buffers.push_back(std::move(buffer));
  if (cast<RankedTensorType>(type).isDynamicDim(0))
    setAttr(argument, "modular.rows", b.getStringAttr(rows));
  return argument;
}

Value ProgramBuilder::addOutput(StringRef name, Type type, StringRef rows) {
  Value argument = addInput(name, type, rows);
  setAttr(argument, "modular.role", b.getStringAttr("output"));
  (*buffers.back().getAsObject())["output"] = true;
  return argument;
}

Value ProgramBuilder::getCandidates() {
  if (!candidates)
    candidates = addArgument(b.getIndexType(), "size", "S");
  return candidates;
}

Value ProgramBuilder::addInteger(StringRef name) {
  integers.push_back(name.str());
  return addArgument(b.getI64Type(), "integer", name);
}

Value ProgramBuilder::addReal(StringRef name) {
  reals.push_back(name.str());
  return addArgument(element, "real", name);
}

void ProgramBuilder::write(Value argument, Value value) {
  pending.push_back({argument, value});
}

Value ProgramBuilder::writeNow(Value argument, Value value) {
  value = bufferization::MaterializeInDestinationOp::create(b, loc, value,
                                                            argument)
              .getResult();
  update(argument, value);
  return value;
}

void ProgramBuilder::update(Value argument, Value value) {
  setAttr(argument, "bufferization.writable", b.getBoolAttr(true));
  results[cast<BlockArgument>(argument).getArgNumber()] = value;
}

void ProgramBuilder::finish() {
  for (auto [argument, value] : pending)
    writeNow(argument, value);
  SmallVector<Value> values;
  SmallVector<Attribute> resultAttributes;
  SmallVector<Type> types;
  for (auto [argument, value] : results) {
    values.push_back(value);
    types.push_back(value.getType());
    resultAttributes.push_back(b.getDictionaryAttr(b.getNamedAttr(
        "modular.argument", b.getI64IntegerAttr(argument))));
  }
  func::ReturnOp::create(b, loc, values);
  func.setFunctionType(
      b.getFunctionType(func.getBody().front().getArgumentTypes(), types));
  SmallVector<Attribute> argumentAttributes;
  for (NamedAttrList &list : attributes)
    argumentAttributes.push_back(list.getDictionary(b.getContext()));
  func.setArgAttrsAttr(b.getArrayAttr(argumentAttributes));
  func.setResAttrsAttr(b.getArrayAttr(resultAttributes));
}

llvm::json::Object ProgramBuilder::describe() const {
  return llvm::json::Object{{"name", func::FuncOp(func).getName().str()},
                            {"buffers", llvm::json::Array(buffers)},
                            {"integers", llvm::json::Array(integers)},
                            {"reals", llvm::json::Array(reals)}};
}
