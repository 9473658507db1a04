#include "tests/vm/programs/wire_socket.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/big_endian.h"
#include "vfio/sysfs.h"

namespace arrakis::vm {
namespace {

constexpr std::size_t frame_bytes_min = 60;  // without the FCS, which the card appends
constexpr std::uint16_t vlan_ethertype = 0x8100;

template <class T>
void append(std::vector<std::byte>& frame, const T& value) {
  const auto bytes = std::as_bytes(std::span{&value, 1});
  frame.insert(frame.end(), bytes.begin(), bytes.end());
}

Outcome<MacAddress> mac_of(int socket, const std::string& netdev) {
  ifreq request{};
  netdev.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(socket, SIOCGIFHWADDR, &request) != 0)
    return vfio::failed(errno, "ask for the address of " + netdev);
  MacAddress mac;
  std::memcpy(mac.bytes.data(), request.ifr_hwaddr.sa_data, mac.bytes.size());
  return mac;
}

}  // namespace

std::vector<std::byte> make_frame(const FrameEnds& ends, std::string_view payload,
                                  std::optional<std::uint16_t> vlan) {
  std::vector<std::byte> frame;
  append(frame, ends.destination);
  append(frame, ends.source);
  if (vlan) {
    append(frame, be16_t{vlan_ethertype});
    append(frame, be16_t{*vlan});
  }
  append(frame, be16_t{experimental_ethertype});
  const auto text = std::as_bytes(std::span{payload});
  frame.insert(frame.end(), text.begin(), text.end());
  frame.resize(std::max(frame.size(), frame_bytes_min));
  return frame;
}

Outcome<WireSocket> WireSocket::open(const std::string& netdev) {
  vfio::Descriptor socket{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
  if (!socket) return vfio::failed(errno, "open a packet socket", "run it as root");
  const auto mac = mac_of(socket.get(), netdev);
  if (!mac) return std::unexpected{mac.error()};
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = be16_t{ETH_P_ALL}.raw();
  address.sll_ifindex = static_cast<int>(::if_nametoindex(netdev.c_str()));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return vfio::failed(errno, "bind a packet socket to " + netdev);
  packet_mreq membership{};
  membership.mr_ifindex = address.sll_ifindex;
  membership.mr_type = PACKET_MR_PROMISC;
  if (::setsockopt(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
                   sizeof(membership)) != 0)
    return vfio::failed(errno, "hear all of " + netdev);
  return WireSocket{std::move(socket), *mac};
}

bool WireSocket::send(std::span<const std::byte> frame) const {
  return ::send(socket_.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

std::optional<std::vector<std::byte>> WireSocket::receive(const MacAddress& source,
                                                          Duration patience) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds{patience.ns};
  std::array<std::byte, 2048> frame{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0)
      return std::nullopt;
    const ssize_t length = ::recv(socket_.get(), frame.data(), frame.size(), 0);
    if (length < ssize_t{ETH_HLEN}) continue;
    if (std::memcmp(frame.data() + ETH_ALEN, source.bytes.data(), ETH_ALEN) == 0)
      return std::vector<std::byte>(frame.begin(), frame.begin() + length);
  }
}

}  // namespace arrakis::vm
