//===- SignatureDevices.cpp - Programs of devices in a signature ----------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As everything in a note these come from strangers: each index is checked
// against what it numbers, each formula parsed, and each count compared with
// the kernel's.
//
//===----------------------------------------------------------------------===//

#include "runtime/SignatureDevices.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <tuple>

namespace modc {

using nlohmann::json;

namespace {

/// No count, offset or length of a signature is larger.
constexpr int64_t kLimit = int64_t(1) << 40;
/// Devices have fewer of each.
constexpr int64_t kMostConstants = 1024, kMostInvocations = 65536,
                  kMostRegisters = 255;

constexpr std::string_view kSpaces[] = {"buffer",    "slot",  "parameters",
                                        "gradients", "state", "scalars"};

bool isTarget(std::string_view name) {
  constexpr std::string_view cuda = "cuda:sm_";
  if (name.substr(0, cuda.size()) != cuda)
    return name == "vulkan";
  name.remove_prefix(cuda.size());
  return !name.empty() && name.size() <= 4 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isdigit(c); });
}

class Reader {
public:
  Reader(JsonFields &fields, const Signature &signature, DeviceTarget &target)
      : fields(fields), signature(signature), target(target) {}
  void read(const json &object);

private:
  DeviceKernel kernel(const json &object, const std::string &where);
  /// Offset and bytes of an image, of `object`'s field.
  std::pair<int64_t, int64_t> image(const json &object,
                                    const std::string &here);
  DeviceCubin cubin(const json &object, const std::string &here);
  DeviceProgram program(const json &object, const ProgramSpec &spec,
                        const std::string &here);
  DeviceLaunch launch(const json &object, const std::string &here);
  DeviceBinding binding(const json &value, const std::string &here);
  SizeExpression formula(const json &value, const std::string &what);
  void checkOutputs(const DeviceProgram &program, const ProgramSpec &spec,
                    const std::string &here);

  JsonFields &fields;
  const Signature &signature;
  DeviceTarget &target;
  // Of the program that is being read.
  size_t buffers = 0, slots = 0;
};

SizeExpression Reader::formula(const json &value, const std::string &what) {
  if (!value.is_string()) {
    fields.fail(what + " is not a formula");
    return {};
  }
  auto parsed = SizeExpression::parse(value.get_ref<const std::string &>());
  if (!parsed) {
    fields.fail(what + ": " + parsed.error().message());
    return {};
  }
  return std::move(*parsed);
}

std::pair<int64_t, int64_t> Reader::image(const json &object,
                                          const std::string &here) {
  const json &image = fields.array(object, "image", here);
  if (image.size() != 2) {
    fields.fail(here + ": 'image' is not [offset, bytes]");
    return {};
  }
  int64_t offset =
      fields.integerOf(image[0], 0, kLimit, here + ": offset of its image");
  int64_t bytes =
      fields.integerOf(image[1], 1, kLimit, here + ": bytes of its image");
  if (offset % 8 != 0)
    fields.fail(here + ": its image starts at byte " + std::to_string(offset) +
                ", no multiple of 8");
  return {offset, bytes};
}

DeviceCubin Reader::cubin(const json &object, const std::string &here) {
  DeviceCubin cubin;
  if (target.name == "vulkan")
    fields.fail(here + ": a target of Vulkan has none");
  std::tie(cubin.offset, cubin.bytes) = image(object, here);
  cubin.registers =
      fields.integer(object, "registers", 1, kMostRegisters, here);
  cubin.stackBytes = fields.integer(object, "stack", 0, kLimit, here);
  cubin.spillBytes = fields.integer(object, "spills", 0, kLimit, here);
  return cubin;
}

