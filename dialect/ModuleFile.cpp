//===- ModuleFile.cpp - Files that hold IR --------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks size, hash and nesting of what is read before MLIR's own readers see
// it.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModuleFile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace modc;

static constexpr StringLiteral magic("MODCBC1\n");
static constexpr size_t headerBytes = 16;
/// How MLIR's own bytecode starts.
static constexpr StringLiteral bytecodeMagic("ML\xefR");

static InFlightDiagnostic emitFileError(StringRef name, MLIRContext *context) {
  return emitError(FileLineColLoc::get(context, name, 0, 0));
}

/// All bytes of a file, one more than may be at most.
static llvm::Expected<std::string> readBytes(StringRef path) {
  llvm::Expected<llvm::sys::fs::file_t> file =
      path == "-" ? llvm::sys::fs::getStdinHandle()
                  : llvm::sys::fs::openNativeFileForRead(path);
  if (!file)
    return file.takeError();
  std::string bytes;
  constexpr size_t chunk = size_t(1) << 16;
  llvm::Error error = llvm::Error::success();
  while (bytes.size() <= maxModuleBytes) {
    size_t before = bytes.size();
    bytes.resize(before + chunk);
    llvm::Expected<size_t> read = llvm::sys::fs::readNativeFile(
        *file, MutableArrayRef<char>(bytes.data() + before, chunk));
    bytes.resize(before + (read ? *read : 0));
    if (!read) {
      error = read.takeError();
      break;
    }
    if (*read == 0)
      break;
  }
  if (path != "-")
    llvm::sys::fs::closeFile(*file);
  if (error)
    return std::move(error);
  return bytes;
}

OwningOpRef<ModuleOp> modc::loadModule(StringRef path, MLIRContext *context) {
  llvm::Expected<std::string> bytes = readBytes(path);
  if (!bytes) {
    emitFileError(path, context)
        << "cannot open '" << path << "': "
        << StringRef(llvm::toString(bytes.takeError())).lower();
    return {};
  }
  return parseModule(*bytes, path == "-" ? "<stdin>" : path, context);
}

/// Parses and verifies, and outlives a crash of MLIR's parser: some of the upstream
/// parsers follow a null attribute after a syntax error (linalg.transpose with a
/// damaged permutation). What the parser held then is leaked.
static OwningOpRef<ModuleOp> parseSafely(llvm::SourceMgr &sources,
                                         StringRef name, MLIRContext *context) {
  // A crash on a thread of the verifier's could not be caught here.
  bool threads = context->isMultithreadingEnabled();
  context->disableMultithreading();
  OwningOpRef<ModuleOp> module;
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext recovery;
  bool survived = recovery.RunSafely([&]() {
    ParserConfig config(context, /*verifyAfterParse=*/true);
    module = parseSourceFile<ModuleOp>(sources, config);
  });
  llvm::CrashRecoveryContext::Disable();
  context->disableMultithreading(!threads);
  if (survived)
    return module;
  emitFileError(name, context)
      << "'" << name << "' has a syntax error that MLIR's parser does not survive";
  return {};
}

OwningOpRef<ModuleOp> modc::parseModule(StringRef bytes, StringRef name,
                                        MLIRContext *context) {
  auto fail = [&](const Twine &message) {
    emitFileError(name, context) << message;
    return OwningOpRef<ModuleOp>();
  };
  if (bytes.size() > maxModuleBytes)
    return fail("'" + name + "' is larger than " +
                Twine(maxModuleBytes >> 20) + " MiB");
  StringRef body = bytes;
  // Nothing at all is text, of a module without ops.
  if (bytes.starts_with(magic) ||
      (!bytes.empty() && magic.starts_with(bytes))) {
    if (bytes.size() < headerBytes)
      return fail("'" + name + "' is cut short");
    body = bytes.drop_front(headerBytes);
    if (llvm::xxHash64(body) !=
        llvm::support::endian::read64le(bytes.data() + magic.size()))
      return fail("'" + name + "' is damaged: the hash of its bytecode is not "
                               "the one that it was written with");
  } else if (bytes.starts_with(bytecodeMagic)) {
    return fail("'" + name + "' is MLIR bytecode without a hash, which is not "
                             "read because damage to it can't be told; use text "
                             "or bytecode that modc wrote");
  } else if (bytes.contains('\0')) {
    return fail("'" + name + "' is neither text nor bytecode that modc wrote");
  } else if (std::optional<TextHazard> hazard = findTextHazard(bytes)) {
    emitError(FileLineColLoc::get(context, name, hazard->line, hazard->column))
        << hazard->what;
    return {};
  }
  // A copy, aligned as MLIR's reader wants it and terminated as its lexer does.
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(body, name),
                             llvm::SMLoc());
  return parseSafely(sources, name, context);
}

std::string modc::toBytecode(ModuleOp module) {
  std::string body;
  llvm::raw_string_ostream stream(body);
  // Writing to memory can't fail.
  (void)writeBytecodeToFile(module, stream, BytecodeWriterConfig("modc"));
  std::string bytes(magic);
  bytes.resize(headerBytes);
  llvm::support::endian::write64le(bytes.data() + magic.size(),
                                   llvm::xxHash64(body));
  return bytes + body;
}

LogicalResult modc::writeBytecode(ModuleOp module, StringRef path) {
  llvm::Error error =
      llvm::writeToOutput(path, [&](llvm::raw_ostream &os) -> llvm::Error {
        os << toBytecode(module);
        return llvm::Error::success();
      });
  if (!error)
    return success();
  emitFileError(path, module.getContext())
      << "can't write '" << path << "': " << llvm::toString(std::move(error));
  return failure();
}
