// transfer.h: what one call wants to receive or send, and what comes of it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"

namespace arrakis::posix {

std::size_t size_of(std::span<const iovec> parts);
// Both leave out the first `skip` bytes of the parts, and say how many were copied.
std::size_t copy_into(std::span<const iovec> parts, std::size_t skip,
                      std::span<const std::byte> from);
std::size_t copy_from(std::span<const iovec> parts, std::size_t skip, std::span<std::byte> to);

struct Incoming {
  std::span<const iovec> into;
  int flags = 0;         // MSG_PEEK, MSG_TRUNC
  std::size_t done = 0;  // bytes of earlier attempts of the same call
  // Answers
  std::optional<Endpoint> source;  // of a datagram
  int message_flags = 0;           // MSG_TRUNC
};

struct Outgoing {
  std::span<const iovec> from;
  int flags = 0;
  std::optional<Endpoint> target;
  std::size_t done = 0;  // bytes of earlier attempts of the same call
};

}  // namespace arrakis::posix
