//===- SignatureKernels.cpp - What programs compute, and by what
//-----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As everything in a note these may come from strangers: indices are checked
// against what they number.
//
//===----------------------------------------------------------------------===//

#include "runtime/SignatureKernels.h"

#include <nlohmann/json.hpp>

namespace modc {

using nlohmann::json;

/// Numbers beyond it are no sizes of tiles.
constexpr int64_t kLimit = int64_t(1) << 40;

std::vector<ProductSpec> readProducts(const json &root, JsonFields &fields) {
  std::vector<ProductSpec> products;
  if (!root.contains("products"))
    return products;
  for (const json &object : fields.array(root, "products", "the signature")) {
    ProductSpec product;
    product.name = fields.text(object, "name", "a product");
    std::string here = "product " + inQuotes(product.name);
    auto optional = [&](const char *name) {
      return object.contains(name)
                 ? fields.integer(object, name, 0, INT64_MAX, here)
                 : 0;
    };
    if (object.contains("shape"))
      product.shape = fields.text(object, "shape", here);
    product.flops = fields.integer(object, "flops", 0, INT64_MAX, here);
    product.bytes = optional("bytes");
    product.weights = optional("weights");
    product.members = optional("members");
    product.rows = optional("rows");
    products.push_back(std::move(product));
    if (fields.failed())
      break;
  }
  return products;
}

std::vector<ProductUse> readProductUses(const json &pairs,
                                        const std::string &here,
                                        const Signature &signature,
                                        JsonFields &fields) {
  std::vector<ProductUse> uses;
  if (pairs.size() % 2) {
    fields.fail(here + ": 'products' has " + std::to_string(pairs.size()) +
                " numbers, which are no pairs");
    return uses;
  }
  for (size_t i = 0; i < pairs.size(); i += 2) {
    int64_t product =
        fields.integerOf(pairs[i], 0, int64_t(signature.products.size()) - 1,
                         here + ": a product");
    int64_t term =
        fields.integerOf(pairs[i + 1], 0, 2, here + ": a product's term");
    if (fields.failed())
      break;
    uses.push_back({int32_t(product), ProductUse::Term(uint8_t(term))});
  }
  return uses;
}

void readKernels(const json &root, JsonFields &fields, Signature &out) {
  size_t uses = 0, t = 0;
  for (const ProgramSpec &program : out.programs)
    uses += program.products.size();
  for (const json &object : fields.array(root, "targets", "the signature")) {
    TargetSpec &target = out.targets[t++];
    if (!object.contains("kernels"))
      continue;
    std::string here = "target " + inQuotes(target.name);
    for (const json &kernel : fields.array(object, "kernels", here)) {
      if (!kernel.is_array() || kernel.size() != 4 || !kernel[0].is_string() ||
          !kernel[3].is_boolean())
        return fields.fail(here + ": a kernel is not [name, rows, columns, "
                                  "packed]");
      target.kernels.push_back(
          {kernel[0].get<std::string>(),
           fields.integerOf(kernel[1], 0, kLimit, here + ": a tile"),
           fields.integerOf(kernel[2], 0, kLimit, here + ": a tile"),
           kernel[3].get<bool>()});
    }
    for (const json &kernel : fields.array(object, "uses", here))
      target.uses.push_back(int32_t(
          fields.integerOf(kernel, -1, int64_t(target.kernels.size()) - 1,
                           here + ": a used kernel")));
    if (target.uses.size() != uses)
      return fields.fail(here + ": 'uses' has " +
                         std::to_string(target.uses.size()) + " kernels for " +
                         std::to_string(uses) + " products");
  }
}

} // namespace modc
