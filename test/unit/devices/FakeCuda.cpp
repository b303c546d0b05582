//===- FakeCuda.cpp - A CUDA driver without a GPU -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of libcuda.so.1 that the runtime calls. Device memory is the
// processor's. Calls that need a context fail where none is current.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

using namespace modc;
using namespace modc::cuda;

using Work = std::function<void()>;

struct modc::cuda::ContextTag {};
struct modc::cuda::StreamTag {};
struct modc::cuda::EventTag {
  enum { Idle, Pending, Asked, Done } state = Idle;
  int64_t time = 0;
};
struct modc::cuda::FunctionTag {
  std::string name;
};
struct modc::cuda::ModuleTag {
  std::string image;
  std::vector<FunctionTag *> functions;
};
struct modc::cuda::GraphTag {
  std::vector<Work> nodes;
};
struct modc::cuda::GraphExecTag {
  std::vector<Work> nodes;
};

namespace {

FakeCuda state;
ContextTag theContext;
std::vector<Work> queued;
std::vector<Work> *captured = nullptr;
int64_t clockTicks = 0;

modc::cuda::Result enqueue(Work work) {
  if (!state.current)
    return InvalidContext;
  (captured ? *captured : queued).push_back(std::move(work));
  return Success;
}

void runQueued() {
  // A fault leaves the rest undone.
  if (state.work == Success)
    for (Work &work : queued)
      work();
  queued.clear();
}

template <typename T>
T *at(Pointer pointer) {
  return reinterpret_cast<T *>(uintptr_t(pointer));
}

struct ScaleParameters {
  Pointer in, out;
  uint32_t count;
  float factor;
};
struct CountParameters {
  Pointer scalars, out;
  uint32_t count;
};

template <typename T>
T parametersOf(const std::vector<char> &bytes) {
  T parameters = {};
  std::memcpy(&parameters, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return parameters;
}

void runKernel(const std::string &name, const std::vector<char> &bytes,
               uint32_t invocations) {
  if (name == "scale") {
    auto p = parametersOf<ScaleParameters>(bytes);
    for (uint32_t i = 0; i < std::min(p.count, invocations); ++i)
      at<float>(p.out)[i] = at<float>(p.in)[i] * p.factor;
  } else if (name == "count") {
    auto p = parametersOf<CountParameters>(bytes);
    for (uint32_t i = 0; i < std::min(p.count, invocations); ++i)
      at<float>(p.out)[i] += *at<float>(p.scalars);
  }
}

} // namespace

#define CUDA_API extern "C" __attribute__((visibility("default")))
#define CU CUDA_API modc::cuda::Result

CUDA_API FakeCuda *fakeCuda() { return &state; }

CU cuInit(unsigned) { return state.init; }
CU cuDriverGetVersion(int *version) {
  *version = state.version;
  return Success;
}
CU cuGetErrorName(modc::cuda::Result result, const char **name) {
  *name = result == OutOfMemory      ? "CUDA_ERROR_OUT_OF_MEMORY"
          : result == IllegalAddress ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : result == 1              ? "CUDA_ERROR_INVALID_VALUE"
          : result == 218            ? "CUDA_ERROR_INVALID_PTX"
                                     : nullptr;
  return *name ? 0 : 1;
}
CU cuDeviceGetCount(int *count) {
  *count = state.devices;
  return Success;
}
CU cuDeviceGet(Device *device, int index) {
  *device = 100 + index;
  return Success;
}
CU cuDeviceGetName(char *name, int bytes, Device device) {
  std::strncpy(name, device == 100 ? "Fake A" : "Fake B", size_t(bytes));
  return Success;
}
CU cuDeviceTotalMem_v2(size_t *bytes, Device) {
  *bytes = state.memoryBytes;
  return Success;
}
CU cuDeviceGetAttribute(int *value, DeviceAttribute which, Device) {
  switch (int(which)) {
  case MaxThreadsPerBlock:
  case MaxBlockDimX:
  case MaxBlockDimX + 1:
    *value = 1024;
    return Success;
  case MaxBlockDimX + 2:
    *value = 64;
    return Success;
  case MaxGridDimX:
    *value = 2147483647;
    return Success;
  case MaxGridDimX + 1:
  case MaxGridDimX + 2:
    *value = 65535;
    return Success;
  case WarpSize:
    *value = 32;
    return Success;
  case ComputeCapabilityMajor:
    *value = 8;
    return Success;
  case ComputeCapabilityMinor:
    *value = 0;
    return Success;
  case MaxSharedMemoryPerBlockOptin:
    *value = 166912;
    return Success;
  }
  return 1;
}
CU cuDevicePrimaryCtxRetain(Context *context, Device) {
  *context = &theContext;
  ++state.contexts;
  return Success;
}
CU cuDevicePrimaryCtxRelease_v2(Device) {
  --state.contexts;
  return Success;
}
CU cuCtxPushCurrent_v2(Context context) {
  ++state.current;
  return context == &theContext ? Success : InvalidContext;
}
CU cuCtxPopCurrent_v2(Context *context) {
  *context = &theContext;
  --state.current;
  return Success;
}

CU cuMemAlloc_v2(Pointer *pointer, size_t bytes) {
  if (!state.current || state.allocate)
    return state.allocate ? state.allocate : InvalidContext;
  void *memory = std::malloc(bytes);
  // What a GPU's memory holds is undefined.
  std::memset(memory, 0x5a, bytes);
  *pointer = Pointer(reinterpret_cast<uintptr_t>(memory));
  ++state.buffers;
  return Success;
}
CU cuMemFree_v2(Pointer pointer) {
  if (!state.current)
    return InvalidContext;
  // The driver waits for what may still use it.
  runQueued();
  std::free(at<void>(pointer));
  --state.buffers;
  return Success;
}
CU cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  *memory = std::malloc(bytes);
  ++state.pinned;
  return Success;
}
CU cuMemFreeHost(void *memory) {
  std::free(memory);
  --state.pinned;
  return Success;
}
CU cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, Stream) {
  return enqueue([=] { std::memcpy(at<void>(to), from, bytes); });
}
CU cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, Stream) {
  return enqueue([=] { std::memcpy(to, at<void>(from), bytes); });
}
CU cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, Stream) {
  return enqueue([=] { std::memcpy(at<void>(to), at<void>(from), bytes); });
}
CU cuMemsetD32Async(Pointer to, unsigned value, size_t words, Stream) {
  return enqueue([=] {
    for (size_t i = 0; i < words; ++i)
      at<unsigned>(to)[i] = value;
  });
}

