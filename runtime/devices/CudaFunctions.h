//===- CudaFunctions.h - The functions of CUDA's driver that we call *- C++
//-*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our own declarations of the few entry points of libcuda.so.1 that are used,
// so that building needs no CUDA Toolkit. Names and numbers are those of the
// driver's interface since CUDA 11.4.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DEVICES_CUDAFUNCTIONS_H
#define MODC_RUNTIME_DEVICES_CUDAFUNCTIONS_H

#include <cstddef>
#include <cstdint>

namespace modc::cuda {

using Result = int;
using Device = int;
using Pointer = unsigned long long;
// Opaque to us, and different types so that they are not mixed up.
using Context = struct ContextTag *;
using Module = struct ModuleTag *;
using Function = struct FunctionTag *;
using Stream = struct StreamTag *;
using Event = struct EventTag *;
using Graph = struct GraphTag *;
using GraphExec = struct GraphExecTag *;

enum : Result {
  Success = 0,
  OutOfMemory = 2,
  NoDevice = 100,
  InvalidContext = 201,
  EccUncorrectable = 214,
  NvlinkUncorrectable = 220,
  NotFound = 500,
  NotReady = 600,
  IllegalAddress = 700,
  LaunchTimeout = 702,
  ContextIsDestroyed = 709,
  Assert = 710,
  HardwareStackError = 714,
  LaunchFailed = 719,
  Unknown = 999
};

enum DeviceAttribute : int {
  MaxThreadsPerBlock = 1,
  MaxBlockDimX = 2, // Y and Z follow
  MaxGridDimX = 5,  // Y and Z follow
  WarpSize = 10,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  MaxSharedMemoryPerBlockOptin = 97
};

enum FunctionAttribute : int {
  FunctionMaxThreadsPerBlock = 0,
  FunctionSharedBytes = 1,
  FunctionMaxDynamicSharedBytes = 8
};

enum JitOption : int { JitErrorLog = 5, JitErrorLogBytes = 6 };

enum : unsigned { StreamNonBlocking = 1, EventDisableTiming = 2 };
enum CaptureMode : int { CaptureThreadLocal = 1 };

/// Ends the list of a launch that gives its parameters as one buffer.
inline void *const LaunchParamEnd = nullptr;
inline void *const LaunchParamBuffer = reinterpret_cast<void *>(1);
inline void *const LaunchParamBytes = reinterpret_cast<void *>(2);

/// X(name, symbol, parameters): many symbols carry a version.
#define MODC_CUDA_FUNCTIONS(X)                                                 \
  X(init, "cuInit", (unsigned))                                                \
  X(driverVersion, "cuDriverGetVersion", (int *))                              \
  X(errorName, "cuGetErrorName", (Result, const char **))                      \
  X(deviceCount, "cuDeviceGetCount", (int *))                                  \
  X(deviceGet, "cuDeviceGet", (Device *, int))                                 \
  X(deviceName, "cuDeviceGetName", (char *, int, Device))                      \
  X(deviceMemory, "cuDeviceTotalMem_v2", (size_t *, Device))                   \
  X(deviceAttribute, "cuDeviceGetAttribute", (int *, DeviceAttribute, Device)) \
  X(contextRetain, "cuDevicePrimaryCtxRetain", (Context *, Device))            \
  X(contextRelease, "cuDevicePrimaryCtxRelease_v2", (Device))                  \
  X(contextPush, "cuCtxPushCurrent_v2", (Context))                             \
  X(contextPop, "cuCtxPopCurrent_v2", (Context *))                             \
  X(memoryAllocate, "cuMemAlloc_v2", (Pointer *, size_t))                      \
  X(memoryFree, "cuMemFree_v2", (Pointer))                                     \
  X(hostAllocate, "cuMemHostAlloc", (void **, size_t, unsigned))               \
  X(hostFree, "cuMemFreeHost", (void *))                                       \
  X(copyToDevice, "cuMemcpyHtoDAsync_v2",                                      \
    (Pointer, const void *, size_t, Stream))                                   \
  X(copyToHost, "cuMemcpyDtoHAsync_v2", (void *, Pointer, size_t, Stream))     \
  X(copyOnDevice, "cuMemcpyDtoDAsync_v2", (Pointer, Pointer, size_t, Stream))  \
  X(fillWords, "cuMemsetD32Async", (Pointer, unsigned, size_t, Stream))        \
  X(moduleLoad, "cuModuleLoadDataEx",                                          \
    (Module *, const void *, unsigned, JitOption *, void **))                  \
  X(moduleUnload, "cuModuleUnload", (Module))                                  \
  X(moduleFunction, "cuModuleGetFunction", (Function *, Module, const char *)) \
  X(functionGet, "cuFuncGetAttribute", (int *, FunctionAttribute, Function))   \
  X(functionSet, "cuFuncSetAttribute", (Function, FunctionAttribute, int))     \
  X(launch, "cuLaunchKernel",                                                  \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
     unsigned, Stream, void **, void **))                                      \
  X(streamCreate, "cuStreamCreate", (Stream *, unsigned))                      \
  X(streamDestroy, "cuStreamDestroy_v2", (Stream))                             \
  X(captureBegin, "cuStreamBeginCapture_v2", (Stream, CaptureMode))            \
  X(captureEnd, "cuStreamEndCapture", (Stream, Graph *))                       \
  X(graphInstantiate, "cuGraphInstantiateWithFlags",                           \
    (GraphExec *, Graph, unsigned long long))                                  \
  X(graphLaunch, "cuGraphLaunch", (GraphExec, Stream))                         \
  X(graphDestroy, "cuGraphDestroy", (Graph))                                   \
  X(graphExecDestroy, "cuGraphExecDestroy", (GraphExec))                       \
  X(eventCreate, "cuEventCreate", (Event *, unsigned))                         \
  X(eventDestroy, "cuEventDestroy_v2", (Event))                                \
  X(eventRecord, "cuEventRecord", (Event, Stream))                             \
  X(eventQuery, "cuEventQuery", (Event))                                       \
  X(eventElapsed, "cuEventElapsedTime", (float *, Event, Event))

struct Functions {
#define MODC_DECLARE(name, symbol, parameters)                                 \
  Result(*name) parameters = nullptr;
  MODC_CUDA_FUNCTIONS(MODC_DECLARE)
#undef MODC_DECLARE
};

} // namespace modc::cuda

#endif // MODC_RUNTIME_DEVICES_CUDAFUNCTIONS_H
