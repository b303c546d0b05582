//===- ModelAbi.cpp - Give programs the interface of ModelAbi.h -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Wraps each program in a function of a modc_call, and lists programs in a
// table. Buffers reach the program as pointers that do not alias, which its
// loops need to be vectorised.
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/LoweringOptions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "passes/Passes.h"
#include "passes/cpu/abi/CallLayout.h"
#include "passes/cpu/abi/MemRefParts.h"
#include "passes/cpu/abi/SizeFormula.h"

namespace modc {
#define GEN_PASS_DEF_MODELABIPASS
#include "passes/Passes.h.inc"
} // namespace modc

using namespace mlir;
using namespace modc;

namespace {

/// One entry of the program table.
struct Program {
  std::string name;
  LLVM::LLVMFuncOp run, workspace;
};

/// The arena of a role.
std::optional<CallField> arenaOf(StringRef role) {
  if (role == "parameter")
    return CallField::Parameters;
  if (role == "gradient")
    return CallField::Gradients;
  if (role == "state")
    return CallField::State;
  return std::nullopt;
}

/// Loads the arguments of one program from the call.
class ArgumentLoader {
public:
  ArgumentLoader(OpBuilder &builder, func::FuncOp function, Value call)
      : builder(builder), loc(function.getLoc()), function(function),
        call(call), pointer(LLVM::LLVMPointerType::get(builder.getContext())) {}

  /// Appends the parts of argument `index`; fails with a diagnostic.
  LogicalResult load(unsigned index, SmallVectorImpl<Value> &parts) {
    StringRef role = roleOf(function, index);
    Type type = function.getArgument(index).getType();
    if (auto arena = arenaOf(role))
      return loadArena(index, *arena, parts);
    if (role == "input" || role == "output")
      return loadBuffer(index, parts);
    if (role == "workspace") {
      // No program asks for its size.
      parts.push_back(loadField(builder, loc, call, CallField::Workspace));
      parts.push_back(constant(0));
    } else if (role == "workers") {
      Value host = loadField(builder, loc, call, CallField::Host);
      parts.push_back(
          loadWord(builder, loc, i64(), host, int64_t(HostField::Workers)));
    } else if (role == "call") {
      parts.push_back(call);
    } else if (role == "size") {
      auto name = function.getArgAttrOfType<StringAttr>(index, kName);
      parts.push_back(size(name && name.getValue() == "S" ? 1 : 0));
    } else if (role == "integer" && type.isInteger(64)) {
      parts.push_back(loadWord(
          builder, loc, i64(),
          loadField(builder, loc, call, CallField::Integers), integers++));
    } else if (role == "real" && isa<FloatType>(type)) {
      Value value =
          loadWord(builder, loc, builder.getF64Type(),
                   loadField(builder, loc, call, CallField::Reals), reals++);
      if (!type.isF64())
        value = LLVM::FPTruncOp::create(builder, loc, type, value);
      parts.push_back(value);
    } else {
      return function.emitError("program '")
             << function.getName() << "': argument " << index << " has type "
             << type << " and "
             << (role.empty() ? Twine("no 'modular.role'")
                              : "the role '" + role + "'");
    }
    return success();
  }

private:
  LogicalResult loadArena(unsigned index, CallField arena,
                          SmallVectorImpl<Value> &parts) {
    auto type = dyn_cast<MemRefType>(function.getArgument(index).getType());
    auto offset = function.getArgAttrOfType<IntegerAttr>(index, kOffset);
    if (!type || !type.hasStaticShape() || !offset)
      return function.emitError("program '")
             << function.getName() << "': argument " << index
             << " stands in an arena, but "
             << (offset ? "has no static shape" : "has no 'modular.offset'");
    Value base = loadField(builder, loc, call, arena);
    // An arena may be larger than a constant index of the op can say.
    parts.push_back(
        LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                            ArrayRef<LLVM::GEPArg>{constant(offset.getInt())}));
    return success();
  }

  LogicalResult loadBuffer(unsigned index, SmallVectorImpl<Value> &parts) {
    auto type = dyn_cast<MemRefType>(function.getArgument(index).getType());
    auto rows = function.getArgAttrOfType<StringAttr>(index, kRows);
    if (!type || type.getNumDynamicDims() > 1 ||
        (type.getNumDynamicDims() == 1 && (!type.isDynamicDim(0) || !rows)))
      return function.emitError("program '")
             << function.getName() << "': argument " << index
             << " is a buffer of type " << function.getArgument(index).getType()
             << ": only its first dimension may be dynamic, and then "
                "'modular.rows' says what it is";
    Value table = loadField(builder, loc, call, CallField::Buffers);
    parts.push_back(loadWord(builder, loc, pointer, table, buffers++));
    if (type.getNumDynamicDims() == 0)
      return success();
    Value count = size(0);
    if (rows.getValue() == "S*N")
      count = LLVM::MulOp::create(builder, loc, size(1), count);
    parts.push_back(count);
    return success();
  }

