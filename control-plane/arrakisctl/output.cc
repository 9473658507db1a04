#include "control-plane/arrakisctl/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

void write_line(std::string_view start, std::string_view message) {
  const std::string line = std::string{start} + control::one_line(message) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void print(std::string_view data) { std::fwrite(data.data(), 1, data.size(), stdout); }

void note(std::string_view message) { write_line("", message); }

void report(const Failure& failure) {
  std::fflush(stdout);
  write_line("error: ", failure.error.message);
  if (!failure.error.remedy.empty()) write_line("  fix: ", failure.error.remedy);
}

Colour colour_of_stdout() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool refused = no_color != nullptr && no_color[0] != '\0';
  return ::isatty(STDOUT_FILENO) == 1 && !refused ? Colour::yes : Colour::no;
}

Result<void> finish() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return fail(Exit::other, std::string{"stdout cannot be written: "} + std::strerror(errno));
}

}  // namespace arrakis::ctl
