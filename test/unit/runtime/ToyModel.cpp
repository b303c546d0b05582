//===- ToyModel.cpp - A model written by hand -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every program of docs/artefact.md as straightforward loops. Work is handed to
// the host in blocks of points, and sums over points add blocks in order.
//
//===----------------------------------------------------------------------===//

#include "ToyModel.h"

#include "ToySignature.h"
#include "runtime/Philox.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace modc {
namespace {

using namespace toy;

constexpr int64_t kBlock = 16;

struct Net {
  const float *p;

  void output(const float *x, int32_t a, float *y) const {
    const float *w = p + kWeight + a * 4, *b = p + kBias + a * 2;
    for (int j = 0; j < 2; ++j)
      y[j] = b[j] + x[0] * w[j] + x[1] * w[2 + j];
  }

  void probabilities(const float *x, float *probability, float *logs) const {
    const float *w = p + kRouterWeight, *b = p + kRouterBias;
    float s[2];
    for (int m = 0; m < 2; ++m)
      s[m] = b[m] + x[0] * w[m] + x[1] * w[2 + m];
    float top = std::max(s[0], s[1]);
    float sum = std::exp(s[0] - top) + std::exp(s[1] - top);
    for (int m = 0; m < 2; ++m) {
      logs[m] = s[m] - top - std::log(sum);
      probability[m] = std::exp(logs[m]);
    }
  }

  int32_t mode(const float *x) const {
    float probability[2], logs[2];
    probabilities(x, probability, logs);
    return logs[1] > logs[0] ? 1 : 0;
  }

  void score(const float *x, const float *t, int32_t a, float *likelihood,
             float *prior) const {
    float y[2], probability[2], logs[2];
    output(x, a, y);
    probabilities(x, probability, logs);
    float d0 = t[0] - y[0], d1 = t[1] - y[1];
    *likelihood = -0.5f * (d0 * d0 + d1 * d1);
    *prior = logs[a];
  }

