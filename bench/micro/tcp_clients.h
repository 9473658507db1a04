// tcp_clients.h: a device without a wire at whose other end are many TCP clients, each with one
// request of 64 bytes under way. Does what a driver does a packet, and as little as a client can:
// it knows what its server will answer and checks that it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "bench/micro/frames.h"
#include "extaris/netdev/net_device.h"
#include "extaris/wire/tcp_frame.h"

namespace arrakis::bench {

inline constexpr std::uint16_t tcp_port = 80;

// What all their frames have in front, with the timestamps that Linux's clients send.
struct TcpRequestFrame {
  extaris::TcpOverIpv4Frame headers;
  extaris::TcpTimestampOption timestamps;
  std::byte payload[payload_bytes];
};
static_assert(sizeof(TcpRequestFrame) == 54 + 12 + payload_bytes);

class TcpClients final : public extaris::NetDevice {
 public:
  static constexpr std::size_t burst_packets = 32;

  // More than one: in each burst others, in an order that no prefetcher can foresee.
  TcpClients(extaris::PacketPool& pool, const extaris::DeviceInfo& info, std::size_t count);

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  extaris::PacketPool& pool() noexcept override { return pool_; }
  void receive(extaris::Burst& burst) noexcept override;
  void transmit(extaris::Burst& burst) noexcept override;

  // From now on receive() brings requests; until then it brings handshakes.
  bool are_connected() const noexcept { return connected_ == clients_.size(); }
  // How many right answers came since the last call.
  std::size_t take_answers() noexcept { return std::exchange(answers_, 0); }
  std::size_t requests_a_burst() const noexcept { return clients_.size() == 1 ? 1 : burst_packets; }

 private:
  struct Client {
    std::uint32_t seq;   // next of ours
    std::uint32_t ack;   // next of the server's
    std::uint32_t host;  // as in the header
    be16_t port;
    bool is_connected = false;
  };

  extaris::Packet frame_of(const Client& client, std::uint8_t flags, std::size_t payload);
  void receive_handshakes(extaris::Burst& burst) noexcept;
  void finish_handshake(const extaris::TcpOverIpv4Frame& answer) noexcept;
  std::size_t next_client() noexcept;

  extaris::DeviceInfo info_;
  extaris::PacketPool& pool_;
  Random random_{1};
  std::vector<Client> clients_;
  std::vector<std::uint32_t> order_;  // of the next requests
  std::size_t at_ = 0;                // in `order_`
  std::vector<std::uint32_t> asked_;  // in this burst
  std::size_t begun_ = 0;
  std::size_t connected_ = 0;
  std::size_t answers_ = 0;
  std::vector<std::uint32_t> to_confirm_;
  TcpRequestFrame request_;
  std::uint16_t payload_sum_ = 0;
};

}  // namespace arrakis::bench
