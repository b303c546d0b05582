//===- Signature.cpp - What a compiled model says about itself ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses the JSON text of a signature and refuses whatever could make a later
// access leave its arena or buffer: overflowing shapes, offsets outside,
// tensors that overlap, layers whose choices do not tile the point's.
//
//===----------------------------------------------------------------------===//

#include "runtime/Signature.h"

#include "runtime/JsonFields.h"
#include "runtime/ModelAbi.h"
#include "runtime/SignatureDevices.h"
#include "runtime/SignatureKernels.h"
#include "runtime/SignatureWorkspaces.h"

#include <algorithm>
#include <set>

using nlohmann::json;

namespace modc {
namespace {

// No tensor, arena or count in a signature is larger than this, so that sums
// and products of two of them fit 64 bits.
constexpr int64_t kLimit = int64_t(1) << 40;
constexpr size_t kMaxText = size_t(64) << 20;

/// a·b, or -1 when it is above the limit.
int64_t productWithin(int64_t a, int64_t b) {
  if (a != 0 && b > kLimit / a)
    return -1;
  return a * b;
}

class Parser {
public:
  Result<Signature> run(std::string_view text);

private:
  DType elementOf(const json &object, const std::string &where);
  std::vector<int64_t> numbers(const json &shape, const std::string &where);
  TensorSpec tensor(const json &object, const std::string &where,
                    bool isBuffer);
  std::vector<TensorSpec> tensors(const char *field);
  StoredTensor stored(const json &object, const std::string &where);
  void names(const char *what, const std::vector<std::string> &list);
  void general();
  void parameters();
  void state();
  void arena(const char *what, const std::vector<StoredTensor> &tensors,
             int64_t bytes);
  void layers();
  void programs();

