#include "extaris/ip/ip_output.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"

namespace arrakis::extaris {
namespace {

std::size_t header_bytes(const Path& path) {
  return path.target.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
}

const IpAddress& source_of(const Path& path, const IpFields& fields) {
  return fields.source.is_any() ? path.source : fields.source;
}

// Where one fragment lies in the segment.
struct Cut {
  std::size_t offset;
  std::size_t bytes;
  bool more;
};

void push_ip_header(Packet& packet, const Path& path, const IpFields& fields) {
  const std::size_t payload = size(packet);
  std::byte* front = push_front(packet, header_bytes(path));
  if (path.target.is_v4())
    store(front, emit_ipv4({.source = source_of(path, fields).v4(),
                            .target = path.target.v4(),
                            .protocol = fields.protocol,
                            .payload_bytes = payload}));
  else
    store(front, emit_ipv6({.source = source_of(path, fields).v6(),
                            .target = path.target.v6(),
                            .next_header = fields.protocol,
                            .payload_bytes = payload}));
}

void push_fragment_header(Packet& packet, const Path& path, const IpFields& fields, const Cut& cut,
                          std::uint32_t identification) {
  if (path.target.is_v4()) {
    const auto field =
        static_cast<std::uint16_t>(cut.offset / 8 | (cut.more ? ipv4::more_fragments : 0u));
    const std::size_t payload = size(packet);
    store(push_front(packet, sizeof(Ipv4Header)),
          emit_ipv4({.source = source_of(path, fields).v4(),
                     .target = path.target.v4(),
                     .protocol = fields.protocol,
                     .identification = static_cast<std::uint16_t>(identification),
                     .fragment = field,
                     .payload_bytes = payload}));
    return;
  }
  const auto field =
      static_cast<std::uint16_t>(cut.offset | (cut.more ? ipv6::more_fragments : 0u));
  store(push_front(packet, sizeof(Ipv6FragmentHeader)),
        Ipv6FragmentHeader{.next_header = fields.protocol,
                           .reserved = 0,
                           .offset_and_more = be16_t{field},
                           .identification = be32_t{identification}});
  const std::size_t payload = size(packet);
  store(push_front(packet, sizeof(Ipv6Header)), emit_ipv6({.source = source_of(path, fields).v6(),
                                                           .target = path.target.v6(),
                                                           .next_header = protocol::fragment,
                                                           .payload_bytes = payload}));
}

void copy_cut(const IpOutput::Pieces& segment, const Cut& cut, std::byte* to) {
  std::size_t offset = cut.offset;
  std::size_t bytes = cut.bytes;
  if (offset < segment.header.size()) {
    const std::size_t part = std::min(bytes, segment.header.size() - offset);
    std::memcpy(to, segment.header.data() + offset, part);
    to += part;
    offset += part;
    bytes -= part;
  }
  if (bytes > 0) std::memcpy(to, segment.payload.data() + (offset - segment.header.size()), bytes);
}

}  // namespace

IpOutput::IpOutput(Link& link, const StackConfig& config, std::uint16_t mtu_bytes,
                   Counters& counters)
    : link_{link},
      link_mtu_{mtu_bytes},
      routes_{config},
      path_mtu_{mtu_bytes},
      counters_{counters},
      random_{config.seed} {}

const Path* IpOutput::find_path(const IpAddress& target) noexcept {
  path_.until = Instant{0};
  const auto next_hop = routes_.next_hop(target);
  if (!next_hop || target.is_any() || link_.addresses().is_ours(target)) return nullptr;
  const auto source = link_.addresses().source_for(*next_hop);
  if (!source) return nullptr;
  const auto mtu = path_mtu_.to(target, now_);
  path_ = {.target = target,
           .source = *source,
           .next_hop = *next_hop,
           .mtu_bytes = mtu.mtu_bytes,
           .until = now_};  // not known: ask again next time
  if (const auto neighbor = link_.find(*next_hop, now_)) {
    path_.mac_known = true;
    path_.mac = neighbor->mac;
    path_.until = std::min(neighbor->until, mtu.until);
  }
  path_.generation = link_.generation();
  return &path_;
}

std::expected<void, SendError> IpOutput::check_size(std::size_t segment_bytes, const Path& path,
                                                    const IpFields& fields) const noexcept {
  const std::size_t whole = header_bytes(path) + segment_bytes;
  if (whole <= path.mtu_bytes) return {};
  if (whole > ipv4::packet_bytes_max || !fields.may_fragment)
    return std::unexpected(SendError::too_big);
  return {};
}

std::expected<void, SendError> IpOutput::send(Packet&& segment, const Path& path,
                                              const IpFields& fields) noexcept {
  Packet mine{std::move(segment)};
  const std::size_t front = header_bytes(path) + sizeof(EthernetHeader);
  if (header_bytes(path) + size(mine) <= path.mtu_bytes && headroom(mine) >= front) {
    push_ip_header(mine, path, fields);
    return send_packet(std::move(mine), path);
  }
  return send_copy({{}, bytes(mine)}, path, fields);
}

std::expected<void, SendError> IpOutput::send_packet(Packet&& packet, const Path& path) noexcept {
  if (path.mac_known) {
    const std::uint16_t type = path.target.is_v4() ? ethertype::ipv4 : ethertype::ipv6;
    if (!link_.send(std::move(packet), path.mac, type))
      return std::unexpected(SendError::would_block);
    return {};
  }
  link_.send(std::move(packet), path.next_hop, now_);
  return {};
}

std::expected<void, SendError> IpOutput::send_copy(const Pieces& segment, const Path& path,
                                                   const IpFields& fields) noexcept {
  const std::size_t whole = segment.header.size() + segment.payload.size();
  if (const auto ok = check_size(whole, path, fields); !ok) {
    counters_.drop(Drop::too_big);
    return ok;
  }
  if (header_bytes(path) + whole > path.mtu_bytes) return send_fragments(segment, path, fields);
  Packet packet = link_.pool().allocate();
  if (!packet || tailroom(packet) < whole) {
    counters_.drop(Drop::no_buffer);
    return std::unexpected(SendError::no_buffer);
  }
  resize(packet, whole);
  copy_cut(segment, {0, whole, false}, bytes(packet).data());
  push_ip_header(packet, path, fields);
  return send_packet(std::move(packet), path);
}

// RFC 791, 3.2; RFC 8200, 4.5. A receiver can do nothing with some of the fragments, so none is
// sent unless the first burst of them finds room.
std::expected<void, SendError> IpOutput::send_fragments(const Pieces& segment, const Path& path,
                                                        const IpFields& fields) noexcept {
  const std::size_t headers =
      path.target.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header) + sizeof(Ipv6FragmentHeader);
  const std::size_t step = (path.mtu_bytes - headers) / 8 * 8;
  const std::size_t whole = segment.header.size() + segment.payload.size();
  const std::size_t count = (whole + step - 1) / step;
  TransmitQueue& queue = link_.queue();
  if (path.mac_known && queue.room() < std::min(count, Burst::capacity)) {
    queue.flush();
    if (queue.room() < std::min(count, Burst::capacity)) {
      counters_.drop(Drop::transmit_full);
      return std::unexpected(SendError::would_block);
    }
  }
  const auto identification = static_cast<std::uint32_t>(random_.next());
  for (std::size_t offset = 0; offset < whole; offset += step) {
    const Cut cut{offset, std::min(step, whole - offset), offset + step < whole};
    Packet packet = link_.pool().allocate();
    if (!packet || tailroom(packet) < cut.bytes) {
      counters_.drop(Drop::no_buffer);
      return std::unexpected(SendError::no_buffer);
    }
    resize(packet, cut.bytes);
    copy_cut(segment, cut, bytes(packet).data());
    push_fragment_header(packet, path, fields, cut, identification);
    if (const auto sent = send_packet(std::move(packet), path); !sent) return sent;
  }
  ++counters_.fragmented_datagrams;
  return {};
}

}  // namespace arrakis::extaris
