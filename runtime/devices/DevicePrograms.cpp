//===- DevicePrograms.cpp - Programs of a model on a device ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory is as large as the largest call so far wanted it. Recordings hold the
// ranges that they were made with, so that all go when it grows.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/DevicePrograms.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace modc {
namespace {

/// What every device of Vulkan takes, at most: what is laid out for one is laid
/// out for all.
constexpr int64_t kAlignment = 256;

constexpr std::string_view kCuda = "cuda:";

/// 80 of "sm_80", or -1.
int chipNumber(std::string_view architecture) {
  int number = -1;
  if (architecture.substr(0, 3) == "sm_")
    std::from_chars(architecture.data() + 3,
                    architecture.data() + architecture.size(), number);
  return number;
}

/// Whether the chip is of the generation that a target's cubins are for. The
/// target is not newer than the chip.
bool runsCubins(std::string_view target, const DeviceInfo &device) {
  return target.substr(0, kCuda.size()) == kCuda &&
         chipNumber(target.substr(kCuda.size())) / 10 ==
             chipNumber(device.architecture) / 10;
}

/// "x86-64-v3, vulkan": all that a model was compiled for.
std::string allTargets(const Signature &signature) {
  std::string text;
  for (const TargetSpec &target : signature.targets)
    text += (text.empty() ? "" : ", ") + target.name;
  for (const DeviceTarget &target : signature.devices)
    text += ", " + target.name;
  return text;
}

} // namespace

Result<int> findDeviceTarget(const Signature &signature,
                             const DeviceInfo &device) {
  int best = -1, bestChip = -1;
  for (size_t i = 0; i < signature.devices.size(); ++i) {
    std::string_view name = signature.devices[i].name;
    if (device.kind == DeviceKind::Vulkan && name == "vulkan")
      return int(i);
    if (device.kind != DeviceKind::Cuda ||
        name.substr(0, kCuda.size()) != kCuda)
      continue;
    // A driver compiles for chips that are newer than what PTX was made for.
    int chip = chipNumber(name.substr(kCuda.size()));
    if (chip > bestChip && chip <= chipNumber(device.architecture)) {
      best = int(i);
      bestChip = chip;
    }
  }
  if (best >= 0)
    return best;
  return makeError("the model has no code for ", device.label(),
                   device.kind == DeviceKind::Cuda
                       ? " of " + device.architecture
                       : std::string(),
                   ", only for ", allTargets(signature));
}

DevicePrograms::DevicePrograms(std::shared_ptr<const Model> model,
                               std::shared_ptr<Device> device, int target)
    : model(std::move(model)), gpu(std::move(device)), targetIndex(target),
      alignment(std::max(kAlignment, gpu->info().limits.bindingAlignment)),
      kernels(this->target().kernels.size()) {
  const Signature &signature = this->model->signature();
  for (size_t i = 0; i < memory.arenaLayouts.size(); ++i) {
    auto space =
        DeviceBinding::Space(size_t(DeviceBinding::Space::Parameters) + i);
    memory.arenaLayouts[i] = ArenaLayout::create(
        this->target(), space,
        space == DeviceBinding::Space::State ? signature.stateBytes
                                             : signature.parameterBytes,
        alignment);
  }
}

Result<std::unique_ptr<DevicePrograms>>
DevicePrograms::create(std::shared_ptr<const Model> model,
                       std::shared_ptr<Device> device) {
  Result<int> target = findDeviceTarget(model->signature(), device->info());
  if (!target)
    return target.error();
  return std::unique_ptr<DevicePrograms>(
      new DevicePrograms(std::move(model), std::move(device), *target));
}

Status DevicePrograms::checkProgram(int program) const {
  if (target().programs[size_t(program)])
    return {};
  const std::vector<ProgramSpec> &all = model->signature().programs;
  std::string present;
  for (size_t i = 0; i < all.size(); ++i)
    if (target().programs[i])
      present += (present.empty() ? "" : ", ") + all[i].name;
  return makeError("the model has no program ",
                   inQuotes(all[size_t(program)].name), " for ", target().name,
                   ", only ", present.empty() ? "none" : present);
}

bool DevicePrograms::uses(int program, size_t arena) const {
  for (const DeviceLaunch &launch :
       target().programs[size_t(program)]->launches)
    for (const DeviceBinding &binding : launch.bindings)
      if (size_t(binding.space) ==
          size_t(DeviceBinding::Space::Parameters) + arena)
        return true;
  return false;
}

