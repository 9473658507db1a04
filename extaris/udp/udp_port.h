// udp_port.h: the state of one UDP socket. Hot part first.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "extaris/ip/send_error.h"
#include "extaris/packet/packet_ring.h"

namespace arrakis::extaris {

// The last few errors, oldest first; when it is full the newest are lost.
class ErrorQueue {
 public:
  void push(SocketError error) noexcept {
    if (count_ < errors_.size()) errors_[count_++] = error;
  }
  std::optional<SocketError> pop() noexcept {
    if (count_ == 0) return std::nullopt;
    const SocketError oldest = errors_[0];
    --count_;
    for (std::uint8_t i = 0; i < count_; ++i) errors_[i] = errors_[i + 1u];
    return oldest;
  }

 private:
  std::array<SocketError, 15> errors_{};
  std::uint8_t count_ = 0;
};

struct UdpPort {
  static constexpr std::uint16_t none = 0xffff;

  PacketRing received;
  std::uint16_t number = 0;   // the local port; 0: this place is free
  std::uint16_t next = none;  // another socket on the same port, or in the free list
  bool takes_all = false;     // any address of ours, any peer: nothing more to compare
  bool is_connected = false;
  bool forbids_fragments = false;
  IpAddress local;  // any: all of ours
  Endpoint peer;    // when connected
  ErrorQueue errors;

  // Whether a datagram is for this socket, and how closely it was named: 0 is no.
  int match(const IpAddress& target, const Endpoint& source) const noexcept {
    int closeness = 1;
    if (local.is_any()) {
      if (local.is_v4() && !target.is_v4()) return 0;
      if (local.is_v4()) closeness = 2;
    } else {
      if (local != target) return 0;
      closeness = 3;
    }
    if (!is_connected) return closeness;
    return peer == source ? closeness + 3 : 0;
  }
};

}  // namespace arrakis::extaris
