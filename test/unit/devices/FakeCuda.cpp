//===- FakeCuda.cpp - A CUDA driver without a GPU -------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of libcuda.so.1 that the runtime calls: devices, memory and
// modules. Device memory is the processor's. Calls that need a context fail
// where none is current.
//
//===----------------------------------------------------------------------===//

#include "FakeCudaState.h"

#include <cstdlib>
#include <cstring>

using namespace modc;
using namespace modc::cuda;
using namespace modc::fake;

namespace {

ContextTag theContext;

} // namespace

FakeCuda modc::fake::state;
std::map<Pointer, size_t> modc::fake::allocations;

size_t modc::fake::bytesFrom(Pointer pointer) {
  auto after = allocations.upper_bound(pointer);
  if (after == allocations.begin())
    return 0;
  auto [begin, bytes] = *--after;
  return pointer < begin + bytes ? size_t(begin + bytes - pointer) : 0;
}

modc::cuda::Result modc::fake::failureOf(const char *function) {
  return state.failing == function ? state.failure : Success;
}

std::vector<size_t> modc::fake::parametersOf(const std::string &image,
                                             const std::string &entry) {
  std::vector<size_t> sizes;
  size_t at = image.find(".entry " + entry + "(");
  size_t end = image.find(')', at);
  for (at = image.find(".param .", at); at < end;
       at = image.find(".param .", at + 1))
    // ".u64", ".b32": the bits follow a letter.
    if (size_t bits = size_t(std::atoi(image.c_str() + at + 9)))
      sizes.push_back(bits / 8);
  return sizes;
}

bool modc::fake::inContext() {
  if (state.current)
    return true;
  state.foreignCalls += state.hasForeign;
  return state.hasForeign;
}

CUDA_API FakeCuda *fakeCuda() { return &state; }

CU cuInit(unsigned) {
  MAY_FAIL(cuInit);
  return state.init;
}
CU cuDriverGetVersion(int *version) {
  MAY_FAIL(cuDriverGetVersion);
  *version = state.version;
  return Success;
}
CU cuGetErrorName(modc::cuda::Result result, const char **name) {
  MAY_FAIL(cuGetErrorName);
  *name = result == OutOfMemory      ? "CUDA_ERROR_OUT_OF_MEMORY"
          : result == IllegalAddress ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : result == 1              ? "CUDA_ERROR_INVALID_VALUE"
          : result == 218            ? "CUDA_ERROR_INVALID_PTX"
                                     : nullptr;
  return *name ? 0 : 1;
}
CU cuDeviceGetCount(int *count) {
  MAY_FAIL(cuDeviceGetCount);
  *count = state.devices;
  return Success;
}
CU cuDeviceGet(Device *device, int index) {
  MAY_FAIL(cuDeviceGet);
  *device = 100 + index;
  return Success;
}
CU cuDeviceGetName(char *name, int bytes, Device device) {
  MAY_FAIL(cuDeviceGetName);
  std::strncpy(name, device == 100 ? "Fake A" : "Fake B", size_t(bytes));
  return Success;
}
CU cuDeviceTotalMem_v2(size_t *bytes, Device) {
  MAY_FAIL(cuDeviceTotalMem_v2);
  *bytes = state.memoryBytes;
  return Success;
}
CU cuDeviceGetAttribute(int *value, DeviceAttribute which, Device) {
  MAY_FAIL(cuDeviceGetAttribute);
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
  MAY_FAIL(cuDevicePrimaryCtxRetain);
  *context = &theContext;
  ++state.contexts;
  return Success;
}
CU cuDevicePrimaryCtxRelease_v2(Device) {
  MAY_FAIL(cuDevicePrimaryCtxRelease_v2);
  --state.contexts;
  return Success;
}
CU cuCtxPushCurrent_v2(Context context) {
  MAY_FAIL(cuCtxPushCurrent_v2);
  ++state.current;
  return context == &theContext ? Success : InvalidContext;
}
CU cuCtxPopCurrent_v2(Context *context) {
  MAY_FAIL(cuCtxPopCurrent_v2);
  *context = &theContext;
  // Whose context is popped?
  if (!inContext())
    return InvalidContext;
  --state.current;
  return Success;
}

