//===- SignatureDevices.h - Programs of devices in a signature --*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the part of a signature that devices run: kernels and launches. Part of
// Signature.cpp's parser.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SIGNATUREDEVICES_H
#define MODC_RUNTIME_SIGNATUREDEVICES_H

#include "runtime/JsonFields.h"
#include "runtime/Signature.h"

namespace modc {

/// `devices`, once programs are read. What depends on sizes or on the device is
/// checked when a program is recorded.
void readDevices(const nlohmann::json &root, JsonFields &fields,
                 Signature &signature);

/// Fails if an image of a kernel is not within that many bytes of device code.
Status checkImages(const Signature &signature, int64_t codeBytes);

} // namespace modc

#endif // MODC_RUNTIME_SIGNATUREDEVICES_H
