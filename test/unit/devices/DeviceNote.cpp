//===- DeviceNote.cpp - Print the signature of the model with a device ---===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Its length depends on that of the kernels, which are assembled first.
//
//===----------------------------------------------------------------------===//

#include "DeviceModel.h"

#include <cstdio>

int main() { return std::fputs(modc::deviceSignature().c_str(), stdout) < 0; }
