// frame_echo.h: answers UDP frames with no stack at all: the "bare device" figures compare with.
//
// Does only what any echo must: who sent it gets it back. Exchanging addresses and ports leaves
// every checksum right (RFC 1071: a sum does not care for the order of its terms).
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "extaris/netdev/net_device.h"
#include "extaris/packet/bytes.h"

namespace arrakis::extaris {

// Exchanges source and target of Ethernet, IPv4 without options, and UDP, in place. False: too
// short for that; nothing was changed. What the frame really is, is not looked at.
inline bool turn_around(std::span<std::byte> frame) noexcept {
  constexpr std::size_t source_ip = 14 + 12, target_ip = 14 + 16, ports = 14 + 20;
  if (frame.size() < ports + 8) return false;
  const auto exchange = [&frame](std::size_t a, std::size_t b, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) std::swap(frame[a + i], frame[b + i]);
  };
  exchange(0, 6, 6);
  exchange(source_ip, target_ip, 4);
  exchange(ports, ports + 2, 2);
  return true;
}

// One burst in, turned around, out. Returns how many frames came in; what the device did not take
// or what was too short is dropped.
inline std::size_t echo_burst(NetDevice& device) noexcept {
  Burst in;
  device.receive(in);
  const std::size_t count = in.size();
  Burst out;
  for (std::size_t i = 0; i < count; ++i) {
    Packet packet = in.take(i);
    if (turn_around(bytes(packet))) out.append(std::move(packet));
  }
  if (!out.empty()) device.transmit(out);
  return count;
}

}  // namespace arrakis::extaris
