//===- Flags.cpp - Flags of a sub-command ---------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thin layer over CLI11: numbers are read strictly, ranges are checked, a
// misspelt flag gets a suggestion, and errors read like those of the rest of
// modc.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Flags.h"

#include "tools/modc/Output.h"

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <map>

namespace modc::driver {
namespace {

/// How an option reads and shows itself, with two columns.
class HelpText : public CLI::Formatter {
public:
  explicit HelpText(std::string usage) : usage(std::move(usage)) {
    column_width(34);
  }

  std::string make_usage(const CLI::App *, std::string) const override {
    return "usage: " + usage + "\n\n";
  }
  // The usage line and the description name them.
  std::string make_positionals(const CLI::App *) const override { return {}; }
  std::string make_help(const CLI::App *app, std::string name,
                        CLI::AppFormatMode mode) const override {
    // The base class puts an empty line between groups.
    return make_usage(app, name) + make_description(app) + "\n" +
           make_groups(app, mode) + make_footer(app);
  }
  std::string
  make_group(std::string group, bool,
             std::vector<const CLI::Option *> options) const override {
    std::string text = group + ":\n";
    for (const CLI::Option *option : options)
      text += make_option(option, false);
    return text;
  }
  std::string make_option(const CLI::Option *option, bool) const override {
    // "-h,--help" reads better with a space after the comma.
    std::string left = option->get_name(false, true);
    for (size_t at = left.find(','); at != left.npos;
         at = left.find(',', at + 2))
      left.insert(at + 1, " ");
    if (!option->get_type_name().empty())
      left += " " + option->get_type_name();
    std::string text = "  " + left;
    size_t column = 30;
    if (text.size() + 2 > column)
      text += "\n" + std::string(column, ' ');
    else
      text.resize(column, ' ');
    text += wrapped(describe(option), column);
    return text + "\n";
  }
  std::string make_footer(const CLI::App *app) const override {
    return app->get_footer().empty() ? "" : "\nexamples:\n" + app->get_footer();
  }

private:
  static std::string describe(const CLI::Option *option) {
    std::string text = option->get_description();
    if (!option->get_default_str().empty())
      text += " (default: " + option->get_default_str() + ")";
    return text;
  }

  /// Lines of at most 80 columns, indented but for the first.
  static std::string wrapped(const std::string &text, size_t indent) {
    std::string out;
    size_t column = indent;
    for (size_t at = 0; at < text.size();) {
      size_t end = std::min(text.find(' ', at), text.size());
      if (column > indent && column + 1 + (end - at) > 80) {
        out += "\n" + std::string(indent, ' ');
        column = indent;
      } else if (column > indent) {
        out += ' ';
        ++column;
      }
      out += text.substr(at, end - at);
      column += end - at;
      at = end + 1;
    }
    return out;
  }

  std::string usage;
};

} // namespace

struct Flags::Parser {
  Parser(const std::string &summary) : app(summary) {}

  CLI::App app;
  std::string command;
  std::string group = "flags";
  // Long names, for suggestions.
  std::vector<std::string> names;
  // Of flags whose value may be left out, and what it is then.
  std::map<std::string, std::string> bare;

  /// An option whose value `read` turns into a message, empty if all is well.
  CLI::Option *add(const char *optionNames, const char *placeholder,
                   const char *help,
                   std::function<std::string(const std::string &)> read) {
    std::string label = optionNames;
    label = label.substr(label.rfind(',') + 1);
    CLI::Option *option =
        app.add_option_function<std::string>(
               optionNames,
               [read, label](const std::string &value) {
                 std::string problem = read(value);
                 if (!problem.empty())
                   throw CLI::ValidationError(label, problem);
               },
               help)
            ->type_name(placeholder)
            ->group(group)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    remember(option);
    return option;
  }

