//===- Network.h - Build a modular network in C++ ---------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The builder behind the JIT, without any header of MLIR. It makes the ops
// that a model file holds; text() shows them. What is wrong is told once, by
// the function that takes the whole network.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_FRONTEND_NETWORK_H
#define MODC_FRONTEND_NETWORK_H

#include "runtime/formats/Result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__GNUC__)
#define MODC_JIT_API __attribute__((visibility("default")))
#else
#define MODC_JIT_API
#endif

namespace modc {
namespace api {

/// Dimensions without the leading one, which counts rows: {784} is
/// `tensor<?x784xf32>`. Of a parameter, all dimensions.
using Shape = std::vector<int64_t>;

/// A tensor in a body that is being built. Empty after an error.
struct Value {
  void *tensor = nullptr;
};

/// How a parameter starts. Settings as in the dialect: constant(c),
/// uniform(a, b), normal(mean, deviation).
struct Init {
  std::string kind = "glorot_uniform";
  std::vector<double> settings;
};

/// A modular layer: runs `choose` members of a pool on each row.
struct Layer {
  std::string pool;
  std::vector<Value> inputs;
  std::string controller;
  std::vector<Value> controllerInputs;
  int64_t choose = 1;
  /// "sum", "concat", "mean" or "gated".
  std::string compose = "sum";
  /// Whether a module that a row picks twice counts once.
  bool once = false;
  /// With "gated": "hard" (1), "fixed" (`gates`, one for each pick) or "soft"
  /// (the picks' probabilities over their sum).
  std::string gate = "hard";
  std::vector<double> gates;
  /// What the modules' shared inputs see: a tensor without rows, the same for
  /// all, or one with a slice for each point.
  std::vector<Value> shared;
  /// Consecutive rows that are one point: the tokens of a sequence.
  int64_t rowsPerPoint = 1;
  /// `layer0`, `layer1`, … in order if empty.
  std::string name;
};

/// What becomes of a parameter: trained; as it started or was loaded; not
/// trained and no parameter of the model, but kept beside them.
enum class Kind { Trained, Frozen, State };

/// What an objective is given beside the graph's outputs.
struct Wanted {
  std::string name;
  /// Of a point: {} is one number.
  Shape shape;
  /// 32-bit integers in the place of floats.
  bool isLabel = false;
};

/// Builds the ops of one module, controller, graph, objective or update rule.
class MODC_JIT_API Body {
public:
  Value input(size_t index) const;

  /// A tensor with a name that is unique in the body.
  Value parameter(const std::string &name, const Shape &shape,
                  const Init &init = {}, Kind kind = Kind::Trained);
  /// x·W + b on the last dimension; without b where it is empty.
  Value linear(Value x, Value weight, Value bias = {});
  /// The same with new parameters `<prefix>weight` and `<prefix>bias`.
  Value linear(Value x, int64_t units, const std::string &prefix = "");
  Value relu(Value x);
  Value gelu(Value x);
  Value sigmoid(Value x);
  Value softplus(Value x);
  Value softmax(Value x);
  Value logSoftmax(Value x);
  /// Element by element, of one shape.
  Value add(Value a, Value b);
  Value subtract(Value a, Value b);
  Value multiply(Value a, Value b);
  Value divide(Value a, Value b);
  Value exp(Value x);
  Value log(Value x);
  Value sqrt(Value x);
  Value tanh(Value x);
  /// A scalar, as update rules have; a tensor without rows, of one number.
  Value number(double value);
  Value constant(const Shape &shape, double value);
  /// Of a tensor of two dimensions without rows: a shared input, a parameter.
  Value transpose(Value x);
  /// Over the last dimension of each row.
  Value sum(Value x);
  /// Of each row the element that an integer names.
  Value pick(Value x, Value index);
  /// Another shape of each row.
  Value reshape(Value x, const Shape &row);
  /// Makes each index of a point's first dimension a row ({6, 8} becomes {8},
  /// with 6 rows a point), and back.
  Value joinRows(Value x);
  Value splitRows(Value x, int64_t rows);

  /// In graphs: a modular layer, or one module on every row as the instance
  /// that names its parameters. The first form is for one result.
  Value layer(const Layer &layer);
  std::vector<Value> layerResults(const Layer &layer);
  Value apply(const std::string &module, const std::string &instance,
              const std::vector<Value> &inputs);
  std::vector<Value> applyResults(const std::string &module,
                                  const std::string &instance,
                                  const std::vector<Value> &inputs);

  /// One step of a scan: from the carried values and the sequences' elements,
  /// the next carried values and then what is stacked. Values from outside may
  /// be used; layers may stand in it.
  using Step = std::function<std::vector<Value>(
      Body &body, const std::vector<Value> &carried,
      const std::vector<Value> &elements)>;
  /// Runs a step for each index of the first dimension of the sequences' rows;
  /// the last carried values, then the stacked ones.
  std::vector<Value> scan(const std::vector<Value> &carried,
                          const std::vector<Value> &sequences,
                          const Step &step, bool reverse = false);

private:
  friend class Network;
  friend struct NetworkBuilder;
  explicit Body(void *builder) : builder(builder) {}
  void *builder;
};

/// A network with its own context. Moves, but does not copy.
class MODC_JIT_API Network {
public:
  /// Returns the body's results, in order.
  using Build = std::function<std::vector<Value>(Body &)>;

  explicit Network(const std::string &name, bool doublePrecision = false);
  ~Network();
  Network(Network &&);
  Network &operator=(Network &&);

  /// Reads a model file's text. The error has the place, by the given name.
  static Result<Network> parse(std::string_view text,
                               std::string_view name = "network.mlir");
  static Result<Network> load(const std::string &path);

  void module(const std::string &name, const std::vector<Shape> &inputs,
              const Build &build);
  /// The same with shared inputs behind the others, of these dimensions.
  void module(const std::string &name, const std::vector<Shape> &inputs,
              const std::vector<Shape> &shared, const Build &build);
  /// Members are `<name>.0`, `<name>.1`, …: so many of each module.
  void pool(const std::string &name,
            const std::vector<std::pair<std::string, int64_t>> &modules);
  /// Computes scores of row shape {K, M}. A fixed one takes the largest scores
  /// and has no probabilities.
  void controller(const std::string &name, const std::vector<Shape> &inputs,
                  const Build &build, bool fixed = false);
  /// Names and row shapes of the network's inputs.
  void graph(const std::vector<std::pair<std::string, Shape>> &inputs,
             const Build &build);
  /// "gaussian", "laplace" (with a scale), "categorical" or "bernoulli".
  void objective(const std::string &kind, double scale = 1.0);
  /// log p(y|x) of each point, from the graph's outputs and then the wanted
  /// values; the graph must be there.
  void objective(const std::vector<Wanted> &wanted, const Build &build);
  /// "sgd", "momentum", "rmsprop" or "adam", with settings by name.
  void
  optimizer(const std::string &kind,
            const std::vector<std::pair<std::string, double>> &settings = {},
            bool dense = false);
  /// A rule of your own on scalars, with so many states of each number, which
  /// start at 0: from the parameter, the gradient, the learning rate, the count
  /// of steps (from 1) and the states to the new parameter and states.
  void optimizer(size_t states, const Build &build, bool dense = false);

  /// The network as a model file holds it, if it is right.
  Result<std::string> text() const;

  struct State;
  State &state() const { return *impl; }

private:
  explicit Network(std::unique_ptr<State> impl);
  bool canBuild();
  std::unique_ptr<State> impl;
};

} // namespace api
} // namespace modc

#endif // MODC_FRONTEND_NETWORK_H