DeviceKernel Reader::kernel(const json &object, const std::string &where) {
  DeviceKernel kernel;
  kernel.name = fields.text(object, "name", where);
  const std::string here = where + " " + inQuotes(kernel.name);
  kernel.entry = fields.text(object, "entry", here);
  if (kernel.entry.empty() || kernel.entry.find('\0') != std::string::npos)
    fields.fail(here + ": its entry has no name");
  std::tie(kernel.imageOffset, kernel.imageBytes) = image(object, here);
  if (object.contains("cubin"))
    kernel.cubin = cubin(object["cubin"], here + ", cubin");
  kernel.bindings = fields.text(object, "bindings", here);
  if (kernel.bindings.find_first_not_of("rwm") != std::string::npos)
    fields.fail(here + ": bindings " + inQuotes(kernel.bindings) +
                " are not of r, w and m");
  kernel.constants =
      fields.integer(object, "constants", 0, kMostConstants, here);
  const json &group = fields.array(object, "group", here);
  if (group.size() != 3) {
    fields.fail(here + ": 'group' does not have 3 dimensions");
    return kernel;
  }
  for (size_t d = 0; d < 3; ++d)
    kernel.group[d] = fields.integerOf(group[d], 1, kMostInvocations,
                                       here + ": a dimension of its groups");
  kernel.shared = fields.integer(object, "shared", 0, kLimit, here);
  return kernel;
}

DeviceBinding Reader::binding(const json &value, const std::string &here) {
  DeviceBinding binding;
  if (!value.is_array() || value.size() != 4 || !value[0].is_string()) {
    fields.fail(here + " is not [space, index, offset, bytes]");
    return binding;
  }
  const auto &space = value[0].get_ref<const std::string &>();
  auto found = std::find(std::begin(kSpaces), std::end(kSpaces), space);
  if (found == std::end(kSpaces)) {
    fields.fail(here + ": unknown space " + inQuotes(space));
    return binding;
  }
  binding.space = DeviceBinding::Space(found - std::begin(kSpaces));
  size_t count = binding.space == DeviceBinding::Space::Buffer ? buffers
                 : binding.space == DeviceBinding::Space::Slot ? slots
                                                               : 1;
  if (count == 0) {
    fields.fail(here + ": the program has no " + space + "s");
    return binding;
  }
  binding.index = int32_t(fields.integerOf(value[1], 0, int64_t(count) - 1,
                                           here + ": index of " + inQuotes(space)));
  binding.offset = formula(value[2], here + ": offset");
  binding.bytes = formula(value[3], here + ": length");
  return binding;
}

DeviceLaunch Reader::launch(const json &object, const std::string &here) {
  DeviceLaunch launch;
  if (target.kernels.empty()) {
    fields.fail(here + ": the target has no kernels");
    return launch;
  }
  launch.kernel = int32_t(fields.integer(
      object, "kernel", 0, int64_t(target.kernels.size()) - 1, here));
  launch.label = fields.text(object, "label", here);
  const json &groups = fields.array(object, "groups", here);
  if (groups.size() != 3) {
    fields.fail(here + ": 'groups' does not have 3 dimensions");
    return launch;
  }
  for (size_t d = 0; d < 3; ++d)
    launch.groups[d] = formula(groups[d], here + ": groups");
  const DeviceKernel &kernel = target.kernels[size_t(launch.kernel)];
  auto compare = [&](const char *what, size_t has, size_t wanted) {
    if (has != wanted)
      fields.fail(here + " has " + std::to_string(has) + " " + what +
                  ", kernel " + inQuotes(kernel.name) + " takes " +
                  std::to_string(wanted));
  };
  for (const json &value : fields.array(object, "bindings", here))
    launch.bindings.push_back(binding(
        value, here + ", binding " + std::to_string(launch.bindings.size())));
  compare("bindings", launch.bindings.size(), kernel.bindings.size());
  for (const json &value : fields.array(object, "constants", here))
    launch.constants.push_back(formula(value, here + ": a constant"));
  compare("constants", launch.constants.size(), size_t(kernel.constants));
  if (object.contains("rounds"))
    launch.rounds = formula(object["rounds"], here + ": rounds");
  if (object.contains("operations"))
    launch.flops = formula(object["operations"], here + ": operations");
  return launch;
}

