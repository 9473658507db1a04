#include "libos/posix/transfer.h"

#include <algorithm>
#include <cstring>

namespace arrakis::posix {
namespace {

// Calls step(part, bytes) for the parts behind `skip` until `most` bytes are through.
template <class Step>
std::size_t walk(std::span<const iovec> parts, std::size_t skip, std::size_t most, Step step) {
  std::size_t done = 0;
  for (const iovec& part : parts) {
    if (skip >= part.iov_len) {
      skip -= part.iov_len;
      continue;
    }
    const std::size_t count = std::min(part.iov_len - skip, most - done);
    if (count == 0) break;
    step(static_cast<std::byte*>(part.iov_base) + skip, done, count);
    done += count;
    skip = 0;
  }
  return done;
}

}  // namespace

std::size_t size_of(std::span<const iovec> parts) {
  std::size_t sum = 0;
  for (const iovec& part : parts) sum += part.iov_len;
  return sum;
}

std::size_t copy_into(std::span<const iovec> parts, std::size_t skip,
                      std::span<const std::byte> from) {
  return walk(parts, skip, from.size(), [&](std::byte* at, std::size_t done, std::size_t count) {
    std::memcpy(at, from.data() + done, count);
  });
}

std::size_t copy_from(std::span<const iovec> parts, std::size_t skip, std::span<std::byte> to) {
  return walk(parts, skip, to.size(),
              [&](const std::byte* at, std::size_t done, std::size_t count) {
                std::memcpy(to.data() + done, at, count);
              });
}

}  // namespace arrakis::posix
