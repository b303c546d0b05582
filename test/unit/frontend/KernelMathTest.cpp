//===- KernelMathTest.cpp - Errors of the math functions of kernels -------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sweeps each function of modular-expand-kernel-math on lavapipe against libm
// in f64, and fails above the errors that docs/gpu.md states. Values at the
// edges are libm's.
//
//===----------------------------------------------------------------------===//

#include "KernelRuns.h"

#include <cmath>
#include <functional>
#include <random>
#include <sstream>

using namespace modc;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Range {
  double low, high;
};

struct Function {
  const char *name;
  std::function<double(double)> reference;
  std::vector<Range> ranges;
  double stated; ///< error in units of the last place
};

/// A kernel that computes `op` of one buffer, or of two, element by element.
std::string kernelOf(const std::string &op, int operands,
                     const std::string &type = "f32") {
  std::string buffer = "memref<?x" + type + ", #gpu.address_space<global>>";
  std::ostringstream text;
  text << "gpu.module @kernels {\n  gpu.func @run(";
  for (int i = 0; i < operands; ++i)
    text << "%b" << i << ": " << buffer << ", ";
  text << "%y: " << buffer
       << ") kernel attributes {known_block_size = array<i32: 64, 1, 1>} {\n"
          "    %size = arith.constant 64 : index\n"
          "    %group = gpu.block_id x\n    %thread = gpu.thread_id x\n"
          "    %first = arith.muli %group, %size : index\n"
          "    %i = arith.addi %first, %thread : index\n"
          "    %count = modular.launch_constant 0 : i32\n"
          "    %end = arith.index_cast %count : i32 to index\n"
          "    %in = arith.cmpi ult, %i, %end : index\n    scf.if %in {\n";
  for (int i = 0; i < operands; ++i)
    text << "      %x" << i << " = memref.load %b" << i << "[%i] : " << buffer
         << "\n";
  text << "      %r = math." << op << " %x0";
  for (int i = 1; i < operands; ++i)
    text << ", %x" << i;
  text << " : " << type << "\n      memref.store %r, %y[%i] : " << buffer
       << "\n    }\n    gpu.return\n  }\n}\n";
  return text.str();
}

class KernelMath : public KernelRuns {
protected:
  std::vector<float> evaluate(const std::string &op,
                              const std::vector<std::vector<float>> &x) {
    std::vector<Access> access(x.size(), Access::Read);
    access.push_back(Access::Write);
    auto loaded =
        compile(kernelOf(op, int(x.size())), {"run", access, 4, {64, 1, 1}, 0});
    if (!loaded)
      return {};
    size_t count = x[0].size();
    std::vector<DeviceRange> ranges;
    for (const std::vector<float> &values : x)
      ranges.push_back(put(values));
    ranges.push_back(put(std::vector<float>(count)));
    run({LaunchCommand{loaded,
                       {int64_t(count + 63) / 64, 1, 1},
                       ranges,
                       {uint32_t(count)},
                       ""}});
    return get<float>(ranges.back(), count);
  }
};

/// The error of `got` in units of the last place of the f32 next to `wanted`.
/// Where that is subnormal, zero is right, too.
double errorOf(float got, double wanted) {
  float rounded = float(wanted);
  if (std::isnan(wanted) || std::isnan(got))
    return std::isnan(wanted) && std::isnan(got) ? 0 : HUGE_VAL;
  if (std::isinf(rounded) || std::isinf(got)) {
    // Next to the largest number either side of it is within one unit.
    bool nearLimit =
        std::fabs(wanted) > 0x1.fffffcp127 && std::fabs(got) > 0x1.fffff0p127f;
    return got == rounded || nearLimit ? 0 : HUGE_VAL;
  }
  if (std::fabs(wanted) < 0x1p-126 && got == 0)
    return 0;
  int exponent = rounded == 0 ? -126 : std::ilogb(rounded);
  double unit = std::ldexp(1, std::max(exponent, -126) - 23);
  return std::fabs(double(got) - wanted) / unit;
}