  json root;
  Signature out;
  std::optional<Error> failure;
  JsonFields fields{failure};
};

DType Parser::elementOf(const json &object, const std::string &where) {
  if (object.is_object() && !object.contains("type"))
    return out.element;
  std::string name = fields.text(object, "type", where);
  for (DType type : {DType::F32, DType::F64, DType::I8, DType::I32, DType::I64})
    if (nameOf(type) == name)
      return type;
  fields.fail(where + ": unknown type " + inQuotes(name));
  return DType::F32;
}

std::vector<int64_t> Parser::numbers(const json &shape,
                                     const std::string &where) {
  std::vector<int64_t> result;
  int64_t elements = 1;
  for (const json &entry : shape) {
    int64_t size = fields.integerOf(entry, 0, kLimit, where + ": a dimension");
    result.push_back(size);
    elements = productWithin(elements, size);
    if (elements < 0) {
      fields.fail(where + ": its size overflows");
      return {};
    }
  }
  return result;
}

TensorSpec Parser::tensor(const json &object, const std::string &where,
                          bool isBuffer) {
  TensorSpec spec;
  spec.name = fields.text(object, "name", where);
  std::string here = where + " " + inQuotes(spec.name);
  spec.type = elementOf(object, here);
  int64_t elements = 1;
  for (const json &entry : fields.array(object, "shape", here)) {
    Dimension dimension;
    if (entry.is_string()) {
      const auto &symbol = entry.get_ref<const std::string &>();
      if (symbol == "N")
        dimension.kind = Dimension::Kind::Points;
      else if (symbol == "S*N")
        dimension.kind = Dimension::Kind::Candidates;
      else
        fields.fail(here + ": unknown size " + inQuotes(symbol));
      if (!spec.shape.empty())
        fields.fail(here + ": size " + inQuotes(symbol) +
                    " does not stand first");
    } else {
      dimension.number =
          fields.integerOf(entry, 0, kLimit, here + ": a dimension");
      elements = productWithin(elements, dimension.number);
      if (elements < 0) {
        fields.fail(here + ": its size overflows");
        elements = 0;
      }
    }
    spec.shape.push_back(dimension);
  }
  if (isBuffer)
    spec.output = fields.boolean(object, "output", here);
  return spec;
}

std::vector<TensorSpec> Parser::tensors(const char *field) {
  std::vector<TensorSpec> result;
  std::set<std::string> seen;
  for (const json &object : fields.array(root, field, "the signature")) {
    result.push_back(tensor(object, field, /*isBuffer=*/false));
    if (!seen.insert(result.back().name).second)
      fields.fail(std::string(field) + " has " + inQuotes(result.back().name) +
                  " twice");
  }
  return result;
}

StoredTensor Parser::stored(const json &object, const std::string &where) {
  StoredTensor tensor;
  tensor.name = fields.text(object, "name", where);
  std::string here = where + " " + inQuotes(tensor.name);
  if (tensor.name.empty())
    fields.fail(where + ": a name is empty");
  tensor.type = elementOf(object, here);
  tensor.shape = numbers(fields.array(object, "shape", here), here);
  int64_t elements = 1;
  for (int64_t size : tensor.shape)
    elements *= size;
  tensor.bytes = productWithin(elements, int64_t(sizeOf(tensor.type)));
  if (tensor.bytes < 0) {
    fields.fail(here + ": its size overflows");
    tensor.bytes = 0;
  }
  tensor.offset = fields.integer(object, "offset", 0, kLimit, here);
  if (tensor.offset % int64_t(sizeOf(tensor.type)) != 0)
    fields.fail(here + ": offset " + std::to_string(tensor.offset) +
                " is not aligned to its elements");
  if (object.contains("panels")) {
    tensor.panels = fields.integer(object, "panels", 1, kLimit, here);
    const std::vector<int64_t> &shape = tensor.shape;
    if (!fields.failed() && (shape.size() != 2 || shape[1] < tensor.panels ||
                             shape[1] % tensor.panels != 0))
      fields.fail(here + ": shape " + toString(shape) +
                  " is no matrix of whole panels of " +
                  std::to_string(tensor.panels) + " columns");
  }
  return tensor;
}

void Parser::names(const char *what, const std::vector<std::string> &list) {
  std::set<std::string_view> seen;
  for (const std::string &name : list) {
    if (name.empty())
      fields.fail(std::string(what) + ": a name is empty");
    if (!seen.insert(name).second)
      fields.fail(std::string(what) + " has " + inQuotes(name) + " twice");
  }
}

void Parser::general() {
  const std::string where = "the signature";
  int64_t abi = fields.integer(root, "abi", 0, INT64_MAX, where);
  if (!fields.failed() && abi != MODC_ABI_VERSION)
    fields.fail("made for version " + std::to_string(abi) +
                " of the model interface, this runtime has version " +
                std::to_string(MODC_ABI_VERSION));
  out.compiler = fields.text(root, "modc", where);
  out.llvm = fields.text(root, "llvm", where);
  out.flags = fields.text(root, "flags", where);
  out.network = fields.text(root, "network", where);
  out.hash = fields.text(root, "hash", where);
  if (out.hash.size() != 16 ||
      out.hash.find_first_not_of("0123456789abcdef") != std::string::npos)
    fields.fail(where + ": hash " + inQuotes(out.hash) +
                " is not 16 hex digits");
  std::string element = fields.text(root, "element", where);
  if (element == "f64")
    out.element = DType::F64;
  else if (element != "f32")
    fields.fail(where + ": element " + inQuotes(element) +
                " is neither f32 nor f64");
  for (const json &object : fields.array(root, "targets", where)) {
    TargetSpec target;
    target.name = fields.text(object, "name", "a target");
    target.features = uint64_t(fields.integer(
        object, "features", 0, INT64_MAX, "target " + inQuotes(target.name)));
    out.targets.push_back(std::move(target));
  }
  if (out.targets.empty())
    fields.fail(where + " names no target");
  out.inputs = tensors("inputs");
  out.outputs = tensors("outputs");
  out.wanted = tensors("wanted");
  out.objective = fields.text(root, "objective", where);
  out.classes = fields.integer(root, "classes", 0, kLimit, where);
  if (const json *optimizer = fields.find(root, "optimizer", where)) {
    out.optimizer = fields.text(*optimizer, "name", "optimizer");
    out.denseUpdates = fields.boolean(*optimizer, "dense", "optimizer");
  }
  for (const json &group : fields.array(root, "groups", where)) {
    if (!group.is_string())
      return fields.fail("groups: a name is not a text");
    out.groups.push_back(group.get<std::string>());
  }
  names("groups", out.groups);
}

void Parser::parameters() {
  std::vector<std::string> list;
  int64_t groups = int64_t(out.groups.size());
  for (const json &object : fields.array(root, "parameters", "the signature")) {
    StoredTensor tensor = stored(object, "parameter");
    std::string here = "parameter " + inQuotes(tensor.name);
    if (tensor.type != DType::F32 && tensor.type != DType::F64)
      fields.fail(here + " is not of a float type");
    tensor.trained = fields.boolean(object, "trained", here);
    tensor.group = fields.integer(object, "group", 0, groups - 1, here);
    tensor.init = fields.text(object, "init", here);
    list.push_back(tensor.name);
    out.parameters.push_back(std::move(tensor));
  }
  names("parameters", list);
  out.parameterBytes =
      fields.integer(root, "parameter_bytes", 0, kLimit, "the signature");
  arena("parameter", out.parameters, out.parameterBytes);
}

void Parser::state() {
  std::vector<std::string> list;
  for (const json &object : fields.array(root, "state", "the signature")) {
    out.state.push_back(stored(object, "state"));
    list.push_back(out.state.back().name);
  }
  names("state", list);
  out.stateBytes =
      fields.integer(root, "state_bytes", 0, kLimit, "the signature");
  arena("state", out.state, out.stateBytes);
}

void Parser::arena(const char *what, const std::vector<StoredTensor> &tensors,
                   int64_t bytes) {
  std::vector<const StoredTensor *> order;
  for (const StoredTensor &tensor : tensors)
    if (tensor.bytes != 0)
      order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const StoredTensor *a, const StoredTensor *b) {
              return a->offset < b->offset;
            });
  for (size_t i = 0; i < order.size(); ++i) {
    const StoredTensor &tensor = *order[i];
    std::string here = std::string(what) + " " + inQuotes(tensor.name);
    int64_t end = tensor.offset + tensor.bytes;
    if (end > bytes)
      fields.fail(here + " ends at byte " + std::to_string(end) +
                  " of an arena of " + std::to_string(bytes));
    if (i + 1 < order.size() && end > order[i + 1]->offset)
      fields.fail(here + " overlaps " + inQuotes(order[i + 1]->name));
  }
}

