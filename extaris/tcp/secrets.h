// secrets.h: what strangers must not guess: initial sequence numbers (RFC 6528), the offsets of
// timestamps (RFC 7323, 5.4), where the search for a port begins (RFC 6056, 3.3.3).
#pragma once

#include <array>
#include <cstdint>

#include "base/instant.h"
#include "base/random.h"
#include "base/seq.h"
#include "base/siphash.h"
#include "extaris/tcp/connections.h"

namespace arrakis::extaris::tcp {

class Secrets {
 public:
  explicit Secrets(std::uint64_t seed) noexcept : Secrets{Random{seed ^ 0x74'63'70}} {}

  FlowHash flow_hash() const noexcept { return flow_hash_; }

  // RFC 6528, 3: a clock of four microseconds and a hash of who speaks with whom.
  Seq initial_sequence(const IpAddress& local, const Flow& flow, Instant now) const noexcept {
    return Seq{static_cast<std::uint32_t>(of(flow, local, 1)) +
               static_cast<std::uint32_t>(now.ns / 4'000)};
  }
  std::uint32_t timestamp_offset(const IpAddress& local, const Flow& flow) const noexcept {
    return static_cast<std::uint32_t>(of(flow, local, 2));
  }
  std::uint32_t port_offset(const IpAddress& local, const Flow& flow) const noexcept {
    Flow without = flow;
    without.local_port = 0;
    return static_cast<std::uint32_t>(of(without, local, 3));
  }
  std::uint64_t of(const Flow& flow, const IpAddress& local, std::uint64_t purpose) const noexcept {
    std::array<std::uint64_t, 6> words{};
    const auto r = std::bit_cast<std::array<std::uint64_t, 2>>(flow.remote);
    const auto l = std::bit_cast<std::array<std::uint64_t, 2>>(local);
    words = {r[0],   r[1], l[0], l[1], std::uint64_t{flow.remote_port} << 16 | flow.local_port,
             purpose};
    return hash_(words);
  }

 private:
  explicit Secrets(Random random) noexcept
      : flow_hash_{random.next(), random.next()}, hash_{random.next(), random.next()} {}

  FlowHash flow_hash_;
  SipHash hash_;
};

}  // namespace arrakis::extaris::tcp
