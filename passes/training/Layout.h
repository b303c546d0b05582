//===- Layout.h - Where a network's tensors, choices and groups stand ----*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instantiates a network's parameters: which tensors there are, how members of
// a pool stack, and their places in the arenas.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_PASSES_TRAINING_LAYOUT_H
#define MODC_PASSES_TRAINING_LAYOUT_H

#include "dialect/ModularOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace modc {

/// A parameter of one instance, or of all members of a pool that share a body.
struct ParameterStack {
  /// Full names in weights files, one a member: `experts.0.weight`.
  std::vector<std::string> names;
  /// Index into Layout::groups, one a member.
  std::vector<int64_t> groups;
  /// The type of one member's tensor.
  mlir::RankedTensorType type;
  /// Whether the argument has a leading dimension for members.
  bool stacked = false;
  InitAttr init;
  /// Has a gradient and an update: neither frozen nor a state.
  bool trained = true;
  /// Bytes from the start of the parameter (and gradient) arena.
  int64_t offset = 0;
  /// Bytes from the start of the state arena, one for each slot of the rule.
  std::vector<int64_t> stateOffsets;
  mlir::Location loc;

  explicit ParameterStack(mlir::Location loc) : loc(loc) {}
  int64_t getNumMembers() const { return names.size(); }
  /// The type of the whole: `tensor<M x ...>` if stacked.
  mlir::RankedTensorType getStackType() const;
  /// Bytes of one member.
  int64_t getMemberBytes() const;
};

/// Indices into Layout::stacks by name, in the order of insertion.
class StackIndex {
public:
  /// Returns false if the name is there already.
  bool insert(const std::string &name, unsigned stack) {
    if (!places.try_emplace(name, entries.size()).second)
      return false;
    entries.push_back({name, stack});
    return true;
  }
  bool contains(llvm::StringRef name) const { return places.contains(name); }
  unsigned lookup(llvm::StringRef name) const {
    return entries[places.find(name)->second].second;
  }
  size_t size() const { return entries.size(); }
  auto begin() const { return entries.begin(); }
  auto end() const { return entries.end(); }

private:
  std::vector<std::pair<std::string, unsigned>> entries;
  llvm::StringMap<size_t> places;
};

/// Members of a pool with the same body, whose parameters stack.
struct MemberClass {
  ModuleTemplateOp module;
  std::vector<int64_t> members;
  /// Path inside the module (`weight`, `head.weight`) and index into
  /// Layout::stacks, in the order of the body.
  StackIndex parameters;
};

/// A layer of the graph and its part of a point's choices.
struct LayerSite {
  LayerOp op;
  std::string name;
  PoolOp pool;
  ControllerOp controller;
  /// Rows of a point that choose, over all steps of a scan.
  int64_t rows = 1;
  /// First of its rows·K slots among a point's choices.
  int64_t slot = 0;
  /// First of its rows·K·M numbers among a point's probabilities.
  int64_t probability = 0;

  int64_t getChoose() const { return LayerOp(op).getChoose(); }
  int64_t getMembers() const { return PoolOp(pool).getNumMembers(); }
};

struct Layout {
  std::vector<ParameterStack> stacks;
  std::vector<std::string> groups;
  llvm::MapVector<mlir::Operation *, std::vector<MemberClass>> pools;
  /// Parameters outside pools by full name.
  StackIndex singles;
  llvm::MapVector<mlir::Operation *, LayerSite> layers;
  /// Where each pool's first member stands in `groups`.
  llvm::MapVector<mlir::Operation *, int64_t> poolGroups;
  int64_t slots = 0;
  int64_t probabilities = 0;
  int64_t parameterBytes = 0;
  int64_t stateBytes = 0;
  /// Offset of the step counts in the state arena.
  int64_t stepsOffset = 0;

  /// Fails with a diagnostic for what can't be laid out.
  static mlir::FailureOr<Layout> get(NetworkOp network);
};

/// Arenas and stacks are aligned to this many bytes.
constexpr int64_t arenaAlignment = 64;

} // namespace modc

#endif // MODC_PASSES_TRAINING_LAYOUT_H