bool DevicePrograms::writes(int program, size_t arena) const {
  for (const DeviceLaunch &launch :
       target().programs[size_t(program)]->launches)
    for (size_t i = 0; i < launch.bindings.size(); ++i)
      if (size_t(launch.bindings[i].space) ==
              size_t(DeviceBinding::Space::Parameters) + arena &&
          target().kernels[size_t(launch.kernel)].bindings[i] != 'r')
        return true;
  return false;
}

void DevicePrograms::setTrace(TraceSink sink, int64_t row) {
  if (sink && gpu->info().timestamps)
    trace.emplace(sink, row);
}

Result<std::shared_ptr<const Kernel>>
DevicePrograms::loadKernel(const DeviceKernel &from) {
  KernelSpec spec;
  spec.entry = from.entry;
  for (char access : from.bindings)
    spec.bindings.push_back(access == 'r'   ? Access::Read
                            : access == 'w' ? Access::Write
                                            : Access::ReadWrite);
  spec.constantBytes = from.constants * 4;
  spec.groupSize = from.group;
  // What CUDA's kernels share are variables of their own.
  spec.sharedBytes = gpu->info().kind == DeviceKind::Cuda ? 0 : from.shared;
  auto load = [&](int64_t offset,
                  int64_t bytes) -> Result<std::shared_ptr<const Kernel>> {
    auto loaded = gpu->load(
        model->deviceCode().substr(size_t(offset), size_t(bytes)), {spec});
    if (!loaded)
      return loaded.error();
    return (*loaded)[0];
  };
  if (!from.cubin || !runsCubins(target().name, gpu->info()))
    return load(from.imageOffset, from.imageBytes);
  auto loaded = load(from.cubin->offset, from.cubin->bytes);
  if (loaded)
    return loaded;
  // A driver older than the ptxas that was used refuses the cubin only.
  auto compiled = load(from.imageOffset, from.imageBytes);
  if (compiled && warn)
    std::exchange(warn, nullptr)(
        "kernel " + inQuotes(from.name) +
        ": the driver compiles PTX, as it refuses the cubin (said once): " +
        loaded.error().message());
  return compiled;
}

Status DevicePrograms::loadKernels(const DeviceProgram &program) {
  for (const DeviceLaunch &launch : program.launches) {
    std::shared_ptr<const Kernel> &kernel = kernels[size_t(launch.kernel)];
    if (kernel)
      continue;
    const DeviceKernel &from = target().kernels[size_t(launch.kernel)];
    auto loaded = loadKernel(from);
    if (!loaded)
      return loaded.error().within("kernel " + inQuotes(from.name));
    kernel = std::move(*loaded);
  }
  return {};
}

Status DevicePrograms::growMemory(const DeviceLayout &layout) {
  auto grow = [&](std::shared_ptr<DeviceBuffer> &buffer, int64_t bytes,
                  const char *what) -> Status {
    if (bytes == 0 || (buffer && buffer->bytes() >= bytes))
      return {};
    // The old memory may be what the new one needs.
    entries.clear();
    buffer.reset();
    auto allocated = gpu->allocate(bytes, what);
    if (!allocated)
      return allocated.error();
    buffer = std::move(*allocated);
    return {};
  };
  if (Status s =
          grow(memory.transfers, layout.transferBytes, "inputs and outputs");
      !s)
    return s;
  return grow(memory.temporaries, layout.temporaryBytes, "temporaries");
}

Result<DevicePrograms::Entry *>
DevicePrograms::entryFor(const DeviceCall &call) {
  for (auto it = entries.begin(); it != entries.end(); ++it)
    if (it->program == call.program && it->points == call.points &&
        it->candidates == call.candidates && it->arenas == call.arenas) {
      entries.splice(entries.begin(), entries, it);
      return &entries.front();
    }
  const DeviceProgram &program = *target().programs[size_t(call.program)];
  if (Status s = loadKernels(program); !s)
    return s.error();
  const DeviceLimits &limits = gpu->info().limits;
  Result<DeviceLayout> layout =
      DeviceLayout::create(model->signature().programs[size_t(call.program)],
                           program, call.points, call.candidates, alignment);
  if (!layout)
    return layout.error();
  if (Status s = growMemory(*layout); !s)
    return s.error();
  memory.arenas = call.arenas;
  Result<CommandList> commands = makeCommands(
      program, *layout, memory, kernels, limits, call.points, call.candidates);
  memory.arenas = {};
  if (!commands)
    return commands.error();
  auto recording = gpu->record(std::move(*commands), trace.has_value());
  if (!recording)
    return recording.error();
  ++made;
  if (entries.size() >= kMostRecordings)
    entries.pop_back();
  entries.push_front({call.program, call.points, call.candidates, call.arenas,
                      std::move(*layout), std::move(*recording)});
  return &entries.front();
}

