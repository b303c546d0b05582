//===- CApi.cpp - The C interface of the runtime --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns results into return codes and messages. Whatever escapes from below as
// an exception (memory running out) ends here.
//
//===----------------------------------------------------------------------===//

#include "runtime/modc.h"

#include "runtime/Log.h"
#include "runtime/ToyData.h"
#include "runtime/Trainer.h"
#include "runtime/Weights.h"
#include "runtime/devices/Devices.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <cstring>
#include <exception>

using namespace modc;

struct modc_model_handle {
  std::shared_ptr<const Model> model;
};

struct modc_session_handle {
  std::shared_ptr<const Model> model;
  std::unique_ptr<Session> session;
  void (*log)(void *user, modc_log_level level, const char *message) = nullptr;
  void *logUser = nullptr;
  void (*trace)(void *user, const modc_trace_event *event) = nullptr;
  void *traceUser = nullptr;
};

namespace {

char *copyText(const std::string &text) {
  auto *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (copy)
    std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

/// Runs `body`, which returns a Status, as the body of a C function.
template <typename Body>
int guarded(char **error, Body body) {
  auto fail = [&](const char *message) {
    if (error)
      *error = copyText(message);
    return 1;
  };
  if (error)
    *error = nullptr;
  try {
    Status status = body();
    return status ? 0 : fail(status.error().message().c_str());
  } catch (const std::bad_alloc &) {
    return fail("out of memory");
  } catch (const std::exception &exception) {
    return fail(exception.what());
  } catch (...) {
    return fail("unknown exception");
  }
}

/// Hands an event to the host's function.
void report(void *user, const TraceEvent &event) {
  auto *handle = static_cast<modc_session_handle *>(user);
  modc_trace_event copy = {modc_trace_kind(event.kind),
                           event.program,
                           event.name,
                           event.worker,
                           event.number,
                           event.begin,
                           event.end};
  handle->trace(handle->traceUser, &copy);
}

Status adopt(Result<std::shared_ptr<const Model>> model, modc_model_t **out) {
  if (!model)
    return model.error();
  *out = new modc_model_handle{std::move(*model)};
  return {};
}

/// Views of the caller's arrays as tensors of the signature's specs.
Result<std::vector<Tensor>> viewAll(const std::vector<TensorSpec> &specs,
                                    const void *const *arrays, int64_t points,
                                    const char *what) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!arrays || (!arrays[i] && points > 0))
      return makeError(what, " ", inQuotes(specs[i].name), " is null");
    if (Result<int64_t> bytes = specs[i].bytes(points, 1); !bytes)
      return bytes.error();
    Tensor tensor;
    tensor.source = std::string(what) + " " + inQuotes(specs[i].name);
    tensor.type = specs[i].type;
    tensor.shape = {points};
    for (size_t d = 1; d < specs[i].shape.size(); ++d)
      tensor.shape.push_back(specs[i].shape[d].number);
    tensor.data = static_cast<const uint8_t *>(arrays[i]);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<Dataset> viewData(const Signature &signature, int64_t points,
                         const void *const *inputs, const void *const *wanted) {
  if (points < 0)
    return makeError("the number of points is ", points);
  auto x = viewAll(signature.inputs, inputs, points, "input");
  if (!x)
    return x.error();
  auto y = viewAll(signature.wanted, wanted, points, "target");
  if (!y)
    return y.error();
  return Dataset::fromTensors(signature, "the caller's data", std::move(*x),
                              std::move(*y));
}

/// Binds one pointer per spec; sizes are the program's own, so that a session
/// finds them large enough.
Status bindAll(ProgramCall &call, const std::vector<TensorSpec> &specs,
               const void *const *arrays, bool output, int64_t points) {
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!arrays)
      return makeError(inQuotes(specs[i].name), " is null");
    Result<int64_t> bytes = specs[i].bytes(points, 1);
    if (!bytes)
      return bytes.error();
    Status status =
        output ? call.output(specs[i].name, specs[i].type,
                             const_cast<void *>(arrays[i]), *bytes)
               : call.input(specs[i].name, specs[i].type, arrays[i], *bytes);
    if (!status)
      return status;
  }
  return {};
}

