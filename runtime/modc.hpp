//===- modc.hpp - Run and train compiled models from C++ --------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thin C++17 layer over modc.h: objects that close themselves, and errors as
// exceptions of one type. Header only; link with libmodc.so.
//
//   modc::api::Model model("model.so");
//   modc::api::Session session(model);
//   session.loadWeights("weights.safetensors");
//   session.infer(n, {x}, {y}, selection);
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_MODC_HPP
#define MODC_RUNTIME_MODC_HPP

#include "runtime/modc.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace modc {
namespace api {

/// Every failure of the functions below, with the message of modc.h.
class Failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

namespace detail {
/// Throws what a C function left in `error`.
inline void check(int code, char *error) {
  if (code == 0)
    return;
  std::string message = error ? error : "out of memory";
  modc_string_free(error);
  throw Failure(message);
}
} // namespace detail

/// A compiled model. Copies share it.
class Model {
public:
  /// Opens a file; see modc_model_open.
  explicit Model(const std::string &path) {
    modc_model_t *model = nullptr;
    char *error = nullptr;
    detail::check(modc_model_open(path.c_str(), &model, &error), error);
    handle.reset(model, modc_model_close);
  }
  /// Takes a model in memory; see modc_model_from_entry.
  Model(modc_model_entry_fn entry, std::string_view signature) {
    modc_model_t *model = nullptr;
    char *error = nullptr;
    detail::check(modc_model_from_entry(entry, signature.data(),
                                        signature.size(), &model, &error),
                  error);
    handle.reset(model, modc_model_close);
  }

  std::string_view signature() const {
    return modc_model_signature(handle.get());
  }
  const char *target() const { return modc_model_target(handle.get()); }
  /// Choices of one point.
  int64_t slots() const { return modc_model_slots(handle.get()); }
  modc_model_t *get() const { return handle.get(); }

private:
  std::shared_ptr<modc_model_t> handle;
};

/// Defaults that the caller changes.
inline modc_session_options sessionOptions() {
  modc_session_options options;
  modc_session_options_init(&options);
  return options;
}
inline modc_train_options trainOptions() {
  modc_train_options options;
  modc_train_options_init(&options);
  return options;
}

/// A model with its weights; moves, but does not copy. One thread at a time.
class Session {
public:
  explicit Session(const Model &model,
                   const modc_session_options &options = sessionOptions()) {
    modc_session_t *session = nullptr;
    char *error = nullptr;
    detail::check(modc_session_open(model.get(), &options, &session, &error),
                  error);
    handle.reset(session);
  }

  void init(uint64_t seed) {
    char *error = nullptr;
    detail::check(modc_session_init(get(), seed, &error), error);
  }
  void loadWeights(const std::string &path) {
    char *error = nullptr;
    detail::check(modc_session_load_weights(get(), path.c_str(), &error),
                  error);
  }
  void loadWeights(const void *data, size_t size) {
    char *error = nullptr;
    detail::check(modc_session_load_weights_memory(get(), data, size, &error),
                  error);
  }
  void saveWeights(const std::string &path) {
    char *error = nullptr;
    detail::check(modc_session_save_weights(get(), path.c_str(), &error),
                  error);
  }

  /// See modc_session_infer; `selection` may be null.
  void infer(int64_t points, const std::vector<const void *> &inputs,
             const std::vector<void *> &outputs, int32_t *selection = nullptr) {
    char *error = nullptr;
    detail::check(modc_session_infer(get(), points, inputs.data(),
                                     outputs.data(), selection, &error),
                  error);
  }
  /// See modc_session_forward.
  void forward(int64_t points, const std::vector<const void *> &inputs,
               const int32_t *selection, const std::vector<void *> &outputs) {
    char *error = nullptr;
    detail::check(modc_session_forward(get(), points, inputs.data(), selection,
                                       outputs.data(), &error),
                  error);
  }
  /// See modc_session_train.
  modc_train_result train(const modc_train_options &options, int64_t points,
                          const std::vector<const void *> &inputs,
                          const std::vector<const void *> &wanted,
                          int32_t *choices = nullptr) {
    modc_train_result result = {};
    result.struct_size = sizeof(result);
    char *error = nullptr;
    detail::check(modc_session_train(get(), &options, points, inputs.data(),
                                     wanted.data(), choices, &result, &error),
                  error);
    return result;
  }
  /// JSON text; see modc_session_evaluate.
  std::string evaluate(int64_t points, const std::vector<const void *> &inputs,
                       const std::vector<const void *> &wanted,
                       int64_t samples = 10, uint64_t seed = 0) {
    char *error = nullptr, *json = nullptr;
    detail::check(modc_session_evaluate(get(), points, inputs.data(),
                                        wanted.data(), samples, seed, &json,
                                        &error),
                  error);
    std::unique_ptr<char, void (*)(char *)> owner(json, modc_string_free);
    return json ? json : "";
  }

  modc_session_t *get() const { return handle.get(); }

private:
  struct Close {
    void operator()(modc_session_t *session) const {
      modc_session_close(session);
    }
  };
  std::unique_ptr<modc_session_t, Close> handle;
};

} // namespace api
} // namespace modc

#endif // MODC_RUNTIME_MODC_HPP
