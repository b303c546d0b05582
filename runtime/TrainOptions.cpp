//===- TrainOptions.cpp - What a training is asked to do ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of members here are read by scripts: docs/runtime.md lists them.
//
//===----------------------------------------------------------------------===//

#include "runtime/TrainOptions.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace modc {

constexpr const char *kEStepNames[] = {"partial", "complete", "enumerated"};

Status checkOptions(const TrainOptions &options) {
  auto atLeast = [](const char *what, int64_t value, int64_t least) -> Status {
    if (value >= least)
      return {};
    return makeError(what, " is ", value, ", it must be at least ", least);
  };
  for (Status status :
       {atLeast("steps", options.steps, 0),
        atLeast("epochs", options.epochs, 0),
        atLeast("batch", options.batch, 1),
        atLeast("samples", options.samples, 1),
        atLeast("e-every", options.eEvery, 0),
        atLeast("report-every", options.reportEvery, 0),
        atLeast("checkpoint-every", options.checkpointEvery, 0)})
    if (!status)
      return status;
  auto finite = [](const char *what, double value) -> Status {
    if (std::isfinite(value) && value >= 0)
      return {};
    return makeError(what, " must be a number that is not negative");
  };
  for (Status status : {finite("learning rate", options.learningRate),
                        finite("weight decay", options.weightDecay),
                        finite("clip norm", options.clipNorm)})
    if (!status)
      return status;
  return {};
}

nlohmann::ordered_json toJson(const TrainOptions &options) {
  return {{"steps", options.steps},
          {"batch", options.batch},
          {"samples", options.samples},
          {"e_every", options.eEvery},
          {"e_step", kEStepNames[int(options.eStep)]},
          {"e_own_batch", options.eOwnBatch},
          {"lr", options.learningRate},
          {"schedule", options.schedule.text()},
          {"weight_decay", options.weightDecay},
          {"clip_norm", options.clipNorm},
          {"frozen", options.frozen},
          {"seed", options.seed}};
}

namespace {

/// Reads members of one object; the first that is not what it should be ends
/// it.
class Reader {
public:
  explicit Reader(const nlohmann::json &object) : object(object) {}

  template <typename T, typename Is>
  void read(const char *name, T &value, Is is) {
    auto member = object.find(name);
    if (member == object.end() || !status)
      return;
    if (is(*member))
      value = member->template get<T>();
    else
      status = makeError("option ", inQuotes(name), " is ", member->dump());
  }
  void read(const char *name, int64_t &value) {
    read(name, value, [](auto &json) { return json.is_number_integer(); });
  }
  void read(const char *name, uint64_t &value) {
    read(name, value, [](auto &json) { return json.is_number_unsigned(); });
  }
  void read(const char *name, double &value) {
    read(name, value, [](auto &json) { return json.is_number(); });
  }
  void read(const char *name, bool &value) {
    read(name, value, [](auto &json) { return json.is_boolean(); });
  }
  void read(const char *name, std::string &value) {
    read(name, value, [](auto &json) { return json.is_string(); });
  }
  void read(const char *name, std::vector<std::string> &value) {
    read(name, value, [](auto &json) {
      bool texts = json.is_array();
      for (auto &element : json)
        texts = texts && element.is_string();
      return texts;
    });
  }

  Status status;

private:
  const nlohmann::json &object;
};

} // namespace

Status readOptions(const std::string &text, TrainOptions &options) {
  auto object = nlohmann::json::parse(text, nullptr, /*exceptions=*/false);
  if (!object.is_object())
    return Error("the options are not a JSON object");
  TrainOptions made = options;
  std::string eStep = kEStepNames[int(made.eStep)];
  std::string schedule = made.schedule.text();
  Reader reader(object);
  reader.read("steps", made.steps);
  reader.read("batch", made.batch);
  reader.read("samples", made.samples);
  reader.read("e_every", made.eEvery);
  reader.read("e_step", eStep);
  reader.read("e_own_batch", made.eOwnBatch);
  reader.read("lr", made.learningRate);
  reader.read("schedule", schedule);
  reader.read("weight_decay", made.weightDecay);
  reader.read("clip_norm", made.clipNorm);
  reader.read("frozen", made.frozen);
  reader.read("seed", made.seed);
  if (!reader.status)
    return reader.status;
  Result<Schedule> parsed = Schedule::parse(schedule);
  if (!parsed)
    return parsed.error();
  made.schedule = *parsed;
  int kind = 0;
  while (kind < 3 && eStep != kEStepNames[kind])
    ++kind;
  if (kind == 3)
    return makeError("option 'e_step' is ", inQuotes(eStep));
  made.eStep = EStepKind(kind);
  if (Status status = checkOptions(made); !status)
    return status;
  options = std::move(made);
  return {};
}

} // namespace modc