void Parser::layers() {
  out.slots = fields.integer(root, "slots", 0, kLimit, "the signature");
  out.probabilities =
      fields.integer(root, "probabilities", 0, kLimit, "the signature");
  // A choice is stored for every point and slot: more of them than this is not
  // a network but a hostile file, and they are tabulated below.
  if (out.slots > (int64_t(1) << 24)) {
    fields.fail("the signature has " + std::to_string(out.slots) +
                " slots per point, at most 16777216 are supported");
    return;
  }
  out.slotMembers.assign(size_t(out.slots), 0);
  std::vector<std::string> list;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const json &object : fields.array(root, "layers", "the signature")) {
    LayerSpec layer;
    layer.name = fields.text(object, "name", "a layer");
    std::string here = "layer " + inQuotes(layer.name);
    layer.pool = fields.text(object, "pool", here);
    if (object.contains("controller"))
      layer.controller = fields.text(object, "controller", here);
    for (const json &member : fields.array(object, "members", here)) {
      if (!member.is_string())
        return fields.fail(here + ": a member's name is not a text");
      layer.members.push_back(member.get<std::string>());
    }
    names(("members of " + here).c_str(), layer.members);
    if (layer.members.empty())
      fields.fail(here + " has no members");
    layer.choose = fields.integer(object, "choose", 1, kLimit, here);
    layer.rows = fields.integer(object, "rows", 1, kLimit, here);
    layer.slot = fields.integer(object, "slot", 0, kLimit, here);
    layer.fixed = fields.boolean(object, "fixed", here);
    // A fixed layer has no probabilities; its offset means nothing.
    layer.probability =
        layer.fixed ? 0
                    : fields.integer(object, "probability", 0, kLimit, here);
    int64_t count = productWithin(layer.rows, layer.choose);
    if (count < 0 || layer.slot + count > out.slots)
      return fields.fail(here + ": its choices end outside the " +
                         std::to_string(out.slots) + " slots of a point");
    int64_t width = productWithin(count, layer.memberCount());
    if (!layer.fixed) {
      if (width < 0 || layer.probability + width > out.probabilities)
        return fields.fail(here + ": its probabilities end outside the " +
                           std::to_string(out.probabilities) + " of a point");
      ranges.push_back({layer.probability, layer.probability + width});
    }
    for (int64_t i = 0; i < count; ++i) {
      int32_t &members = out.slotMembers[size_t(layer.slot + i)];
      if (members != 0)
        return fields.fail(here + ": slot " + std::to_string(layer.slot + i) +
                           " belongs to another layer too");
      members = int32_t(layer.memberCount());
    }
    list.push_back(layer.name);
    out.layers.push_back(std::move(layer));
  }
  names("layers", list);
  for (size_t i = 0; i < out.slotMembers.size(); ++i)
    if (out.slotMembers[i] == 0)
      return fields.fail("slot " + std::to_string(i) + " belongs to no layer");
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].second)
      return fields.fail("probabilities of two layers overlap");
}

