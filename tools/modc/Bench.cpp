//===- Bench.cpp - modc bench ---------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times programs of a model and, in the same loop, what the machine can do: a
// machine's speed changes with its load, shares of a peak measured beside do so
// much less. Programs of a device are timed as a caller sees them, then launch
// by launch.
//
//===----------------------------------------------------------------------===//

#include "runtime/Weights.h"
#include "tools/modc/BenchProbes.h"
#include "tools/modc/BenchPrograms.h"
#include "tools/modc/BenchReport.h"
#include "tools/modc/Commands.h"
#include "tools/modc/DeviceFlag.h"
#include "tools/modc/Network.h"
#include "tools/modc/Output.h"
#include "tools/modc/Progress.h"
#include "tools/modc/Signals.h"
#include "tools/modc/TraceOutput.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace modc::driver {
namespace {

using Clock = std::chrono::steady_clock;

/// A sample times calls for at least so long, so that reading the clock does
/// not count.
constexpr double kSampleSeconds = 300e-6;
/// Calls that take longer are not repeated to warm the caches for a sample.
constexpr double kLongCall = 20e-3;
constexpr int64_t kFewestRounds = 5;

struct BenchFlags {
  std::string model, weights, compare;
  std::vector<std::string> programs;
  int64_t threads = 0;
  double seconds = 3;
  bool json = false;
  BenchData data;
  BuildOptions build;
  TraceOutput trace;
  DeviceFlag device;
};

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Programs, probes and what they took.
class Bench {
public:
  explicit Bench(BenchFlags &flags) : flags(flags), executor(flags.threads) {}

  Status open(const Flags &given);
  Status prepare();
  Status measure();
  /// Of a device, where it has timestamps.
  Status measureLaunches();
  BenchReport report(bool interrupted) const;

private:
  struct Timed {
    BenchProgram program;
    int64_t calls = 1;
    double once = 0;
    std::vector<double> seconds;
    std::vector<LaunchTimes> launches;
  };
  /// With parameters.
  Result<std::unique_ptr<Session>> openSession(const SessionOptions &settings);
  Status sample(Timed &timed);
  /// Calls of a device may return before they have ended.
  Status settle() {
    return session->device() ? session->device()->wait() : Status();
  }

  BenchFlags &flags;
  Executor executor;
  std::shared_ptr<const Model> model;
  std::shared_ptr<Device> device;
  std::unique_ptr<Session> session;
  std::vector<Timed> programs;
  std::optional<PeakProbe> peak;
  ReadProbe read;
  std::vector<double> peaks, reads;
  int64_t rounds = 0;
  double loadBefore = -1;
};

} // namespace

Status Bench::open(const Flags &given) {
  BuildOptions build = flags.build;
  if (Status status = flags.device.choose(); !status)
    return status;
  build.deviceTargets = flags.device.targets();
  auto opened = openModel(flags.model, build, given);
  if (!opened)
    return opened.error();
  model = std::move(*opened);
  auto chosen = flags.device.open(model->signature());
  if (!chosen)
    return chosen.error();
  device = std::move(*chosen);
  SessionOptions settings;
  settings.trace = flags.trace.sink(executor.workers(), device.get());
  // Not of the session that times launches, too, which would say it again.
  settings.warn = warn;
  auto created = openSession(settings);
  if (!created)
    return created.error();
  session = std::move(*created);
  return {};
}

Result<std::unique_ptr<Session>>
Bench::openSession(const SessionOptions &given) {
  SessionOptions settings = given;
  // One pool of threads for programs and probes.
  settings.host = executor.host();
  settings.device = device;
  auto created = Session::create(model, settings);
  if (!created)
    return created.error().within(inQuotes(flags.model));
  Status status = flags.weights.empty() ? (*created)->init(flags.data.seed)
                                        : loadWeights(**created, flags.weights);
  if (!status)
    return status.error();
  return created;
}

