//===- Flags.h - Flags of a sub-command -------------------------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the flags and arguments of a sub-command, reads a command line into
// them and prints the help text. Keeps CLI11, which takes seconds to compile,
// in one file.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_TOOLS_MODC_FLAGS_H
#define MODC_TOOLS_MODC_FLAGS_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace modc::driver {

/// Names are as CLI11 takes them: "-o,--output". Values are written when the
/// command line is read, and keep what they hold where a flag is not given; the
/// help text shows that as the default. Of a flag that is given twice the last
/// one counts, except where all of them are collected.
class Flags {
public:
  /// `usage` is what follows "modc COMMAND" in the usage line.
  Flags(std::string command, std::string usage, std::string summary);
  ~Flags();
  Flags(const Flags &) = delete;
  Flags &operator=(const Flags &) = delete;

  /// Heads the flags that follow in the help text.
  void section(std::string title);
  /// Ends the help text.
  void examples(std::string text);

  /// A positional argument, required.
  void argument(const char *name, std::string &value, const char *help);

  /// `placeholder` names the value in the help text.
  void text(const char *names, const char *placeholder, std::string &value,
            const char *help);
  void texts(const char *names, const char *placeholder,
             std::vector<std::string> &values, const char *help);
  /// A long flag whose value may be left out, and is `bare` then.
  void textOr(const char *name, const char *placeholder, std::string &value,
              const char *bare, const char *help);
  void integer(const char *names, const char *placeholder, int64_t &value,
               int64_t low, int64_t high, const char *help);
  void integer(const char *names, const char *placeholder,
               std::optional<int64_t> &value, int64_t low, int64_t high,
               const char *help);
  /// A finite number in [low, high].
  void real(const char *names, const char *placeholder, double &value,
            double low, double high, const char *help);
  void real(const char *names, const char *placeholder,
            std::optional<double> &value, double low, double high,
            const char *help);
  void choice(const char *names, std::string &value,
              const std::vector<std::string> &choices, const char *help);
  void flag(const char *names, bool &value, const char *help);

  /// True if the flag of this long name ("--lr") was on the command line.
  bool given(const char *name) const;

  /// Reads `argv` after the sub-command's name. Returns an exit code where the
  /// command must end: after --help, and after a usage error that it has
  /// reported.
  std::optional<int> parse(int argc, char **argv);

  /// The help text, on standard output.
  void printHelp() const;

private:
  struct Parser;
  std::unique_ptr<Parser> parser;
};

/// The candidate that is nearest to a misspelt `word`: ", did you mean 'x'?",
/// or nothing where none is near.
std::string suggestion(const std::string &word,
                       const std::vector<std::string> &candidates);

} // namespace modc::driver

#endif // MODC_TOOLS_MODC_FLAGS_H