const std::vector<Function> &functions() {
  auto unary = [](double (*f)(double)) { return std::function(f); };
  static const std::vector<Function> all = {
      {"exp", unary(std::exp), {{-87.3, 88.7}, {-1, 1}, {-104, -87}}, 1},
      {"exp2", unary(std::exp2), {{-126, 127.99}, {-1, 1}}, 1.25},
      {"expm1", unary(std::expm1), {{-20, 88.7}, {-1, 1}}, 2},
      {"log", unary(std::log), {{1e-37, 1e38}, {0.5, 2}}, 1},
      {"log2", unary(std::log2), {{1e-37, 1e38}, {0.5, 2}}, 2},
      {"log10", unary(std::log10), {{1e-37, 1e38}, {0.5, 2}}, 2},
      {"log1p", unary(std::log1p), {{-0.999, 10}, {-1e-3, 1e-3}}, 2},
      {"tanh", unary(std::tanh), {{-12, 12}, {-0.5, 0.5}}, 3},
      {"sinh", unary(std::sinh), {{-89, 89}, {-1, 1}}, 3},
      {"cosh", unary(std::cosh), {{-89, 89}, {-1, 1}}, 2},
      {"sin", unary(std::sin), {{-3, 3}, {-8192, 8192}}, 2},
      {"cos", unary(std::cos), {{-3, 3}, {-8192, 8192}}, 2},
      {"tan", unary(std::tan), {{-1.5, 1.5}, {-8192, 8192}}, 3.5},
      {"asin", unary(std::asin), {{-1, 1}}, 3},
      {"acos", unary(std::acos), {{-1, 1}}, 3},
      {"atan", unary(std::atan), {{-100, 100}, {-1, 1}}, 2},
      {"asinh", unary(std::asinh), {{-100, 100}, {1e-3, 1e38}}, 2},
      {"acosh", unary(std::acosh), {{1.0001, 100}, {1.01, 1e38}}, 2},
      {"atanh", unary(std::atanh), {{-0.9999, 0.9999}}, 2.5},
      {"erf", unary(std::erf), {{-5, 5}, {-1, 1}}, 3},
      {"erfc", unary(std::erfc), {{-4, 9.1}, {-1, 1}}, 4},
      {"rsqrt",
       [](double x) { return 1 / std::sqrt(x); },
       {{1e-37, 1e38}, {0.5, 2}},
       2},
      {"cbrt", unary(std::cbrt), {{1e-37, 1e38}, {-8, 8}}, 1},
      {"ceil", unary(std::ceil), {{-9, 9}, {-1e9, 1e9}}, 0},
      {"trunc", unary(std::trunc), {{-9, 9}, {-1e9, 1e9}}, 0},
      {"round", unary(std::round), {{-9, 9}, {-1e9, 1e9}}, 0},
      {"roundeven", unary(std::nearbyint), {{-9, 9}, {-1e9, 1e9}}, 0},
  };
  return all;
}

std::vector<float> draw(const std::vector<Range> &ranges) {
  std::mt19937 random(1);
  std::vector<float> values;
  for (auto [low, high] : ranges) {
    // Over many powers of two each of them gets its share.
    bool wide = low > 0 && high / low > 1e6;
    std::uniform_real_distribution<double> value(wide ? std::log(low) : low,
                                                 wide ? std::log(high) : high);
    for (int i = 0; i < 20000; ++i)
      values.push_back(float(wide ? std::exp(value(random)) : value(random)));
    for (double edge : {low, high})
      for (float toward : {-kInfinity, kInfinity})
        values.push_back(std::nextafter(float(edge), toward));
  }
  return values;
}

TEST_F(KernelMath, KeepsTheStatedErrors) {
  for (const Function &function : functions()) {
    std::vector<float> x = draw(function.ranges);
    std::vector<float> y = evaluate(function.name, {x});
    ASSERT_EQ(y.size(), x.size());
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i)
      if (double error = errorOf(y[i], function.reference(x[i]));
          !(error <= worst))
        worst = error, at = i;
    RecordProperty(function.name, std::to_string(worst));
    if (getenv("MODC_PRINT_ERRORS"))
      printf("%-10s %.2f at %a\n", function.name, worst, double(x[at]));
    EXPECT_LE(worst, function.stated)
        << function.name << "(" << x[at] << ") is " << function.reference(x[at])
        << ", not " << y[at];
  }
}