/// Everything that can be refused is refused here, before the clock runs.
Status Bench::prepare() {
  const Signature &signature = session->signature();
  std::vector<std::string> wanted = flags.programs, present;
  for (const ProgramSpec &program : signature.programs)
    present.push_back(program.name);
  if (wanted.empty())
    for (const char *name :
         {"infer", "forward", "e_step", "m_step", "train_step"})
      if (signature.findProgram(name) >= 0)
        wanted.emplace_back(name);
  if (wanted.empty())
    return makeError(inQuotes(flags.model), " has none of the programs that "
                                            "are timed by default: name some "
                                            "with --program");
  for (const std::string &name : wanted) {
    if (signature.findProgram(name) < 0)
      return makeError(inQuotes(flags.model), " has no program ",
                       inQuotes(name), suggestion(name, present), "; it has ",
                       fmt::format("{}", fmt::join(present, ", ")));
    if (name == "init")
      return Error("program 'init' is not timed: it would replace the "
                   "parameters that the others run with");
    auto program = BenchProgram::create(*session, name, flags.data);
    if (!program)
      return program.error();
    programs.push_back({std::move(*program), 1, 0, {}, {}});
  }
  // What the processor can do says nothing of a device.
  if (session->device())
    return {};
  peak.emplace(signature.element);
  return read.prepare();
}

Status Bench::sample(Timed &timed) {
  // The probe of the memory, and other programs, have emptied the caches.
  if (timed.once < kLongCall)
    if (Status status = timed.program.call(); !status)
      return status;
  if (Status status = settle(); !status)
    return status;
  Clock::time_point start = Clock::now();
  for (int64_t i = 0; i < timed.calls; ++i)
    if (Status status = timed.program.call(); !status)
      return status;
  if (Status status = settle(); !status)
    return status;
  timed.seconds.push_back(secondsSince(start) / double(timed.calls));
  return {};
}

Status Bench::measure() {
  loadBefore = systemLoad();
  // The first call allocates; the second one says how many make a sample.
  double round = 0;
  for (Timed &timed : programs) {
    if (Status status = timed.program.call(); !status)
      return status;
    if (Status status = settle(); !status)
      return status;
    Clock::time_point start = Clock::now();
    if (Status status = timed.program.call(); !status)
      return status;
    if (Status status = settle(); !status)
      return status;
    timed.once = secondsSince(start);
    timed.calls = std::clamp<int64_t>(
        int64_t(std::ceil(kSampleSeconds / std::max(timed.once, 1e-8))), 1,
        100000);
    round += timed.once * double(timed.calls + 1);
  }
  Clock::time_point start = Clock::now();
  if (peak) {
    peak->run(executor);
    read.run(executor);
  }
  round += secondsSince(start);
  int64_t planned = std::clamp<int64_t>(int64_t(flags.seconds / round),
                                        kFewestRounds, 1000000);
  ProgressLine progress(planned, 0, "rounds");
  start = Clock::now();
  for (; rounds < planned && !CatchInterrupt::requested(); ++rounds) {
    // What was slow to start with must not make the whole slow.
    if (rounds >= kFewestRounds && secondsSince(start) > 1.5 * flags.seconds)
      break;
    if (peak)
      peaks.push_back(peak->run(executor));
    for (Timed &timed : programs)
      if (Status status = sample(timed); !status)
        return status;
    if (peak)
      reads.push_back(read.run(executor));
    if (progress.due())
      progress.update(rounds + 1, "");
  }
  return {};
}

Status Bench::measureLaunches() {
  if (!session->device())
    return {};
  if (!device->info().timestamps)
    return makeError(device->info().label(), " has no timestamps");
  LaunchCollector launches(executor.workers());
  SessionOptions settings;
  settings.trace = launches.sink();
  auto timed = openSession(settings);
  if (!timed)
    return timed.error();
  std::vector<BenchProgram> calls;
  for (const Timed &each : programs) {
    auto program =
        BenchProgram::create(**timed, each.program.name(), flags.data);
    if (!program)
      return program.error();
    // Once to record, and to have memory that is not new.
    if (Status status = program->call(); !status)
      return status;
    calls.push_back(std::move(*program));
  }
  (void)launches.take();
  int64_t most = std::clamp<int64_t>(rounds / 4, kFewestRounds, 100);
  for (size_t i = 0; i < calls.size(); ++i) {
    for (int64_t call = 0; call < most && !CatchInterrupt::requested();
         ++call) {
      if (Status status = calls[i].call(); !status)
        return status;
      launches.endCall();
    }
    programs[i].launches = launches.take();
  }
  return {};
}

