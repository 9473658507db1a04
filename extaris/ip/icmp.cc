#include "extaris/ip/icmp.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/ip/icmp_news.h"
#include "extaris/packet/headers.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/ndp.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/quote.h"

namespace arrakis::extaris {
namespace {

constexpr Duration error_interval{1'000'000'000 /
                                  static_cast<std::int64_t>(limits::icmp_errors_per_second)};
constexpr std::int64_t error_burst = 50;  // as Linux's icmp_msgs_burst

// An error with its IP header is no longer than this (RFC 1812, 4.3.2.3; RFC 4443, 2.4 (c)).
constexpr std::size_t ipv4_error_bytes_max = 576;
constexpr std::size_t ipv6_error_bytes_max = ipv6::mtu_bytes_min;

InternetSum pseudo_header_v6(const Ipv6Address& source, const Ipv6Address& target,
                             std::size_t bytes) {
  return pseudo_header(source, target, protocol::icmpv6, bytes);
}

}  // namespace

bool RateLimit::allow(Instant now) noexcept {
  next_ = std::max(next_, now);
  if (next_ - now >= error_interval * error_burst) return false;
  next_ = next_ + error_interval;
  return true;
}

std::optional<IcmpNews> Icmp::receive_v4(Arrival&& arrival) noexcept {
  const auto drop = [this](Drop why) {
    counters_.drop(why);
    return std::nullopt;
  };
  Arrival mine{std::move(arrival)};
  const auto message = parse_icmpv4(mine.segment());
  if (!message) return drop(message.error());
  if (receive_checksum_ != Checksum::unneeded && !InternetSum{}.add(mine.segment()).intact())
    return drop(Drop::bad_checksum);
  if (message->type == icmpv4::echo_request) {
    if (mine.to_group) return drop(Drop::not_for_us);  // RFC 1122, 3.2.2.6: may be ignored
    answer_echo(std::move(mine));
    return std::nullopt;
  }
  if (message->type == icmpv4::echo_reply) return drop(Drop::no_socket);
  if (!message->is_error()) return drop(Drop::unknown_protocol);
  const auto news = read_error(*message);
  if (!news) return drop(news.error());
  return *news;
}

std::optional<IcmpNews> Icmp::receive_v6(Arrival&& arrival) noexcept {
  const auto drop = [this](Drop why) {
    counters_.drop(why);
    return std::nullopt;
  };
  Arrival mine{std::move(arrival)};
  const auto message = parse_icmpv6(mine.segment());
  if (!message) return drop(message.error());
  if (receive_checksum_ != Checksum::unneeded &&
      !pseudo_header_v6(mine.source.v6(), mine.target.v6(), mine.segment().size())
           .add(mine.segment())
           .intact())
    return drop(Drop::bad_checksum);
  switch (message->type) {
    case icmpv6::echo_request:
      if (mine.to_group) return drop(Drop::not_for_us);  // RFC 4443, 4.2: may be ignored
      answer_echo(std::move(mine));
      return std::nullopt;
    case icmpv6::echo_reply: return drop(Drop::no_socket);
    case icmpv6::neighbor_solicitation:
    case icmpv6::neighbor_advertisement:
      receive_neighbor_message(mine, *message);
      return std::nullopt;
    default: break;
  }
  // Routers' advertisements and redirects, too: routes are static.
  if (!message->is_error()) return drop(Drop::unknown_protocol);
  const auto news = read_error(*message);
  if (!news) return drop(news.error());
  return *news;
}

void Icmp::receive_neighbor_message(const Arrival& arrival, const Icmpv6Message& message) noexcept {
  const NdpEnvelope envelope{arrival.source.v6(), arrival.target.v6(), arrival.hop_limit};
  if (message.type == icmpv6::neighbor_solicitation) {
    const auto question = parse_solicitation(message, envelope);
    if (!question) return counters_.drop(question.error());
    return link_.receive_solicitation(*question, envelope.source, ip_.now());
  }
  const auto answer = parse_advertisement(message, envelope);
  if (!answer) return counters_.drop(answer.error());
  link_.receive_advertisement(*answer, ip_.now());
}

// RFC 792; RFC 4443, 4.2: the same message with another type, back to where it came from.
void Icmp::answer_echo(Arrival&& request) noexcept {
  Packet packet = std::move(request.packet);
  pull_front(packet, request.header_bytes);
  clear_offloads(packet);
  const bool is_v4 = request.source.is_v4();
  // Both families' messages begin alike.
  auto header = load<Icmpv4Header>(bytes(packet).data());
  const std::uint8_t reply = is_v4 ? icmpv4::echo_reply : icmpv6::echo_reply;
  // Type and code are one word of the sum; exchanged addresses leave it as it is.
  header.checksum =
      updated_checksum(header.checksum, be16_t{static_cast<std::uint16_t>(header.type << 8)},
                       be16_t{static_cast<std::uint16_t>(reply << 8)});
  header.type = reply;
  store(bytes(packet).data(), header);
  const Path* path = ip_.path_to(request.source);
  if (path == nullptr) return counters_.drop(Drop::no_route);
  (void)ip_.send(
      std::move(packet), *path,
      {.source = request.target, .protocol = is_v4 ? protocol::icmpv4 : protocol::icmpv6});
}

void Icmp::port_unreachable(const Arrival& about) noexcept {
  const IcmpError error =
      about.source.is_v4() ? IcmpError{icmpv4::destination_unreachable, icmpv4::port_unreachable}
                           : IcmpError{icmpv6::destination_unreachable, icmpv6::port_unreachable};
  send_error(bytes(about.packet), error, about.to_group);
}

void Icmp::unknown_protocol(const Arrival& about) noexcept {
  const IcmpError error =
      about.source.is_v4()
          ? IcmpError{icmpv4::destination_unreachable, icmpv4::protocol_unreachable}
          : IcmpError{icmpv6::parameter_problem, icmpv6::unknown_next_header, about.protocol_at};
  send_error(bytes(about.packet), error, about.to_group);
}

void Icmp::reassembly_timed_out(std::span<const std::byte> first_fragment) noexcept {
  const bool is_v4 = static_cast<std::uint8_t>(first_fragment[0]) >> 4 == 4;
  const IcmpError error = is_v4 ? IcmpError{icmpv4::time_exceeded, icmpv4::reassembly}
                                : IcmpError{icmpv6::time_exceeded, icmpv6::reassembly};
  send_error(first_fragment, error, false);
}

void Icmp::parameter_problem(std::span<const std::byte> about, const Ipv6Problem& problem,
                             bool to_group) noexcept {
  if (!problem.report) return;
  send_error(about,
             {icmpv6::parameter_problem, problem.code, problem.pointer,
              problem.code == icmpv6::unknown_option && problem.report_multicast},
             to_group);
}

void Icmp::send_error(std::span<const std::byte> about, const IcmpError& error,
                      bool to_group) noexcept {
  const auto quote = parse_quote(about);
  // Extension headers that cannot be walked are what some errors are about: then addresses suffice.
  if (quote && (is_icmp_error(*quote) || quote->is_later_fragment)) return;
  if (to_group && !error.also_to_group) return;
  const bool is_v4 = static_cast<std::uint8_t>(about[0]) >> 4 == 4;
  const IpAddress source = is_v4 ? IpAddress{ByteReader{about}.take<Ipv4Header>()->source}
                                 : IpAddress{ByteReader{about}.take<Ipv6Header>()->source};
  const IpAddress target = is_v4 ? IpAddress{ByteReader{about}.take<Ipv4Header>()->target}
                                 : IpAddress{ByteReader{about}.take<Ipv6Header>()->target};
  const Path* path = ip_.path_to(source);
  if (path == nullptr) return counters_.drop(Drop::no_route);
  if (!limit_.allow(ip_.now())) {
    ++counters_.icmp_errors_limited;
    return;
  }
  const IpAddress us = link_.addresses().is_ours(target) ? target : path->source;
  Packet packet = link_.pool().allocate();
  if (!packet) return counters_.drop(Drop::no_buffer);
  const std::size_t room =
      is_v4 ? ipv4_error_bytes_max - sizeof(Ipv4Header) : ipv6_error_bytes_max - sizeof(Ipv6Header);
  const std::size_t quoted =
      std::min({about.size(), room - sizeof(Icmpv4Header),
                path->mtu_bytes - sizeof(Ipv6Header) - sizeof(Icmpv4Header), tailroom(packet)});
  resize(packet, sizeof(Icmpv4Header) + quoted);
  // Both families' messages begin alike.
  Icmpv4Header header{error.type, error.code, be16_t{0}, be32_t{error.parameter}};
  InternetSum sum = is_v4 ? InternetSum{} : pseudo_header_v6(us.v6(), source.v6(), size(packet));
  header.checksum = sum.add_header(header).add(about.first(quoted)).checksum();
  store(bytes(packet).data(), header);
  std::memcpy(bytes(packet).data() + sizeof(header), about.data(), quoted);
  ++counters_.icmp_errors_sent;
  (void)ip_.send(std::move(packet), *path,
                 {.source = us, .protocol = is_v4 ? protocol::icmpv4 : protocol::icmpv6});
}

}  // namespace arrakis::extaris
