// The part of Receiver that is TCP: a burst in stages, header prediction, and everything else.
#include <array>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/stack/plain_sums.h"
#include "extaris/stack/receiver.h"
#include "extaris/wire/load_store.h"

namespace arrakis::extaris {
namespace {

// How many segments ahead what a connection holds is asked for.
constexpr std::size_t prefetch_distance = 8;

}  // namespace

// Of a frame that may be a segment of a connection; 0: it is not, or is not worth asking.
std::uint32_t Receiver::hash_of(std::span<const std::byte> frame) const noexcept {
  const auto hash = [this](const auto& f) {
    const auto& tcp = f.tcp;
    return f.ethernet.target == link_.mac()
               ? tcp_.connections().hash(IpAddress{f.ip.target}, IpAddress{f.ip.source},
                                         tcp.target_port.host(), tcp.source_port.host())
               : 0;
  };
  if (const auto* v4 = ByteReader{frame}.take<TcpOverIpv4Frame>();
      v4 != nullptr && v4->ethernet.type == be16_t{ethertype::ipv4})
    return is_plain_segment(*v4, frame.size()) ? hash(*v4) : 0;
  if (const auto* v6 = ByteReader{frame}.take<TcpOverIpv6Frame>();
      v6 != nullptr && v6->ethernet.type == be16_t{ethertype::ipv6})
    return is_plain_segment(*v6, frame.size()) ? hash(*v6) : 0;
  return 0;
}

void Receiver::receive(Burst& burst) noexcept {
  std::array<std::uint32_t, Burst::capacity> hashes;
  const std::size_t count = burst.size();
  const tcp::Connections& connections = tcp_.connections();
  for (std::size_t i = 0; i < count; ++i)
    __builtin_prefetch(rte_pktmbuf_mtod(burst.peek(i), const void*));
  for (std::size_t i = 0; i < count; ++i) {
    const rte_mbuf* m = burst.peek(i);
    hashes[i] = hash_of({rte_pktmbuf_mtod(m, const std::byte*), m->data_len});
    if (hashes[i] != 0) connections.prefetch_slot(hashes[i]);
  }
  for (std::size_t i = 0; i < count; ++i)
    if (hashes[i] != 0) connections.prefetch_block(hashes[i]);
  for (std::size_t i = 0; i < count && i < prefetch_distance; ++i)
    if (hashes[i] != 0) connections.prefetch_sent(hashes[i]);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t ahead = i + prefetch_distance;
    if (ahead < count && hashes[ahead] != 0) connections.prefetch_sent(hashes[ahead]);
    Packet frame = burst.take(i);
    counters_.received_bytes += size(frame);
    if (hashes[i] != 0 && deliver_segment(frame, hashes[i])) continue;
    receive(std::move(frame));
  }
}

bool Receiver::deliver_segment(Packet& packet, std::uint32_t hash) noexcept {
  std::byte* front = bytes(packet).data();
  if (headers_at<EthernetHeader>(front).type == be16_t{ethertype::ipv4})
    return deliver_segment(packet, headers_at<TcpOverIpv4Frame>(front), hash);
  return deliver_segment(packet, headers_at<TcpOverIpv6Frame>(front), hash);
}

// True: done. False: nothing has been touched yet.
// REQUIRES: is_plain_segment(frame), with our MAC address.
template <class Frame>
bool Receiver::deliver_segment(Packet& packet, const Frame& frame, std::uint32_t hash) noexcept {
  const TcpHeader& header = frame.tcp;
  // A connection's addresses were found good when it began.
  tcp::ControlBlock* c =
      tcp_.connections().find(hash, IpAddress{frame.ip.target}, IpAddress{frame.ip.source},
                              header.target_port.host(), header.source_port.host());
  if (c == nullptr || !is_synchronized(c->state) || c->state == tcp::State::time_wait) return false;
  const std::size_t header_bytes = std::size_t{4} * (header.words_and_reserved >> 4);
  TcpTimestamps timestamps{};
  if (header_bytes != sizeof(TcpHeader)) {
    const auto option = load<TcpTimestampOption>(bytes(packet).data() + sizeof(Frame));
    if (option.kind_and_length != TcpTimestampOption::usual) return false;
    timestamps = {option.value.host(), option.echo.host()};
  }
  if (checksum_ != Checksum::unneeded &&
      !has_good_sums(packet, frame, header, checksum_ == Checksum::device))
    return false;
  const std::size_t text_bytes = payload_bytes(frame.ip) - header_bytes;
  tcp::Segment segment{.seq = Seq{header.sequence.host()},
                       .ack = Seq{header.acknowledgment.host()},
                       .flags = header.flags,
                       .is_stamped = header_bytes != sizeof(TcpHeader),
                       .window = header.window.host(),
                       .bytes = static_cast<std::uint32_t>(text_bytes),
                       .timestamps = timestamps};
  show(packet, sizeof(Frame) - sizeof(TcpHeader) + header_bytes, text_bytes);
  segment.text = std::move(packet);
  tcp_.receive(*c, segment);
  return true;
}

void Receiver::receive_tcp(Arrival&& arrival) noexcept {
  Arrival mine{std::move(arrival)};
  const std::span<const std::byte> segment = mine.segment();
  const auto parsed = parse_tcp(segment);
  if (!parsed) return counters_.drop(parsed.error());
  if (sum_is_bad(mine, segment.size(), true)) return counters_.drop(Drop::bad_checksum);
  tcp_.receive(std::move(mine), *parsed);
}

}  // namespace arrakis::extaris
