//===- DeviceLayout.cpp - A program of a device for given sizes -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums of sizes are checked for overflow one by one.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DeviceLayout.h"

#include "runtime/devices/Device.h"
#include "runtime/devices/DeviceChecks.h"

#include <algorithm>

namespace modc {
namespace {

/// Takes the next piece of `total`; false where that overflows.
bool place(int64_t bytes, int64_t alignment, int64_t &total,
           DeviceLayout::Piece &piece) {
  int64_t padded;
  if (__builtin_add_overflow(bytes, int64_t(3), &padded))
    return false;
  piece.bytes = std::max<int64_t>(padded / 4 * 4, 4);
  if (__builtin_add_overflow(total, alignment - 1, &padded))
    return false;
  piece.offset = padded / alignment * alignment;
  return !__builtin_add_overflow(piece.offset, piece.bytes, &total);
}

using Space = DeviceBinding::Space;

bool isArena(Space space) {
  return space == Space::Parameters || space == Space::Gradients ||
         space == Space::State;
}

/// Parameters, gradients, state.
size_t arenaOf(Space space) {
  return size_t(space) - size_t(Space::Parameters);
}

Error overflows(int64_t points, int64_t candidates) {
  return makeError("its memory for ", points, " points and ", candidates,
                   " candidates overflows");
}

/// Makes the commands of one program.
class Maker {
public:
  Maker(const DeviceLayout &layout, const DeviceMemory &memory, int64_t points,
        int64_t candidates)
      : layout(layout), memory(memory), points(points), candidates(candidates) {
  }
  Result<LaunchCommand> make(const DeviceLaunch &launch);

private:
  Result<int64_t> valueOf(const SizeExpression &formula, const char *what);
  /// The memory that a binding is taken from; of an arena, what there is of it
  /// before it is laid out.
  DeviceRange space(const DeviceBinding &binding) const;
  Result<DeviceRange> rangeOf(const DeviceBinding &binding);

