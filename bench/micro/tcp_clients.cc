#include "bench/micro/tcp_clients.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/wire/load_store.h"

namespace arrakis::bench {
namespace {

using extaris::Packet;
using extaris::TcpOverIpv4Frame;
namespace tcp_flag = extaris::tcp_flag;

constexpr std::uint32_t first_sequence = 1'000'000;
constexpr std::uint32_t ports_a_host = 50'000;
constexpr std::uint16_t first_port = 10'000;

}  // namespace

TcpClients::TcpClients(extaris::PacketPool& pool, const extaris::DeviceInfo& info,
                       std::size_t count)
    : info_{info}, pool_{pool}, clients_(count), order_(count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const Ipv4Address host = Ipv4Address::from_host(0x0a40'0001 + i / ports_a_host);
    clients_[i] = {.seq = first_sequence,
                   .ack = 0,
                   .host = std::bit_cast<std::uint32_t>(host),
                   .port = be16_t{static_cast<std::uint16_t>(first_port + i % ports_a_host)}};
  }
  std::iota(order_.begin(), order_.end(), 0u);
  for (std::size_t i = order_.size() - 1; i > 0; --i)
    std::swap(order_[i], order_[random_.below(i + 1)]);
  const std::size_t segment_bytes =
      sizeof(TcpRequestFrame) - sizeof(EthernetHeader) - sizeof(Ipv4Header);
  request_.headers.ethernet = {server_mac, client_mac, be16_t{extaris::ethertype::ipv4}};
  request_.headers.ip = extaris::emit_ipv4({.source = client_v4,
                                            .target = server_v4,
                                            .protocol = extaris::protocol::tcp,
                                            .payload_bytes = segment_bytes});
  request_.headers.tcp = {.source_port = be16_t{0},
                          .target_port = be16_t{tcp_port},
                          .sequence = be32_t{0},
                          .acknowledgment = be32_t{0},
                          .words_and_reserved = 8 << 4,
                          .flags = tcp_flag::ack | tcp_flag::psh,
                          .window = be16_t{0xffff},
                          .checksum = be16_t{0},
                          .urgent = be16_t{0}};
  request_.timestamps = {extaris::TcpTimestampOption::usual, be32_t{1}, be32_t{0}};
  std::memset(request_.payload, 'q', sizeof(request_.payload));
  payload_sum_ = extaris::InternetSum{}.add(request_.payload).folded();
}

Packet TcpClients::frame_of(const Client& client, std::uint8_t flags, std::size_t payload) {
  Packet packet = pool_.allocate();
  if (!packet) return packet;
  resize(packet, sizeof(request_) - payload_bytes + payload);
  std::byte* at = extaris::bytes(packet).data();
  std::memcpy(at, &request_, sizeof(request_));
  auto& headers = extaris::headers_at<TcpOverIpv4Frame>(at);
  headers.ip.total_bytes =
      be16_t{static_cast<std::uint16_t>(size(packet) - sizeof(EthernetHeader))};
  headers.ip.source = std::bit_cast<Ipv4Address>(client.host);
  headers.tcp.source_port = client.port;
  headers.tcp.sequence = be32_t{client.seq};
  headers.tcp.acknowledgment = be32_t{client.ack};
  headers.tcp.flags = flags;
  if (info_.receive_checksum == extaris::Checksum::unneeded) return packet;
  // Only of what differs from one frame to the next; the payload has been summed.
  headers.ip.checksum = be16_t{0};
  headers.ip.checksum = extaris::InternetSum{}.add_header(headers.ip).checksum();
  headers.tcp.checksum = be16_t{0};
  extaris::InternetSum sum =
      extaris::pseudo_header(headers.ip.source, headers.ip.target, extaris::protocol::tcp,
                             size(packet) - sizeof(EthernetHeader) - sizeof(Ipv4Header))
          .add_header(headers.tcp)
          .add_header(request_.timestamps);
  if (payload > 0) sum.add(be16_t::from_raw(payload_sum_));
  headers.tcp.checksum = sum.checksum();
  return packet;
}

std::size_t TcpClients::next_client() noexcept {
  const std::size_t next = order_[at_];
  at_ = at_ + 1 == order_.size() ? 0 : at_ + 1;
  return next;
}

void TcpClients::receive(extaris::Burst& burst) noexcept {
  if (!are_connected()) return receive_handshakes(burst);
  asked_.clear();
  for (std::size_t i = 0; i < requests_a_burst(); ++i) {
    Client& client = clients_[next_client()];
    Packet packet = frame_of(client, tcp_flag::ack | tcp_flag::psh, payload_bytes);
    if (!packet) return;
    asked_.push_back(static_cast<std::uint32_t>(&client - clients_.data()));
    client.seq += payload_bytes;
    burst.append(std::move(packet));
  }
}

void TcpClients::receive_handshakes(extaris::Burst& burst) noexcept {
  for (const std::uint32_t i : to_confirm_) {
    burst.append(frame_of(clients_[i], tcp_flag::ack, 0));
    ++connected_;
  }
  if (to_confirm_.empty())
    for (; begun_ < clients_.size() && burst.size() < burst_packets; ++begun_)
      burst.append(frame_of(clients_[begun_], tcp_flag::syn, 0));
  to_confirm_.clear();
}

void TcpClients::finish_handshake(const TcpOverIpv4Frame& answer) noexcept {
  if ((answer.tcp.flags & tcp_flag::syn) == 0) return;
  const std::uint32_t host = answer.ip.target.host() - 0x0a40'0001;
  const std::uint32_t i = host * ports_a_host + (answer.tcp.target_port.host() - first_port);
  Client& client = clients_[i];
  if (std::exchange(client.is_connected, true)) return;
  client.seq = first_sequence + 1;
  client.ack = answer.tcp.sequence.host() + 1;
  to_confirm_.push_back(i);
}

void TcpClients::transmit(extaris::Burst& burst) noexcept {
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const Packet packet = burst.take(i);
    const auto& answer = extaris::headers_at<TcpOverIpv4Frame>(extaris::bytes(packet).data());
    if (!are_connected()) {
      finish_handshake(answer);
      continue;
    }
    if (size(packet) != sizeof(TcpRequestFrame) || answers_ >= asked_.size()) continue;
    Client& client = clients_[asked_[answers_]];
    if (answer.tcp.target_port != client.port || answer.tcp.sequence.host() != client.ack ||
        answer.tcp.acknowledgment.host() != client.seq)
      continue;
    client.ack += payload_bytes;
    ++answers_;
  }
  burst.clear();
}

}  // namespace arrakis::bench