/// Before anything is allocated for them.
Status checkPoints(const Signature &signature, int64_t points) {
  int64_t width = signature.slots ? signature.slots : 1;
  if (points >= 0 && points <= INT32_MAX && points <= INT64_MAX / 8 / width)
    return {};
  return makeError("the number of points is ", points,
                   ", outside [0, 2147483647]");
}

Result<TrainOptions> readOptions(const modc_train_options &from) {
  if (from.struct_size != sizeof(modc_train_options))
    return Error("the training options were not set by "
                 "modc_train_options_init of this version");
  int64_t last;
  if (from.first_step < 0 || from.steps < 0 ||
      __builtin_add_overflow(from.first_step, from.steps, &last))
    return makeError("cannot train ", from.steps, " steps from step ",
                     from.first_step);
  TrainOptions options;
  options.steps = last;
  options.epochs = 0;
  options.batch = from.batch;
  options.samples = from.samples;
  options.eEvery = from.e_every;
  switch (from.e_step) {
  case MODC_E_STEP_PARTIAL:
    options.eStep = EStepKind::Partial;
    break;
  case MODC_E_STEP_COMPLETE:
    options.eStep = EStepKind::Complete;
    break;
  case MODC_E_STEP_ENUMERATED:
    options.eStep = EStepKind::Enumerated;
    break;
  default:
    return makeError("unknown kind of E-step ", int(from.e_step));
  }
  options.learningRate = from.learning_rate;
  options.weightDecay = from.weight_decay;
  options.clipNorm = from.clip_norm;
  options.seed = from.seed;
  options.reportEvery = from.report_every;
  if (from.schedule) {
    Result<Schedule> schedule = Schedule::parse(from.schedule);
    if (!schedule)
      return schedule.error();
    options.schedule = *schedule;
  }
  for (size_t i = 0; i < from.frozen_count; ++i)
    options.frozen.push_back(from.frozen[i]);
  return options;
}

Status train(modc_session_t *handle, const modc_train_options &from,
             int64_t points, const void *const *inputs,
             const void *const *wanted, int32_t *choices,
             modc_train_result *result) {
  Result<TrainOptions> options = readOptions(from);
  if (!options)
    return options.error();
  const Signature &signature = handle->session->signature();
  Result<Dataset> data = viewData(signature, points, inputs, wanted);
  if (!data)
    return data.error();
  auto made = Trainer::create(*handle->session, *data, *options);
  if (!made)
    return made.error();
  Trainer &trainer = **made;
  if (from.first_step > 0) {
    if (!choices)
      return Error("'choices' is null, but training goes on from an earlier "
                   "step");
    if (Status s = trainer.choices().assign(
            viewTensor("'choices'", {points, signature.slots}, choices));
        !s)
      return s;
    trainer.startAt(from.first_step);
  }
  TrainReport last;
  Trainer::Callbacks callbacks;
  callbacks.report = [&](const TrainReport &report) {
    last = report;
    if (handle->log)
      handle->log(handle->logUser, MODC_LOG_INFO,
                  toJson(report).dump().c_str());
  };
  if (from.interrupted)
    callbacks.interrupted = [&] {
      return from.interrupted(from.interrupted_user) != 0;
    };
  Result<TrainEnd> end = trainer.run(callbacks);
  if (choices) {
    std::vector<int64_t> all(static_cast<size_t>(points));
    for (int64_t i = 0; i < points; ++i)
      all[size_t(i)] = i;
    trainer.choices().gather(all.data(), points, choices);
  }
  if (!end)
    return end.error();
  if (result) {
    result->steps = trainer.stepsDone();
    result->interrupted = *end == TrainEnd::Interrupted;
    result->log_likelihood = last.logLikelihood;
    result->log_prior = last.logPrior;
    result->e_updates_per_point = trainer.eUpdatesPerPoint();
  }
  return {};
}

} // namespace

const char *modc_version(void) { return MODC_VERSION; }

int modc_api_version(void) { return MODC_API_VERSION; }

void modc_string_free(char *text) { std::free(text); }

int modc_model_open(const char *path, modc_model_t **model, char **error) {
  return guarded(error, [&]() -> Status {
    if (!path || !model)
      return Error("path or model is null");
    *model = nullptr;
    return adopt(Model::open(path), model);
  });
}

int modc_model_from_entry(modc_model_entry_fn entry, const char *signature,
                          size_t length, modc_model_t **model, char **error) {
  return guarded(error, [&]() -> Status {
    if (!signature || !model)
      return Error("signature or model is null");
    *model = nullptr;
    return adopt(Model::fromEntry(entry, {signature, length}), model);
  });
}

