//===- RemarkLog.cpp - Remarks of a compilation, as text ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A streamer of MLIR's remark engine. The engine asks it for all kinds that any
// output wants; which of them become lines is decided here.
//
//===----------------------------------------------------------------------===//

#include "frontend/RemarkLog.h"

#include "mlir/IR/MLIRContext.h"
#include "passes/Remarks.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Remarks/RemarkSerializer.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using mlir::remark::detail::Remark;

namespace modc {

struct RemarkLog::State {
  std::optional<llvm::Regex> passed, missed, analysis;
  std::string text, yaml;
  llvm::StringSet<> lines;
  llvm::raw_string_ostream yamlStream{yaml};
  std::unique_ptr<llvm::remarks::RemarkSerializer> serializer;

  void add(const Remark &remark);
};

/// Lives in the context, the state in the log.
struct RemarkLog::Streamer : mlir::remark::detail::MLIRRemarkStreamerBase {
  explicit Streamer(std::shared_ptr<State> state) : state(std::move(state)) {}
  void streamOptimizationRemark(const Remark &remark) override {
    state->add(remark);
  }
  std::shared_ptr<State> state;
};

/// "layer0.linear: what happened, since why; what would help".
static std::string sentenceOf(const Remark &remark) {
  std::string place, text, why, help;
  for (const Remark::Arg &argument : remark.getArgs()) {
    if (argument.key == kRemarkPlace)
      place = argument.val + ": ";
    else if (argument.key == "Remark")
      text += argument.val;
    else if (argument.key == "Reason")
      why = ", since " + argument.val;
    else if (argument.key == "Suggestion")
      help = "; " + argument.val;
  }
  return place + text + why + help;
}

void RemarkLog::State::add(const Remark &remark) {
  if (serializer)
    serializer->emit(remark.generateRemark());
  const char *flag = nullptr;
  std::optional<llvm::Regex> *filter = nullptr;
  switch (remark.getRemarkType()) {
  case llvm::remarks::Type::Passed:
    flag = "-Rpass=";
    filter = &passed;
    break;
  case llvm::remarks::Type::Missed:
    flag = "-Rpass-missed=";
    filter = &missed;
    break;
  case llvm::remarks::Type::Analysis:
    flag = "-Rpass-analysis=";
    filter = &analysis;
    break;
  default:
    return;
  }
  llvm::StringRef pass = remark.getCombinedCategoryName();
  if (!*filter || !(*filter)->match(pass))
    return;
  std::string line;
  llvm::raw_string_ostream out(line);
  if (auto file = mlir::dyn_cast<mlir::FileLineColLoc>(remark.getLocation()))
    out << file.getFilename().getValue() << ":" << file.getLine() << ":"
        << file.getColumn() << ": ";
  out << "remark: " << sentenceOf(remark) << " [" << flag << pass << "]\n";
  if (lines.insert(line).second)
    text += line;
}

RemarkLog::RemarkLog() : state(std::make_shared<State>()) {}
RemarkLog::~RemarkLog() = default;

Status RemarkLog::listen(mlir::MLIRContext &context,
                         const RemarkOptions &options) {
  mlir::remark::RemarkCategories categories;
  auto wants = [&](const char *flag, const std::string &pattern,
                   std::optional<llvm::Regex> &regex,
                   std::optional<std::string> &category) -> Status {
    if (!pattern.empty()) {
      regex.emplace(pattern);
      std::string reason;
      if (!regex->isValid(reason))
        return makeError(flag, " is no regular expression: ", inQuotes(pattern),
                         ": ", reason);
    }
    // The engine's expressions are for whole names; compilers' are not.
    if (options.record || !pattern.empty())
      category = ".*";
    return {};
  };
  if (Status s =
          wants("-Rpass", options.passed, state->passed, categories.passed);
      !s)
    return s;
  if (Status s = wants("-Rpass-missed", options.missed, state->missed,
                       categories.missed);
      !s)
    return s;
  if (Status s = wants("-Rpass-analysis", options.analysis, state->analysis,
                       categories.analysis);
      !s)
    return s;
  if (options.record) {
    auto serializer = llvm::remarks::createRemarkSerializer(
        llvm::remarks::Format::YAML, state->yamlStream);
    if (!serializer)
      return Error(llvm::toString(serializer.takeError()));
    state->serializer = std::move(*serializer);
  }
  if (!categories.passed && !categories.missed && !categories.analysis)
    return {};
  if (mlir::failed(mlir::remark::enableOptimizationRemarks(
          context, std::make_unique<Streamer>(state),
          std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(),
          categories)))
    return Error("remarks cannot be listened to");
  return {};
}

std::string RemarkLog::takeText() { return std::move(state->text); }

std::string RemarkLog::yaml() const { return state->yaml; }

} // namespace modc