CU cuMemAlloc_v2(Pointer *pointer, size_t bytes) {
  MAY_FAIL_IN_CONTEXT(cuMemAlloc_v2);
  if (state.allocate)
    return state.allocate;
  void *memory = std::malloc(bytes);
  // What a GPU's memory holds is undefined.
  std::memset(memory, 0x5a, bytes);
  *pointer = Pointer(reinterpret_cast<uintptr_t>(memory));
  allocations[*pointer] = bytes;
  ++state.buffers;
  return Success;
}
CU cuMemFree_v2(Pointer pointer) {
  MAY_FAIL_IN_CONTEXT(cuMemFree_v2);
  // The driver waits for what may still use it.
  runQueued();
  allocations.erase(pointer);
  std::free(at<void>(pointer));
  --state.buffers;
  return Success;
}
CU cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  MAY_FAIL_IN_CONTEXT(cuMemHostAlloc);
  *memory = std::malloc(bytes);
  ++state.pinned;
  return Success;
}
CU cuMemFreeHost(void *memory) {
  MAY_FAIL_IN_CONTEXT(cuMemFreeHost);
  std::free(memory);
  --state.pinned;
  return Success;
}
CU cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, Stream) {
  MAY_FAIL(cuMemcpyHtoDAsync_v2);
  return enqueue([=] { std::memcpy(at<void>(to), from, bytes); });
}
CU cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, Stream) {
  MAY_FAIL(cuMemcpyDtoHAsync_v2);
  return enqueue([=] { std::memcpy(to, at<void>(from), bytes); });
}
CU cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, Stream) {
  MAY_FAIL(cuMemcpyDtoDAsync_v2);
  return enqueue([=] { std::memcpy(at<void>(to), at<void>(from), bytes); });
}
CU cuMemsetD32Async(Pointer to, unsigned value, size_t words, Stream) {
  MAY_FAIL(cuMemsetD32Async);
  return enqueue([=] {
    for (size_t i = 0; i < words; ++i)
      at<unsigned>(to)[i] = value;
  });
}

CU cuModuleLoadDataEx(modc::cuda::Module *module, const void *image,
                      unsigned count, JitOption *options, void **values) {
  MAY_FAIL_IN_CONTEXT(cuModuleLoadDataEx);
  for (unsigned i = 0; i + 1 < count; ++i)
    if (options[i] == JitErrorLog && options[i + 1] == JitErrorLogBytes)
      std::strncpy(static_cast<char *>(values[i]), state.jitLog,
                   reinterpret_cast<size_t>(values[i + 1]));
  if (state.load)
    return state.load;
  bool isCubin = *static_cast<const char *>(image) == '\x7f';
  if (isCubin && state.refusesCubins)
    return 200;
  ++(isCubin ? state.cubinsLoaded : state.ptxLoaded);
  *module = new ModuleTag{static_cast<const char *>(image), {}};
  ++state.modules;
  return Success;
}
CU cuModuleUnload(modc::cuda::Module module) {
  MAY_FAIL_IN_CONTEXT(cuModuleUnload);
  for (FunctionTag *function : module->functions)
    delete function;
  delete module;
  --state.modules;
  return Success;
}
CU cuModuleGetFunction(Function *function, modc::cuda::Module module,
                       const char *name) {
  MAY_FAIL_IN_CONTEXT(cuModuleGetFunction);
  if (module->image.find(".entry " + std::string(name) + "(") ==
      std::string::npos)
    return NotFound;
  *function = new FunctionTag{name, parametersOf(module->image, name)};
  module->functions.push_back(*function);
  return Success;
}
CU cuFuncGetAttribute(int *value, FunctionAttribute which, Function) {
  MAY_FAIL_IN_CONTEXT(cuFuncGetAttribute);
  *value =
      which == FunctionSharedBytes ? state.staticSharedBytes : state.maxThreads;
  return Success;
}
CU cuFuncSetAttribute(Function, FunctionAttribute which, int value) {
  MAY_FAIL_IN_CONTEXT(cuFuncSetAttribute);
  if (which == FunctionMaxDynamicSharedBytes)
    state.dynamicSharedBytes = value;
  return Success;
}