void modc_model_close(modc_model_t *model) { delete model; }

const char *modc_model_signature(const modc_model_t *model) {
  return model->model->signatureText().c_str();
}

const char *modc_model_target(const modc_model_t *model) {
  return model->model->target();
}

int64_t modc_model_slots(const modc_model_t *model) {
  return model->model->signature().slots;
}

void modc_session_options_init(modc_session_options *options) {
  std::memset(options, 0, sizeof(*options));
  options->struct_size = sizeof(*options);
  options->workers = 1;
}

int modc_session_open(modc_model_t *model, const modc_session_options *from,
                      modc_session_t **out, char **error) {
  return guarded(error, [&]() -> Status {
    if (!model || !out)
      return Error("model or session is null");
    *out = nullptr;
    SessionOptions options;
    auto handle = std::make_unique<modc_session_handle>();
    if (from) {
      if (from->struct_size != sizeof(modc_session_options))
        return Error("the session options were not set by "
                     "modc_session_options_init of this version");
      options.workers = from->workers;
      if (from->executor.parallel_for)
        options.host = from->executor;
      if (from->allocate)
        options.allocator = {from->allocator_user, from->allocate,
                             from->release};
      handle->log = from->log;
      handle->logUser = from->log_user;
      handle->trace = from->trace;
      handle->traceUser = from->trace_user;
      if (handle->trace)
        options.trace = {handle.get(), report};
    }
    if (handle->log)
      options.warn = [handle = handle.get()](const std::string &message) {
        handle->log(handle->logUser, MODC_LOG_WARNING, message.c_str());
      };
    if (from && from->device) {
      Result<DeviceOptions> settings = DeviceOptions::fromEnvironment();
      if (!settings)
        return settings.error();
      auto device = openDevice(from->device, *settings);
      if (!device)
        return device.error();
      options.device = std::move(*device);
    }
    auto session = Session::create(model->model, options);
    if (!session)
      return session.error();
    handle->model = model->model;
    handle->session = std::move(*session);
    *out = handle.release();
    return {};
  });
}

void modc_session_close(modc_session_t *session) { delete session; }

int modc_session_init(modc_session_t *session, uint64_t seed, char **error) {
  return guarded(error, [&] { return session->session->init(seed); });
}

int modc_session_load_weights(modc_session_t *session, const char *path,
                              char **error) {
  return guarded(error, [&]() -> Status {
    if (!path)
      return Error("path is null");
    return loadWeights(*session->session, path);
  });
}

int modc_session_load_weights_memory(modc_session_t *session, const void *data,
                                     size_t size, char **error) {
  return guarded(error, [&]() -> Status {
    if (!data && size > 0)
      return Error("the memory of the weights is null");
    return loadWeights(*session->session,
                       File::fromMemory("weights in memory", data, size));
  });
}

int modc_session_save_weights(modc_session_t *session, const char *path,
                              char **error) {
  return guarded(error, [&]() -> Status {
    if (!path)
      return Error("path is null");
    return saveWeights(*session->session, path);
  });
}

int modc_session_infer(modc_session_t *handle, int64_t points,
                       const void *const *inputs, void *const *outputs,
                       int32_t *selection, char **error) {
  return guarded(error, [&]() -> Status {
    Session &session = *handle->session;
    const Signature &signature = session.signature();
    if (Status s = checkPoints(signature, points); !s)
      return s;
    auto call = ProgramCall::prepare(session, "infer");
    if (!call)
      return call.error();
    std::vector<int32_t> unwanted;
    if (!selection) {
      unwanted.resize(size_t(points * signature.slots));
      selection = unwanted.data();
    }
    if (Status s = bindAll(*call, signature.inputs, inputs, false, points); !s)
      return s;
    if (Status s = bindAll(*call, signature.outputs, outputs, true, points); !s)
      return s;
    if (Status s = call->output("selection", DType::I32, selection,
                                points * signature.slots * 4);
        !s)
      return s;
    return call->run(points);
  });
}