/// An output that no launch writes would be whatever the memory held.
void Reader::checkOutputs(const DeviceProgram &program, const ProgramSpec &spec,
                          const std::string &here) {
  std::vector<bool> written(spec.buffers.size());
  for (const DeviceLaunch &launch : program.launches)
    for (size_t i = 0; i < launch.bindings.size(); ++i)
      if (launch.bindings[i].space == DeviceBinding::Space::Buffer &&
          target.kernels[size_t(launch.kernel)].bindings[i] != 'r')
        written[size_t(launch.bindings[i].index)] = true;
  for (size_t i = 0; i < written.size(); ++i)
    if (spec.buffers[i].output && spec.buffers[i].width() > 0 && !written[i])
      fields.fail(here + ": no launch writes " +
                  inQuotes(spec.buffers[i].name));
}

DeviceProgram Reader::program(const json &object, const ProgramSpec &spec,
                              const std::string &here) {
  DeviceProgram program;
  for (const json &slot : fields.array(object, "slots", here))
    program.slots.push_back(formula(slot, here + ": a slot"));
  buffers = spec.buffers.size();
  slots = program.slots.size();
  for (const json &value : fields.array(object, "launches", here)) {
    size_t number = program.launches.size();
    program.launches.push_back(
        launch(value, here + ", launch " + std::to_string(number)));
    if (fields.failed())
      return program;
  }
  checkOutputs(program, spec, here);
  return program;
}

void Reader::read(const json &object) {
  target.name = fields.text(object, "target", "a device");
  const std::string here = "target " + inQuotes(target.name);
  if (!fields.failed() && !isTarget(target.name))
    fields.fail(here + " of a device is neither vulkan nor cuda:sm_<number>");
  for (const json &value : fields.array(object, "kernels", here)) {
    target.kernels.push_back(kernel(value, here + ", kernel"));
    if (fields.failed())
      return;
  }
  const json *programs = fields.find(object, "programs", here);
  if (!programs)
    return;
  if (!programs->is_object())
    return fields.fail(here + ": 'programs' is not an object");
  target.programs.resize(signature.programs.size());
  for (const auto &[name, value] : programs->items()) {
    int index = signature.findProgram(name);
    if (index < 0)
      return fields.fail(here + ": the model has no program " + inQuotes(name));
    target.programs[size_t(index)] =
        program(value, signature.programs[size_t(index)],
                here + ", program " + inQuotes(name));
    if (fields.failed())
      return;
  }
}

} // namespace

std::string_view nameOf(DeviceBinding::Space space) {
  return kSpaces[size_t(space)];
}

void readDevices(const json &root, JsonFields &fields, Signature &out) {
  if (!root.contains("devices"))
    return;
  for (const json &object : fields.array(root, "devices", "the signature")) {
    DeviceTarget target;
    Reader(fields, out, target).read(object);
    for (const DeviceTarget &other : out.devices)
      if (other.name == target.name)
        fields.fail("devices has " + inQuotes(target.name) + " twice");
    if (fields.failed())
      return;
    out.devices.push_back(std::move(target));
  }
}

Status checkImages(const Signature &signature, int64_t codeBytes) {
  for (const DeviceTarget &target : signature.devices)
    for (const DeviceKernel &kernel : target.kernels) {
      // Each is at most kLimit.
      int64_t end = kernel.imageOffset + kernel.imageBytes,
              cubinEnd =
                  kernel.cubin ? kernel.cubin->offset + kernel.cubin->bytes : 0;
      if (end > codeBytes || cubinEnd > codeBytes)
        return makeError("target ", inQuotes(target.name), ", kernel ",
                         inQuotes(kernel.name), ": its ",
                         end > codeBytes ? "image" : "cubin", " ends at byte ",
                         end > codeBytes ? end : cubinEnd, " of ", codeBytes,
                         " of device code");
    }
  return {};
}

} // namespace modc
