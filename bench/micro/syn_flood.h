// syn_flood.h: a device without a wire on which forged SYNs arrive for ever, each from another
// address and port, and among them now and then a client that is real and finishes its handshake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/random.h"
#include "bench/micro/frames.h"
#include "bench/micro/tcp_clients.h"
#include "extaris/netdev/net_device.h"
#include "extaris/packet/bytes.h"
#include "extaris/wire/tcp_frame.h"

namespace arrakis::bench {

class SynFlood final : public extaris::NetDevice {
 public:
  static constexpr std::size_t burst_packets = 32;
  static constexpr std::size_t bursts_a_client = 64;

  explicit SynFlood(extaris::PacketPool& pool) : pool_{pool} {}

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  extaris::PacketPool& pool() noexcept override { return pool_; }

  void receive(extaris::Burst& burst) noexcept override {
    if (const auto ack = std::exchange(to_confirm_, std::nullopt))
      append(burst, {client_, client_port_, extaris::tcp_flag::ack, first_sequence + 1, *ack});
    if (bursts_++ % bursts_a_client == 0) {
      client_port_ = be16_t{static_cast<std::uint16_t>(1024 + ++clients_ % 60'000)};
      append(burst, {client_, client_port_, extaris::tcp_flag::syn, first_sequence, 0});
    }
    while (burst.size() < burst_packets) {
      const Ipv4Address from =
          Ipv4Address::from_host(0x0a40'0001 + static_cast<std::uint32_t>(random_.below(1 << 20)));
      const auto port = static_cast<std::uint16_t>(1024 + random_.below(60'000));
      append(burst, {from, be16_t{port}, extaris::tcp_flag::syn,
                     static_cast<std::uint32_t>(random_.below(1u << 31)), 0});
    }
  }

  void transmit(extaris::Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const extaris::Packet packet = burst.take(i);
      const auto& frame =
          extaris::headers_at<extaris::TcpOverIpv4Frame>(extaris::bytes(packet).data());
      if ((frame.tcp.flags & extaris::tcp_flag::syn) == 0) continue;
      ++answers_;
      if (frame.ip.target == client_ && frame.tcp.target_port == client_port_)
        to_confirm_ = frame.tcp.sequence.host() + 1;
    }
    burst.clear();
  }

  // How many SYNs were answered since the last call.
  std::size_t take_answers() noexcept { return std::exchange(answers_, 0); }
  // How many real clients there were.
  std::size_t clients() const noexcept { return clients_; }

 private:
  static constexpr std::uint32_t first_sequence = 1'000'000;
  struct From {
    Ipv4Address host;
    be16_t port;
    std::uint8_t flags;
    std::uint32_t seq, ack;
  };

  void append(extaris::Burst& burst, const From& from) noexcept {
    extaris::Packet packet = pool_.allocate();
    if (!packet) return;
    resize(packet, sizeof(extaris::TcpOverIpv4Frame));
    auto& frame = extaris::headers_at<extaris::TcpOverIpv4Frame>(extaris::bytes(packet).data());
    frame.ethernet = {server_mac, client_mac, be16_t{extaris::ethertype::ipv4}};
    write(frame.ip, extaris::emit_ipv4({.source = from.host,
                                        .target = server_v4,
                                        .protocol = extaris::protocol::tcp,
                                        .payload_bytes = sizeof(extaris::TcpHeader)}));
    frame.tcp = {.source_port = from.port,
                 .target_port = be16_t{tcp_port},
                 .sequence = be32_t{from.seq},
                 .acknowledgment = be32_t{from.ack},
                 .words_and_reserved = sizeof(extaris::TcpHeader) / 4 << 4,
                 .flags = from.flags,
                 .window = be16_t{0xffff},
                 .checksum = be16_t{0},
                 .urgent = be16_t{0}};
    burst.append(std::move(packet));
  }

  extaris::DeviceInfo info_{.mac = server_mac,
                            .receive_checksum = extaris::Checksum::unneeded,
                            .transmit_checksum = extaris::Checksum::unneeded};
  extaris::PacketPool& pool_;
  Random random_{1};
  Ipv4Address client_ = Ipv4Address::from_host(0x0a7f'0001);
  be16_t client_port_{0};
  std::optional<std::uint32_t> to_confirm_;
  std::size_t bursts_ = 0, clients_ = 0, answers_ = 0;
};

}  // namespace arrakis::bench