int modc_session_forward(modc_session_t *handle, int64_t points,
                         const void *const *inputs, const int32_t *selection,
                         void *const *outputs, char **error) {
  return guarded(error, [&]() -> Status {
    Session &session = *handle->session;
    const Signature &signature = session.signature();
    if (Status s = checkPoints(signature, points); !s)
      return s;
    auto call = ProgramCall::prepare(session, "forward");
    if (!call)
      return call.error();
    if (Status s = bindAll(*call, signature.inputs, inputs, false, points); !s)
      return s;
    if (Status s = bindAll(*call, signature.outputs, outputs, true, points); !s)
      return s;
    if (Status s = call->input("selection", DType::I32, selection,
                               points * signature.slots * 4);
        !s)
      return s;
    return call->run(points);
  });
}

void modc_train_options_init(modc_train_options *options) {
  TrainOptions defaults;
  std::memset(options, 0, sizeof(*options));
  options->struct_size = sizeof(*options);
  options->steps = 1000;
  options->batch = defaults.batch;
  options->samples = defaults.samples;
  options->e_every = defaults.eEvery;
  options->learning_rate = defaults.learningRate;
}

int modc_session_train(modc_session_t *session,
                       const modc_train_options *options, int64_t points,
                       const void *const *inputs, const void *const *wanted,
                       int32_t *choices, modc_train_result *result,
                       char **error) {
  return guarded(error, [&]() -> Status {
    if (!options)
      return Error("the training options are null");
    if (result && result->struct_size != sizeof(modc_train_result))
      return Error("struct_size of the training result is not set");
    return train(session, *options, points, inputs, wanted, choices, result);
  });
}

int modc_session_evaluate(modc_session_t *session, int64_t points,
                          const void *const *inputs, const void *const *wanted,
                          int64_t samples, uint64_t seed, char **json,
                          char **error) {
  return guarded(error, [&]() -> Status {
    if (!json)
      return Error("json is null");
    *json = nullptr;
    Result<Dataset> data =
        viewData(session->session->signature(), points, inputs, wanted);
    if (!data)
      return data.error();
    EvaluateOptions options;
    options.samples = samples;
    options.seed = seed;
    Result<Evaluation> evaluation = evaluate(*session->session, *data, options);
    if (!evaluation)
      return evaluation.error();
    *json = copyText(toJson(*evaluation).dump());
    return {};
  });
}

int modc_session_call(modc_session_t *session, const char *program,
                      int64_t points, int64_t candidates, void *const *buffers,
                      const int64_t *buffer_bytes, size_t buffer_count,
                      const int64_t *integers, size_t integer_count,
                      const double *reals, size_t real_count, char **error) {
  return guarded(error, [&]() -> Status {
    if (!program)
      return Error("program is null");
    int index = session->session->signature().findProgram(program);
    if (index < 0)
      return session->session->signature().lacksProgram(program);
    std::vector<Buffer> table(buffer_count);
    for (size_t i = 0; i < buffer_count; ++i)
      table[i] = {buffers[i], buffer_bytes[i]};
    Status called = session->session->call(index, table.data(), buffer_count,
                                           points, candidates, integers,
                                           integer_count, reals, real_count);
    // MODC_VULKAN_VALIDATION is for finding mistakes: none goes unheard.
    std::string said;
    if (Device *device = session->session->device(); called && device)
      for (const std::string &message : device->takeMessages())
        said += (said.empty() ? "validation: " : "\nvalidation: ") + message;
    return said.empty() ? called : Status(Error(std::move(said)));
  });
}

void *modc_session_arena(modc_session_t *session, modc_arena which,
                         int64_t *bytes) {
  const Signature &signature = session->session->signature();
  if (bytes)
    *bytes = which == MODC_ARENA_STATE ? signature.stateBytes
                                       : signature.parameterBytes;
  switch (which) {
  case MODC_ARENA_PARAMETERS:
    return session->session->parameters();
  case MODC_ARENA_GRADIENTS:
    return session->session->gradients();
  case MODC_ARENA_STATE:
    return session->session->state();
  }
  return nullptr;
}

void modc_toy_data(uint64_t seed, int64_t points, int test, float *x, float *y,
                   int32_t *component) {
  if (points <= 0)
    return;
  ToyData data = makeToyData(seed, points, test != 0);
  std::memcpy(x, data.x.data(), data.x.size() * sizeof(float));
  std::memcpy(y, data.y.data(), data.y.size() * sizeof(float));
  if (component)
    std::memcpy(component, data.component.data(),
                data.component.size() * sizeof(int32_t));
}
