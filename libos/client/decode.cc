#include "libos/client/decode.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <bit>
#include <string_view>

namespace arrakis::client {
namespace {

constexpr std::size_t name_max = 64;
constexpr std::size_t memif_secret_max = 24;  // memif.h: secret[24]
constexpr std::uint32_t frame_bytes_min = 2048;
constexpr std::uint32_t frame_bytes_max = 4096;  // a frame is at most a page: kernel, af_xdp.rst
constexpr std::uint32_t kernel_headroom = 256;   // XDP_PACKET_HEADROOM
constexpr std::uint8_t ring_log2_max = 14;       // memif.h: MEMIF_MAX_LOG2_RING_SIZE

std::unexpected<Error> nonsense(std::string_view field) {
  return fail(Error::Code::internal, "arrakisd sent a value that cannot be: " + std::string{field},
              "use an arrakisd and a libarrakis of the same release");
}

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// One line that is safe to print.
std::string line(capnp::Text::Reader text) {
  std::string out{view(text)};
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

std::optional<MacAddress> mac(capnp::Data::Reader bytes) {
  MacAddress out;
  if (bytes.size() != out.bytes.size()) return std::nullopt;
  std::ranges::copy(bytes, out.bytes.begin());
  return out;
}

bool is_ring_size(std::uint32_t entries) {
  return std::has_single_bit(entries) && entries <= limits::ring_entries_max;
}

}  // namespace

Outcome<VnicInfo> decode(protocol::VnicInfo::Reader message) {
  VnicInfo info;
  info.name = line(message.getName());
  if (info.name.empty() || info.name.size() > name_max) return nonsense("name of a VNIC");
  info.provider = line(message.getProvider());
  if (info.provider.size() > name_max) return nonsense("provider of " + info.name);

  const auto own_mac = mac(message.getMac());
  if (!own_mac || own_mac->is_multicast()) return nonsense("MAC address of " + info.name);
  info.mac = *own_mac;
  info.mtu_bytes = message.getMtu();
  if (info.mtu_bytes < limits::mtu_bytes_min) return nonsense("MTU of " + info.name);

  if (message.getAddresses().size() > limits::addresses_max ||
      message.getGateways().size() > limits::addresses_max ||
      message.getNeighbors().size() > limits::neighbors_max)
    return nonsense("number of addresses of " + info.name);
  for (const auto text : message.getAddresses()) {
    const auto prefix = IpPrefix::parse(view(text));
    if (!prefix) return nonsense("address of " + info.name);
    info.addresses.push_back(*prefix);
  }
  for (const auto text : message.getGateways()) {
    const auto address = IpAddress::parse(view(text));
    if (!address) return nonsense("gateway of " + info.name);
    info.gateways.push_back(*address);
  }
  for (const auto neighbor : message.getNeighbors()) {
    const auto address = IpAddress::parse(view(neighbor.getAddress()));
    const auto its_mac = mac(neighbor.getMac());
    if (!address || !its_mac) return nonsense("neighbor of " + info.name);
    info.neighbors.push_back({*address, *its_mac});
  }
  return info;
}

Outcome<XdpGrant> decode(protocol::XdpQueue::Reader message) {
  XdpGrant grant;
  grant.frame_bytes = message.getFrameBytes();
  grant.frame_count = message.getFrameCount();
  grant.headroom_bytes = message.getHeadroomBytes();
  if (!std::has_single_bit(grant.frame_bytes) || grant.frame_bytes < frame_bytes_min ||
      grant.frame_bytes > frame_bytes_max)
    return nonsense("bytes of a UMEM frame");
  if (grant.frame_count == 0 || grant.frame_count > limits::frames_max)
    return nonsense("number of UMEM frames");
  if (grant.headroom_bytes >= grant.frame_bytes - kernel_headroom)
    return nonsense("headroom of a UMEM frame");

  grant.fill_size = message.getFillSize();
  grant.completion_size = message.getCompletionSize();
  grant.receive_size = message.getReceiveSize();
  grant.transmit_size = message.getTransmitSize();
  if (!is_ring_size(grant.fill_size) || !is_ring_size(grant.completion_size) ||
      !is_ring_size(grant.receive_size) || !is_ring_size(grant.transmit_size))
    return nonsense("size of an AF_XDP ring");
  return grant;
}

Outcome<WireGrant> decode(protocol::WireQueue::Reader message) {
  WireGrant grant;
  switch (message.getRole()) {
    case protocol::WireQueue::Role::SERVER: grant.role = WireGrant::Role::server; break;
    case protocol::WireQueue::Role::CLIENT: grant.role = WireGrant::Role::client; break;
    default:  // a role that this release does not know
      return nonsense("role on a wire");
  }
  grant.socket_name = line(message.getSocketName());
  constexpr std::size_t path_max = sizeof(sockaddr_un::sun_path) - 1;
  if (grant.socket_name.empty() || grant.socket_name.size() > path_max)
    return nonsense("socket of a wire");
  grant.secret = line(message.getSecret());
  if (grant.secret.size() >= memif_secret_max) return nonsense("secret of a wire");
  grant.ring_log2 = message.getRingLog2();
  if (grant.ring_log2 == 0 || grant.ring_log2 > ring_log2_max) return nonsense("ring of a wire");
  grant.buffer_bytes = message.getBufferBytes();
  if (grant.buffer_bytes < limits::mtu_bytes_min) return nonsense("buffers of a wire");
  return grant;
}

Outcome<SriovGrant> decode(protocol::SriovQueue::Reader message) {
  SriovGrant grant{.function = line(message.getFunction()),
                   .index = message.getIndex(),
                   .locked_bytes = message.getLockedBytes()};
  // It becomes part of an option of DPDK's: nothing but "0000:3b:02.1".
  const bool is_address =
      grant.function.size() == std::string_view{"0000:3b:02.1"}.size() &&
      grant.function.find_first_not_of("0123456789abcdef:.") == std::string::npos;
  if (!is_address) return nonsense("PCI function");
  if (grant.index >= limits::queues_max) return nonsense("queue of a PCI function");
  return grant;
}

Error decode(protocol::Error::Reader message) {
  const auto code = static_cast<std::uint16_t>(message.getCode());
  Error error{.message = line(message.getMessage()), .remedy = line(message.getRemedy())};
  if (code <= static_cast<std::uint16_t>(Error::Code::not_yet))
    error.code = static_cast<Error::Code>(code);
  if (error.message.empty()) error.message = "arrakisd refused without a reason";
  return error;
}

Outcome<void> check_umem(const XdpGrant& grant) {
  struct stat facts{};
  if (::fstat(grant.umem.get(), &facts) != 0 || facts.st_size < 0 ||
      static_cast<std::uint64_t>(facts.st_size) <
          std::uint64_t{grant.frame_count} * grant.frame_bytes)
    return nonsense("length of the UMEM");
  return {};
}

}  // namespace arrakis::client
