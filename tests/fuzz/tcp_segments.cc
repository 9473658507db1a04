// A script of segments, most of them near what the connection expects, of what the application
// does, and of steps of time, against a listener and a connection that was opened.
//
// Must hold: whatever is sent is well-formed TCP with a right checksum, nothing behind a frame's
// end is read, and every buffer comes back.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <span>

#include "extaris/packet/bytes.h"
#include "extaris/stack/stack.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/tcp.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/script.h"

namespace arrakis::fuzz {
namespace {

using extaris::Burst;
using extaris::EthernetHeader;
using extaris::Ipv4Header;
using extaris::Packet;
using extaris::PacketPool;
using extaris::TcpBuffer;
using extaris::TcpConnection;
using extaris::TcpHeader;
namespace tcp_flag = extaris::tcp_flag;

constexpr Ipv4Address peer_v4{{10, 0, 0, 2}};
constexpr MacAddress peer_mac{{2, 0, 0, 0, 0, 2}};
constexpr std::uint16_t peer_port = 1'000;
constexpr std::uint16_t server_port = 80;
constexpr int steps_max = 200;

// What the peer has seen of the host, and may build upon.
struct Seen {
  Seq seq{};
  Seq ack{};
  std::uint32_t stamp = 0;
  std::uint16_t port = server_port;
};

class Device final : public extaris::NetDevice {
 public:
  explicit Device(PacketPool& pool) : pool_{pool}, info_{.mac = our_mac} {}

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  PacketPool& pool() noexcept override { return pool_; }
  void receive(Burst& burst) noexcept override {
    if (arrived_) burst.append(std::move(arrived_));
  }
  void transmit(Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) look_at(bytes(burst.take(i)));
    burst.clear();
  }
  void arrive(std::span<const std::byte> frame) {
    arrived_ = pool_.allocate();
    if (!arrived_ || tailroom(arrived_) < frame.size()) return;
    resize(arrived_, frame.size());
    std::ranges::copy(frame, bytes(arrived_).begin());
  }
  const Seen& seen() const { return seen_; }