  Type i64() { return builder.getI64Type(); }
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64(),
                                    builder.getI64IntegerAttr(value));
  }
  Value size(int64_t index) {
    return loadWord(builder, loc, i64(),
                    loadField(builder, loc, call, CallField::Sizes), index);
  }

  OpBuilder &builder;
  Location loc;
  func::FuncOp function;
  Value call;
  Type pointer;
  int64_t buffers = 0, integers = 0, reals = 0;
};

struct ModelAbiPass : public modc::impl::ModelAbiPassBase<ModelAbiPass> {
  using ModelAbiPassBase::ModelAbiPassBase;

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter typeConverter(&getContext(), options);
    converter = &typeConverter;
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic() && !function.isExternal())
        functions.push_back(function);
    SmallVector<Program> table;
    for (func::FuncOp function : functions)
      if (failed(wrap(function, table)))
        return signalPassFailure();
    buildTable(table);
    programs += table.size();
  }

private:
  LogicalResult wrap(func::FuncOp function, SmallVectorImpl<Program> &table) {
    if (function.getNumResults() != 0)
      return function.emitError("program '")
             << function.getName() << "' has " << function.getNumResults()
             << " results, but a program writes to its arguments";
    WalkResult walk = function.walk([](Operation *op) {
      if (!isa<memref::AllocOp, memref::AllocaOp, memref::DeallocOp>(op))
        return WalkResult::advance();
      op->emitError("memory is managed here, not in the workspace");
      return WalkResult::interrupt();
    });
    if (walk.wasInterrupted())
      return failure();
    Program program;
    program.name = function.getName().str();
    auto size =
        getOperation().lookupSymbol<func::FuncOp>(program.name + "_workspace");
    if (!size)
      return function.emitError("program '")
             << program.name << "' has no function '" << program.name
             << "_workspace'";

    function.setName((function.getName() + "_body").str());
    function.setPrivate();
    if (failed(buildRun(function, program)))
      return failure();
    takeParts(function);
    buildWorkspace(size, program);
    table.push_back(program);
    return success();
  }

  LLVM::LLVMFuncOp create(OpBuilder &builder, Location loc, StringRef name,
                          Type result, TypeRange inputs) {
    auto type = LLVM::LLVMFunctionType::get(result, llvm::to_vector(inputs));
    return LLVM::LLVMFuncOp::create(builder, loc, name, type,
                                    LLVM::Linkage::Internal);
  }

  /// void name(const modc_call *).
  LogicalResult buildRun(func::FuncOp function, Program &program) {
    Location loc = function.getLoc();
    OpBuilder builder(function);
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    program.run = create(builder, loc, program.name,
                         LLVM::LLVMVoidType::get(&getContext()), pointer);
    Block *entry = program.run.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    ArgumentLoader loader(builder, function, entry->getArgument(0));
    SmallVector<Value> parts;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (failed(loader.load(i, parts)))
        return failure();
    func::CallOp::create(builder, loc, function.getName(), TypeRange(), parts);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return success();
  }

  /// Replaces a program's arguments by their parts, and says what LLVM may
  /// assume of the pointers.
  void takeParts(func::FuncOp function) {
    Location loc = function.getLoc();
    MemRefParts parts(*converter);
    Block &entry = function.getBody().front();
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(&entry);
    unsigned count = entry.getNumArguments();
    SmallVector<Type> types;
    SmallVector<Attribute> attributes;
    for (unsigned i = 0; i < count; ++i) {
      Type type = entry.getArgument(i).getType();
      auto partTypes = *parts.types(type);
      NamedAttrList first;
      if (isa<MemRefType>(type)) {
        if (isDistinct(function, i, count))
          first.set(LLVM::LLVMDialect::getNoAliasAttrName(),
                    builder.getUnitAttr());
        first.set(LLVM::LLVMDialect::getAlignAttrName(),
                  builder.getI64IntegerAttr(alignmentOf(function, i)));
      }
      attributes.push_back(first.getDictionary(&getContext()));
      attributes.append(partTypes.size() - 1, builder.getDictionaryAttr({}));
      llvm::append_range(types, partTypes);
    }
    SmallVector<Value> values;
    for (Type type : types)
      values.push_back(entry.addArgument(type, loc));
    ValueRange rest(values);
    for (unsigned i = 0; i < count; ++i)
      entry.getArgument(i).replaceAllUsesWith(
          parts.join(builder, loc, entry.getArgument(i).getType(), rest));
    entry.eraseArguments(0, count);
    function.setFunctionType(builder.getFunctionType(types, {}));
    function.setArgAttrsAttr(builder.getArrayAttr(attributes));
  }

  /// Buffers never overlap; a tensor of an arena may stand in a stack that is
  /// an argument of its own.
  bool isDistinct(func::FuncOp function, unsigned index, unsigned count) {
    auto arena = arenaOf(roleOf(function, index));
    if (!arena)
      return true;
    auto range = [&](unsigned i) -> std::pair<int64_t, int64_t> {
      auto type = cast<MemRefType>(function.getArgumentTypes()[i]);
      int64_t start =
          function.getArgAttrOfType<IntegerAttr>(i, kOffset).getInt();
      int64_t bytes =
          DataLayout::closest(function).getTypeSize(type.getElementType());
      return {start, start + type.getNumElements() * bytes};
    };
    auto own = range(index);
    for (unsigned i = 0; i < count; ++i) {
      if (i == index || arenaOf(roleOf(function, i)) != arena)
        continue;
      auto other = range(i);
      if (own.first < other.second && other.first < own.second)
        return false;
    }
    return true;
  }

  /// A buffer of the host is aligned to its elements, arenas and the workspace
  /// to 64 bytes.
  int64_t alignmentOf(func::FuncOp function, unsigned index) {
    auto offset = function.getArgAttrOfType<IntegerAttr>(index, kOffset);
    StringRef role = roleOf(function, index);
    if (role == "input" || role == "output") {
      auto type = cast<MemRefType>(function.getArgumentTypes()[index]);
      return DataLayout::closest(function)
          .getTypeSize(type.getElementType())
          .getFixedValue();
    }
    if (!offset || offset.getInt() % 64 == 0)
      return 64;
    return offset.getInt() & -offset.getInt();
  }

  /// int64_t name_workspace(const int64_t *sizes, int64_t workers).
  void buildWorkspace(func::FuncOp size, Program &program) {
    Location loc = size.getLoc();
    size.setName(program.name + "_workspace_body");
    OpBuilder builder(size);
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    Type i64 = builder.getI64Type();
    program.workspace =
        create(builder, loc, program.name + "_workspace", i64, {pointer, i64});
    Block *entry = program.workspace.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    Value sizes = entry->getArgument(0);
    Value points = loadWord(builder, loc, i64, sizes, 0);
    Value candidates = loadWord(builder, loc, i64, sizes, 1);
    auto call = func::CallOp::create(
        builder, loc, size,
        ValueRange{points, candidates, entry->getArgument(1)});
    LLVM::ReturnOp::create(builder, loc, call.getResult(0));
  }

  /// modc_program modc_programs[].
  void buildTable(ArrayRef<Program> table) {
    Location loc = getOperation().getLoc();
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    auto entry = LLVM::LLVMStructType::getLiteral(&getContext(),
                                                  {pointer, pointer, pointer});
    SmallVector<LLVM::GlobalOp> names;
    for (auto [i, program] : llvm::enumerate(table)) {
      std::string text = program.name + '\0';
      names.push_back(LLVM::GlobalOp::create(
          builder, loc,
          LLVM::LLVMArrayType::get(builder.getI8Type(), text.size()),
          /*isConstant=*/true, LLVM::Linkage::Private,
          "modc_name" + std::to_string(i), builder.getStringAttr(text)));
    }
    auto type = LLVM::LLVMArrayType::get(entry, table.size());
    auto global =
        LLVM::GlobalOp::create(builder, loc, type,
                               /*isConstant=*/true, LLVM::Linkage::External,
                               "modc_programs", Attribute());
    Block *block = builder.createBlock(&global.getInitializerRegion());
    builder.setInsertionPointToStart(block);
    Value value = LLVM::PoisonOp::create(builder, loc, type);
    for (int64_t i = 0; i < int64_t(table.size()); ++i) {
      Value fields[] = {
          LLVM::AddressOfOp::create(builder, loc, names[i]),
          LLVM::AddressOfOp::create(builder, loc, table[i].run),
          LLVM::AddressOfOp::create(builder, loc, table[i].workspace)};
      for (int64_t f = 0; f < 3; ++f)
        value = LLVM::InsertValueOp::create(builder, loc, value, fields[f],
                                            ArrayRef<int64_t>{i, f});
    }
    LLVM::ReturnOp::create(builder, loc, value);
  }

  const LLVMTypeConverter *converter = nullptr;
};

} // namespace