  void remember(CLI::Option *option) {
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  }
};

Flags::Flags(std::string command, std::string usage, std::string summary)
    : parser(std::make_unique<Parser>(summary)) {
  parser->command = command;
  parser->app.name("modc " + command);
  parser->app.formatter(
      std::make_shared<HelpText>("modc " + command + " " + usage));
  parser->app.set_help_flag("-h,--help", "print this text")->group("flags");
  parser->names.push_back("--help");
}

Flags::~Flags() = default;

void Flags::section(std::string title) { parser->group = std::move(title); }

void Flags::examples(std::string text) { parser->app.footer(std::move(text)); }

void Flags::argument(const char *name, std::string &value, const char *help) {
  parser->app.add_option(name, value, help)->required();
}

void Flags::text(const char *names, const char *placeholder, std::string &value,
                 const char *help) {
  parser
      ->add(names, placeholder, help,
            [&value](const std::string &given) {
              value = given;
              return std::string(given.empty() ? "the value is empty" : "");
            })
      ->default_str(value);
}

void Flags::textOr(const char *name, const char *placeholder,
                   std::string &value, const char *bare, const char *help) {
  text(name, placeholder, value, help);
  parser->bare[name] = bare;
}

void Flags::texts(const char *names, const char *placeholder,
                  std::vector<std::string> &values, const char *help) {
  parser->remember(parser->app.add_option(names, values, help)
                       ->type_name(placeholder)
                       ->group(parser->group)
                       // One value each, so that no positional is swallowed.
                       ->expected(1)
                       ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
}

/// Reads `text` as an integer in [low, high]; the message says what is wrong.
static std::string readInteger(const std::string &text, int64_t low,
                               int64_t high, int64_t &value) {
  char *end = nullptr;
  errno = 0;
  long long number = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || std::isspace((unsigned char)text[0]) || *end)
    return fmt::format("'{}' is not an integer", text);
  if (errno == ERANGE || number < low || number > high)
    return high == INT64_MAX
               ? fmt::format("{} is not an integer of at least {}", text, low)
               : fmt::format("{} is outside [{}, {}]", text, low, high);
  value = number;
  return {};
}

static std::string readReal(const std::string &text, double low, double high,
                            double &value) {
  char *end = nullptr;
  double number = std::strtod(text.c_str(), &end);
  if (text.empty() || std::isspace((unsigned char)text[0]) || *end)
    return fmt::format("'{}' is not a number", text);
  if (!std::isfinite(number))
    return fmt::format("{} is not finite", text);
  if (number < low || number > high)
    return std::isinf(high)
               ? fmt::format("{} is below {}", text, low)
               : fmt::format("{} is outside [{}, {}]", text, low, high);
  value = number;
  return {};
}

void Flags::integer(const char *names, const char *placeholder, int64_t &value,
                    int64_t low, int64_t high, const char *help) {
  parser
      ->add(names, placeholder, help,
            [=, &value](const std::string &given) {
              return readInteger(given, low, high, value);
            })
      ->default_str(fmt::format("{}", value));
}

void Flags::integer(const char *names, const char *placeholder,
                    std::optional<int64_t> &value, int64_t low, int64_t high,
                    const char *help) {
  parser->add(names, placeholder, help, [=, &value](const std::string &given) {
    int64_t number = 0;
    std::string problem = readInteger(given, low, high, number);
    if (problem.empty())
      value = number;
    return problem;
  });
}

void Flags::real(const char *names, const char *placeholder, double &value,
                 double low, double high, const char *help) {
  parser
      ->add(names, placeholder, help,
            [=, &value](const std::string &given) {
              return readReal(given, low, high, value);
            })
      ->default_str(fmt::format("{}", value));
}

void Flags::real(const char *names, const char *placeholder,
                 std::optional<double> &value, double low, double high,
                 const char *help) {
  parser->add(names, placeholder, help, [=, &value](const std::string &given) {
    double number = 0;
    std::string problem = readReal(given, low, high, number);
    if (problem.empty())
      value = number;
    return problem;
  });
}

void Flags::choice(const char *names, std::string &value,
                   const std::vector<std::string> &choices, const char *help) {
  std::string placeholder = fmt::format("{}", fmt::join(choices, "|"));
  parser
      ->add(names, placeholder.c_str(), help,
            [=, &value](const std::string &given) {
              if (std::find(choices.begin(), choices.end(), given) ==
                  choices.end())
                return fmt::format("'{}' is not one of {}{}", given,
                                   fmt::join(choices, ", "),
                                   suggestion(given, choices));
              value = given;
              return std::string();
            })
      ->default_str(value);
}

void Flags::flag(const char *names, bool &value, const char *help) {
  parser->remember(
      parser->app.add_flag(names, value, help)->group(parser->group));
}

bool Flags::given(const char *name) const {
  const CLI::Option *option = parser->app.get_option_no_throw(name);
  return option && option->count() > 0;
}

void Flags::printHelp() const { print(parser->app.help()); }

std::optional<int> Flags::parse(int argc, char **argv) {
  CLI::App &app = parser->app;
  // Unknown flags come first: what they leave behind would look like another
  // mistake.
  for (int i = 0; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    std::string word = argv[i];
    if (word.size() < 3 || word.compare(0, 2, "--") != 0)
      continue;
    std::string name = word.substr(0, word.find('='));
    if (!app.get_option_no_throw(name))
      return misuse(parser->command,
                    fmt::format("unknown flag '{}'{}", name,
                                suggestion(name, parser->names)));
    // CLI11 would take the next word.
    if (name.size() + 1 == word.size())
      return misuse(parser->command, name + " wants a value");
  }
  std::vector<std::string> words(argv, argv + argc);
  for (std::string &word : words)
    if (auto bare = parser->bare.find(word); bare != parser->bare.end())
      word += "=" + bare->second;
  try {
    // CLI11 takes them last to first.
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp &) {
    printHelp();
    return Done;
  } catch (const CLI::ArgumentMismatch &problem) {
    std::string text = problem.what();
    return misuse(parser->command,
                  text.substr(0, text.find(':')) + " wants a value");
  } catch (const CLI::RequiredError &problem) {
    std::string text = problem.what();
    return misuse(parser->command,
                  "no " + text.substr(0, text.find(' ')) + " is given");
  } catch (const CLI::ExtrasError &problem) {
    std::vector<std::string> words = app.remaining();
    return misuse(parser->command,
                  fmt::format("unexpected argument '{}'",
                              words.empty() ? problem.what() : words.front()));
  } catch (const CLI::ParseError &problem) {
    return misuse(parser->command, problem.what());
  }
  return std::nullopt;
}

/// Insertions, deletions and substitutions that turn one text into the other.
static size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string suggestion(const std::string &word,
                       const std::vector<std::string> &candidates) {
  // Two letters may be wrong, or a third of them.
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  const std::string *nearest = nullptr;
  for (const std::string &candidate : candidates) {
    size_t distance = editDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest ? fmt::format(", did you mean '{}'?", *nearest) : "";
}

} // namespace modc::driver
