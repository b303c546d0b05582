//===- CudaObjects.cpp - What a CUDA device makes -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules and their kernels, and recordings as graphs.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/CudaObjects.h"

#include <cmath>
#include <cstring>

namespace modc {

CudaModule::~CudaModule() {
  if (!module || device->hung)
    return;
  CudaDevice::Current current(*device);
  if (!current)
    return;
  device->cu.moduleUnload(module);
}

Status CudaModule::load(const std::string &image) {
  CudaDevice::Current current(*device);
  if (!current)
    return current.error();
  // What ptxas has to say where the driver compiles PTX.
  char log[4096] = {};
  cuda::JitOption options[] = {cuda::JitErrorLog, cuda::JitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log - 1)};
  cuda::Result result =
      device->cu.moduleLoad(&module, image.c_str(), 2, options, values);
  std::string what = "cuModuleLoadDataEx";
  if (log[0])
    what += " (" + inQuotes(log, sizeof log) + ")";
  return device->check(result, what);
}

Result<cuda::Function> CudaModule::find(const KernelSpec &spec) const {
  CudaDevice::Current current(*device);
  if (!current)
    return current.error();
  const cuda::Functions &cu = device->cu;
  cuda::Function function = nullptr;
  cuda::Result result =
      cu.moduleFunction(&function, module, spec.entry.c_str());
  if (result == cuda::NotFound)
    return device->error("the module has no kernel ", inQuotes(spec.entry));
  if (Status s = device->check(result, "cuModuleGetFunction"); !s)
    return s.error();
  // What the registers leave room for.
  int most = 0, fixed = 0;
  result = cu.functionGet(&most, cuda::FunctionMaxThreadsPerBlock, function);
  if (result == cuda::Success)
    result = cu.functionGet(&fixed, cuda::FunctionSharedBytes, function);
  if (Status s = device->check(result, "cuFuncGetAttribute"); !s)
    return s.error();
  int64_t wanted = spec.groupSize[0] * spec.groupSize[1] * spec.groupSize[2];
  if (wanted > most)
    return device->error("kernel ", inQuotes(spec.entry), " needs ", wanted,
                         " invocations of a group, its registers leave room "
                         "for ",
                         most);
  if (fixed + spec.sharedBytes > device->info().limits.sharedBytes)
    return device->error("kernel ", inQuotes(spec.entry), " needs ",
                         fixed + spec.sharedBytes,
                         " bytes of shared memory, the device has at most ",
                         device->info().limits.sharedBytes);
  if (spec.sharedBytes)
    if (Status s = device->check(
            cu.functionSet(function, cuda::FunctionMaxDynamicSharedBytes,
                           int(spec.sharedBytes)),
            "cuFuncSetAttribute");
        !s)
      return s.error();
  return function;
}

Result<std::vector<std::shared_ptr<const Kernel>>>
CudaDevice::loadKernels(std::string_view image,
                        const std::vector<KernelSpec> &specs) {
  auto module = std::make_shared<CudaModule>(
      std::static_pointer_cast<CudaDevice>(shared_from_this()));
  // PTX ends with a zero byte.
  if (Status s = module->load(std::string(image)); !s)
    return s.error();
  std::vector<std::shared_ptr<const Kernel>> kernels;
  for (const KernelSpec &spec : specs) {
    Result<cuda::Function> function = module->find(spec);
    if (!function)
      return function.error();
    kernels.push_back(
        std::make_shared<CudaKernel>(this, spec, module, *function));
  }
  return kernels;
}

CudaRecording::CudaRecording(std::shared_ptr<CudaDevice> device,
                             CommandList commands,
                             const std::vector<bool> &waits, bool timed)
    : Recording(device, std::move(commands), waits, timed), owner(*device) {}

CudaRecording::~CudaRecording() {
  if (uint64_t ticket = owner.lastTicketOf(*this); ticket && !owner.isLost())
    (void)owner.finish(ticket);
  if (owner.hung)
    return;
  CudaDevice::Current current(owner);
  if (!current)
    return;
  if (graph)
    owner.cu.graphExecDestroy(graph);
  for (cuda::Event event : events)
    owner.cu.eventDestroy(event);
}

Status CudaRecording::create() {
  CudaDevice::Current current(owner);
  if (!current)
    return current.error();
  const cuda::Functions &cu = owner.cu;
  if (isTimed()) {
    for (int64_t i = 0; i < 2 * launchCount(); ++i) {
      cuda::Event event = nullptr;
      if (Status s = owner.check(cu.eventCreate(&event, 0), "cuEventCreate");
          !s)
        return s;
      events.push_back(event);
    }
    return {};
  }
  if (Status s =
          owner.check(cu.captureBegin(owner.stream, cuda::CaptureThreadLocal),
                      "cuStreamBeginCapture");
      !s)
    return s;
  Status issued = issueAll();
  // Whatever happened, the stream must come back.
  cuda::Graph captured = nullptr;
  Status ended =
      owner.check(cu.captureEnd(owner.stream, &captured), "cuStreamEndCapture");
  Status made = issued ? ended : issued;
  if (made)
    made = owner.check(cu.graphInstantiate(&graph, captured, 0),
                       "cuGraphInstantiateWithFlags");
  if (captured)
    cu.graphDestroy(captured);
  return made;
}

