//===- DeviceModel.cpp - A model by hand with programs of a device --------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of all launches are entry points of one image.
//
//===----------------------------------------------------------------------===//

#include "DeviceModel.h"

#include <fstream>
#include <iterator>

namespace modc {
namespace {

constexpr const char *kPrograms = R"({
  "abi": 5, "modc": "", "llvm": "", "flags": "", "network": "by hand",
  "hash": "0123456789abcdef", "element": "f32",
  "targets": [{"name": "x86-64", "features": 0}],
  "inputs": [{"name": "x", "shape": ["N"]}],
  "outputs": [{"name": "y", "shape": ["N"]}], "wanted": [], "objective": "gaussian",
  "classes": 0, "optimizer": {"name": "sgd", "dense": false}, "layers": [],
  "slots": 0, "probabilities": 0, "groups": ["graph"],
  "parameters": [{"name": "w", "shape": [4], "offset": 0, "trained": true,
                  "group": 0, "init": "zeros"}],
  "parameter_bytes": 16,
  "state": [{"name": "w.m", "shape": [4], "offset": 0}], "state_bytes": 16,
  "programs": [
    {"name": "init", "buffers": [], "integers": ["seed"], "reals": []},
    {"name": "infer", "integers": [], "reals": [], "buffers": [
      {"name": "x", "shape": ["N"], "output": false},
      {"name": "y", "shape": ["N"], "output": true}]},
    {"name": "update", "integers": [], "reals": ["lr"], "buffers": []},
    {"name": "scalars", "integers": ["seed"], "reals": ["a"], "buffers": [
      {"name": "z", "shape": [3], "output": false},
      {"name": "y", "shape": [3], "output": true}]},
    {"name": "bytes", "integers": [], "reals": [], "buffers": [
      {"name": "b", "type": "i8", "shape": [3], "output": false},
      {"name": "y", "shape": [1], "output": true}]},
    {"name": "large", "integers": [], "reals": [], "buffers": [
      {"name": "y", "shape": [1], "output": true}]},
    {"name": "weigh", "integers": [], "reals": [], "buffers": [
      {"name": "x", "shape": ["N"], "output": false},
      {"name": "y", "shape": ["N"], "output": true}]},
    {"name": "pair", "integers": [], "reals": [], "buffers": [
      {"name": "y", "shape": ["N"], "output": true},
      {"name": "x", "shape": ["N"], "output": false},
      {"name": "z", "shape": ["N"], "output": true}]},
    {"name": "guess", "integers": [], "reals": [], "buffers": [
      {"name": "y", "shape": ["N"], "output": true}]}],
  "devices": [{"target": "vulkan", "kernels": [)";

// 1073741824 and 1065353216 are 2 and 1 as bits of f32.
constexpr const char *kLaunches = R"(], "programs": {
  "infer": {"slots": ["16", "N 4 *"], "launches": [
    {"kernel": 0, "label": "double", "groups": ["N 64 ceil", "1", "1"],
     "bindings": [["buffer", 0, "0", "N 4 *"], ["slot", 1, "0", "N 4 *"]],
     "constants": ["N", "1073741824"]},
    {"kernel": 1, "label": "sum", "groups": ["N 64 ceil", "1", "1"],
     "bindings": [["slot", 1, "0", "4 N *"], ["buffer", 0, "0", "4 N *"],
                  ["buffer", 1, "0", "4 N *"]], "constants": ["N"]}]},
  "update": {"slots": [], "launches": [
    {"kernel": 2, "label": "step", "groups": ["1", "1", "1"],
     "bindings": [["scalars", 0, "0", "4"], ["parameters", 0, "0", "16"]],
     "constants": ["4"]},
    {"kernel": 2, "label": "moment", "groups": ["1", "1", "1"],
     "bindings": [["scalars", 0, "0", "4"], ["state", 0, "0", "16"]],
     "constants": ["4"]}]},
  "scalars": {"slots": [], "launches": [
    {"kernel": 1, "label": "show", "groups": ["1", "1", "1"],
     "bindings": [["scalars", 0, "0", "12"], ["buffer", 0, "0", "12"],
                  ["buffer", 1, "0", "12"]], "constants": ["3"]}]},
  "bytes": {"slots": [], "launches": [
    {"kernel": 0, "label": "word", "groups": ["1", "1", "1"],
     "bindings": [["buffer", 0, "0", "4"], ["buffer", 1, "0", "4"]],
     "constants": ["1", "1065353216"]}]},
  "large": {"slots": ["N 1073741824 *"], "launches": [
    {"kernel": 0, "label": "word", "groups": ["1", "1", "1"],
     "bindings": [["slot", 0, "0", "4"], ["buffer", 0, "0", "4"]],
     "constants": ["1", "1065353216"]}]},
  "weigh": {"slots": [], "launches": [
    {"kernel": 1, "label": "weigh", "groups": ["N", "1", "1"],
     "bindings": [["buffer", 0, "0", "N 4 *"], ["parameters", 0, "0", "16"],
                  ["buffer", 1, "0", "N 4 *"]], "constants": ["N"]}]},
  "pair": {"slots": [], "launches": [
    {"kernel": 0, "label": "double", "groups": ["N 64 ceil", "1", "1"],
     "bindings": [["buffer", 1, "0", "N 4 *"], ["buffer", 0, "0", "N 4 *"]],
     "constants": ["N", "1073741824"]},
    {"kernel": 1, "label": "sum", "groups": ["N 64 ceil", "1", "1"],
     "bindings": [["buffer", 0, "0", "4 N *"], ["buffer", 1, "0", "4 N *"],
                  ["buffer", 2, "0", "4 N *"]], "constants": ["N"]}]}}}]})";

