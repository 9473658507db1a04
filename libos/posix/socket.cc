// Options of SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6.
#include "libos/posix/socket.h"

#include <netinet/in.h>

#include <algorithm>
#include <climits>
#include <cmath>

#include "libos/posix/datagram_socket.h"
#include "libos/posix/stream_socket.h"

namespace arrakis::posix {
namespace {

// Linux shows twice what was asked for, and at least these (include/net/sock.h).
constexpr int least_send_buffer = 4608;
constexpr int least_receive_buffer = 2304;
constexpr int most_buffer = 212'992;  // net.core.rmem_max, wmem_max

int doubled(int asked, int least) { return std::max(2 * std::clamp(asked, 0, most_buffer), least); }

timeval to_timeval(Duration duration) {
  if (duration == Duration::max()) return {};
  return {.tv_sec = duration.ns / 1'000'000'000, .tv_usec = duration.ns % 1'000'000'000 / 1000};
}

}  // namespace

Result<void> Socket::set_linger(OptionValue value) {
  const auto linger = read_option<::linger>(value);
  if (!linger) return std::unexpected(linger.error());
  linger_ = linger->l_onoff != 0 ? std::optional{Duration::seconds(std::max(linger->l_linger, 0))}
                                 : std::nullopt;
  options_changed();
  return {};
}

Result<void> Socket::set_timeout(Duration& timeout, OptionValue value) {
  const auto given = read_option<timeval>(value);
  if (!given) return std::unexpected(given.error());
  if (given->tv_usec < 0 || given->tv_usec >= 1'000'000) return fail(EDOM);
  // Linux: a negative one means not to wait at all; 0 for ever.
  const bool is_zero = given->tv_sec == 0 && given->tv_usec == 0;
  if (given->tv_sec < 0)
    timeout = {};
  else if (is_zero || given->tv_sec > LONG_MAX / 2'000'000'000)
    timeout = Duration::max();
  else
    timeout = Duration::seconds(given->tv_sec) + Duration::microseconds(given->tv_usec);
  return {};
}

Result<void> Socket::set_flag(int name, int value) {
  switch (name) {
    case SO_REUSEADDR: reuse_address_ = value != 0; break;
    case SO_REUSEPORT: reuse_port_ = value != 0; break;
    case SO_KEEPALIVE: keepalive_ = value != 0; break;
    case SO_BROADCAST: broadcast_ = value != 0; break;
    case SO_OOBINLINE: urgent_inline_ = value != 0; break;
    case SO_TIMESTAMP: timestamps_ = value != 0; break;
    case SO_PRIORITY: priority_ = value; break;
    case SO_MARK: mark_ = value; break;
    case SO_SNDBUF:
    case SO_SNDBUFFORCE: send_buffer_ = doubled(value, least_send_buffer); break;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE: receive_buffer_ = doubled(value, least_receive_buffer); break;
    case SO_RCVLOWAT:
      least_receive_ = value < 0 ? INT_MAX : static_cast<std::size_t>(std::max(value, 1));
      break;
    case SO_DONTROUTE:
    case SO_INCOMING_CPU:
    case SO_BUSY_POLL:
    case SO_ZEROCOPY:
    case SO_NO_CHECK: break;
    default: return fail(ENOPROTOOPT);
  }
  options_changed();
  return {};
}

Result<void> Socket::set_family_option(Option option, OptionValue value) {
  // Linux takes these as a byte too.
  int number = 0;
  if (value.size() >= sizeof(int))
    number = *read_option<int>(value);
  else if (!value.empty())
    number = std::to_integer<int>(value[0]);
  else
    return fail(EINVAL);
  if (option.level == IPPROTO_IP) {
    switch (option.name) {
      case IP_TOS: traffic_class_ = number & 0xff; return {};
      case IP_TTL: hop_limit_ = number; return {};
      case IP_MTU_DISCOVER:
      case IP_RECVERR:
      case IP_PKTINFO:
      case IP_FREEBIND:
      case IP_BIND_ADDRESS_NO_PORT:
      case IP_MULTICAST_TTL:
      case IP_MULTICAST_LOOP: return {};
      default: return fail(ENOPROTOOPT);
    }
  }
  if (family_ != Family::v6) return fail(ENOPROTOOPT);
  switch (option.name) {
    case IPV6_V6ONLY: only_v6_ = number != 0; return {};
    case IPV6_TCLASS: traffic_class_ = number; return {};
    case IPV6_UNICAST_HOPS:
    case IPV6_RECVERR:
    case IPV6_RECVPKTINFO:
    case IPV6_MTU_DISCOVER: return {};
    default: return fail(ENOPROTOOPT);
  }
}

Result<void> Socket::set_option(Option option, OptionValue value) {
  if (option.level == IPPROTO_IP || option.level == IPPROTO_IPV6)
    return set_family_option(option, value);
  if (option.level != SOL_SOCKET) return set_own_option(option, value);
  switch (option.name) {
    case SO_LINGER: return set_linger(value);
    case SO_RCVTIMEO: return set_timeout(receive_timeout_, value);
    case SO_SNDTIMEO: return set_timeout(send_timeout_, value);
    default: break;
  }
  const auto number = read_option<int>(value);
  if (!number) return std::unexpected(number.error());
  return set_flag(option.name, *number);
}

Result<int> Socket::flag(int name) {
  const Defaults& defaults = host_.defaults;
  const bool is_stream = type() == SOCK_STREAM;
  switch (name) {
    case SO_TYPE: return type();
    case SO_PROTOCOL: return is_stream ? IPPROTO_TCP : IPPROTO_UDP;
    case SO_DOMAIN: return family_ == Family::v4 ? AF_INET : AF_INET6;
    case SO_ERROR: return take_error();
    case SO_ACCEPTCONN: return is_listening() ? 1 : 0;
    case SO_REUSEADDR: return reuse_address_ ? 1 : 0;
    case SO_REUSEPORT: return reuse_port_ ? 1 : 0;
    case SO_KEEPALIVE: return keepalive_ ? 1 : 0;
    case SO_BROADCAST: return broadcast_ ? 1 : 0;
    case SO_OOBINLINE: return urgent_inline_ ? 1 : 0;
    case SO_TIMESTAMP: return timestamps_ ? 1 : 0;
    case SO_PRIORITY: return priority_;
    case SO_MARK: return mark_;
    case SO_SNDBUF:
      if (send_buffer_ != 0) return send_buffer_;
      return is_stream ? defaults.send_buffer : defaults.datagram_buffer;
    case SO_RCVBUF:
      if (receive_buffer_ != 0) return receive_buffer_;
      return is_stream ? defaults.receive_buffer : defaults.datagram_buffer;
    case SO_RCVLOWAT: return static_cast<int>(least_receive_);
    case SO_SNDLOWAT: return 1;
    case SO_DONTROUTE:
    case SO_INCOMING_CPU:
    case SO_INCOMING_NAPI_ID:
    case SO_BUSY_POLL: return 0;
    default: return fail(ENOPROTOOPT);
  }
}

Result<void> Socket::get_option(Option option, OptionAnswer& answer) {
  if (option.level == IPPROTO_IP) {
    switch (option.name) {
      case IP_TOS: return answer.put(traffic_class_);
      case IP_TTL: return answer.put(hop_limit_);
      case IP_MTU: return answer.put(int{host_.stack().device().info().mtu_bytes});
      default: return fail(ENOPROTOOPT);
    }
  }
  if (option.level == IPPROTO_IPV6) {
    if (family_ == Family::v6 && option.name == IPV6_V6ONLY) return answer.put(only_v6_ ? 1 : 0);
    return fail(family_ == Family::v6 ? ENOPROTOOPT : EOPNOTSUPP);
  }
  if (option.level != SOL_SOCKET) return get_own_option(option, answer);
  switch (option.name) {
    case SO_LINGER:
      return answer.put(::linger{
          .l_onoff = linger_ ? 1 : 0,
          .l_linger = static_cast<int>(linger_.value_or(Duration{}).ns / Duration::seconds(1).ns)});
    case SO_RCVTIMEO: return answer.put(to_timeval(receive_timeout_));
    case SO_SNDTIMEO: return answer.put(to_timeval(send_timeout_));
    default: break;
  }
  const auto number = flag(option.name);
  if (!number) return std::unexpected(number.error());
  return answer.put(*number);
}

Result<FilePtr> make_socket(Host& host, int domain, int type, int protocol) {
  if (domain != AF_INET && domain != AF_INET6) return fail(EAFNOSUPPORT);
  const Family family = domain == AF_INET ? Family::v4 : Family::v6;
  switch (type) {
    case SOCK_STREAM:
      if (protocol != 0 && protocol != IPPROTO_TCP) return fail(EPROTONOSUPPORT);
      return FilePtr{new StreamSocket{host, family}};
    case SOCK_DGRAM:
      if (protocol != 0 && protocol != IPPROTO_UDP) return fail(EPROTONOSUPPORT);
      return FilePtr{new DatagramSocket{host, family}};
    default: return fail(ESOCKTNOSUPPORT);
  }
}

}  // namespace arrakis::posix
