//===- Ptxas.cpp - PTX to machine code of a chip --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A process for each module: ptxas knows files only, and its own threads are
// for the functions of one.
//
//===----------------------------------------------------------------------===//

#include "frontend/Ptxas.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

namespace modc {

Result<std::string> findPtxas(const std::string &given) {
  if (given == kNoPtxas)
    return std::string();
  if (!given.empty()) {
    // A name without a folder is looked for on the path.
    auto found = llvm::sys::findProgramByName(given);
    if (found && llvm::sys::fs::can_execute(*found))
      return *found;
    return makeError("no program ", inQuotes(given), " to assemble PTX with");
  }
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  const char *toolkit = std::getenv("CUDA_PATH");
  std::string path =
      std::string(toolkit && *toolkit ? toolkit : "/usr/local/cuda") +
      "/bin/ptxas";
  return llvm::sys::fs::can_execute(path) ? path : std::string();
}

namespace {

std::string readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// What a message has room for: the first line.
std::string firstLine(const std::string &log) {
  std::string line = llvm::StringRef(log).ltrim().split('\n').first.str();
  return line.empty() ? "no message" : line;
}

Result<AssembledKernel> assembleOne(const std::string &ptxas,
                                    const std::string &text,
                                    const std::string &chip,
                                    const std::string &file) {
  std::error_code failed;
  llvm::raw_fd_ostream out(file + ".ptx", failed);
  if (!failed) {
    out << text;
    out.close();
    failed = out.error();
    out.clear_error();
  }
  if (failed)
    return makeError("cannot write ", inQuotes(file + ".ptx"), ": ",
                     failed.message());
  std::string input = file + ".ptx", output = file + ".cubin",
              log = file + ".log", reason;
  llvm::StringRef arguments[] = {ptxas, "-v",   "-arch", chip,
                                 "-o",  output, input};
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(""), llvm::StringRef(log), llvm::StringRef(log)};
  int code = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt,
                                       redirects, 0, 0, &reason);
  std::string said = readFile(log);
  if (code != 0)
    return Error(reason.empty() ? firstLine(said) : reason);
  auto figures = parsePtxasLog(said);
  if (!figures)
    return figures.error();
  AssembledKernel kernel;
  kernel.cubin = readFile(output);
  if (figures->size() != 1 || kernel.cubin.empty())
    return makeError("it gives ", int64_t(figures->size()), " kernels and ",
                     int64_t(kernel.cubin.size()), " bytes");
  kernel.figures = figures->front();
  return kernel;
}

} // namespace

std::vector<Result<AssembledKernel>>
assemblePtx(const std::string &ptxas, const std::vector<std::string> &modules,
            std::string_view chip, const std::string &temporaryFolder) {
  std::vector<Result<AssembledKernel>> results(
      modules.size(), Result<AssembledKernel>(Error("not assembled")));
  llvm::SmallString<128> folder(temporaryFolder);
  if (folder.empty())
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  llvm::sys::fs::make_absolute(folder);
  std::string parent(folder);
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory(
          parent + "/modc-ptxas", folder)) {
    for (auto &result : results)
      result = makeError("cannot make a temporary directory in ",
                         inQuotes(parent), ": ", error.message());
    return results;
  }
  auto removeFolder = llvm::scope_exit(
      [&] { (void)llvm::sys::fs::remove_directories(folder); });
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < modules.size(); i = next++)
      results[i] = assembleOne(ptxas, modules[i], std::string(chip),
                               (folder + "/" + llvm::Twine(i)).str());
  };
  std::vector<std::thread> threads;
  size_t count = std::min<size_t>(
      std::max(1u, std::thread::hardware_concurrency()), modules.size());
  for (size_t i = 1; i < count; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  return results;
}

} // namespace modc