CU cuModuleLoadDataEx(modc::cuda::Module *module, const void *image,
                      unsigned count, JitOption *options, void **values) {
  for (unsigned i = 0; i + 1 < count; ++i)
    if (options[i] == JitErrorLog && options[i + 1] == JitErrorLogBytes)
      std::strncpy(static_cast<char *>(values[i]), state.jitLog,
                   reinterpret_cast<size_t>(values[i + 1]));
  if (!state.current || state.load)
    return state.load ? state.load : InvalidContext;
  *module = new ModuleTag{static_cast<const char *>(image), {}};
  ++state.modules;
  return Success;
}
CU cuModuleUnload(modc::cuda::Module module) {
  for (FunctionTag *function : module->functions)
    delete function;
  delete module;
  --state.modules;
  return Success;
}
CU cuModuleGetFunction(Function *function, modc::cuda::Module module,
                       const char *name) {
  if (module->image.find(".entry " + std::string(name) + "(") ==
      std::string::npos)
    return NotFound;
  *function = new FunctionTag{name};
  module->functions.push_back(*function);
  return Success;
}
CU cuFuncGetAttribute(int *value, FunctionAttribute which, Function) {
  *value =
      which == FunctionSharedBytes ? state.staticSharedBytes : state.maxThreads;
  return Success;
}
CU cuFuncSetAttribute(Function, FunctionAttribute which, int value) {
  if (which == FunctionMaxDynamicSharedBytes)
    state.dynamicSharedBytes = value;
  return Success;
}
CU cuLaunchKernel(Function function, unsigned gx, unsigned gy, unsigned gz,
                  unsigned bx, unsigned by, unsigned bz, unsigned shared,
                  Stream, void **parameters, void **extra) {
  if (state.launch)
    return state.launch;
  if (parameters || extra[0] != LaunchParamBuffer ||
      extra[2] != LaunchParamBytes || extra[4] != LaunchParamEnd)
    return 1;
  ++state.launches;
  state.kernel = function->name;
  std::memcpy(state.grid, std::vector<unsigned>{gx, gy, gz}.data(), 12);
  std::memcpy(state.block, std::vector<unsigned>{bx, by, bz}.data(), 12);
  state.sharedBytes = shared;
  state.parameterBytes = *static_cast<size_t *>(extra[3]);
  // Taken now, as the caller's buffer is.
  auto *begin = static_cast<const char *>(extra[1]);
  std::vector<char> bytes(begin, begin + state.parameterBytes);
  return enqueue([name = function->name, bytes,
                  invocations = gx * gy * gz * bx * by * bz] {
    runKernel(name, bytes, invocations);
  });
}

CU cuStreamCreate(Stream *stream, unsigned flags) {
  *stream = new StreamTag();
  ++state.streams;
  return flags == StreamNonBlocking ? Success : 1;
}
CU cuStreamDestroy_v2(Stream stream) {
  delete stream;
  --state.streams;
  return Success;
}
CU cuStreamBeginCapture_v2(Stream, CaptureMode) {
  captured = new std::vector<Work>();
  return Success;
}
CU cuStreamEndCapture(Stream, Graph *graph) {
  *graph = state.capture ? nullptr : new GraphTag{std::move(*captured)};
  state.graphs += !state.capture;
  delete captured;
  captured = nullptr;
  return state.capture;
}
CU cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph,
                               unsigned long long) {
  *exec = new GraphExecTag{graph->nodes};
  ++state.graphs;
  return Success;
}
CU cuGraphLaunch(GraphExec exec, Stream) {
  ++state.graphLaunches;
  for (const Work &work : exec->nodes)
    if (modc::cuda::Result result = enqueue(work))
      return result;
  return Success;
}
CU cuGraphDestroy(Graph graph) {
  delete graph;
  --state.graphs;
  return Success;
}
CU cuGraphExecDestroy(GraphExec exec) {
  delete exec;
  --state.graphs;
  return Success;
}

CU cuEventCreate(Event *event, unsigned) {
  *event = new EventTag();
  ++state.events;
  return Success;
}
CU cuEventDestroy_v2(Event event) {
  delete event;
  --state.events;
  return Success;
}
CU cuEventRecord(Event event, Stream) {
  event->state = EventTag::Pending;
  return enqueue([event] {
    event->state = EventTag::Done;
    event->time = ++clockTicks;
  });
}
CU cuEventQuery(Event event) {
  ++state.queries;
  if (state.hangs)
    return NotReady;
  // The first question comes too early.
  if (event->state == EventTag::Pending) {
    event->state = EventTag::Asked;
    return NotReady;
  }
  runQueued();
  return state.work;
}
CU cuEventElapsedTime(float *milliseconds, Event begin, Event end) {
  if (begin->state != EventTag::Done || end->state != EventTag::Done)
    return NotReady;
  *milliseconds = float(end->time - begin->time) * 0.5f;
  return Success;
}