DeviceRange DevicePrograms::bufferOf(const Entry &entry, const DeviceCall &call,
                                     size_t buffer) const {
  return {memory.transfers, entry.layout.buffers[buffer].offset,
          call.bytes[buffer]};
}

/// Starts the launches after the inputs and scalars have been sent: with the
/// submission as far as there is room for them, as each upload is a submission
/// of its own.
Status DevicePrograms::submit(Entry &entry, const DeviceCall &call) {
  const ProgramSpec &spec = model->signature().programs[size_t(call.program)];
  inlined.resize(size_t(kInlineBytes));
  std::vector<HostWrite> writes;
  int64_t used = 0;
  auto words = [](int64_t bytes) { return (bytes + 3) / 4 * 4; };
  auto add = [&](DeviceRange range) {
    range.bytes = words(range.bytes);
    char *place = inlined.data() + used;
    std::memset(place + range.bytes - 4, 0, 4);
    writes.push_back({range, place});
    used += range.bytes;
    return place;
  };
  size_t integers = spec.integers.size(), reals = spec.reals.size();
  const auto scalarBytes = int64_t(integers * 8 + reals * 4);
  if (scalarBytes > kInlineBytes)
    return makeError("its scalars have ", scalarBytes, " bytes, at most ",
                     kInlineBytes, " go with a submission");
  if (scalarBytes > 0) {
    char *place =
        add({memory.transfers, entry.layout.scalars.offset, scalarBytes});
    if (integers > 0)
      std::memcpy(place, call.integers, integers * 8);
    for (size_t i = 0; i < reals; ++i) {
      auto value = float(call.reals[i]);
      std::memcpy(place + integers * 8 + i * 4, &value, 4);
    }
  }
  for (size_t i = 0; i < spec.buffers.size(); ++i) {
    DeviceRange range = bufferOf(entry, call, i);
    if (spec.buffers[i].output || range.bytes == 0)
      continue;
    if (used + words(range.bytes) <= kInlineBytes)
      std::memcpy(add(range), call.buffers[i], size_t(range.bytes));
    else if (Status s = gpu->upload(range, call.buffers[i]); !s)
      return s;
  }
  DeviceRange wanted = outputsOf(entry, call);
  Result<uint64_t> ticket = gpu->submit(
      *entry.recording, writes, wanted.bytes > 0 ? wanted : DeviceRange());
  return ticket ? Status() : ticket.error();
}

DeviceRange DevicePrograms::outputsOf(const Entry &entry,
                                      const DeviceCall &call) const {
  const ProgramSpec &spec = model->signature().programs[size_t(call.program)];
  DeviceRange all = {memory.transfers, 0, 0};
  for (size_t i = 0; i < spec.buffers.size(); ++i) {
    DeviceRange range = bufferOf(entry, call, i);
    if (!spec.buffers[i].output || range.bytes == 0)
      continue;
    if (all.bytes == 0)
      all.offset = range.offset;
    // Buffers stand in their order.
    all.bytes = range.offset + range.bytes - all.offset;
  }
  return all;
}

/// Downloads the outputs: each wait costs more than a few bytes, so that small
/// ones come together.
Status DevicePrograms::fetch(const Entry &entry, const DeviceCall &call) {
  constexpr int64_t kTogether = 1 << 20;
  const ProgramSpec &spec = model->signature().programs[size_t(call.program)];
  DeviceRange all = outputsOf(entry, call);
  const bool isTogether = all.bytes <= kTogether;
  if (all.bytes > 0 && isTogether) {
    fetched.resize(size_t(all.bytes));
    if (Status s = gpu->download(all, fetched.data()); !s)
      return s;
  }
  for (size_t i = 0; i < spec.buffers.size(); ++i) {
    DeviceRange range = bufferOf(entry, call, i);
    if (!spec.buffers[i].output || range.bytes == 0)
      continue;
    if (isTogether)
      std::memcpy(call.buffers[i], fetched.data() + (range.offset - all.offset),
                  size_t(range.bytes));
    else if (Status s = gpu->download(range, call.buffers[i]); !s)
      return s;
  }
  return {};
}

Status DevicePrograms::run(const DeviceCall &call) {
  if (Status s = checkProgram(call.program); !s)
    return s;
  Result<Entry *> entry = entryFor(call);
  if (!entry)
    return entry.error();
  if (Status s = submit(**entry, call); !s)
    return s;
  const std::string &name =
      model->signature().programs[size_t(call.program)].name;
  if (trace && (*entry)->recording->launchCount() > 0)
    if (Status s = trace->report(*gpu, *(*entry)->recording, name.c_str()); !s)
      return s;
  return fetch(**entry, call);
}

} // namespace modc
