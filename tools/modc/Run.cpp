//===- Run.cpp - modc run -------------------------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes a network's outputs for inputs in .npy files, with the controllers'
// choices or with given ones, and compares them with expected outputs. Works
// in batches, so that memory does not grow with what lies between input and
// output.
//
//===----------------------------------------------------------------------===//

#include "runtime/BatchBuffers.h"
#include "runtime/Choices.h"
#include "runtime/Weights.h"
#include "runtime/formats/Npy.h"
#include "tools/modc/Bindings.h"
#include "tools/modc/Commands.h"
#include "tools/modc/Compare.h"
#include "tools/modc/DeviceFlag.h"
#include "tools/modc/Network.h"
#include "tools/modc/Output.h"
#include "tools/modc/TraceOutput.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace modc::driver {
namespace {

struct RunOptions {
  std::string model, weights, selection, forced;
  std::vector<std::string> inputs, outputs, expected;
  Tolerance tolerance;
  int64_t threads = 0;
  int64_t batch = 1024;
  BuildOptions build;
  TraceOutput trace;
  DeviceFlag device;
};

/// An output of the network or the selection, for all points.
struct Gathered {
  std::string name;
  DType type;
  Shape shape;
  std::vector<uint8_t> bytes;

  Tensor tensor() const {
    return {"output " + inQuotes(name), type, shape, bytes.data(), nullptr};
  }
};

/// Bytes stand for x/255 where the network takes floats, as in data sets.
template <typename T>
Status convertReals(const Tensor &tensor, int64_t first, int64_t number,
                    T *out) {
  Status status = tensor.convert(first, number, out);
  if (status && tensor.type == DType::U8)
    for (int64_t i = 0; i < number; ++i)
      out[i] /= T(255);
  return status;
}

/// Writes elements [first, first + number) of `tensor` as `type`.
Status convertTo(DType type, const Tensor &tensor, int64_t first,
                 int64_t number, void *out) {
  switch (type) {
  case DType::F32:
    return convertReals(tensor, first, number, static_cast<float *>(out));
  case DType::F64:
    return convertReals(tensor, first, number, static_cast<double *>(out));
  case DType::I32:
    return tensor.convert(first, number, static_cast<int32_t *>(out));
  case DType::I64:
    return tensor.convert(first, number, static_cast<int64_t *>(out));
  default:
    return makeError("inputs of type ", nameOf(type), " cannot be read");
  }
}

/// Runs one network on files. Each step returns a message or goes on.
class Runner {
public:
  Runner(const RunOptions &options, Session &session)
      : options(options), session(session), signature(session.signature()) {}

  Status readInputs();
  Status bindOutputs();
  Status compute();
  Status writeOutputs() const;
  /// Nothing if every expected output is as it was computed.
  Result<std::optional<std::string>> compareOutputs() const;

private:
  Status checkInput(const Tensor &tensor, const TensorSpec &spec);

  const RunOptions &options;
  Session &session;
  const Signature &signature;
  int64_t points = -1;
  std::vector<Tensor> inputs;
  std::vector<std::string> outputPaths, expectedPaths;
  Choices forced;
  std::vector<Gathered> outputs;
  Gathered chosen;
};

} // namespace

/// The elements of a point must be as many as the network wants; how they are
/// arranged is left to the file, so that images need not be flattened.
Status Runner::checkInput(const Tensor &tensor, const TensorSpec &spec) {
  // No controller can choose by them.
  if (auto bad = tensor.firstNonFinite())
    return makeError(tensor.source, " is NaN or infinite at element ", *bad);
  if (!spec.isPerPoint()) {
    if (tensor.count() != spec.width())
      return makeError(tensor.source, " has shape ", toString(tensor.shape),
                       ", but input ", inQuotes(spec.name), " is ",
                       spec.describe());
    return {};
  }
  int64_t rows = tensor.shape.empty() ? 0 : tensor.shape[0];
  int64_t width = 1;
  for (size_t i = 1; i < tensor.shape.size(); ++i)
    width *= tensor.shape[i];
  if (tensor.shape.empty() || width != spec.width())
    return makeError(tensor.source, " has shape ", toString(tensor.shape),
                     ", but input ", inQuotes(spec.name), " is ",
                     spec.describe());
  if (points >= 0 && rows != points)
    return makeError(tensor.source, " has ", rows, " points, but ",
                     inputs.front().source, " has ", points);
  points = rows;
  return {};
}

