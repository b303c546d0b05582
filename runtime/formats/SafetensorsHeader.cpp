//===- SafetensorsHeader.cpp - JSON header of safetensors -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A SAX handler over Debian's JSON parser, which does not recurse: a header may
// nest as deep as it likes and is refused at the first level that does not
// belong there. A DOM would drop duplicate keys silently; this does not.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/SafetensorsHeader.h"

#include <nlohmann/json.hpp>

using namespace modc;
using namespace modc::detail;

namespace {

constexpr size_t maxRank = 64;

class Handler : public nlohmann::json_sax<nlohmann::json> {
public:
  SafetensorsHeader header;
  std::string problem;

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_float(double, const std::string &) override {
    return unexpected("a number that is not a 64-bit integer");
  }
  bool binary(binary_t &) override { return unexpected("binary data"); }
  bool number_integer(int64_t value) override {
    return value < 0 ? unexpected("a negative number")
                     : number_unsigned(uint64_t(value));
  }

  bool number_unsigned(uint64_t value) override {
    if (place != Place::Shape && place != Place::Offsets)
      return unexpected("a number");
    if (value > uint64_t(INT64_MAX))
      return fail(where(), " has ", value, ", which does not fit 63 bits");
    if (place == Place::Shape && entry->shape.size() == maxRank)
      return fail(where(), " has more than ", maxRank, " dimensions");
    if (place == Place::Offsets && offsets == 2)
      return fail(where(), " has more than two numbers");
    if (place == Place::Shape)
      entry->shape.push_back(int64_t(value));
    else
      (offsets++ == 0 ? entry->begin : entry->end) = int64_t(value);
    return true;
  }

  bool string(string_t &value) override {
    if (place == Place::Metadata) {
      header.metadata[name] = std::move(value);
      return true;
    }
    if (place != Place::Entry || field != "dtype")
      return unexpected("a text");
    entry->dtype = std::move(value);
    return true;
  }

  bool start_object(size_t) override {
    if (place == Place::Start) {
      place = Place::Top;
      return true;
    }
    if (place != Place::Top)
      return unexpected("an object");
    if (name == "__metadata__") {
      place = Place::Metadata;
      return true;
    }
    place = Place::Entry;
    entry = &header.entries[name];
    return true;
  }

  bool key(string_t &value) override {
    switch (place) {
    case Place::Top:
      // Its entry shows whether a tensor was there before; `__metadata__` may
      // have been empty.
      if (value == "__metadata__" ? std::exchange(hasMetadata, true)
                                  : header.entries.count(value) != 0)
        return fail("name ", inQuotes(value), " stands twice in the header");
      name = std::move(value);
      return true;
    case Place::Metadata:
      if (header.metadata.count(value))
        return fail("key ", inQuotes(value), " stands twice in __metadata__");
      name = std::move(value);
      return true;
    default:
      break;
    }
    unsigned bit = value == "dtype"          ? 1
                   : value == "shape"        ? 2
                   : value == "data_offsets" ? 4
                                             : 0;
    if (bit == 0)
      return fail("tensor ", inQuotes(name), " has an unknown key ",
                  inQuotes(value));
    if (fields & bit)
      return fail("tensor ", inQuotes(name), " has key ", inQuotes(value),
                  " twice");
    fields |= bit;
    field = std::move(value);
    return true;
  }

  bool end_object() override {
    if (place == Place::Entry && std::exchange(fields, 0) != 7)
      return fail("tensor ", inQuotes(name),
                  " lacks one of dtype, shape and data_offsets");
    field.clear();
    place = place == Place::Top ? Place::Start : Place::Top;
    return true;
  }

  bool start_array(size_t) override {
    if (place != Place::Entry || field == "dtype")
      return unexpected("an array");
    place = field == "shape" ? Place::Shape : Place::Offsets;
    offsets = 0;
    return true;
  }

  bool end_array() override {
    if (place == Place::Offsets && offsets != 2)
      return fail(where(), " has fewer than two numbers");
    place = Place::Entry;
    return true;
  }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    return fail("header is not JSON at its byte ", position);
  }

private:
  enum class Place { Start, Top, Metadata, Entry, Shape, Offsets };

  std::string where() const {
    switch (place) {
    case Place::Start:
      return "header";
    case Place::Top:
      return "entry " + inQuotes(name);
    case Place::Metadata:
      return "__metadata__ at key " + inQuotes(name);
    default:
      return "tensor " + inQuotes(name) + ": " +
             (field.empty() ? std::string("entry") : field);
    }
  }

  bool unexpected(const char *what) {
    return fail(where(), " has ", what, ", which does not belong there");
  }

  template <typename... Parts>
  bool fail(const Parts &...parts) {
    problem = makeError(parts...).message();
    return false;
  }

  Place place = Place::Start;
  std::string name;
  std::string field;
  HeaderEntry *entry = nullptr;
  unsigned fields = 0;
  int offsets = 0;
  bool hasMetadata = false;
};

} // namespace

Result<SafetensorsHeader>
modc::detail::parseSafetensorsHeader(std::string_view text) {
  Handler handler;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &handler))
    return Error(handler.problem.empty() ? "header is not JSON"
                                         : handler.problem);
  return std::move(handler.header);
}

std::optional<std::string> modc::detail::jsonString(const std::string &text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error &) {
    return std::nullopt;
  }
}
