//===- Session.cpp - A model with its weights, ready to run ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code trusts its arguments; this file is where they earn that trust.
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include <algorithm>
#include <cstring>

namespace modc {
namespace {

constexpr int64_t kMostPositions = int64_t(1) << 31;

bool overlap(const void *a, int64_t aBytes, const void *b, int64_t bBytes) {
  auto aBegin = reinterpret_cast<uintptr_t>(a);
  auto bBegin = reinterpret_cast<uintptr_t>(b);
  return aBytes > 0 && bBytes > 0 && aBegin < bBegin + uintptr_t(bBytes) &&
         bBegin < aBegin + uintptr_t(aBytes);
}

/// Element `index` of a caller's array, whatever its alignment.
template <typename T>
T elementOf(const void *array, int64_t index) {
  T value;
  std::memcpy(&value,
              static_cast<const char *>(array) + index * int64_t(sizeof(T)),
              sizeof(T));
  return value;
}

/// Fails if a choice names a member that its pool has not.
Status checkChoices(const Signature &signature, const TensorSpec &spec,
                    const void *choices, int64_t rows) {
  int64_t slots = signature.slots;
  const int32_t *members = signature.slotMembers.data();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t slot = 0; slot < slots; ++slot) {
      auto choice = elementOf<int32_t>(choices, row * slots + slot);
      if (choice < 0 || choice >= members[slot])
        return makeError(inQuotes(spec.name), " of row ", row, ", slot ", slot,
                         " is ", choice, ", but its pool has ", members[slot],
                         " members");
    }
  return {};
}

/// Fails if a layer would make more choices than compiled code can number: the
/// plan of a layer numbers them, over all rows of a call, by i32.
Status checkRows(const Signature &signature, const ProgramSpec &program,
                 int64_t points, int64_t candidates) {
  // An E-step over all assignments takes the stored choice and each of them.
  if (program.name == "e_step_enumerated") {
    candidates = 1;
    for (int32_t members : signature.slotMembers)
      candidates = std::min(candidates * members, kMostPositions);
    ++candidates;
  }
  for (const LayerSpec &layer : signature.layers) {
    int64_t rows, choices;
    if (!__builtin_mul_overflow(points, candidates, &rows) &&
        !__builtin_mul_overflow(rows, layer.slotCount(), &choices) &&
        choices < kMostPositions)
      continue;
    return makeError(points, " points with ", candidates, " candidates of ",
                     layer.slotCount(), " choices in layer ",
                     inQuotes(layer.name), " are more than 2147483647 choices");
  }
  return {};
}

template <typename T>
Status checkLabels(const TensorSpec &spec, const void *labels, int64_t count,
                   int64_t classes) {
  for (int64_t i = 0; i < count; ++i)
    if (auto label = elementOf<T>(labels, i); label < 0 || label >= classes)
      return makeError(inQuotes(spec.name), " element ", i, " is ", label,
                       ", but the model has ", classes, " classes");
  return {};
}

} // namespace

Session::Session(std::shared_ptr<const Model> model, SessionOptions options)
    : shared(std::move(model)), options(options),
      arenas{makeArena(signature().parameters, signature().parameterBytes,
                       "parameters"),
             makeArena(signature().parameters, signature().parameterBytes,
                       "gradients"),
             makeArena(signature().state, signature().stateBytes,
                       "optimizer state")},
      workspace(options.allocator), staging(options.allocator) {}

Result<std::unique_ptr<Session>>
Session::create(std::shared_ptr<const Model> model, SessionOptions options) {
  if (!model)
    return Error("a session needs a model");
  if (!options.allocator.allocate || !options.allocator.release)
    return Error("the allocator lacks one of its two functions");
  std::unique_ptr<Session> session(new Session(std::move(model), options));
  if (options.host) {
    if (!options.host->parallel_for || options.host->workers < 1)
      return makeError("the executor needs a function and at least 1 worker, "
                       "not ",
                       options.host->workers);
    session->foreign = std::make_unique<FloatModeHost>(*options.host);
    session->host = session->foreign->host();
  } else {
    session->executor = std::make_unique<Executor>(options.workers);
    session->host = session->executor->host();
  }
  if (options.trace) {
    session->traced =
        std::make_unique<TracedHost>(session->host, options.trace);
    session->host = session->traced->host();
  }
  for (MirroredArena &arena : session->arenas)
    arena.setThreads(session->threads());
  if (Status status = session->openDevice(); !status)
    return status.error();
  // Who has no memory for parameters is told here.
  MirroredArena &parameters = session->arena(ArenaKind::Parameters);
  if (Status status = session->programs ? parameters.fetch()
                                        : parameters.fetchForProgram(false);
      !status)
    return status.error();
  return session;
}

