//===- CpuDevice.cpp - The processor as a device --------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every submission has ended when `submit` returns.
//
//===----------------------------------------------------------------------===//

#include "runtime/devices/CpuDevice.h"

#include "runtime/Arena.h"
#include "runtime/Executor.h"

#include <cstring>
#include <fstream>
#include <unistd.h>

namespace modc {
namespace {

struct CpuBlock final : DeviceBlock {
  CpuBlock(int64_t bytes, Arena memory)
      : DeviceBlock(bytes), memory(std::move(memory)) {}
  Arena memory;
};

class CpuRecording final : public Recording {
public:
  CpuRecording(std::shared_ptr<Device> device, CommandList commands,
               const std::vector<bool> &waits, bool timed)
      : Recording(std::move(device), std::move(commands), waits, timed) {}
  const CommandList &list() const { return commands; }
};

class CpuDevice final : public Device {
public:
  CpuDevice() : Device(describeCpu()) {}
  ~CpuDevice() override { dropIdleBlocks(); }

private:
  static char *at(const DeviceRange &range) {
    return static_cast<CpuBlock &>(blockOf(range)).memory.as<char>() +
           range.offset;
  }

  Result<std::unique_ptr<DeviceBlock>> createBlock(int64_t bytes) override {
    Arena memory;
    if (Status s = memory.reserve(bytes, "a buffer"); !s)
      return s.error();
    return std::unique_ptr<DeviceBlock>(
        std::make_unique<CpuBlock>(bytes, std::move(memory)));
  }
  Status clearBlock(DeviceBlock &block) override {
    std::memset(static_cast<CpuBlock &>(block).memory.data(), 0,
                size_t(block.bytes));
    return {};
  }
  Status writeRange(const DeviceRange &to, const void *from) override {
    std::memcpy(at(to), from, size_t(to.bytes));
    return {};
  }
  Status readRange(const DeviceRange &from, void *to) override {
    std::memcpy(to, at(from), size_t(from.bytes));
    return {};
  }
  Result<std::vector<std::shared_ptr<const Kernel>>>
  loadKernels(std::string_view, const std::vector<KernelSpec> &) override {
    return error("runs compiled functions, not kernels");
  }
  Result<std::shared_ptr<Recording>>
  makeRecording(CommandList commands, const std::vector<bool> &waits,
                bool timed) override {
    return std::shared_ptr<Recording>(std::make_shared<CpuRecording>(
        shared_from_this(), std::move(commands), waits, timed));
  }
  Result<uint64_t> start(Recording &recording,
                         const std::vector<HostWrite> &writes,
                         const DeviceRange &) override {
    for (const HostWrite &write : writes)
      std::memcpy(at(write.to), write.from, size_t(write.to.bytes));
    for (const Command &command :
         static_cast<CpuRecording &>(recording).list()) {
      if (const auto *copy = std::get_if<CopyCommand>(&command)) {
        std::memcpy(at(copy->to), at(copy->from), size_t(copy->to.bytes));
        continue;
      }
      // No kernel was ever loaded, so that there are no launches.
      const auto &fill = std::get<FillCommand>(command);
      for (int64_t i = 0; i < fill.to.bytes; i += 4)
        std::memcpy(at(fill.to) + i, &fill.value, 4);
    }
    return ++submissions;
  }
  Status finish(uint64_t) override { return {}; }
  Result<std::vector<LaunchTime>> readTimes(Recording &) override {
    return std::vector<LaunchTime>();
  }

  uint64_t submissions = 0;
};

/// As the kernel tells it: "model name : AMD EPYC ...".
std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    size_t colon = line.find(": ");
    if (line.compare(0, 10, "model name") == 0 && colon != std::string::npos)
      return line.substr(colon + 2);
  }
  return "processor";
}

} // namespace

DeviceInfo describeCpu() {
  DeviceInfo info;
  info.kind = DeviceKind::Cpu;
  info.name = processorName();
  int64_t processors = availableProcessors();
  info.driver = std::to_string(processors) +
                (processors == 1 ? " processor" : " processors");
  info.architecture = "x86-64";
  info.limits.memoryBytes =
      int64_t(sysconf(_SC_PHYS_PAGES)) * int64_t(sysconf(_SC_PAGESIZE));
  info.limits.bufferBytes = info.limits.memoryBytes;
  return info;
}

std::shared_ptr<Device> makeCpuDevice() {
  return std::make_shared<CpuDevice>();
}

} // namespace modc