Status Runner::readInputs() {
  auto paths = bindPaths(options.inputs, signature.inputs, "input", true);
  if (!paths)
    return paths.error();
  for (size_t i = 0; i < paths->size(); ++i) {
    Result<Tensor> tensor = readNpy((*paths)[i]);
    if (!tensor)
      return tensor.error();
    if (Status status = checkInput(*tensor, signature.inputs[i]); !status)
      return status;
    inputs.push_back(std::move(*tensor));
  }
  if (points < 0)
    points = 1;
  if (options.forced.empty())
    return {};
  Result<Tensor> tensor = readNpy(options.forced);
  if (!tensor)
    return tensor.error();
  forced = Choices(signature, points);
  return forced.assign(*tensor);
}

Status Runner::bindOutputs() {
  auto paths = bindPaths(options.outputs, signature.outputs, "output", false);
  if (!paths)
    return paths.error();
  outputPaths = std::move(*paths);
  paths = bindPaths(options.expected, signature.outputs, "expect", false);
  if (!paths)
    return paths.error();
  expectedPaths = std::move(*paths);
  for (const std::string &path : outputPaths)
    if (!path.empty())
      if (Status status = checkWritable(path); !status)
        return status;
  if (!options.selection.empty())
    if (Status status = checkWritable(options.selection); !status)
      return status;
  std::vector<OutputFile> files = {{"--selection", options.selection},
                                   options.trace.file()};
  for (size_t i = 0; i < outputPaths.size(); ++i)
    files.push_back(
        {"output " + inQuotes(signature.outputs[i].name), outputPaths[i]});
  return checkDistinct(files);
}

Status Runner::compute() {
  const std::string program = options.forced.empty() ? "infer" : "forward";
  bool inBatches = true;
  auto prepare = [&](const std::string &name, DType type,
                     const TensorSpec *spec, int64_t width) {
    Gathered gathered{name, type, {}, {}};
    if (spec && !spec->isPerPoint())
      inBatches = false;
    if (!spec)
      gathered.shape = {points, width};
    else
      for (const Dimension &dimension : spec->shape)
        gathered.shape.push_back(dimension.kind == Dimension::Kind::Number
                                     ? dimension.number
                                     : points);
    std::optional<int64_t> count = elementCount(gathered.shape, sizeOf(type));
    gathered.bytes.resize(size_t(count.value_or(0)) * sizeOf(type));
    return gathered;
  };
  for (const TensorSpec &spec : signature.outputs)
    outputs.push_back(prepare(spec.name, spec.type, &spec, 0));
  chosen = prepare("selection", DType::I32, nullptr, signature.slots);

  int64_t batch = inBatches ? std::min(options.batch, points) : points;
  auto buffers = BatchBuffers::create(session, {program}, batch, 1);
  if (!buffers)
    return buffers.error();
  std::vector<int64_t> indices(size_t(batch), 0);
  int64_t first = 0;
  do {
    int64_t count = std::min(batch, points - first);
    for (size_t i = 0; i < inputs.size(); ++i) {
      const TensorSpec &spec = signature.inputs[i];
      int64_t width = spec.width();
      Status status = spec.isPerPoint()
                          ? convertTo(spec.type, inputs[i], first * width,
                                      count * width, buffers->data(spec.name))
                          : convertTo(spec.type, inputs[i], 0, width,
                                      buffers->data(spec.name));
      if (!status)
        return status;
    }
    if (!options.forced.empty()) {
      for (int64_t i = 0; i < count; ++i)
        indices[size_t(i)] = first + i;
      forced.gather(indices.data(), count, buffers->as<int32_t>("selection"));
    }
    if (Status status = buffers->program(program).run(count); !status)
      return status;
    auto collect = [&](Gathered &gathered) {
      size_t each = points > 0 ? gathered.bytes.size() / size_t(points) : 0;
      size_t from = inBatches ? size_t(first) * each : 0;
      size_t size = inBatches ? size_t(count) * each : gathered.bytes.size();
      if (size > 0)
        std::memcpy(gathered.bytes.data() + from,
                    buffers->outputData(gathered.name), size);
    };
    for (Gathered &gathered : outputs)
      collect(gathered);
    if (buffers->has("selection"))
      collect(chosen);
    first += count;
  } while (first < points);
  return {};
}