Status CudaRecording::start() {
  if (!isTimed())
    return owner.check(owner.cu.graphLaunch(graph, owner.stream),
                       "cuGraphLaunch");
  return issueAll();
}

Status CudaRecording::issueAll() {
  const cuda::Functions &cu = owner.cu;
  size_t number = 0;
  for (const Command &command : commands) {
    bool timed = isTimed() && std::holds_alternative<LaunchCommand>(command);
    if (timed)
      if (Status s = owner.check(cu.eventRecord(events[number++], owner.stream),
                                 "cuEventRecord");
          !s)
        return s;
    if (Status s = issue(command); !s)
      return s;
    if (timed)
      if (Status s = owner.check(cu.eventRecord(events[number++], owner.stream),
                                 "cuEventRecord");
          !s)
        return s;
  }
  return {};
}

Status CudaRecording::issue(const Command &command) {
  const cuda::Functions &cu = owner.cu;
  if (const auto *launch = std::get_if<LaunchCommand>(&command))
    return issueLaunch(*launch);
  if (const auto *copy = std::get_if<CopyCommand>(&command))
    return owner.check(cu.copyOnDevice(CudaDevice::addressOf(copy->to),
                                       CudaDevice::addressOf(copy->from),
                                       size_t(copy->to.bytes), owner.stream),
                       "cuMemcpyDtoDAsync");
  const auto &fill = std::get<FillCommand>(command);
  return owner.check(cu.fillWords(CudaDevice::addressOf(fill.to), fill.value,
                                  size_t(fill.to.bytes / 4), owner.stream),
                     "cuMemsetD32Async");
}

Status CudaRecording::issueLaunch(const LaunchCommand &launch) {
  const auto &kernel = static_cast<const CudaKernel &>(*launch.kernel);
  std::vector<unsigned char> parameters;
  auto append = [&](const void *data, size_t bytes) {
    auto *begin = static_cast<const unsigned char *>(data);
    parameters.insert(parameters.end(), begin, begin + bytes);
  };
  for (const DeviceRange &range : launch.bindings) {
    cuda::Pointer address = CudaDevice::addressOf(range);
    append(&address, sizeof address);
  }
  append(launch.constants.data(), launch.constants.size() * 4);
  size_t bytes = parameters.size();
  void *extra[] = {cuda::LaunchParamBuffer, parameters.data(),
                   cuda::LaunchParamBytes, &bytes, cuda::LaunchParamEnd};
  const auto &size = kernel.spec().groupSize;
  return owner.check(
      owner.cu.launch(kernel.function, unsigned(launch.groups[0]),
                      unsigned(launch.groups[1]), unsigned(launch.groups[2]),
                      unsigned(size[0]), unsigned(size[1]), unsigned(size[2]),
                      unsigned(kernel.spec().sharedBytes), owner.stream,
                      nullptr, extra),
      "cuLaunchKernel of " + inQuotes(kernel.spec().entry));
}

Result<std::vector<LaunchTime>> CudaRecording::readTimes() const {
  CudaDevice::Current current(owner);
  if (!current)
    return current.error();
  std::vector<LaunchTime> times;
  size_t number = 0;
  for (const Command &command : commands) {
    const auto *launch = std::get_if<LaunchCommand>(&command);
    if (!launch)
      continue;
    int64_t nanoseconds[2];
    for (int64_t &time : nanoseconds) {
      float milliseconds = 0;
      if (Status s = owner.check(
              owner.cu.eventElapsed(&milliseconds, events[0], events[number++]),
              "cuEventElapsedTime");
          !s)
        return s.error();
      time = std::llround(double(milliseconds) * 1e6);
    }
    times.push_back(
        {launch->label, groupCount(*launch), nanoseconds[0], nanoseconds[1]});
  }
  return times;
}

Result<std::shared_ptr<Recording>>
CudaDevice::makeRecording(CommandList commands, const std::vector<bool> &waits,
                          bool timed) {
  auto recording = std::make_shared<CudaRecording>(
      std::static_pointer_cast<CudaDevice>(shared_from_this()),
      std::move(commands), waits, timed);
  if (Status s = recording->create(); !s)
    return s.error();
  return std::shared_ptr<Recording>(std::move(recording));
}

Result<std::vector<LaunchTime>> CudaDevice::readTimes(Recording &recording) {
  return static_cast<CudaRecording &>(recording).readTimes();
}

} // namespace modc
