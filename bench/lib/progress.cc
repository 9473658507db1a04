#include "bench/lib/progress.h"

#include <unistd.h>

#include <cstdio>

namespace arrakis::bench {

Progress::Progress() : terminal_{isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::show(double fraction, std::string_view what) {
  if (terminal_) std::fprintf(stderr, "\r%s\033[K", progress_bar(fraction, what).c_str());
}

std::string progress_bar(double fraction, std::string_view what) {
  constexpr std::size_t width = 30;
  const auto done = static_cast<std::size_t>(fraction * static_cast<double>(width));
  std::string percent = std::to_string(static_cast<int>(fraction * 100));
  percent.insert(0, 3 - percent.size(), ' ');
  return '[' + std::string(done, '#') + std::string(width - done, '.') + "] " + percent + " %  " +
         std::string(what);
}

}  // namespace arrakis::bench
