// result.h: how a command can end: its exit status, or a failure that a person can mend.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace arrakis::ctl {

// Part of the interface for scripts: numbers are never reused.
enum class Exit : int {
  ok = 0,
  other = 1,
  usage = 2,
  not_found = 3,
  denied = 4,
  conflict = 5,
  preflight = 6,    // doctor found a FAIL
  unreachable = 7,  // no daemon, or nothing that speaks like one
  timeout = 8,
  // run alone, as in POSIX for env(1): the program could not be started.
  cannot_execute = 126,
  no_program = 127,
};

constexpr Exit exit_of(Error::Code code) {
  switch (code) {
    case Error::Code::usage: return Exit::usage;
    case Error::Code::not_found: return Exit::not_found;
    case Error::Code::denied: return Exit::denied;
    case Error::Code::conflict: return Exit::conflict;
    case Error::Code::internal:
    case Error::Code::unavailable:
    case Error::Code::exhausted:
    case Error::Code::not_yet: break;
  }
  return Exit::other;
}

struct Failure {
  Failure(Error e) : exit{exit_of(e.code)}, error{std::move(e)} {}
  Failure(Exit status, std::string message, std::string remedy)
      : exit{status}, error{Error::Code::internal, std::move(message), std::move(remedy)} {}

  Exit exit;
  Error error;
};

template <class T>
using Result = std::expected<T, Failure>;

inline std::unexpected<Failure> fail(Exit status, std::string message, std::string remedy = "") {
  return std::unexpected(Failure{status, std::move(message), std::move(remedy)});
}

}  // namespace arrakis::ctl
