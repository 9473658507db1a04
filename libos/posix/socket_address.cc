#include "libos/posix/socket_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/big_endian.h"

namespace arrakis::posix {
namespace {

// Linux takes an IPv6 address without its scope (RFC 2133 had none).
constexpr socklen_t least_v6 = 24;

std::uint16_t port_of(in_port_t raw) { return be16_t::from_raw(raw).host(); }

}  // namespace

Result<Endpoint> read_address(Family family, const sockaddr* address, socklen_t length,
                              int wrong_family) {
  if (address == nullptr) return fail(EFAULT);
  if (length < sizeof(sa_family_t)) return fail(EINVAL);
  sockaddr_storage copy{};
  std::memcpy(&copy, address, std::min<std::size_t>(length, sizeof(copy)));
  if (family == Family::v4) {
    if (length < sizeof(sockaddr_in)) return fail(EINVAL);
    if (copy.ss_family != AF_INET) return fail(wrong_family);
    sockaddr_in in{};
    std::memcpy(&in, &copy, sizeof(in));
    Ipv4Address ip;
    std::memcpy(ip.bytes.data(), &in.sin_addr, sizeof(in.sin_addr));
    return Endpoint{ip, port_of(in.sin_port)};
  }
  if (copy.ss_family == AF_INET && length >= sizeof(sockaddr_in) && wrong_family != EAFNOSUPPORT)
    return read_address(Family::v4, address, length, wrong_family);
  if (length < least_v6) return fail(EINVAL);
  if (copy.ss_family != AF_INET6) return fail(wrong_family);
  sockaddr_in6 in{};
  std::memcpy(&in, &copy, sizeof(in));
  Ipv6Address ip;
  std::memcpy(ip.bytes.data(), &in.sin6_addr, sizeof(in.sin6_addr));
  return Endpoint{ip, port_of(in.sin6_port)};
}

void write_address(Family family, const Endpoint& endpoint, sockaddr* address, socklen_t* length) {
  if (address == nullptr || length == nullptr) return;
  const be16_t port{endpoint.port};
  const socklen_t room = *length;
  if (family == Family::v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = port.raw();
    if (endpoint.address.is_v4()) {
      const Ipv4Address ip = endpoint.address.v4();
      std::memcpy(&in.sin_addr, ip.bytes.data(), sizeof(in.sin_addr));
    }
    *length = sizeof(in);
    std::memcpy(address, &in, std::min<std::size_t>(room, sizeof(in)));
    return;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = port.raw();
  std::memcpy(&in.sin6_addr, endpoint.address.v6().bytes.data(), sizeof(in.sin6_addr));
  *length = sizeof(in);
  std::memcpy(address, &in, std::min<std::size_t>(room, sizeof(in)));
}

}  // namespace arrakis::posix
