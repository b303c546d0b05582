//===- Signature.h - What a compiled model says about itself ---*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The signature of a model (docs/artefact.md), parsed and checked. Its text
// comes from a file that anybody may have written, so every field is checked
// here once, and the rest of the runtime may trust it.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SIGNATURE_H
#define MODC_RUNTIME_SIGNATURE_H

#include "runtime/DeviceTable.h"
#include "runtime/SizeExpression.h"
#include "runtime/formats/Result.h"
#include "runtime/formats/Tensor.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

/// One dimension of a tensor: a number, the points of the call ("N"), or the
/// candidates times the points ("S*N").
struct Dimension {
  enum class Kind : uint8_t { Number, Points, Candidates };
  Kind kind = Kind::Number;
  int64_t number = 0;
};

/// An input, output, target or program buffer. Its type is f32, f64, i8, i32 or
/// i64.
struct TensorSpec {
  std::string name;
  DType type = DType::F32;
  std::vector<Dimension> shape;
  /// Only in buffers of programs: the program writes it.
  bool output = false;

  /// Product of the fixed dimensions: the width of a point where the first
  /// dimension is N. Checked not to overflow when the signature is read.
  int64_t width() const;
  /// True if the first dimension is N and no other one is dynamic.
  bool isPerPoint() const;
  /// Bytes for these sizes (N, S); fails when they overflow.
  Result<int64_t> bytes(int64_t points, int64_t candidates) const;
  /// "[N, 784] f32", for messages.
  std::string describe() const;
};

/// A tensor that stands in an arena.
struct StoredTensor {
  std::string name;
  DType type = DType::F32;
  std::vector<int64_t> shape;
  int64_t offset = 0;
  int64_t bytes = 0;
  /// Columns of the panels that programs of the processor keep a matrix in
  /// (runtime/Panels.h); 0 if they keep it row by row.
  int64_t panels = 0;
  /// Parameters only.
  bool trained = false;
  int64_t group = 0;
  std::string init;

  int64_t elements() const { return bytes / int64_t(sizeOf(type)); }
};

/// A modular layer and where its choices and probabilities stand in a point's.
struct LayerSpec {
  std::string name;
  std::string pool;
  /// The group of the controller's parameters.
  std::string controller;
  std::vector<std::string> members;
  int64_t choose = 1;
  int64_t rows = 1;
  int64_t slot = 0;
  int64_t probability = 0;
  /// The controller draws nothing and has no probabilities.
  bool fixed = false;

  int64_t memberCount() const { return int64_t(members.size()); }
  /// Choices of one point in this layer.
  int64_t slotCount() const { return rows * choose; }
};

/// Multiplications and additions of a program's matrix products and
/// convolutions: each call, each point, each candidate of a point.
struct FlopsSpec {
  int64_t call = 0, point = 0, candidate = 0;

  double total(int64_t points, int64_t candidates) const {
    return double(call) + double(point) * double(points) +
           double(candidate) * double(points) * double(candidates);
  }
};

/// A product of matrices or a convolution, for each point of a call or each of
/// the other sizes that a program uses it by.
struct ProductSpec {
  std::string name;
  /// "nx784x64": rows, length of the sums, columns; empty for others.
  std::string shape;
  int64_t flops = 0;
  /// Of tensors that grow with the call.
  int64_t bytes = 0;
  /// Bytes of the others; in a layer, of one member.
  int64_t weights = 0;
  /// In a layer: members that share rows, of which each takes at least one.
  int64_t members = 0, rows = 0;
};

struct ProductUse {
  enum class Term : uint8_t { Call, Point, Candidate };
  int32_t product = 0;
  Term term = Term::Call;
};

/// What a product became for a target.
struct ProductKernel {
  std::string name;
  int64_t tileRows = 0, tileColumns = 0;
  /// Whether the right operand is copied to where its rows are adjacent.
  bool packed = false;
};

struct ProgramSpec {
  std::string name;
  std::vector<TensorSpec> buffers;
  std::vector<std::string> integers;
  std::vector<std::string> reals;
  /// Nothing where the compiler could not tell.
  std::optional<FlopsSpec> flops;
  std::vector<ProductUse> products;

  /// Index of the buffer, integer or real of that name, or -1. A name may stand
  /// once among the inputs and once among the outputs.
  int findBuffer(std::string_view buffer, bool output) const;
  int findInteger(std::string_view integer) const;
  int findReal(std::string_view real) const;
};

/// What a program keeps in its workspace while it runs: for people, as sizes
/// are what modc_program::workspace says.
struct WorkspaceTemporary {
  /// The op that it is a result of, such as "layer0.grouped"; may be empty.
  std::string name;
  /// "?x64xf32".
  std::string type;
  /// Nothing where the compiler could not say.
  std::optional<SizeExpression> bytes;
};

/// Memory that temporaries take one after another, as large as the largest.
struct WorkspaceSlot {
  std::vector<WorkspaceTemporary> temporaries;
  /// Of parallel loops that take the slot too: the slots of each worker.
  std::vector<std::vector<WorkspaceSlot>> workers;
};

struct TargetSpec {
  std::string name;
  uint64_t features = 0;
  std::vector<ProductKernel> kernels;
  /// For each product of each program the kernel, or -1 for a loop over
  /// scalars. Empty where the compiler did not say.
  std::vector<int32_t> uses;
  /// By program; empty where the compiler did not say.
  std::vector<std::vector<WorkspaceSlot>> workspaces;
};

/// All that stands in a signature.
struct Signature {
  std::string compiler, llvm, flags;
  std::string network;
  /// 16 hex digits; equal networks have equal hashes.
  std::string hash;
  DType element = DType::F32;
  std::vector<TargetSpec> targets;
  std::vector<TensorSpec> inputs, outputs, wanted;
  std::string objective;
  int64_t classes = 0;
  std::string optimizer;
  bool denseUpdates = false;
  std::vector<LayerSpec> layers;
  int64_t slots = 0;
  int64_t probabilities = 0;
  std::vector<std::string> groups;
  std::vector<StoredTensor> parameters;
  int64_t parameterBytes = 0;
  std::vector<StoredTensor> state;
  int64_t stateBytes = 0;
  std::vector<ProgramSpec> programs;
  std::vector<ProductSpec> products;
  /// What devices run besides the targets.
  std::vector<DeviceTarget> devices;
  /// Members of the pool that each slot chooses from, by slot.
  std::vector<int32_t> slotMembers;

  /// Index of a program or parameter, or -1.
  int findProgram(std::string_view name) const;
  int findParameter(std::string_view name) const;
  /// Says that there is no such program, and which there are.
  Error lacksProgram(std::string_view name) const;

  /// Reads and checks a signature. The error says which field is wrong.
  static Result<Signature> parse(std::string_view json);
};

} // namespace modc

#endif // MODC_RUNTIME_SIGNATURE_H
