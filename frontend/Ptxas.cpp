//===- Ptxas.cpp - PTX to machine code of a chip --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A process for each module, as many at a time as there are processors: ptxas
// knows files only, and its own threads are for the functions of one.
//
//===----------------------------------------------------------------------===//

#include "frontend/Ptxas.h"

#include "frontend/TemporaryFolder.h"
#include "runtime/Executor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
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

using Clock = std::chrono::steady_clock;

/// What a message has room for: the first line.
std::string firstLine(const std::string &log) {
  std::string line = llvm::StringRef(log).ltrim().split('\n').first.str();
  return line.empty() ? "no message" : line;
}

/// A module that is being assembled; its files have its number.
struct Process {
  size_t number;
  pid_t id;
  Clock::time_point begin;
};

Result<Process> begin(const std::string &ptxas, const std::string &text,
                      size_t number, std::string_view chip,
                      const TemporaryFolder &folder) {
  std::string name = std::to_string(number);
  auto input = folder.write(name + ".ptx", text);
  if (!input)
    return input.error();
  std::string output = folder.path(name + ".cubin"),
              log = folder.path(name + ".log"), reason;
  llvm::StringRef arguments[] = {ptxas, "-v",   "-arch", llvm::StringRef(chip),
                                 "-o",  output, *input};
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(""), llvm::StringRef(log), llvm::StringRef(log)};
  bool failed = false;
  llvm::sys::ProcessInfo made = llvm::sys::ExecuteNoWait(
      ptxas, arguments, std::nullopt, redirects, 0, &reason, &failed);
  if (failed || made.Pid == llvm::sys::ProcessInfo::InvalidPid)
    return Error(reason.empty() ? "cannot be started" : reason);
  return Process{number, made.Pid, Clock::now()};
}

/// What became of a process that has ended.
Result<AssembledKernel> collect(size_t number, int status,
                                const TemporaryFolder &folder) {
  std::string name = std::to_string(number);
  if (WIFSIGNALED(status))
    return Error(strsignal(WTERMSIG(status)));
  std::string said = folder.read(name + ".log");
  if (WEXITSTATUS(status) != 0)
    return Error(firstLine(said));
  auto figures = parsePtxasLog(said);
  if (!figures)
    return figures.error();
  AssembledKernel kernel;
  kernel.cubin = folder.read(name + ".cubin");
  if (figures->size() != 1 || kernel.cubin.empty())
    return makeError("it gives ", int64_t(figures->size()), " kernels and ",
                     int64_t(kernel.cubin.size()), " bytes");
  kernel.figures = figures->front();
  return kernel;
}

} // namespace

std::vector<Result<AssembledKernel>>
assemblePtx(const std::string &ptxas, const std::vector<std::string> &modules,
            std::string_view chip, const std::string &temporaryFolder,
            double seconds) {
  std::vector<Result<AssembledKernel>> results(
      modules.size(), Error("not assembled, as another was stopped"));
  auto folder = TemporaryFolder::create(temporaryFolder, "modc-ptxas");
  if (!folder) {
    results.assign(modules.size(), folder.error());
    return results;
  }
  const auto limit = std::chrono::duration<double>(seconds);
  const auto most = size_t(availableProcessors());
  std::vector<Process> running;
  // An assembler that hangs would do so again, for as long.
  bool stopped = false;
  for (size_t next = 0; !running.empty() || next < modules.size();) {
    if (stopped)
      next = modules.size();
    for (; next < modules.size() && running.size() < most; ++next) {
      auto process = begin(ptxas, modules[next], next, chip, *folder);
      if (process)
        running.push_back(*process);
      else
        results[next] = process.error();
    }
    size_t before = running.size();
    // Asked again and again: LLVM's own limit is an alarm of the whole program.
    llvm::erase_if(running, [&](const Process &process) {
      int status = 0;
      pid_t ended = waitpid(process.id, &status, WNOHANG);
      if (ended == 0 && Clock::now() - process.begin < limit)
        return false;
      if (ended == 0) {
        kill(process.id, SIGKILL);
        waitpid(process.id, &status, 0);
        stopped = true;
        results[process.number] = makeError("ptxas was stopped after ",
                                            int64_t(seconds * 1000), " ms");
      } else {
        results[process.number] =
            ended < 0 ? Result<AssembledKernel>(Error("its process is lost"))
                      : collect(process.number, status, *folder);
      }
      return true;
    });
    if (!running.empty() && running.size() == before)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return results;
}

} // namespace modc