Status Runner::writeOutputs() const {
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!outputPaths[i].empty())
      if (Status status = writeNpy(outputPaths[i], outputs[i].tensor());
          !status)
        return status;
  if (options.selection.empty())
    return {};
  return writeNpy(options.selection, chosen.tensor());
}

Result<std::optional<std::string>> Runner::compareOutputs() const {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (expectedPaths[i].empty())
      continue;
    Result<Tensor> expected = readNpy(expectedPaths[i]);
    if (!expected)
      return expected.error();
    auto answer = compare(outputs[i].tensor(), *expected, options.tolerance);
    if (!answer || *answer)
      return answer;
  }
  return std::optional<std::string>();
}

int runMain(int argc, char **argv) {
  RunOptions options;
  constexpr double infinite = std::numeric_limits<double>::infinity();
  Flags flags(
      "run", "MODEL --weights WEIGHTS --input [NAME=]X.npy [FLAG...]",
      "Computes the outputs of MODEL (model.so or model.mlir) for inputs in\n"
      ".npy files, the controllers choosing the members.");
  flags.argument("MODEL", options.model, "model.so or model.mlir");
  flags.text("--weights", "FILE", options.weights, "weights, as safetensors");
  flags.texts(
      "--input", "[NAME=]FILE", options.inputs,
      "an input; the first dimension counts points; repeat it with names "
      "where the network has several");
  flags.texts("--output", "[NAME=]FILE", options.outputs,
              "write an output there");
  flags.text("--selection", "FILE", options.selection,
             "write the chosen members there, [points, slots] of i32");
  flags.text("--force-selection", "FILE", options.forced,
             "run these members instead of the controllers' choice");
  flags.integer("--threads", "N", options.threads, 0, 4096,
                "threads; 0 takes all processors");
  flags.integer("--batch", "N", options.batch, 1, 1 << 24,
                "points that are computed at once");
  options.device.addFlag(flags);
  flags.section("comparing");
  flags.texts("--expect", "[NAME=]FILE", options.expected,
              "exit with code 3 if an output differs from that file");
  flags.real("--rtol", "X", options.tolerance.relative, 0, infinite,
             "allowed difference, relative to the expected value");
  flags.real("--atol", "X", options.tolerance.absolute, 0, infinite,
             "allowed difference, absolute");
  options.trace.addFlags(flags);
  addBuildFlags(flags, options.build);
  flags.examples(
      "  modc run model.so --weights weights.safetensors --input x.npy \\\n"
      "    --output y.npy --selection a.npy\n");
  if (std::optional<int> code = flags.parse(argc, argv))
    return *code;
  if (options.weights.empty()) {
    if (Status status = checkModel(options.model, options.build, flags);
        !status)
      return fail(status.error());
    return misuse("run", "no weights are given: --weights FILE");
  }
  if (options.outputs.empty() && options.expected.empty() &&
      options.selection.empty())
    return misuse("run", "nothing to do: give --output, --selection or "
                         "--expect");

  if (Status status = options.trace.check(); !status)
    return fail(status.error());
  auto session = openSession(options.model, options.build, flags,
                             options.threads, &options.trace, &options.device);
  if (!session)
    return fail(session.error());
  if (Status status = loadWeights(**session, options.weights); !status)
    return fail(status.error());
  Runner runner(options, **session);
  for (auto step :
       {&Runner::readInputs, &Runner::bindOutputs, &Runner::compute})
    if (Status status = (runner.*step)(); !status)
      return fail(status.error());
  int code = options.trace.finish(Done, (*session)->signature().network);
  if ((code = options.device.finish(code)))
    return code;
  if (Status status = runner.writeOutputs(); !status)
    return fail(status.error());
  auto difference = runner.compareOutputs();
  if (!difference)
    return fail(difference.error());
  if (*difference) {
    fail(**difference);
    return NotAsExpected;
  }
  return Done;
}

} // namespace modc::driver