void Session::parallelFor(int64_t tasks, modc_task body, void *context) const {
  modc_host all = threads();
  all.parallel_for(all.user, tasks, body, context, "");
}

modc_host Session::threads() const {
  return executor ? executor->host() : foreign->host();
}

Status Session::openDevice() {
  if (!options.device || options.device->info().kind == DeviceKind::Cpu)
    return {};
  auto opened = DevicePrograms::create(shared, options.device);
  if (!opened)
    return opened.error();
  programs = std::move(*opened);
  programs->setTrace(options.trace, host.workers);
  programs->setWarning(options.warn);
  return {};
}

Status Session::init(uint64_t seed) {
  int program = signature().findProgram("init");
  if (program < 0)
    return signature().lacksProgram("init");
  hasParameters = true;
  int64_t integer = int64_t(seed);
  if (Status status = call(program, nullptr, 0, 0, 1, &integer, 1, nullptr, 0);
      !status) {
    hasParameters = false;
    return status;
  }
  return resetState();
}

Status Session::checkBuffers(const ProgramSpec &program, const Buffer *buffers,
                             const std::vector<int64_t> &needed) const {
  for (size_t i = 0; i < needed.size(); ++i) {
    const TensorSpec &spec = program.buffers[i];
    if (needed[i] > 0 && !buffers[i].data)
      return makeError("buffer ", inQuotes(spec.name), " is null");
    if (buffers[i].bytes < needed[i])
      return makeError("buffer ", inQuotes(spec.name), " has ",
                       buffers[i].bytes, " bytes, ", spec.describe(), " needs ",
                       needed[i]);
    for (const MirroredArena &arena : arenas)
      for (const void *memory : {arena.data(), arena.programData()})
        if (memory && overlap(buffers[i].data, needed[i], memory, arena.size()))
          return makeError("buffer ", inQuotes(spec.name),
                           " overlaps an arena of the session");
    for (size_t j = 0; j < i; ++j)
      if ((spec.output || program.buffers[j].output) &&
          overlap(buffers[i].data, needed[i], buffers[j].data, needed[j]))
        return makeError("buffer ", inQuotes(spec.name), " overlaps buffer ",
                         inQuotes(program.buffers[j].name));
  }
  return {};
}

Status Session::checkContents(const ProgramSpec &program, const Buffer *buffers,
                              int64_t points, int64_t candidates) const {
  const Signature &spec = signature();
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const TensorSpec &buffer = program.buffers[i];
    if (buffer.output)
      continue;
    if (buffer.name == "selection" || buffer.name == "stored") {
      int64_t rows = points;
      if (!buffer.shape.empty() &&
          buffer.shape[0].kind == Dimension::Kind::Candidates)
        rows *= candidates;
      if (Status status = checkChoices(spec, buffer, buffers[i].data, rows);
          !status)
        return status;
      continue;
    }
    if (spec.classes == 0)
      continue;
    for (const TensorSpec &wanted : spec.wanted) {
      if (wanted.name != buffer.name)
        continue;
      int64_t count = points * buffer.width();
      Status status;
      if (buffer.type == DType::I32)
        status =
            checkLabels<int32_t>(buffer, buffers[i].data, count, spec.classes);
      else if (buffer.type == DType::I64)
        status =
            checkLabels<int64_t>(buffer, buffers[i].data, count, spec.classes);
      if (!status)
        return status;
    }
  }
  return {};
}

Status Session::call(int index, const Buffer *buffers, size_t bufferCount,
                     int64_t points, int64_t candidates,
                     const int64_t *integers, size_t integerCount,
                     const double *reals, size_t realCount) {
  if (index < 0 || index >= int(signature().programs.size()))
    return makeError("the model has no program ", index);
  const ProgramSpec &program = signature().programs[size_t(index)];
  auto fail = [&](const Error &error) {
    return error.within("program " + inQuotes(program.name));
  };
  auto count = [&](const char *what, size_t given, size_t wanted) -> Status {
    if (given == wanted)
      return {};
    return makeError("program ", inQuotes(program.name), " takes ", wanted, " ",
                     what, ", got ", given);
  };
  if (Status s = count("buffers", bufferCount, program.buffers.size()); !s)
    return s;
  if (Status s = count("integers", integerCount, program.integers.size()); !s)
    return s;
  if (Status s = count("reals", realCount, program.reals.size()); !s)
    return s;
  if (!hasParameters)
    return fail(Error("the session has no parameters: draw or load them"));
  if (points < 0 || points >= kMostPositions || candidates < 1 ||
      candidates >= kMostPositions)
    return fail(makeError(points, " points and ", candidates,
                          " candidates are outside [0, 2147483647] and "
                          "[1, 2147483647]"));
  if (Status s = checkRows(signature(), program, points, candidates); !s)
    return fail(s.error());

  needed.resize(bufferCount);
  for (size_t i = 0; i < bufferCount; ++i) {
    Result<int64_t> bytes = program.buffers[i].bytes(points, candidates);
    if (!bytes)
      return fail(bytes.error());
    needed[i] = *bytes;
  }
  if (Status s = checkBuffers(program, buffers, needed); !s)
    return fail(s.error());
  if (Status s = checkContents(program, buffers, points, candidates); !s)
    return fail(s.error());

  const int64_t sizes[] = {points, candidates};
  // Parameters are drawn where every other device draws them, too.
  bool remote = programs && program.name != "init";
  if (Status s = remote ? runOnDevice(index, buffers, sizes, integers, reals)
                        : run(index, buffers, sizes, integers, reals);
      !s)
    return fail(s.error());
  return {};
}