const std::string &kernelImage() {
  static const std::string image = [] {
    std::ifstream file(MODC_TEST_KERNELS, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  return image;
}

std::string kernelTable() {
  std::string text;
  auto add = [&](const char *entry, const char *bindings, int constants) {
    text += (text.empty() ? "" : ",") +
            (R"({"name": "by hand.)" + std::string(entry)) +
            R"(", "entry": ")" + entry + R"(", "image": [0, )" +
            std::to_string(kernelImage().size()) + R"(], "bindings": ")" +
            bindings + R"(", "constants": )" + std::to_string(constants) +
            R"(, "group": [64, 1, 1], "shared": 0})";
  };
  add("scale", "rw", 2);
  add("add", "rrw", 1);
  add("count", "rm", 1);
  return text;
}

void init(const modc_call *call) {
  for (int i = 0; i < 4; ++i)
    static_cast<float *>(call->parameters)[i] = float(call->integers[0] + i);
}

void weigh(const modc_call *call) {
  for (int64_t i = 0; i < call->sizes[0]; ++i)
    static_cast<float *>(call->buffers[1])[i] =
        static_cast<const float *>(call->buffers[0])[i] +
        static_cast<const float *>(call->parameters)[i];
}

void nothing(const modc_call *) {}
int64_t noWorkspace(const int64_t *, int64_t) { return 0; }

const modc_program programs[] = {
    {"init", init, noWorkspace},      {"infer", nothing, noWorkspace},
    {"update", nothing, noWorkspace}, {"scalars", nothing, noWorkspace},
    {"bytes", nothing, noWorkspace},  {"large", nothing, noWorkspace},
    {"weigh", weigh, noWorkspace},    {"pair", nothing, noWorkspace},
    {"guess", nothing, noWorkspace}};

} // namespace

static modc_model modelWith(const std::string &image) {
  return {MODC_ABI_VERSION, "by hand",    std::size(programs),
          programs,         image.data(), int64_t(image.size())};
}

const modc_model *deviceEntry(int64_t, uint64_t) {
  static const modc_model model = modelWith(kernelImage());
  return &model;
}

static const std::string &ptx() {
  static const std::string text = ".version 7.0\n.target sm_80\n"
                                  ".visible .entry scale(...)\n"
                                  ".visible .entry count(...)\n";
  return text;
}

static const modc_model *cudaEntry(int64_t, uint64_t) {
  static const modc_model model = modelWith(ptx());
  return &model;
}

Result<std::shared_ptr<const Model>> cudaModel() {
  std::string ours = "[0, " + std::to_string(kernelImage().size()) + "]",
              theirs = "[0, " + std::to_string(ptx().size()) + "]";
  return Model::fromEntry(cudaEntry,
                          deviceSignature({{"\"vulkan\"", "\"cuda:sm_80\""},
                                           {ours, theirs},
                                           {ours, theirs},
                                           {ours, theirs}}));
}

std::string deviceSignature(
    const std::vector<std::pair<std::string, std::string>> &changes) {
  std::string text = kPrograms + kernelTable() + kLaunches;
  for (const auto &[from, to] : changes) {
    size_t at = text.find(from);
    if (at == std::string::npos)
      return "";
    text.replace(at, from.size(), to);
  }
  return text;
}

Result<std::shared_ptr<const Model>>
deviceModel(const std::vector<std::pair<std::string, std::string>> &changes) {
  return deviceModelOf(deviceSignature(changes));
}

Result<std::shared_ptr<const Model>> deviceModelOf(const std::string &text) {
  return Model::fromEntry(deviceEntry, text);
}

} // namespace modc
