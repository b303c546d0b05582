//===- TextHazards.cpp - What MLIR's parser can't take --------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds text that would overflow the stack of MLIR's parser or printer, which
// recurse without a limit: deep nesting, directly or through aliases, and long
// affine expressions.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModuleFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace modc;

namespace {
/// One pass over text, outside of strings and comments.
class HazardScan {
public:
  explicit HazardScan(StringRef text) : text(text) {}

  std::optional<TextHazard> run() {
    while (at < text.size() && !hazard) {
      step();
      // Long sums become deep trees.
      constexpr size_t longest = 4096;
      if (affine && at - affine->begin > longest)
        fail("has an affine expression of more than 4096 characters");
    }
    return hazard;
  }

private:
  static bool isWord(char c) {
    return llvm::isAlnum(c) || c == '_' || c == '$' || c == '.';
  }

  char peek(size_t ahead) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }

  void step() {
    char c = text[at];
    if (c == '\n') {
      ++line;
      lineBegin = at + 1;
      // An alias ends with its line; what follows is not nested in it.
      if (depth == 0)
        defined = StringRef();
    }
    if (c == '/' && peek(1) == '/')
      return skipComment();
    if (c == '"')
      return skipString();
    if (c == '#' || c == '!')
      return visitAlias();
    if (isWord(c))
      return visitWord();
    // A chain of signs recurses like brackets; anything but space ends it.
    if (c == '-' && peek(1) != '>') {
      if (++signs > maxModuleNesting)
        fail("nests");
    } else if (!llvm::isSpace(c)) {
      signs = 0;
    }
    switch (c) {
    case '(':
    case '[':
    case '{':
      open();
      break;
    case ')':
    case ']':
    case '}':
      close();
      break;
    case '<':
      if (peek(1) != '=')
        open();
      break;
    case '>':
      if (peek(1) != '=' && (at == 0 || text[at - 1] != '-'))
        close();
      break;
    default:
      break;
    }
    ++at;
  }

  void skipComment() {
    at = std::min(text.find('\n', at), text.size());
  }

  void skipString() {
    for (++at; at < text.size() && text[at] != '\n'; ++at) {
      if (text[at] == '\\' && peek(1) != '\n')
        ++at;
      else if (text[at] == '"') {
        ++at;
        return;
      }
    }
  }

  void visitWord() {
    signs = 0;
    size_t begin = at;
    while (at < text.size() && isWord(text[at]))
      ++at;
    StringRef word = text.slice(begin, at);
    if (text.substr(at, 1) == "<" && !affine &&
        (word == "affine_map" || word == "affine_set"))
      affine = {begin, depth};
  }

  void visitAlias() {
    size_t begin = at++;
    while (at < text.size() && (isWord(text[at]) || text[at] == '-'))
      ++at;
    StringRef name = text.slice(begin, at);
    size_t next = text.find_first_not_of(" \t\r\n", at);
    if (depth == 0 && next != StringRef::npos && text[next] == '=' &&
        text.substr(next, 2) != "==") {
      defined = name;
      aliases[name] = 0;
      return;
    }
    auto known = aliases.find(name);
    if (known != aliases.end())
      reach(depth + known->second);
  }

  void open() { reach(++depth); }

  void close() {
    if (depth > 0)
      --depth;
    if (affine && depth <= affine->depth)
      affine.reset();
  }

  void reach(unsigned level) {
    if (!defined.empty()) {
      unsigned &deepest = aliases[defined];
      // One more for the use, so that chains of aliases count.
      deepest = std::max(deepest, level + 1);
    }
    if (level > maxModuleNesting)
      fail("nests");
  }

  void fail(StringRef what) {
    hazard = {line, unsigned(at - lineBegin) + 1, what.str()};
    if (what == "nests")
      hazard->what += " deeper than " + std::to_string(maxModuleNesting);
  }

  StringRef text;
  size_t at = 0;
  unsigned line = 1;
  size_t lineBegin = 0;
  unsigned depth = 0;
  unsigned signs = 0;
  /// Where the affine map or set around `at` begins.
  struct Affine {
    size_t begin;
    unsigned depth;
  };
  std::optional<Affine> affine;
  /// The alias that is being defined, or was defined last: what follows a
  /// definition counts for it too, which errs on the safe side.
  StringRef defined;
  llvm::StringMap<unsigned> aliases;
  std::optional<TextHazard> hazard;
};
} // namespace

std::optional<TextHazard> modc::findTextHazard(StringRef text) {
  return HazardScan(text).run();
}
