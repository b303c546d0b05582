//===- ModularOps.td - All ops of the modular dialect ------*- tablegen -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//===----------------------------------------------------------------------===//

#ifndef MODC_DIALECT_MODULAROPS_TD
#define MODC_DIALECT_MODULAROPS_TD

include "dialect/ModularDeviceOps.td"
include "dialect/ModularNetworkOps.td"
include "dialect/ModularRoutedOps.td"
include "dialect/ModularTensorOps.td"
include "dialect/ModularTrainingOps.td"

#endif // MODC_DIALECT_MODULAROPS_TD
