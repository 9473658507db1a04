// error.h: what went wrong at set-up, said so that a person can mend it.
//
// For set-up and the control plane only: the data path has enums and counters instead.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace arrakis {

struct Error {
  enum class Code : std::uint8_t {  // in step with protocol::Error::Code
    internal,
    usage,  // the request itself is malformed
    not_found,
    denied,       // policy says no
    conflict,     // taken, in use, or overlapping
    unavailable,  // this machine or provider cannot do it
    exhausted,    // a limit
    not_yet,      // named, not built yet
  };
  Code code = Code::internal;
  std::string message;  // one line: what is wrong
  std::string remedy;   // one line: what mends it; may be empty
};

template <class T>
using Outcome = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error::Code code, std::string message, std::string remedy = "") {
  return std::unexpected(Error{code, std::move(message), std::move(remedy)});
}

}  // namespace arrakis