  int32_t draw(const float *x, RandomPurpose purpose, int64_t seed,
               int64_t step, int64_t point, int64_t candidate) const {
    float probability[2], logs[2];
    probabilities(x, probability, logs);
    PhiloxBlock words = philox(purpose, uint64_t(seed), uint32_t(point),
                               uint32_t(step), 0, uint32_t(candidate));
    return probability[0] > uniform24(words[0]) ? 0 : 1;
  }
};

float *parameters(const modc_call *call) {
  return static_cast<float *>(call->parameters);
}

template <typename T>
T *buffer(const modc_call *call, int index) {
  return static_cast<T *>(call->buffers[index]);
}

/// Runs body(first, last, block) over blocks of points on the host's workers.
template <typename Body>
void overBlocks(const modc_call *call, Body body) {
  int64_t points = call->sizes[0];
  struct Context {
    Body *body;
    int64_t points;
  } context{&body, points};
  call->host->parallel_for(
      call->host->user, (points + kBlock - 1) / kBlock,
      [](void *raw, int64_t task, int64_t) {
        auto *context = static_cast<Context *>(raw);
        (*context->body)(task *kBlock,
                         std::min(context->points, (task + 1) * kBlock), task);
      },
      &context, "points");
}

uint32_t fnv1a(const char *name) {
  uint32_t hash = 2166136261u;
  for (; *name; ++name)
    hash = (hash ^ uint8_t(*name)) * 16777619u;
  return hash;
}

void runInit(const modc_call *call) {
  float *p = parameters(call);
  std::fill(p, p + kFloats, 0.0f);
  auto glorot = [&](const char *name, float *at) {
    float limit = std::sqrt(6.0f / 4.0f);
    for (uint32_t i = 0; i < 4; ++i)
      at[i] = limit * (2 * uniform24(philox(RandomPurpose::Initialiser,
                                            uint64_t(call->integers[0]), i, 0,
                                            fnv1a(name))[0]) -
                       1);
  };
  glorot("experts.0.weight", p + kWeight);
  glorot("experts.1.weight", p + kWeight + 4);
  glorot("router.weight", p + kRouterWeight);
}

void runInfer(const modc_call *call) {
  Net net{parameters(call)};
  auto *x = buffer<const float>(call, 0);
  auto *y = buffer<float>(call, 1);
  auto *a = buffer<int32_t>(call, 2);
  overBlocks(call, [&](int64_t first, int64_t last, int64_t) {
    for (int64_t n = first; n < last; ++n) {
      a[n] = net.mode(x + 2 * n);
      net.output(x + 2 * n, a[n], y + 2 * n);
    }
  });
}

void runForward(const modc_call *call) {
  Net net{parameters(call)};
  for (int64_t n = 0; n < call->sizes[0]; ++n)
    net.output(buffer<const float>(call, 0) + 2 * n,
               buffer<const int32_t>(call, 1)[n],
               buffer<float>(call, 2) + 2 * n);
}

void runScore(const modc_call *call) {
  Net net{parameters(call)};
  for (int64_t n = 0; n < call->sizes[0]; ++n)
    net.score(buffer<const float>(call, 0) + 2 * n,
              buffer<const float>(call, 1) + 2 * n,
              buffer<const int32_t>(call, 2)[n], buffer<float>(call, 3) + n,
              buffer<float>(call, 4) + n);
}

void runEStep(const modc_call *call) {
  Net net{parameters(call)};
  auto *x = buffer<const float>(call, 0);
  auto *t = buffer<const float>(call, 1);
  auto *points = buffer<const int64_t>(call, 2);
  auto *stored = buffer<const int32_t>(call, 3);
  auto *kept = buffer<int32_t>(call, 4);
  auto *before = buffer<float>(call, 5), *after = buffer<float>(call, 6);
  int64_t candidates = call->sizes[1];
  overBlocks(call, [&](int64_t first, int64_t last, int64_t) {
    for (int64_t n = first; n < last; ++n) {
      for (int64_t s = 0; s < candidates; ++s) {
        int32_t a = s == 0 ? stored[n]
                           : net.draw(x + 2 * n, RandomPurpose::Candidates,
                                      call->integers[0], call->integers[1],
                                      points[n], s);
        float likelihood, prior;
        net.score(x + 2 * n, t + 2 * n, a, &likelihood, &prior);
        float j = likelihood + prior;
        if (s == 0)
          before[n] = j;
        if (s == 0 || j > after[n]) {
          after[n] = j;
          kept[n] = a;
        }
      }
    }
  });
}

void runEnumerated(const modc_call *call) {
  Net net{parameters(call)};
  for (int64_t n = 0; n < call->sizes[0]; ++n) {
    auto *x = buffer<const float>(call, 0) + 2 * n;
    auto *t = buffer<const float>(call, 1) + 2 * n;
    int32_t best = buffer<const int32_t>(call, 2)[n];
    float likelihood, prior;
    net.score(x, t, best, &likelihood, &prior);
    float j = likelihood + prior;
    buffer<float>(call, 4)[n] = j;
    for (int32_t a = 0; a < 2; ++a) {
      net.score(x, t, a, &likelihood, &prior);
      if (likelihood + prior > j) {
        j = likelihood + prior;
        best = a;
      }
    }
    buffer<int32_t>(call, 3)[n] = best;
    buffer<float>(call, 5)[n] = j;
  }
}

/// Gradients of the mean objective; `partial` holds one arena per block.
void gradients(const modc_call *call, const float *x, const float *t,
               const int32_t *a, float *likelihood, float *prior,
               int32_t *touched) {
  Net net{parameters(call)};
  int64_t points = call->sizes[0];
  auto *partial = static_cast<float *>(call->workspace);
  auto *g = static_cast<float *>(call->gradients);
  overBlocks(call, [&](int64_t first, int64_t last, int64_t block) {
    float *sum = partial + block * kFloats;
    std::fill(sum, sum + kFloats, 0.0f);
    for (int64_t n = first; n < last; ++n) {
      const float *xn = x + 2 * n;
      net.score(xn, t + 2 * n, a[n], likelihood + n, prior + n);
      float y[2], probability[2], logs[2];
      net.output(xn, a[n], y);
      net.probabilities(xn, probability, logs);
      for (int j = 0; j < 2; ++j) {
        float dy = y[j] - t[2 * n + j];
        float ds = probability[j] - (a[n] == j ? 1.0f : 0.0f);
        for (int i = 0; i < 2; ++i) {
          sum[kWeight + a[n] * 4 + i * 2 + j] += xn[i] * dy;
          sum[kRouterWeight + i * 2 + j] += xn[i] * ds;
        }
        sum[kBias + a[n] * 2 + j] += dy;
        sum[kRouterBias + j] += ds;
      }
    }
  });
  std::fill(g, g + kFloats, 0.0f);
  for (int64_t block = 0; block * kBlock < points; ++block)
    for (int i = 0; i < kFloats; ++i)
      g[i] += partial[block * kFloats + i] / float(points);
  touched[0] = touched[1] = 0;
  touched[2] = 1;
  for (int64_t n = 0; n < points; ++n)
    touched[a[n]] = 1;
}

void runMStep(const modc_call *call) {
  gradients(call, buffer<const float>(call, 0), buffer<const float>(call, 1),
            buffer<const int32_t>(call, 2), buffer<float>(call, 3),
            buffer<float>(call, 4), buffer<int32_t>(call, 5));
}

void adam(const modc_call *call, const int32_t *touched, const int8_t *frozen,
          double *norm) {
  float *p = parameters(call);
  auto *g = static_cast<const float *>(call->gradients);
  auto *m = static_cast<float *>(call->state), *v = m + kFloats;
  auto *steps = reinterpret_cast<int64_t *>(v + kFloats);
  double rate = call->reals[0], decay = call->reals[1], clip = call->reals[2];
  double squares = 0;
  for (int i = 0; i < kFloats; ++i)
    squares += double(g[i]) * g[i];
  *norm = std::sqrt(squares);
  double scale = clip > 0 && *norm > clip ? clip / *norm : 1;
  auto apply = [&](int group, int first, int count) {
    double c1 = 1 - std::pow(0.9, double(steps[group]));
    double c2 = 1 - std::pow(0.999, double(steps[group]));
    for (int i = first; i < first + count; ++i) {
      float gi = float(g[i] * scale);
      p[i] -= float(rate * decay) * p[i];
      m[i] = 0.9f * m[i] + 0.1f * gi;
      v[i] = 0.999f * v[i] + 0.001f * gi * gi;
      p[i] -= float(rate * (m[i] / c1) / (std::sqrt(v[i] / c2) + 1e-8));
    }
  };
  for (int group = 0; group < 3; ++group) {
    if (!touched[group] || frozen[group])
      continue;
    ++steps[group];
    if (group < 2) {
      apply(group, kWeight + 4 * group, 4);
      apply(group, kBias + 2 * group, 2);
    } else {
      apply(group, kRouterWeight, 4);
      apply(group, kRouterBias, 2);
    }
  }
}

void runUpdate(const modc_call *call) {
  adam(call, buffer<const int32_t>(call, 0), buffer<const int8_t>(call, 1),
       buffer<double>(call, 2));
}

void runTrainStep(const modc_call *call) {
  int32_t touched[3];
  gradients(call, buffer<const float>(call, 0), buffer<const float>(call, 1),
            buffer<const int32_t>(call, 2), buffer<float>(call, 4),
            buffer<float>(call, 5), touched);
  adam(call, touched, buffer<const int8_t>(call, 3), buffer<double>(call, 6));
}

void runEvaluate(const modc_call *call) {
  Net net{parameters(call)};
  for (int64_t n = 0; n < call->sizes[0]; ++n) {
    auto *x = buffer<const float>(call, 0) + 2 * n;
    auto *t = buffer<const float>(call, 1) + 2 * n;
    int32_t a = net.mode(x);
    float logs[2];
    net.output(x, a, buffer<float>(call, 2) + 2 * n);
    buffer<int32_t>(call, 3)[n] = a;
    net.score(x, t, a, buffer<float>(call, 4) + n, buffer<float>(call, 5) + n);
    net.probabilities(x, buffer<float>(call, 6) + 2 * n, logs);
  }
}

void runSample(const modc_call *call) {
  Net net{parameters(call)};
  int64_t points = call->sizes[0];
  for (int64_t s = 0; s < call->sizes[1]; ++s)
    for (int64_t n = 0; n < points; ++n) {
      auto *x = buffer<const float>(call, 0) + 2 * n;
      int64_t row = s * points + n;
      int32_t a =
          net.draw(x, RandomPurpose::Samples, call->integers[0],
                   call->integers[1], buffer<const int64_t>(call, 2)[n], s);
      buffer<int32_t>(call, 3)[row] = a;
      net.score(x, buffer<const float>(call, 1) + 2 * n, a,
                buffer<float>(call, 4) + row, buffer<float>(call, 5) + row);
    }
}

int64_t noWorkspace(const int64_t *, int64_t) { return 0; }
int64_t gradientWorkspace(const int64_t *sizes, int64_t) {
  return (sizes[0] + kBlock - 1) / kBlock * kFloats * int64_t(sizeof(float));
}

const modc_program programs[] = {
    {"init", runInit, noWorkspace},
    {"infer", runInfer, noWorkspace},
    {"forward", runForward, noWorkspace},
    {"score", runScore, noWorkspace},
    {"e_step", runEStep, noWorkspace},
    {"e_step_enumerated", runEnumerated, noWorkspace},
    {"m_step", runMStep, gradientWorkspace},
    {"update", runUpdate, noWorkspace},
    {"train_step", runTrainStep, gradientWorkspace},
    {"evaluate", runEvaluate, noWorkspace},
    {"sample", runSample, noWorkspace}};

const modc_model model = {MODC_ABI_VERSION, "by hand", std::size(programs),
                          programs, nullptr, 0};

} // namespace

std::string toySignature() { return kToySignature; }

const modc_model *toyEntry(int64_t abi, uint64_t) {
  return abi == MODC_ABI_VERSION ? &model : nullptr;
}

} // namespace modc