  const DeviceLayout &layout;
  const DeviceMemory &memory;
  int64_t points, candidates;
};

Result<int64_t> Maker::valueOf(const SizeExpression &formula,
                               const char *what) {
  std::optional<int64_t> value = formula.evaluate(points, candidates);
  if (!value)
    return makeError(what, " ", inQuotes(formula.text()),
                     " overflows or divides by zero");
  return *value;
}

DeviceRange Maker::space(const DeviceBinding &binding) const {
  auto piece = [](const std::shared_ptr<DeviceBuffer> &buffer,
                  const DeviceLayout::Piece &piece) {
    return DeviceRange{buffer, piece.offset, piece.bytes};
  };
  switch (binding.space) {
  case Space::Buffer:
    return piece(memory.transfers, layout.buffers[size_t(binding.index)]);
  case Space::Slot:
    return piece(memory.temporaries, layout.slots[size_t(binding.index)]);
  case Space::Scalars:
    return piece(memory.transfers, layout.scalars);
  case Space::Parameters:
  case Space::Gradients:
  case Space::State:
    break;
  }
  const size_t arena = arenaOf(binding.space);
  int64_t words = (memory.arenaLayouts[arena].bytes() + 3) / 4 * 4;
  return {memory.arenas[arena], 0,
          memory.arenas[arena] ? std::max<int64_t>(words, 4) : 0};
}

Result<DeviceRange> Maker::rangeOf(const DeviceBinding &binding) {
  Result<int64_t> offset = valueOf(binding.offset, "offset");
  if (!offset)
    return offset.error();
  Result<int64_t> length = valueOf(binding.bytes, "length");
  if (!length)
    return length.error();
  // Sizes of 0 leave ranges that no kernel touches; devices want some bytes.
  int64_t bytes = *length == 0 ? 4 : *length;
  DeviceRange within = space(binding);
  if (*offset < 0 || bytes < 0 || *offset > within.bytes ||
      bytes > within.bytes - *offset)
    return makeError(bytes, " bytes at byte ", *offset, " are not within ",
                     nameOf(binding.space), " ", binding.index, " of ",
                     within.bytes);
  if (isArena(binding.space)) {
    const ArenaLayout::Piece &piece =
        memory.arenaLayouts[arenaOf(binding.space)].find(*offset);
    within.offset = piece.there;
    within.bytes = ArenaLayout::wordsOf(piece);
    *offset -= piece.here;
  }
  // Kernels read bytes as parts of words: a range that ends within one would
  // hide those before its end. Pieces end at words.
  bytes = std::min((bytes + 3) / 4 * 4, within.bytes - *offset);
  return DeviceRange{within.buffer, within.offset + *offset, bytes};
}

Result<LaunchCommand> Maker::make(const DeviceLaunch &launch) {
  LaunchCommand command;
  command.label = launch.label;
  for (size_t d = 0; d < 3; ++d) {
    Result<int64_t> groups = valueOf(launch.groups[d], "groups");
    if (!groups)
      return groups.error();
    command.groups[d] = *groups;
  }
  if (isEmpty(command))
    return command;
  if (launch.rounds) {
    Result<int64_t> rounds = valueOf(*launch.rounds, "rounds");
    if (!rounds)
      return rounds.error();
    command.rounds = *rounds;
  }
  for (size_t i = 0; i < launch.bindings.size(); ++i) {
    Result<DeviceRange> range = rangeOf(launch.bindings[i]);
    if (!range)
      return range.error().within("binding " + std::to_string(i));
    command.bindings.push_back(std::move(*range));
  }
  for (const SizeExpression &constant : launch.constants) {
    Result<int64_t> value = valueOf(constant, "constant");
    if (!value)
      return value.error();
    if (*value < INT32_MIN || *value > INT32_MAX)
      return makeError("constant ", inQuotes(constant.text()), " is ", *value,
                       ", outside 32 bits");
    command.constants.push_back(uint32_t(int32_t(*value)));
  }
  return command;
}

} // namespace

Result<DeviceLayout> DeviceLayout::create(const ProgramSpec &spec,
                                          const DeviceProgram &program,
                                          int64_t points, int64_t candidates,
                                          int64_t alignment) {
  DeviceLayout layout;
  for (const TensorSpec &buffer : spec.buffers) {
    Result<int64_t> bytes = buffer.bytes(points, candidates);
    if (!bytes)
      return bytes.error();
    if (!place(*bytes, alignment, layout.transferBytes,
               layout.buffers.emplace_back()))
      return overflows(points, candidates);
  }
  int64_t scalars =
      int64_t(spec.integers.size()) * 8 + int64_t(spec.reals.size()) * 4;
  if (!place(scalars, alignment, layout.transferBytes, layout.scalars))
    return overflows(points, candidates);
  for (size_t i = 0; i < program.slots.size(); ++i) {
    std::optional<int64_t> bytes =
        program.slots[i].evaluate(points, candidates);
    if (bytes && *bytes < 0)
      return makeError("slot ", i, " has ", *bytes, " bytes");
    if (!bytes || !place(*bytes, alignment, layout.temporaryBytes,
                         layout.slots.emplace_back()))
      return overflows(points, candidates);
  }
  return layout;
}

Result<CommandList>
makeCommands(const DeviceProgram &program, const DeviceLayout &layout,
             const DeviceMemory &memory,
             const std::vector<std::shared_ptr<const Kernel>> &kernels,
             const DeviceLimits &limits, int64_t points, int64_t candidates) {
  CommandList commands;
  Maker maker(layout, memory, points, candidates);
  for (size_t i = 0; i < program.launches.size(); ++i) {
    const DeviceLaunch &launch = program.launches[i];
    const std::string here =
        "launch " + std::to_string(i) + " " + inQuotes(launch.label);
    Result<LaunchCommand> command = maker.make(launch);
    if (!command)
      return command.error().within(here);
    if (isEmpty(*command))
      continue;
    command->kernel = kernels[size_t(launch.kernel)];
    if (Status s = checkCommand(limits, *command); !s)
      return s.error().within(here);
    commands.push_back(std::move(*command));
  }
  return commands;
}

} // namespace modc
