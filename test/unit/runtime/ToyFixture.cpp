//===- ToyFixture.cpp - Sessions of the model by hand ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the model written by hand for tests, which fail where that fails.
//
//===----------------------------------------------------------------------===//

#include "ToyModel.h"

#include <gtest/gtest.h>

namespace modc {

std::shared_ptr<const Model> toyModel() {
  auto loaded = Model::fromEntry(toyEntry, toySignature());
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
  return loaded ? *loaded : nullptr;
}

std::unique_ptr<Session> toySession(int64_t workers) {
  SessionOptions options;
  options.workers = workers;
  auto session = Session::create(toyModel(), options);
  EXPECT_TRUE(session) << (session ? "" : session.error().message());
  return session ? std::move(*session) : nullptr;
}

} // namespace modc