 private:
  void look_at(std::span<const std::byte> frame) {
    if (frame.size() > 1'514 || frame.size() < sizeof(EthernetHeader) + sizeof(Ipv4Header))
      std::abort();
    const auto ip =
        extaris::parse_ipv4(frame.subspan(sizeof(EthernetHeader)), extaris::Verify::yes);
    if (!ip || ip->protocol != extaris::protocol::tcp) return;
    const auto sum =
        extaris::pseudo_header(ip->source, ip->target, extaris::protocol::tcp, ip->payload.size())
            .add(ip->payload)
            .intact();
    const auto tcp = extaris::parse_tcp(ip->payload);
    if (!sum || !tcp) std::abort();
    const auto end = tcp->sequence + static_cast<std::uint32_t>(tcp->payload.size());
    if ((tcp->flags & tcp_flag::rst) == 0)
      seen_ = {end + ((tcp->flags & (tcp_flag::syn | tcp_flag::fin)) != 0 ? 1 : 0),
               tcp->acknowledgment, 0, tcp->source_port};
    if (const auto stamps = extaris::parse_tcp_options(tcp->options).timestamps)
      seen_.stamp = stamps->value;
  }

  PacketPool& pool_;
  extaris::DeviceInfo info_;
  Packet arrived_;
  Seen seen_;
};

// Near a number that matters, or anywhere.
Seq near(Script& script, Seq number) {
  const std::uint16_t choice = script.word();
  if (choice < 0x8000) return number;
  if (choice < 0xc000) return number + (choice & 0xfff);
  if (choice < 0xf000) return number - (choice & 0xfff);
  return Seq{std::uint32_t{choice} << 16 | script.word()};
}

template <class Header>
void append(Bytes& to, const Header& header) {
  to.resize(to.size() + sizeof(header));
  extaris::store(to.data() + to.size() - sizeof(header), header);
}

Bytes segment_frame(Script& script, const Seen& seen) {
  Bytes options = script.bytes(script.byte() % 4 == 0 ? 40 : 0);
  if (script.byte() % 2 == 0) {
    extaris::TcpOptionWriter writer;
    const std::uint8_t which = script.byte();
    if ((which & 1) != 0) writer.timestamps({script.word(), seen.stamp});
    if ((which & 2) != 0) writer.maximum_segment_bytes(script.word());
    if ((which & 4) != 0) writer.sack_permitted();
    if ((which & 8) != 0) writer.window_scale(script.byte());
    if ((which & 16) != 0) {
      const Seq first = near(script, seen.seq);
      const extaris::SackBlock block{first, near(script, first)};
      writer.sack({&block, 1});
    }
    const auto written = writer.bytes();
    options.assign(written.begin(), written.end());
  }
  options.resize(std::min<std::size_t>((options.size() + 3) / 4 * 4, 40));
  const Bytes text = script.bytes(1'400);
  TcpHeader header{.source_port = be16_t{peer_port},
                   .target_port = be16_t{seen.port},
                   .sequence = be32_t{near(script, seen.ack).raw()},
                   .acknowledgment = be32_t{near(script, seen.seq).raw()},
                   .words_and_reserved =
                       static_cast<std::uint8_t>((sizeof(TcpHeader) + options.size()) / 4 << 4),
                   .flags = script.byte(),
                   .window = be16_t{script.word()},
                   .checksum = be16_t{0},
                   .urgent = be16_t{script.word()}};
  if (script.byte() % 4 != 0) header.flags = tcp_flag::ack;  // most are
  const std::size_t bytes = sizeof(header) + options.size() + text.size();
  header.checksum = extaris::pseudo_header(peer_v4, our_v4, extaris::protocol::tcp, bytes)
                        .add_header(header)
                        .add(options)
                        .add(text)
                        .checksum();
  Bytes frame;
  append(frame, EthernetHeader{our_mac, peer_mac, be16_t{extaris::ethertype::ipv4}});
  append(frame, extaris::emit_ipv4({.source = peer_v4,
                                    .target = our_v4,
                                    .protocol = extaris::protocol::tcp,
                                    .traffic_class = static_cast<std::uint8_t>(script.byte() & 3),
                                    .payload_bytes = bytes}));
  append(frame, header);
  frame.insert(frame.end(), options.begin(), options.end());
  frame.insert(frame.end(), text.begin(), text.end());
  return frame;
}

void act(std::optional<TcpConnection>& connection, Script& script) {
  if (!connection) return;
  switch (script.byte() % 8) {
    case 0: connection->shutdown(); break;
    case 1:
      if (script.byte() % 4 == 0) connection->abort();
      break;
    case 2:
      if (script.byte() % 4 == 0) connection.reset();
      break;
    case 3: connection->set_no_delay(script.byte() % 2 == 0); break;
    case 4:
      connection->set_keepalive(
          extaris::TcpKeepalive{Duration::seconds(1 + script.byte()), Duration::seconds(1)});
      break;
    case 5: {
      TcpBuffer buffer = connection->receive();
      if (buffer) (void)connection->send(std::move(buffer));
      break;
    }
    default: {
      const Bytes text(script.word() % 5'000);
      (void)connection->send(text);
      break;
    }
  }
}

void run(Script& script, PacketPool& pool) {
  Device device{pool};
  extaris::StackConfig config{.addresses = {{our_v4, 24}},
                              .routes = {},
                              .neighbors = {{peer_v4, peer_mac}},
                              .seed = 1,
                              .tcp = {.connections_max = 8}};
  config.tcp.settings.ecn = script.byte() % 2 == 0;
  config.tcp.settings.receive_buffer_log2 = static_cast<std::uint8_t>(11 + script.byte() % 8);
  config.tcp.settings.congestion = static_cast<extaris::tcp::CongestionControl>(script.byte() % 3);
  extaris::Stack stack{device, config};
  Instant now{};
  stack.poll(now);
  auto listener = stack.listen_tcp({{}, server_port});
  if (!listener) std::abort();
  std::optional<TcpConnection> connection;
  if (script.byte() % 2 == 0) {
    auto opened = stack.connect_tcp({peer_v4, peer_port});
    if (!opened) std::abort();
    connection.emplace(std::move(*opened));
    stack.flush();
  }
  std::array<extaris::TcpEvent, 4> events;
  for (int step = 0; step < steps_max && !script.done(); ++step) {
    const std::uint8_t what = script.byte();
    if (what % 8 == 0)
      now = now + Duration::milliseconds(10 * script.byte() * script.byte());
    else if (what % 8 == 1)
      act(connection, script);
    else
      device.arrive(segment_frame(script, device.seen()));
    stack.poll(now);
    stack.flush();
    (void)stack.tcp_events(events);
    if (!connection)
      if (auto accepted = listener->accept()) connection.emplace(std::move(*accepted));
  }
}

}  // namespace

void run_script(std::span<const std::byte> input) {
  static auto* pool = new PacketPool{*PacketPool::create({.packets = 1'023})};
  Script script{input};
  run(script, *pool);
  if (pool->available() != pool->capacity()) std::abort();  // a leak
}

}  // namespace arrakis::fuzz
