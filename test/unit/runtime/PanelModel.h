//===- PanelModel.h - A model by hand that keeps panels ---------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Its programs, of f32 or f64, number the elements of their arenas as they find
// them there; the signature says which matrices of these, some of them a pool's,
// are in panels.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TEST_UNIT_RUNTIME_PANELMODEL_H
#define MODC_TEST_UNIT_RUNTIME_PANELMODEL_H

#include "runtime/Artefact.h"
#include "runtime/Session.h"

#include <gtest/gtest.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace modc::panels {

using Kind = Session::ArenaKind;

inline constexpr int64_t kParameters = 96, kState = 50, kInPanels = 48;

// Of the states, one member's is in panels; "steps" is of another type.
inline constexpr char kSignature[] = R"({
  "abi": 5, "modc": "", "llvm": "", "flags": "", "network": "panels",
  "hash": "0123456789abcdef", "element": "TYPE",
  "targets": [{"name": "x86-64", "features": 0}],
  "inputs": [], "outputs": [], "wanted": [], "objective": "gaussian",
  "classes": 0, "optimizer": {"name": "momentum", "dense": false},
  "layers": [], "slots": 0, "probabilities": 0, "groups": ["graph"],
  "parameters": [
    {"name": "experts.0.weight", "shape": [3, 8], "panels": 4, "offset": #0, "trained": true, "group": 0, "init": "zeros"},
    {"name": "experts.1.weight", "shape": [3, 8], "panels": 4, "offset": #24, "trained": true, "group": 0, "init": "zeros"},
    {"name": "bias", "shape": [7], "offset": #48, "trained": true, "group": 0, "init": "zeros"},
    {"name": "router.weight", "shape": [2, 6], "panels": 2, "offset": #64, "trained": true, "group": 0, "init": "zeros"},
    {"name": "square", "shape": [4, 4], "offset": #80, "trained": true, "group": 0, "init": "zeros"}],
  "parameter_bytes": #96,
  "state": [
    {"name": "experts.0.weight.m", "shape": [3, 8], "panels": 4, "offset": #0},
    {"name": "experts.1.weight.m", "shape": [3, 8], "offset": #24},
    {"name": "steps", "type": "i64", "shape": [1], "offset": #48}],
  "state_bytes": #50,
  "programs": [
    {"name": "init", "buffers": [], "integers": ["seed"], "reals": []},
    {"name": "infer", "integers": [], "reals": [], "buffers": [
      {"name": "found", "shape": [96], "output": true}]},
    {"name": "m_step", "buffers": [], "integers": [], "reals": []},
    {"name": "update", "buffers": [], "integers": [], "reals": []},
    {"name": "dump", "integers": [], "reals": [], "buffers": [
      {"name": "parameters", "shape": [96], "output": true},
      {"name": "gradients", "shape": [96], "output": true},
      {"name": "state", "shape": [48], "output": true}]}]})";

inline int64_t noWorkspace(const int64_t *, int64_t) { return 0; }

template <typename T>
struct ByHand {
  static void number(void *arena, int64_t count, int64_t first) {
    for (int64_t i = 0; i < count; ++i)
      static_cast<T *>(arena)[i] = T(first + i);
  }
  static void init(const modc_call *call) {
    number(call->parameters, kParameters, call->integers[0]);
  }
  static void infer(const modc_call *call) {
    std::memcpy(call->buffers[0], call->parameters, kParameters * sizeof(T));
  }
  static void mStep(const modc_call *call) {
    number(call->gradients, kParameters, 500);
  }
  static void update(const modc_call *call) {
    for (int64_t i = 0; i < kParameters; ++i)
      static_cast<T *>(call->parameters)[i] +=
          static_cast<T *>(call->gradients)[i];
    number(call->state, kInPanels, 700);
  }
  static void dump(const modc_call *call) {
    infer(call);
    std::memcpy(call->buffers[1], call->gradients, kParameters * sizeof(T));
    std::memcpy(call->buffers[2], call->state, kInPanels * sizeof(T));
  }
  static const modc_model *entry(int64_t, uint64_t) {
    static const modc_program programs[] = {{"init", init, noWorkspace},
                                            {"infer", infer, noWorkspace},
                                            {"m_step", mStep, noWorkspace},
                                            {"update", update, noWorkspace},
                                            {"dump", dump, noWorkspace}};
    static const modc_model model = {
        MODC_ABI_VERSION, "by hand", std::size(programs), programs, nullptr, 0};
    return &model;
  }

  static std::shared_ptr<const Model> model() {
    std::string text = kSignature;
    text.replace(text.find("TYPE"), 4, sizeof(T) == 4 ? "f32" : "f64");
    for (size_t at; (at = text.find('#')) != std::string::npos;) {
      size_t end = text.find_first_not_of("0123456789", at + 1);
      int64_t elements = std::stoll(text.substr(at + 1, end - at - 1));
      text.replace(at, end - at, std::to_string(elements * int64_t(sizeof(T))));
    }
    auto loaded = Model::fromEntry(entry, text);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
    return loaded ? *loaded : nullptr;
  }
};

template <typename T = float>
std::unique_ptr<Session> open(SessionOptions options = {}) {
  auto session = Session::create(ByHand<T>::model(), options);
  EXPECT_TRUE(session) << (session ? "" : session.error().message());
  return session ? std::move(*session) : nullptr;
}

inline Status call(Session &session, const char *name,
                   std::vector<Buffer> buffers = {}) {
  return session.call(session.signature().findProgram(name), buffers.data(),
                      buffers.size(), 1, 1, nullptr, 0, nullptr, 0);
}

/// What programs find in the arena of parameters.
template <typename T = float>
std::vector<T> found(Session &session) {
  std::vector<T> result(kParameters);
  EXPECT_TRUE(call(session, "infer",
                   {{result.data(), int64_t(kParameters * sizeof(T))}}));
  return result;
}

template <typename T = float>
const T *look(const Session &session, Kind kind = Kind::Parameters) {
  auto arena = session.read(kind);
  EXPECT_TRUE(arena) << arena.error().message();
  return arena ? static_cast<const T *>(*arena) : nullptr;
}

inline std::string temporary(const char *name) {
  return testing::TempDir() + "modc-" + std::to_string(getpid()) + "-" + name;
}

} // namespace modc::panels

#endif // MODC_TEST_UNIT_RUNTIME_PANELMODEL_H
