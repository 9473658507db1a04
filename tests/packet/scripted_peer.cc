#include "tests/packet/scripted_peer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iomanip>
#include <sstream>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/icmpv6.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"

namespace arrakis::packet {
namespace {

using extaris::Burst;
using extaris::DeviceInfo;
using extaris::emit_ipv4;
using extaris::emit_ipv6;
using extaris::EthernetHeader;
using extaris::Icmpv4Header;
using extaris::Icmpv6Header;
using extaris::InternetSum;
using extaris::Ipv4Header;
using extaris::Ipv6Header;
using extaris::load;
using extaris::NetDevice;
using extaris::Packet;
using extaris::PacketPool;
using extaris::parse_tcp;
using extaris::parse_tcp_options;
using extaris::pseudo_header;
using extaris::SackBlock;
using extaris::Stack;
using extaris::StackConfig;
using extaris::store;
using extaris::TcpHeader;
using extaris::TcpOptions;
using extaris::TcpOptionWriter;
using extaris::TcpTimestamps;
namespace ethertype = extaris::ethertype;
namespace icmpv4 = extaris::icmpv4;
namespace icmpv6 = extaris::icmpv6;
namespace protocol = extaris::protocol;
namespace tcp_flag = extaris::tcp_flag;
using Bytes = std::vector<std::byte>;

constexpr MacAddress host_mac{{2, 0, 0, 0, 0, 1}};
constexpr MacAddress peer_mac{{2, 0, 0, 0, 0, 2}};
const Ipv4Address host_v4{{10, 0, 0, 1}};
const Ipv4Address peer_v4{{10, 0, 0, 2}};
const Ipv6Address host_v6 = IpAddress::parse("fd00::1")->v6();
const Ipv6Address peer_v6 = IpAddress::parse("fd00::2")->v6();
constexpr Seq peer_start{0xffff'fff0};  // so that scripts cross the wrap early
constexpr std::uint32_t host_initial = 0xffff'fffb;

template <class Header>
void append(Bytes& to, const Header& header) {
  to.resize(to.size() + sizeof(header));
  store(to.data() + to.size() - sizeof(header), header);
}

Bytes with_ip(bool is_v4, std::uint8_t protocol, std::uint8_t traffic_class, const Bytes& payload,
              bool from_host = false) {
  Bytes packet;
  if (is_v4)
    append(packet, emit_ipv4({.source = from_host ? host_v4 : peer_v4,
                              .target = from_host ? peer_v4 : host_v4,
                              .protocol = protocol,
                              .traffic_class = traffic_class,
                              .payload_bytes = payload.size()}));
  else
    append(packet, emit_ipv6({.source = from_host ? host_v6 : peer_v6,
                              .target = from_host ? peer_v6 : host_v6,
                              .next_header = protocol,
                              .traffic_class = traffic_class,
                              .payload_bytes = payload.size()}));
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

std::string to_hex(std::span<const std::byte> bytes) {
  std::ostringstream out;
  for (const std::byte b : bytes)
    out << std::hex << std::setw(2) << std::setfill('0') << std::to_integer<unsigned>(b);
  return out.str();
}

Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

// The SYN has a number of its own, before the text's.
std::uint32_t text_begins(const SegmentText& segment) {
  return segment.seq + ((segment.flags & tcp_flag::syn) != 0 ? 1 : 0);
}

InternetSum pseudo(bool is_v4, std::uint8_t protocol, std::size_t bytes) {
  return is_v4 ? pseudo_header(peer_v4, host_v4, protocol, bytes)
               : pseudo_header(peer_v6, host_v6, protocol, bytes);
}

}  // namespace

std::byte byte_at(std::uint32_t seq) { return static_cast<std::byte>(seq % 251); }

class ScriptedPeer::Device final : public NetDevice {
 public:
  Device(PacketPool& pool, const DeviceInfo& info) : info_{info}, pool_{pool} {}

  const DeviceInfo& info() const noexcept override { return info_; }
  PacketPool& pool() noexcept override { return pool_; }
  void receive(Burst& burst) noexcept override {
    for (; !inbox.empty() && !burst.full(); inbox.pop_front())
      burst.append(std::move(inbox.front()));
  }
  void transmit(Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const Packet packet = burst.take(i);
      const auto content = bytes(packet);
      sent.emplace_back(content.begin(), content.end());
    }
    burst.clear();
  }
  void give(std::uint16_t type, const Bytes& content) {
    Bytes frame;
    append(frame, EthernetHeader{host_mac, peer_mac, be16_t{type}});
    frame.insert(frame.end(), content.begin(), content.end());
    Packet packet = pool_.allocate();
    if (!packet || tailroom(packet) < frame.size()) return;
    resize(packet, frame.size());
    std::memcpy(bytes(packet).data(), frame.data(), frame.size());
    inbox.push_back(std::move(packet));
  }

  std::deque<Packet> inbox;
  std::vector<Bytes> sent;

 private:
  DeviceInfo info_;
  PacketPool& pool_;
};

ScriptedPeer::ScriptedPeer(PacketPool& pool, const PeerOptions& options)
    : options_{options},
      device_{std::make_unique<Device>(
          pool, DeviceInfo{.mac = host_mac, .mtu_bytes = options.mtu_bytes})},
      stack_{std::make_unique<Stack>(
          *device_,
          StackConfig{.addresses = {{IpAddress{host_v4}, 24}, {IpAddress{host_v6}, 64}},
                      .routes = {},
                      .neighbors = {{IpAddress{peer_v4}, peer_mac}, {IpAddress{peer_v6}, peer_mac}},
                      .seed = 1,
                      .tcp = {.connections_max = options.connections_max,
                              .settings = options.settings,
                              .initial_sequence = host_initial}})} {
  poll();
}

ScriptedPeer::~ScriptedPeer() = default;

Endpoint ScriptedPeer::remote() const {
  return {options_.is_v4 ? IpAddress{peer_v4} : IpAddress{peer_v6}, peer_port_};
}

void ScriptedPeer::arrive(const SegmentText& segment) {
  TcpOptionWriter writer;
  if (segment.options) {
    const OptionsText& o = *segment.options;
    if (o.mss) writer.maximum_segment_bytes(static_cast<std::uint16_t>(*o.mss));
    if (o.sack_permitted) writer.sack_permitted();
    if (o.timestamps)
      writer.timestamps({o.timestamps->value, o.timestamps->echo + stamp_start_.value_or(0)});
    if (o.window_scale) writer.window_scale(static_cast<std::uint8_t>(*o.window_scale));
    std::vector<SackBlock> blocks;
    const Seq host_start = host_start_.value_or(Seq{});
    for (const SackText& s : o.sack) blocks.push_back({host_start + s.first, host_start + s.end});
    writer.sack(blocks);
    if (o.cookie) writer.fast_open(from_hex(*o.cookie == "last" ? last_cookie_ : *o.cookie));
  }
  const auto options = writer.bytes();
  const Seq ack = host_start_.value_or(Seq{}) + segment.ack.value_or(0);
  TcpHeader header{.source_port = be16_t{peer_port_},
                   .target_port = be16_t{host_port_},
                   .sequence = be32_t{(peer_start + segment.seq).raw()},
                   .acknowledgment = be32_t{segment.ack ? ack.raw() : 0},
                   .words_and_reserved =
                       static_cast<std::uint8_t>((sizeof(TcpHeader) + options.size()) / 4 << 4),
                   .flags = segment.flags,
                   .window = be16_t{static_cast<std::uint16_t>(segment.window.value_or(65'535))},
                   .checksum = be16_t{0},
                   .urgent = be16_t{static_cast<std::uint16_t>(segment.urgent.value_or(0))}};
  Bytes text(options.begin(), options.end());
  const std::uint32_t first = text_begins(segment);
  for (std::uint32_t i = 0; i < segment.bytes; ++i) text.push_back(byte_at(first + i));
  header.checksum = pseudo(options_.is_v4, protocol::tcp, sizeof(header) + text.size())
                        .add_header(header)
                        .add(text)
                        .checksum();
  if (segment.has_bad_checksum)
    header.checksum = be16_t::from_raw(static_cast<std::uint16_t>(header.checksum.raw() ^ 1));
  Bytes whole;
  append(whole, header);
  whole.insert(whole.end(), text.begin(), text.end());
  device_->give(options_.is_v4 ? ethertype::ipv4 : ethertype::ipv6,
                with_ip(options_.is_v4, protocol::tcp, segment.ecn.value_or(0), whole));
  poll();
}

void ScriptedPeer::come_again() {
  ++peer_port_;
  host_start_.reset();
  stamp_start_.reset();
  host_port_ = 80;
}

void ScriptedPeer::flood(std::uint32_t count) {
  const std::uint16_t mine = std::exchange(peer_port_, std::uint16_t{1'000});
  for (; count > 0; --count, ++peer_port_) arrive({.flags = tcp_flag::syn});
  peer_port_ = mine;
  host_start_.reset();
  sent_.clear();
}

Bytes ScriptedPeer::quote(std::uint32_t seq) const {
  Bytes quoted;
  append(quoted, be16_t{host_port_});
  append(quoted, be16_t{peer_port_});
  append(quoted, be32_t{(host_start_.value_or(Seq{}) + seq).raw()});
  return with_ip(options_.is_v4, protocol::tcp, 0, quoted, true);
}

void ScriptedPeer::too_big(std::uint32_t seq, std::uint32_t mtu) {
  if (options_.is_v4)
    give_message(icmpv4::destination_unreachable, icmpv4::fragmentation_needed, mtu, quote(seq));
  else
    give_message(icmpv6::packet_too_big, 0, mtu, quote(seq));
}

void ScriptedPeer::unreachable(std::uint32_t seq, std::uint8_t code) {
  // RFC 4443, 3.1: no route, no address, prohibited, no port.
  constexpr std::array<std::uint8_t, 4> of_ipv6{0, 3, 1, 4};
  if (options_.is_v4)
    give_message(icmpv4::destination_unreachable, code, 0, quote(seq));
  else
    give_message(icmpv6::destination_unreachable,
                 code < of_ipv6.size() ? of_ipv6[code] : std::uint8_t{1}, 0, quote(seq));
}

void ScriptedPeer::give_message(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                                const Bytes& packet) {
  Bytes message;
  if (options_.is_v4) {
    Icmpv4Header header{type, code, be16_t{0}, be32_t{rest}};
    header.checksum = InternetSum{}.add_header(header).add(packet).checksum();
    append(message, header);
  } else {
    Icmpv6Header header{type, code, be16_t{0}, be32_t{rest}};
    header.checksum = pseudo(false, protocol::icmpv6, sizeof(header) + packet.size())
                          .add_header(header)
                          .add(packet)
                          .checksum();
    append(message, header);
  }
  message.insert(message.end(), packet.begin(), packet.end());
  device_->give(
      options_.is_v4 ? ethertype::ipv4 : ethertype::ipv6,
      with_ip(options_.is_v4, options_.is_v4 ? protocol::icmpv4 : protocol::icmpv6, 0, message));
  poll();
}

void ScriptedPeer::poll() {
  stack_->poll(now_);
  stack_->flush();
  for (const Bytes& frame : std::exchange(device_->sent, {})) look_at(frame);
}

bool ScriptedPeer::step_to(Instant end) {
  const auto due = stack_->next_deadline();
  if (!due || *due > end) {
    now_ = end;
    poll();
    return false;
  }
  now_ = std::max(now_, *due);
  poll();
  return true;
}

std::optional<ScriptedPeer::Sent> ScriptedPeer::next_sent() {
  if (sent_.empty()) return std::nullopt;
  Sent first = std::move(sent_.front());
  sent_.pop_front();
  return first;
}

void ScriptedPeer::look_at(const Bytes& frame) {
  const auto packet = std::span{frame}.subspan(sizeof(EthernetHeader));
  const std::size_t ip_bytes = options_.is_v4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  if (packet.size() < ip_bytes + sizeof(TcpHeader)) return;
  const bool is_tcp = options_.is_v4 ? load<Ipv4Header>(packet.data()).protocol == protocol::tcp
                                     : load<Ipv6Header>(packet.data()).next_header == protocol::tcp;
  if (!is_tcp) return;
  const auto bytes = packet.subspan(ip_bytes);
  const auto tcp = parse_tcp(bytes);
  if (!tcp) return sent_.push_back({now_, {}, "malformed"});
  if ((tcp->flags & tcp_flag::syn) != 0 || !host_start_) {
    if ((tcp->flags & tcp_flag::syn) != 0) host_start_ = tcp->sequence;
    host_port_ = tcp->source_port;
  }
  const TcpOptions options = parse_tcp_options(tcp->options);
  SegmentText segment{.flags = tcp->flags,
                      .seq = tcp->sequence - host_start_.value_or(Seq{}),
                      .bytes = static_cast<std::uint32_t>(tcp->payload.size()),
                      .ack = std::nullopt,
                      .window = tcp->window,
                      .urgent = tcp->urgent,
                      .ecn = static_cast<std::uint8_t>(
                          (options_.is_v4 ? load<Ipv4Header>(packet.data()).traffic_class
                                          : std::to_integer<unsigned>(packet[1]) >> 4) &
                          3)};
  if ((tcp->flags & tcp_flag::ack) != 0) segment.ack = tcp->acknowledgment - peer_start;
  OptionsText& o = segment.options.emplace();
  if (options.maximum_segment_bytes) o.mss = *options.maximum_segment_bytes;
  if (options.window_scale) o.window_scale = *options.window_scale;
  o.sack_permitted = options.sack_permitted;
  if (options.timestamps) {
    if (!stamp_start_) stamp_start_ = options.timestamps->value;
    o.timestamps =
        TcpTimestamps{options.timestamps->value - *stamp_start_, options.timestamps->echo};
  }
  for (const SackBlock& block : options.sack_blocks())
    o.sack.push_back({block.first - peer_start, block.end - peer_start});
  if (options.asks_for_cookie || !options.cookie.empty()) {
    o.cookie = to_hex(options.cookie);
    if (!options.cookie.empty()) last_cookie_ = *o.cookie;
  }
  std::string wrong;
  if (!pseudo(options_.is_v4, protocol::tcp, bytes.size()).add(bytes).intact())
    wrong = "bad checksum";
  for (std::uint32_t i = 0; i < segment.bytes; ++i)
    if (tcp->payload[i] != byte_at(text_begins(segment) + i)) wrong = "wrong text";
  sent_.push_back({now_, std::move(segment), std::move(wrong)});
}

}  // namespace arrakis::packet