void Parser::programs() {
  out.products = readProducts(root, fields);
  std::vector<std::string> list;
  for (const json &object : fields.array(root, "programs", "the signature")) {
    ProgramSpec program;
    program.name = fields.text(object, "name", "a program");
    std::string here = "program " + inQuotes(program.name);
    std::set<std::pair<std::string, bool>> seen;
    for (const json &buffer : fields.array(object, "buffers", here)) {
      program.buffers.push_back(
          tensor(buffer, here + ", buffer", /*isBuffer=*/true));
      const TensorSpec &spec = program.buffers.back();
      if (!seen.insert({spec.name, spec.output}).second)
        fields.fail(here + " has buffer " + inQuotes(spec.name) + " twice");
      // Sessions check the choices in these, so that they must be choices.
      if ((spec.name == "selection" || spec.name == "stored") &&
          (spec.type != DType::I32 || spec.width() != out.slots))
        fields.fail(here + ": buffer " + inQuotes(spec.name) + " is " +
                    spec.describe() + ", not " + std::to_string(out.slots) +
                    " i32 choices per row");
    }
    auto scalars = [&](const char *field, std::vector<std::string> &into) {
      for (const json &name : fields.array(object, field, here)) {
        if (!name.is_string())
          return fields.fail(here + ": '" + field + "' holds no text");
        into.push_back(name.get<std::string>());
      }
      names((here + ": " + field).c_str(), into);
    };
    scalars("integers", program.integers);
    scalars("reals", program.reals);
    if (object.contains("flops")) {
      const json &terms = fields.array(object, "flops", here);
      if (terms.size() != 3)
        return fields.fail(here + ": 'flops' has " +
                           std::to_string(terms.size()) + " terms, not 3");
      auto term = [&](size_t i) {
        return fields.integerOf(terms[i], 0, INT64_MAX, here + ": 'flops'");
      };
      program.flops = FlopsSpec{term(0), term(1), term(2)};
    }
    if (object.contains("products"))
      program.products = readProductUses(fields.array(object, "products", here),
                                         here, out, fields);
    list.push_back(program.name);
    out.programs.push_back(std::move(program));
  }
  readKernels(root, fields, out);
  readWorkspaces(root, fields, out);
  names("programs", list);
  if (!fields.failed())
    readDevices(root, fields, out);
}

Result<Signature> Parser::run(std::string_view text) {
  if (text.size() > kMaxText)
    return makeError("the signature has ", text.size(),
                     " bytes, at most 67108864 are supported");
  root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded())
    return Error("the signature is not valid JSON");
  if (!root.is_object())
    return Error("the signature is not a JSON object");
  // In this order: later fields are checked against earlier ones.
  for (auto step : {&Parser::general, &Parser::parameters, &Parser::state,
                    &Parser::layers, &Parser::programs}) {
    (this->*step)();
    if (failure)
      return *failure;
  }
  return std::move(out);
}

} // namespace

int64_t TensorSpec::width() const {
  int64_t result = 1;
  for (const Dimension &dimension : shape)
    if (dimension.kind == Dimension::Kind::Number)
      result *= dimension.number;
  return result;
}

bool TensorSpec::isPerPoint() const {
  return !shape.empty() && shape[0].kind == Dimension::Kind::Points;
}

Result<int64_t> TensorSpec::bytes(int64_t points, int64_t candidates) const {
  int64_t total = int64_t(sizeOf(type));
  for (const Dimension &dimension : shape) {
    int64_t size = dimension.number;
    if (dimension.kind != Dimension::Kind::Number)
      size = points;
    if (dimension.kind == Dimension::Kind::Candidates &&
        __builtin_mul_overflow(points, candidates, &size))
      size = -1;
    if (size < 0 || __builtin_mul_overflow(total, size, &total))
      return makeError("size of ", inQuotes(name), " overflows for ", points,
                       " points and ", candidates, " candidates");
  }
  return total;
}

std::string TensorSpec::describe() const {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? ", " : "";
    switch (shape[i].kind) {
    case Dimension::Kind::Number:
      text += std::to_string(shape[i].number);
      break;
    case Dimension::Kind::Points:
      text += "N";
      break;
    case Dimension::Kind::Candidates:
      text += "S*N";
      break;
    }
  }
  return text + "] " + std::string(nameOf(type));
}

int ProgramSpec::findBuffer(std::string_view buffer, bool output) const {
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].output == output && buffers[i].name == buffer)
      return int(i);
  return -1;
}

int ProgramSpec::findInteger(std::string_view integer) const {
  auto it = std::find(integers.begin(), integers.end(), integer);
  return it == integers.end() ? -1 : int(it - integers.begin());
}

int ProgramSpec::findReal(std::string_view real) const {
  auto it = std::find(reals.begin(), reals.end(), real);
  return it == reals.end() ? -1 : int(it - reals.begin());
}

int Signature::findProgram(std::string_view name) const {
  for (size_t i = 0; i < programs.size(); ++i)
    if (programs[i].name == name)
      return int(i);
  return -1;
}

Error Signature::lacksProgram(std::string_view name) const {
  std::string present;
  for (const ProgramSpec &program : programs)
    present += (present.empty() ? "" : ", ") + program.name;
  return makeError("the model has no program ", inQuotes(name), ", only ",
                   present.empty() ? "none" : present);
}

int Signature::findParameter(std::string_view name) const {
  for (size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].name == name)
      return int(i);
  return -1;
}

Result<Signature> Signature::parse(std::string_view json) {
  return Parser().run(json);
}

} // namespace modc
