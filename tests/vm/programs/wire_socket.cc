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
#include <cstring>

#include "base/big_endian.h"
#include "vfio/sysfs.h"

namespace arrakis::vm {
namespace {

constexpr std::size_t frame_bytes_min = 60;  // without the FCS, which the card appends
constexpr std::uint16_t vlan_ethertype = 0x8100;
constexpr int backlog_bytes = 32 << 20;  // what others say must not displace the frame waited for

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

template <class T>
Outcome<void> set(int socket, int level, int option, const T& value) {
  if (::setsockopt(socket, level, option, &value, sizeof(value)) == 0) return {};
  return vfio::failed(errno, "set an option of a packet socket");
}

// The kernel takes tags off before any socket sees a frame, and tells of them beside it.
std::optional<std::uint16_t> tag_beside(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata data{};
    std::memcpy(&data, CMSG_DATA(part), sizeof(data));
    if ((data.tp_status & TP_STATUS_VLAN_VALID) != 0)
      return static_cast<std::uint16_t>(data.tp_vlan_tci & 0xfff);  // 802.1Q, 9.6: VID
  }
  return std::nullopt;
}

std::optional<SeenFrame> take_frame(int socket) {
  SeenFrame frame{.bytes = std::vector<std::byte>(2048), .vlan = std::nullopt};
  std::array<std::byte, 256> beside{};
  iovec part{.iov_base = frame.bytes.data(), .iov_len = frame.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  const ssize_t length = ::recvmsg(socket, &message, 0);
  if (length < ssize_t{ETH_HLEN}) return std::nullopt;
  frame.bytes.resize(static_cast<std::size_t>(length));
  frame.vlan = tag_beside(message);
  return frame;
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

bool contains(std::span<const std::byte> frame, std::string_view text) {
  return !std::ranges::search(frame, std::as_bytes(std::span{text})).empty();
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
  for (const auto& set_up : {set(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, backlog_bytes),
                             set(socket.get(), SOL_PACKET, PACKET_AUXDATA, 1),
                             set(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)})
    if (!set_up) return std::unexpected{set_up.error()};
  return WireSocket{std::move(socket), *mac};
}

bool WireSocket::send(std::span<const std::byte> frame) const {
  return ::send(socket_.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

std::optional<SeenFrame> WireSocket::receive(std::initializer_list<std::string_view> texts) const {
  constexpr int patience_ms = 10'000;  // since the last frame of any kind
  for (;;) {
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, patience_ms) <= 0) return std::nullopt;
    auto frame = take_frame(socket_.get());
    if (frame && std::ranges::any_of(
                     texts, [&](std::string_view text) { return contains(frame->bytes, text); }))
      return frame;
  }
}

}  // namespace arrakis::vm