BenchReport Bench::report(bool interrupted) const {
  const Signature &signature = session->signature();
  BenchReport report;
  report.model = flags.model;
  report.network = signature.network;
  report.hash = signature.hash;
  report.flags = signature.flags;
  report.target = session->model().target();
  if (session->device()) {
    auto target = findDeviceTarget(signature, device->info());
    report.target = target ? signature.devices[size_t(*target)].name : "";
    report.device = device->info().label();
  }
  report.rounds = rounds;
  report.threads = executor.workers();
  report.loadBefore = loadBefore;
  report.loadAfter = systemLoad();
  report.points = flags.data.points;
  report.candidates = flags.data.candidates;
  report.routing = signature.slots > 0 ? flags.data.routing : "none";
  report.seed = flags.data.seed;
  report.interrupted = interrupted;
  if (peak) {
    report.peakKind = peak->kind();
    report.peak = peaks;
    report.readWindow = read.windowBytes();
    report.read = reads;
  }
  for (const Timed &timed : programs)
    report.programs.push_back({timed.program.name(), timed.program.isRouted(),
                               timed.calls, timed.seconds,
                               timed.program.flops(),
                               timed.program.parameterBytes(), timed.launches});
  return report;
}

int benchMain(int argc, char **argv) {
  BenchFlags options;
  int64_t seed = 0;
  Flags flags("bench", "MODEL [--batch N] [FLAG...]",
              "Times programs of MODEL (model.so or model.mlir) on generated\n"
              "data, and in the same loop what the processor and its memory\n"
              "can do at most; on a device also each launch.");
  flags.argument("MODEL", options.model, "model.so or model.mlir");
  flags.texts("--program", "NAME", options.programs,
              "a program to time; may be repeated (without: infer, forward, "
              "e_step, m_step, train_step)");
  flags.integer("--batch", "N", options.data.points, 1, 1 << 24,
                "points of a call");
  flags.integer("--samples", "S", options.data.candidates, 1, 1 << 16,
                "candidates of an E-step");
  flags.choice("--routing", options.data.routing,
               {"uniform", "zipf", "one", "model"},
               "the choices that programs are given: uniform, by Zipf's law "
               "(exponent 1.2), the first members always, or the "
               "controllers'");
  flags.integer("--threads", "N", options.threads, 0, 4096,
                "threads; 0 takes all processors");
  flags.real("--seconds", "X", options.seconds, 0, 1e6,
             "how long to measure; five rounds at least");
  flags.text("--weights", "FILE", options.weights,
             "weights, as safetensors (without: drawn from the seed)");
  flags.integer("--seed", "N", seed, 0, INT64_MAX,
                "seed of weights, data and choices");
  options.device.addFlag(flags);
  flags.section("output");
  flags.flag("--json", options.json, "print all as JSON");
  flags.text("--compare", "OLD.json", options.compare,
             "print ratios to an earlier --json");
  options.trace.addFlags(flags);
  addBuildFlags(flags, options.build);
  flags.examples(
      "  modc bench examples/mnist.mlir --batch 128 --threads 1\n"
      "  modc bench model.so --program forward --routing one --json > a.json\n"
      "  modc bench model.so --program forward --compare a.json\n"
      "  modc bench model.so --device vulkan --program train_step\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  options.data.seed = uint64_t(seed);

  std::optional<nlohmann::ordered_json> old;
  if (!options.compare.empty()) {
    auto json = readBenchJson(options.compare);
    if (!json)
      return fail(json.error());
    old = std::move(*json);
  }
  if (Status status = options.trace.check(); !status)
    return fail(status.error());
  Bench bench(options);
  if (Status status = bench.open(flags); !status)
    return fail(status.error());
  if (Status status = bench.prepare(); !status)
    return fail(status.error());
  CatchInterrupt interrupt;
  if (Status status = bench.measure(); !status)
    return fail(status.error());
  // What was measured is worth telling without.
  if (Status status = bench.measureLaunches(); !status)
    warn("launches were not timed: " + status.error().message());
  bool interrupted = CatchInterrupt::requested();
  BenchReport report = bench.report(interrupted);
  nlohmann::ordered_json json = report.json();
  if (old)
    json["compare"] = compareBench(json, *old);
  if (options.json) {
    printJson(json);
  } else {
    print(report.text());
    if (old)
      print(compareText(json["compare"], options.compare));
  }
  return options.device.finish(
      options.trace.finish(interrupted ? Interrupted : Done, report.network));
}

} // namespace modc::driver
