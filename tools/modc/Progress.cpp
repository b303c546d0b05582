//===- Progress.cpp - Where a long run stands -----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The line is cut to the width of the terminal, since a wrapped line could not
// be rewritten in place.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Progress.h"

#include "tools/modc/Output.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace modc::driver {

/// True while a line stands on the terminal.
static bool shown = false;

static size_t terminalWidth() {
  struct winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

static bool isTerminal() {
  const char *name = std::getenv("TERM");
  return isatty(STDERR_FILENO) && !(name && std::string_view(name) == "dumb");
}

ProgressLine::ProgressLine(int64_t total, int64_t done, std::string unit)
    : total(total), before(done), unit(std::move(unit)), terminal(isTerminal()),
      start(Clock::now()), last(start) {}

ProgressLine::~ProgressLine() { wipe(); }

void ProgressLine::wipe() {
  if (!shown)
    return;
  shown = false;
  std::fputs("\r\x1b[K", stderr);
}

bool ProgressLine::due() const {
  // A log file wants a sign of life, not a film.
  auto pause = terminal ? std::chrono::milliseconds(100)
                        : std::chrono::milliseconds(10000);
  return Clock::now() - last >= pause;
}

std::string ProgressLine::line(int64_t done, std::string_view facts,
                               bool left) const {
  double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  double rate = seconds > 0 ? double(done - before) / seconds : 0;
  std::string text = fmt::format("{}/{} {}", done, total, unit);
  if (!facts.empty())
    text.append("  ").append(facts);
  if (rate > 0)
    text += fmt::format("  {:.{}f} {}/s", rate, rate < 10 ? 1 : 0, unit);
  if (rate > 0 && left)
    text += fmt::format("  {} left", durationText(double(total - done) / rate));
  return text;
}

void ProgressLine::update(int64_t done, std::string_view facts) {
  last = Clock::now();
  std::string text = line(done, facts, true);
  if (!terminal) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  // Numbers and units are ASCII, so that bytes are columns.
  size_t width = terminalWidth();
  if (text.size() >= width)
    text.resize(width - 1);
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
  shown = true;
}

void ProgressLine::milestone(int64_t done, std::string_view facts) {
  wipe();
  last = Clock::now();
  std::fprintf(stderr, "%s\n", line(done, facts, done < total).c_str());
}

} // namespace modc::driver