Status Session::runOnDevice(int index, const Buffer *buffers,
                            const int64_t *sizes, const int64_t *integers,
                            const double *reals) {
  if (Status s = programs->checkProgram(index); !s)
    return s;
  DeviceCall call;
  call.program = index;
  pointers.resize(needed.size());
  for (size_t i = 0; i < needed.size(); ++i)
    pointers[i] = buffers[i].data;
  call.buffers = pointers.data();
  call.bytes = needed.data();
  call.points = sizes[0];
  call.candidates = sizes[1];
  call.integers = integers;
  call.reals = reals;
  for (size_t i = 0; i < arenas.size(); ++i) {
    if (!programs->uses(index, i))
      continue;
    if (Status s = arenas[i].send(programs->device(), programs->arenaLayout(i));
        !s)
      return s;
    call.arenas[i] = arenas[i].deviceBuffer();
    // Whatever becomes of the call, the host's copy is no newer.
    if (programs->writes(index, i))
      arenas[i].setWrittenByDevice();
  }
  if (!traced)
    return programs->run(call);
  Status status;
  const std::string &name = signature().programs[size_t(index)].name;
  traced->call(name.c_str(), sizes[0], [&] { status = programs->run(call); });
  return status;
}

Status Session::run(int index, const Buffer *buffers, const int64_t *sizes,
                    const int64_t *integers, const double *reals) {
  const ProgramSpec &program = signature().programs[size_t(index)];
  const size_t bufferCount = needed.size();
  // Buffers of any alignment are welcome: those that compiled code may not see
  // take a copy.
  int64_t staged = 0;
  auto isStaged = [&](size_t i) {
    size_t alignment = sizeOf(program.buffers[i].type);
    return needed[i] == 0 ||
           reinterpret_cast<uintptr_t>(buffers[i].data) % alignment != 0;
  };
  auto padded = [](int64_t bytes) { return (bytes + 127) / 64 * 64; };
  for (size_t i = 0; i < bufferCount; ++i)
    staged += isStaged(i) ? padded(needed[i]) : 0;
  if (staged > 0)
    if (Status s = staging.reserve(staged, "staged buffers"); !s)
      return s;
  pointers.resize(bufferCount);
  int64_t position = 0;
  for (size_t i = 0; i < bufferCount; ++i) {
    pointers[i] = buffers[i].data;
    if (!isStaged(i))
      continue;
    pointers[i] = staging.as<char>() + position;
    position += padded(needed[i]);
    if (!program.buffers[i].output && needed[i] > 0)
      std::memcpy(pointers[i], buffers[i].data, size_t(needed[i]));
  }

  if (Status s = fetchForProgram(program); !s)
    return s;
  const modc_program &code = shared->program(index);
  int64_t scratch = code.workspace(sizes, host.workers);
  if (scratch < 0)
    return makeError("the workspace for ", sizes[0], " points and ", sizes[1],
                     " candidates overflows");
  if (Status s = workspace.reserve(scratch, "workspace"); !s)
    return s;

  modc_call arguments = {&host,
                         arenas[0].programData(),
                         arenas[1].programData(),
                         arenas[2].programData(),
                         workspace.data(),
                         pointers.data(),
                         sizes,
                         integers,
                         reals};
  {
    FloatMode mode;
    if (traced)
      traced->call(program.name.c_str(), sizes[0],
                   [&] { code.run(&arguments); });
    else
      code.run(&arguments);
  }
  for (size_t i = 0; i < bufferCount; ++i)
    if (program.buffers[i].output && pointers[i] != buffers[i].data &&
        needed[i] > 0)
      std::memcpy(buffers[i].data, pointers[i], size_t(needed[i]));
  return {};
}

} // namespace modc