TEST_F(KernelMath, KnowsTheEdges) {
  std::vector<float> x = {0.0f,
                          -0.0f,
                          kInfinity,
                          -kInfinity,
                          kNaN,
                          1.0f,
                          -1.0f,
                          2.0f,
                          -2.0f,
                          0.5f,
                          -0.5f,
                          1.5f,
                          -1.5f,
                          2.5f,
                          -2.5f,
                          0x1p-126f,
                          -0x1p-126f,
                          0x1p-140f,
                          -0x1p-140f,
                          0x1p-149f,
                          0x1.fffffep127f,
                          -0x1.fffffep127f,
                          1e-20f,
                          -1e-20f};
  for (const Function &function : functions()) {
    std::string name = function.name;
    std::vector<float> y = evaluate(name, {x});
    ASSERT_EQ(y.size(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      bool circular = name == "sin" || name == "cos" || name == "tan";
      if (circular && std::fabs(x[i]) > 8192 && std::isfinite(x[i]))
        continue;
      double wanted = function.reference(x[i]);
      // Subnormal numbers may be taken as zeros.
      double ofZero = function.reference(std::copysign(0.0, x[i]));
      bool zero =
          std::fpclassify(x[i]) == FP_SUBNORMAL && (y[i] == float(ofZero));
      EXPECT_TRUE(errorOf(y[i], wanted) <= function.stated || zero)
          << name << "(" << x[i] << ") is " << wanted << ", not " << y[i];
      if (wanted == 0 && !std::isnan(x[i])) {
        EXPECT_EQ(std::signbit(y[i]), std::signbit(wanted))
            << name << "(" << x[i] << ")";
      }
    }
  }
}

TEST_F(KernelMath, RaisesToPowers) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<float> x, y;
  auto add = [&](double base, double exponent) {
    x.push_back(float(base));
    y.push_back(float(exponent));
  };
  // Of Adam: powers of β over all steps.
  for (float beta : {0.9f, 0.95f, 0.99f, 0.999f, 0.9999f, 0.999999f})
    for (int i = 0; i < 2000; ++i)
      add(beta,
          i < 1000 ? i + 1 : std::floor(std::pow(10, 3 + 3 * unit(random))));
  size_t ofAdam = x.size();
  // Of all sizes, and results of all sizes.
  for (int i = 0; i < 10000; ++i) {
    double base = std::exp(-87 + 175 * unit(random));
    add(base, (-87 + 175 * unit(random)) / std::log(base));
    base = 0.7 + 0.7 * unit(random);
    add(base, (-87 + 175 * unit(random)) / std::log(base));
  }
  std::vector<float> got = evaluate("powf", {x, y});
  ASSERT_EQ(got.size(), x.size());
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double wanted = std::pow(double(x[i]), double(y[i]));
    double error = errorOf(got[i], wanted);
    worst = std::max(worst, error);
    ASSERT_LE(error, 0.75) << x[i] << "^" << y[i] << " is " << wanted
                           << ", not " << got[i];
    if (i < ofAdam) {
      // What is divided by: as good as an f32 next to 1 allows.
      double rest = 1 - wanted;
      ASSERT_LE(std::fabs(double(1 - got[i]) - rest), 0x1p-24)
          << x[i] << "^" << y[i];
    }
  }
  if (getenv("MODC_PRINT_ERRORS"))
    printf("powf %.3f\n", worst);
}

TEST_F(KernelMath, KnowsTheEdgesOfTwo) {
  std::vector<float> values = {0.0f,      -0.0f,        1.0f,  -1.0f, 2.0f,
                               -2.0f,     3.0f,         -3.0f, 0.5f,  -0.5f,
                               kInfinity, -kInfinity,   kNaN,  1e30f, -1e30f,
                               1e9f,      0x1.000002p0f};
  std::vector<float> x, y;
  for (float a : values)
    for (float b : values)
      x.push_back(a), y.push_back(b);
  for (auto [name, reference, stated] :
       {std::tuple<const char *, double (*)(double, double), double>{
            "powf", std::pow, 0.75},
        {"atan2", std::atan2, 2.5},
        {"copysign", std::copysign, 0}}) {
    std::vector<float> got = evaluate(name, {x, y});
    ASSERT_EQ(got.size(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      double wanted = reference(x[i], y[i]);
      EXPECT_LE(errorOf(got[i], wanted), stated)
          << name << "(" << x[i] << ", " << y[i] << ") is " << wanted
          << ", not " << got[i];
      if (!std::isnan(wanted)) {
        EXPECT_EQ(std::signbit(got[i]), std::signbit(wanted))
            << name << "(" << x[i] << ", " << y[i] << ")";
      }
    }
  }
}

TEST_F(KernelMath, FindsAngles) {
  std::mt19937 random(5);
  std::normal_distribution<float> value(0, 1);
  std::vector<float> x(20000), y(20000);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = value(random), y[i] = value(random) * std::exp(3 * value(random));
  std::vector<float> got = evaluate("atan2", {y, x});
  ASSERT_EQ(got.size(), x.size());
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst,
                     errorOf(got[i], std::atan2(double(y[i]), double(x[i]))));
  if (getenv("MODC_PRINT_ERRORS"))
    printf("atan2 %.2f\n", worst);
  EXPECT_LE(worst, 2.5);
}

// The same functions on vectors of four.
TEST_F(KernelMath, ExpandsVectors) {
  auto kernel =
      compile(kernelOf("tanh", 1, "vector<4xf32>"),
              {"run", {Access::Read, Access::Write}, 4, {64, 1, 1}, 0});
  ASSERT_TRUE(kernel);
  std::vector<float> x(256);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = (float(i) - 128) / 16;
  DeviceRange y = put(std::vector<float>(256));
  run({LaunchCommand{kernel, {1, 1, 1}, {put(x), y}, {64}, ""}});
  std::vector<float> got = get<float>(y, 256), wanted = evaluate("tanh", {x});
  EXPECT_EQ(got, wanted);
}

} // namespace
