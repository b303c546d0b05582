//===- SessionArenas.cpp - What a session's users and programs work on ----===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hands out the arenas of a session, to users and to programs of the processor;
// those of devices are with the calls of these, in Session.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include <algorithm>

namespace modc {
namespace {

enum class ArenaUse : uint8_t { None, Reads, Writes };

/// What a program does with an arena, by docs/artefact.md. A session that only
/// infers never allocates gradients and state, and what is not written needs no
/// new copies. `update` may scale gradients where they are.
ArenaUse useOf(std::string_view program, Session::ArenaKind kind) {
  static constexpr std::string_view readers[] = {
      "infer",  "forward",           "score",   "e_step",
      "sample", "e_step_enumerated", "evaluate"};
  const bool reads = std::find(std::begin(readers), std::end(readers),
                               program) != std::end(readers);
  switch (kind) {
  case Session::ArenaKind::Parameters:
    return reads || program == "m_step" ? ArenaUse::Reads : ArenaUse::Writes;
  case Session::ArenaKind::Gradients:
  case Session::ArenaKind::State:
    break;
  }
  if (reads || program == "init")
    return ArenaUse::None;
  return program == "m_step" && kind == Session::ArenaKind::State
             ? ArenaUse::Reads
             : ArenaUse::Writes;
}

} // namespace

MirroredArena Session::makeArena(const std::vector<StoredTensor> &tensors,
                                 int64_t bytes, const char *what) const {
  return {options.allocator, PanelLayout(tensors, bytes), bytes, what};
}

Result<const void *> Session::read(ArenaKind kind) const {
  if (Status status = arena(kind).fetch(); !status)
    return status.error();
  return static_cast<const void *>(arena(kind).data());
}

Result<void *> Session::write(ArenaKind kind) {
  if (Status status = arena(kind).fetchForWriting(); !status)
    return status.error();
  if (kind == ArenaKind::Parameters)
    hasParameters = true;
  return arena(kind).data();
}

void *Session::parameters() {
  Result<void *> data = write(ArenaKind::Parameters);
  return data ? *data : nullptr;
}

const void *Session::parameters() const {
  Result<const void *> data = read(ArenaKind::Parameters);
  return data ? *data : nullptr;
}

void *Session::gradients() {
  Result<void *> data = write(ArenaKind::Gradients);
  return data ? *data : nullptr;
}

void *Session::state() {
  Result<void *> data = write(ArenaKind::State);
  return data ? *data : nullptr;
}

Session::CopyScope::CopyScope(const Session &session) : session(session) {
  for (size_t i = 0; i < held.size(); ++i)
    held[i] = session.arenas[i].data() != nullptr;
}

Session::CopyScope::~CopyScope() {
  for (size_t i = 0; i < held.size(); ++i)
    if (!held[i] && !session.programs)
      session.arenas[i].dropCopy();
}

Status Session::resetState() { return arena(ArenaKind::State).clear(); }

Status Session::fetchForProgram(const ProgramSpec &program) {
  for (ArenaKind kind :
       {ArenaKind::Parameters, ArenaKind::Gradients, ArenaKind::State}) {
    ArenaUse use = useOf(program.name, kind);
    if (use == ArenaUse::None)
      continue;
    if (Status s = arena(kind).fetchForProgram(use == ArenaUse::Writes); !s)
      return s;
  }
  return {};
}

} // namespace modc
