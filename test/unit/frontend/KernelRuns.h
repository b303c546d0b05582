//===- KernelRuns.h - Kernels from text to results --------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fixture that compiles kernels and runs them on lavapipe, with the
// validation layer.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_FRONTEND_KERNELRUNS_H
#define MODC_TEST_UNIT_FRONTEND_KERNELRUNS_H

#include "../devices/LavapipeFixture.h"
#include "KernelInputs.h"

#include <algorithm>

namespace modc {

class KernelRuns : public Lavapipe {
protected:
  /// A buffer of at least 4 bytes with `values` at its start.
  template <typename T>
  DeviceRange put(const std::vector<T> &values) {
    int64_t bytes = int64_t(values.size() * sizeof(T));
    int64_t size = std::max<int64_t>((bytes + 3) / 4 * 4, 4);
    auto buffer = allocate(size);
    if (bytes)
      EXPECT_TRUE(device->upload({buffer, 0, bytes}, values.data()));
    return {buffer, 0, size};
  }
  template <typename T>
  std::vector<T> get(const DeviceRange &range, size_t count) {
    std::vector<T> values(count);
    if (count)
      EXPECT_TRUE(device->download(
          {range.buffer, 0, int64_t(count * sizeof(T))}, values.data()));
    return values;
  }
  std::shared_ptr<const Kernel> load(const std::string &code, KernelSpec spec) {
    auto loaded = device->load(code, {spec});
    EXPECT_TRUE(loaded) << loaded.error().message();
    return loaded ? (*loaded)[0] : nullptr;
  }
  /// The kernel of a file of MODC_KERNEL_INPUTS.
  std::shared_ptr<const Kernel> kernel(const std::string &file,
                                       KernelSpec spec) {
    return load(spirvOf(file), std::move(spec));
  }
  /// The kernel of a module's text.
  std::shared_ptr<const Kernel> compile(const std::string &text,
                                        KernelSpec spec) {
    Kernels kernels(KernelText{text});
    if (!kernels.module)
      return nullptr;
    auto code = generateSpirv(*kernels);
    EXPECT_TRUE(code) << code.error().message();
    return code ? load(*code, std::move(spec)) : nullptr;
  }
};

} // namespace modc

#endif // MODC_TEST_UNIT_FRONTEND_KERNELRUNS_H
