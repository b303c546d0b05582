//===- FakeCudaStream.cpp - Work of a CUDA driver without a GPU -----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stream, launches, graphs and events of FakeCuda.cpp. Each launch is
// compared with what its module says of the kernel, and its pointers with the
// memory that was handed out.
//
//===----------------------------------------------------------------------===//

#include "FakeCudaState.h"

#include <algorithm>
#include <cstring>

using namespace modc;
using namespace modc::cuda;
using namespace modc::fake;

namespace {

std::vector<Work> queued;
std::vector<Work> *captured = nullptr;
int64_t clockTicks = 0;

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
T readAs(const std::vector<char> &bytes) {
  T parameters = {};
  std::memcpy(&parameters, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return parameters;
}

void runKernel(const std::string &name, const std::vector<char> &bytes,
               uint32_t invocations) {
  if (name == "scale") {
    auto p = readAs<ScaleParameters>(bytes);
    for (uint32_t i = 0; i < std::min(p.count, invocations); ++i)
      at<float>(p.out)[i] = at<float>(p.in)[i] * p.factor;
  } else if (name == "count") {
    auto p = readAs<CountParameters>(bytes);
    for (uint32_t i = 0; i < std::min(p.count, invocations); ++i)
      at<float>(p.out)[i] += *at<float>(p.scalars);
  }
}

/// Fails if the parameters are not those that the kernel takes, pointers into
/// memory first.
bool check(const FunctionTag &function, FakeLaunch &launch) {
  size_t at = 0;
  for (size_t size : function.parameterBytes) {
    at = (at + size - 1) / size * size;
    if (at + size > launch.parameters.size())
      return false;
    if (size == sizeof(Pointer)) {
      Pointer pointer = 0;
      std::memcpy(&pointer, launch.parameters.data() + at, size);
      launch.room.push_back(bytesFrom(pointer));
      if (!launch.room.back())
        return false;
    }
    at += size;
  }
  return at == launch.parameters.size();
}

} // namespace

modc::cuda::Result modc::fake::enqueue(Work work) {
  if (!inContext())
    return InvalidContext;
  (captured ? *captured : queued).push_back(std::move(work));
  return Success;
}

void modc::fake::runQueued() {
  // A fault leaves the rest undone.
  if (state.work == Success)
    for (Work &work : queued)
      work();
  queued.clear();
}

CU cuLaunchKernel(Function function, unsigned gx, unsigned gy, unsigned gz,
                  unsigned bx, unsigned by, unsigned bz, unsigned shared,
                  Stream, void **parameters, void **extra) {
  MAY_FAIL(cuLaunchKernel);
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
  if (!function->parameterBytes.empty()) {
    FakeLaunch launch = {function->name, {gx, gy, gz}, {bx, by, bz}, bytes, {}};
    if (!check(*function, launch))
      return 1;
    state.checked.push_back(std::move(launch));
  }
  return enqueue([name = function->name, bytes,
                  invocations = gx * gy * gz * bx * by * bz] {
    runKernel(name, bytes, invocations);
  });
}

CU cuStreamCreate(Stream *stream, unsigned flags) {
  MAY_FAIL_IN_CONTEXT(cuStreamCreate);
  *stream = new StreamTag();
  ++state.streams;
  return flags == StreamNonBlocking ? Success : 1;
}
CU cuStreamDestroy_v2(Stream stream) {
  MAY_FAIL_IN_CONTEXT(cuStreamDestroy_v2);
  delete stream;
  --state.streams;
  return Success;
}
CU cuStreamBeginCapture_v2(Stream, CaptureMode) {
  MAY_FAIL_IN_CONTEXT(cuStreamBeginCapture_v2);
  captured = new std::vector<Work>();
  return Success;
}
CU cuStreamEndCapture(Stream, Graph *graph) {
  *graph = state.capture ? nullptr : new GraphTag{std::move(*captured)};
  state.graphs += !state.capture;
  delete captured;
  captured = nullptr;
  // A stream leaves its capture whatever became of it.
  MAY_FAIL(cuStreamEndCapture);
  return state.capture;
}
CU cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph,
                               unsigned long long) {
  MAY_FAIL_IN_CONTEXT(cuGraphInstantiateWithFlags);
  *exec = new GraphExecTag{graph->nodes};
  ++state.graphs;
  return Success;
}
CU cuGraphLaunch(GraphExec exec, Stream) {
  MAY_FAIL(cuGraphLaunch);
  ++state.graphLaunches;
  for (const Work &work : exec->nodes)
    if (modc::cuda::Result result = enqueue(work))
      return result;
  return Success;
}
CU cuGraphDestroy(Graph graph) {
  MAY_FAIL_IN_CONTEXT(cuGraphDestroy);
  delete graph;
  --state.graphs;
  return Success;
}
CU cuGraphExecDestroy(GraphExec exec) {
  MAY_FAIL_IN_CONTEXT(cuGraphExecDestroy);
  delete exec;
  --state.graphs;
  return Success;
}

CU cuEventCreate(Event *event, unsigned) {
  MAY_FAIL_IN_CONTEXT(cuEventCreate);
  *event = new EventTag();
  ++state.events;
  return Success;
}
CU cuEventDestroy_v2(Event event) {
  MAY_FAIL_IN_CONTEXT(cuEventDestroy_v2);
  // The driver keeps what its stream still needs.
  runQueued();
  delete event;
  --state.events;
  return Success;
}
CU cuEventRecord(Event event, Stream) {
  MAY_FAIL(cuEventRecord);
  event->state = EventTag::Pending;
  return enqueue([event] {
    event->state = EventTag::Done;
    event->time = ++clockTicks;
  });
}
CU cuEventQuery(Event event) {
  MAY_FAIL_IN_CONTEXT(cuEventQuery);
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
  MAY_FAIL_IN_CONTEXT(cuEventElapsedTime);
  if (begin->state != EventTag::Done || end->state != EventTag::Done)
    return NotReady;
  *milliseconds = float(end->time - begin->time) * 0.5f;
  return Success;
}
