//===- SignatureWorkspaces.cpp - What workspaces hold ---------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An array of slots, each an array of what shares it: a temporary, or an object
// with the slots that every worker has of its own.
//
//===----------------------------------------------------------------------===//

#include "runtime/SignatureWorkspaces.h"

#include <nlohmann/json.hpp>

namespace modc {

using nlohmann::json;

static std::vector<WorkspaceSlot> readSlots(const json &array,
                                            const std::string &here,
                                            bool ofWorker, JsonFields &fields) {
  std::vector<WorkspaceSlot> slots;
  auto fail = [&](const char *what) {
    fields.fail(here + ": " + what);
    return std::vector<WorkspaceSlot>();
  };
  if (!array.is_array())
    return fail("slots are not an array");
  for (const json &items : array) {
    if (!items.is_array())
      return fail("a slot is not an array");
    WorkspaceSlot &slot = slots.emplace_back();
    for (const json &item : items) {
      if (item.is_object() && item.contains("worker") && !ofWorker) {
        slot.workers.push_back(readSlots(item["worker"], here, true, fields));
      } else if (item.is_array() && item.size() == 3 && item[0].is_string() &&
                 item[1].is_string() && item[2].is_string()) {
        WorkspaceTemporary &temporary = slot.temporaries.emplace_back();
        temporary.name = item[0].get<std::string>();
        temporary.type = item[1].get<std::string>();
        std::string text = item[2].get<std::string>();
        if (text.empty())
          continue;
        auto formula = SizeExpression::parse(text);
        if (!formula)
          fields.fail(here + ": " + formula.error().message());
        else
          temporary.bytes = std::move(*formula);
      } else {
        return fail("a temporary is not [name, type, bytes]");
      }
      if (fields.failed())
        return {};
    }
  }
  return slots;
}

void readWorkspaces(const json &root, JsonFields &fields, Signature &out) {
  size_t t = 0;
  for (const json &object : fields.array(root, "targets", "the signature")) {
    if (fields.failed())
      return;
    TargetSpec &target = out.targets[t++];
    if (!object.contains("workspaces"))
      continue;
    std::string here = "target " + inQuotes(target.name);
    const json &programs = object["workspaces"];
    if (!programs.is_object())
      return fields.fail(here + ": 'workspaces' is not an object");
    for (const ProgramSpec &program : out.programs) {
      auto found = programs.find(program.name);
      if (found == programs.end())
        return fields.fail(here + ": no workspace of program " +
                           inQuotes(program.name));
      target.workspaces.push_back(
          readSlots(*found, here + ": workspace of " + inQuotes(program.name),
                    false, fields));
    }
  }
}

} // namespace modc
