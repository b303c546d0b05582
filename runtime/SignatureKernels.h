//===- SignatureKernels.h - What programs compute, and by what -*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the part of a signature that nothing is run by: products and kernels,
// for 'modc inspect --kernels'. Part of Signature.cpp's parser.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SIGNATUREKERNELS_H
#define MODC_RUNTIME_SIGNATUREKERNELS_H

#include "runtime/JsonFields.h"
#include "runtime/Signature.h"

namespace modc {

/// `products` of the signature.
std::vector<ProductSpec> readProducts(const nlohmann::json &root,
                                      JsonFields &fields);

/// `products` of a program, pairs of a product and a term. `here` names the
/// program in messages.
std::vector<ProductUse> readProductUses(const nlohmann::json &pairs,
                                        const std::string &here,
                                        const Signature &signature,
                                        JsonFields &fields);

/// `kernels` and `uses` of the targets, once programs are read.
void readKernels(const nlohmann::json &root, JsonFields &fields,
                 Signature &signature);

} // namespace modc

#endif // MODC_RUNTIME_SIGNATUREKERNELS_H
