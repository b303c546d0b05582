//===- DevicePrograms.h - Programs of a model on a device -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs programs of a model by the launches that its signature lists for a
// device: inputs are uploaded, or written with the submission as scalars are
// where all are small, and outputs downloaded when it has ended. Nothing waits
// in between. A program is recorded once for each N and S.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_DEVICEPROGRAMS_H
#define MODC_RUNTIME_DEVICES_DEVICEPROGRAMS_H

#include "runtime/Artefact.h"
#include "runtime/devices/Device.h"
#include "runtime/devices/DeviceLayout.h"
#include "runtime/devices/DeviceTrace.h"

#include <functional>
#include <list>
#include <optional>
#include <string>

namespace modc {

/// Takes a message of one line.
using WarningSink = std::function<void(const std::string &)>;

/// The target of a model that a device runs best: "vulkan", or of CUDA's the
/// chip's own, else the nearest older one. Fails with what the model holds.
Result<int> findDeviceTarget(const Signature &signature,
                             const DeviceInfo &device);

/// One call, checked: buffers in the order of the program, each with the bytes
/// that N and S ask for.
struct DeviceCall {
  int program = 0;
  void *const *buffers = nullptr;
  const int64_t *bytes = nullptr;
  int64_t points = 0, candidates = 1;
  const int64_t *integers = nullptr;
  const double *reals = nullptr;
  /// parameters, gradients, state; null where the program does not use one.
  std::array<std::shared_ptr<DeviceBuffer>, 3> arenas;
};

/// For one thread at a time, together with all others that use the device.
class DevicePrograms {
public:
  static Result<std::unique_ptr<DevicePrograms>>
  create(std::shared_ptr<const Model> model, std::shared_ptr<Device> device);

  Device &device() const { return *gpu; }
  const DeviceTarget &target() const {
    return model->signature().devices[size_t(targetIndex)];
  }
  /// Fails, with those that there are, if the device has not got the program.
  Status checkProgram(int program) const;
  /// Whether a program that the device has reads or writes, or writes, an arena
  /// (parameters, gradients, state).
  bool uses(int program, size_t arena) const;
  bool writes(int program, size_t arena) const;
  /// How a call's arenas are laid out.
  const ArenaLayout &arenaLayout(size_t arena) const {
    return memory.arenaLayouts[arena];
  }

  /// Reports launches from now on, where the device can time them. `row` is
  /// the trace's for the device.
  void setTrace(TraceSink sink, int64_t row);

  /// Says from now on, once, that a driver has refused a cubin.
  void setWarning(WarningSink sink) { warn = std::move(sink); }

  /// A failure leaves outputs and what the program writes undefined, and the
  /// object ready for other calls.
  Status run(const DeviceCall &call);

  /// Recordings that were made, for tests.
  int64_t recordingsMade() const { return made; }

private:
  struct Entry {
    int program;
    int64_t points, candidates;
    std::array<std::shared_ptr<DeviceBuffer>, 3> arenas;
    DeviceLayout layout;
    std::shared_ptr<Recording> recording;
  };
  /// A few sizes of each program: a training has two, and evaluations theirs.
  static constexpr size_t kMostRecordings = 32;

  DevicePrograms(std::shared_ptr<const Model> model,
                 std::shared_ptr<Device> device, int target);
  Status loadKernels(const DeviceProgram &program);
  Result<std::shared_ptr<const Kernel>> loadKernel(const DeviceKernel &from);
  Status growMemory(const DeviceLayout &layout);
  Result<Entry *> entryFor(const DeviceCall &call);
  DeviceRange bufferOf(const Entry &entry, const DeviceCall &call,
                       size_t buffer) const;
  /// From the first output to the last; no bytes where there is none.
  DeviceRange outputsOf(const Entry &entry, const DeviceCall &call) const;
  Status submit(Entry &entry, const DeviceCall &call);
  Status fetch(const Entry &entry, const DeviceCall &call);

  std::shared_ptr<const Model> model;
  std::shared_ptr<Device> gpu;
  int targetIndex;
  /// Of every range that a launch is given.
  int64_t alignment;
  std::vector<std::shared_ptr<const Kernel>> kernels;
  DeviceMemory memory;
  /// The most recently used first.
  std::list<Entry> entries;
  /// What goes with a submission, and outputs on their way: reused.
  std::vector<char> inlined, fetched;
  std::optional<DeviceTrace> trace;
  /// Null once it has been used.
  WarningSink warn;
  int64_t made = 0;
};

} // namespace modc

#endif // MODC_RUNTIME_DEVICES_DEVICEPROGRAMS_H
