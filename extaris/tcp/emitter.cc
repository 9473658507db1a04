#include "extaris/tcp/emitter.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/packet/notes.h"
#include "extaris/tcp/loss.h"
#include "extaris/tcp/transmit.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/tcp_frame.h"

namespace arrakis::extaris::tcp {
namespace {

// How long a connection believes what it was told of its path without asking again.
constexpr Duration epoch_length = Duration::seconds(1);
// Headers that may have to go in front of text.
constexpr std::size_t headroom_bytes =
    sizeof(EthernetHeader) + sizeof(Ipv6Header) + sizeof(TcpHeader) + tcp_option::bytes_max;
constexpr std::uint8_t ecn_capable = 2;  // ECT(0): RFC 3168, 5

std::uint8_t words_of(std::size_t header_bytes) {
  return static_cast<std::uint8_t>(header_bytes / 4 << 4);
}

}  // namespace

Emitter::Emitter(const World& world, Checksum checksum, Counters& counters) noexcept
    : link_{world.link},
      ip_{world.ip},
      addresses_{world.addresses},
      checksum_{checksum},
      counters_{counters} {}

void Emitter::forget_paths() noexcept {
  if (++epoch_ == 0) epoch_ = 1;
}

void Emitter::set_time(const Now& now) noexcept {
  now_ = now;
  if (now.at < epoch_ends_ && generation_ == link_.generation()) [[likely]]
    return;
  forget_paths();
  generation_ = link_.generation();
  epoch_ends_ = now.at + epoch_length;
}

bool Emitter::find_path(ControlBlock& c) noexcept {
  if (c.path_epoch == epoch_) [[likely]]
    return true;
  const Path* path = ip_.path_to(c.remote_address);
  if (path == nullptr) return false;
  if (path->mtu_bytes != c.path_mtu) {
    const bool has_shrunk = path->mtu_bytes < c.path_mtu;
    c.path_mtu = path->mtu_bytes;
    update_mss(c);
    if (has_shrunk && is_synchronized(c.state)) mark_too_big_lost(c);
  }
  c.mac = path->mac;
  c.path_epoch = path->mac_known ? epoch_ : std::uint16_t{0};
  return true;
}

// RFC 9293, 3.8.6.2.2: the right edge moves by as much as is worth it, and never back.
std::uint16_t Emitter::window_field(ControlBlock& c) noexcept {
  const std::uint32_t queued = c.held_bytes();
  const std::uint32_t room = c.receive_buffer() > queued ? c.receive_buffer() - queued : 0;
  Seq edge = c.rcv_nxt + room;
  const std::uint32_t step = std::min<std::uint32_t>(c.receive_buffer() / 2, c.mss);
  const std::uint32_t most = 65'535u << c.rcv_shift();
  if (edge.before(c.rcv_edge + step)) edge = c.rcv_edge;
  std::uint32_t window = edge.after(c.rcv_nxt) ? edge - c.rcv_nxt : 0;
  window = std::min(window, most) >> c.rcv_shift();
  // What the peer reads: a multiple of the unit. It must not be less than it was told before.
  const Seq told = c.rcv_nxt + (window << c.rcv_shift());
  if (told.before(c.rcv_edge) && window < 65'535) {
    window = std::min<std::uint32_t>((c.rcv_wnd() + (1u << c.rcv_shift()) - 1) >> c.rcv_shift(),
                                     65'535u);
  }
  c.rcv_edge = later(c.rcv_edge, c.rcv_nxt + (window << c.rcv_shift()));
  return static_cast<std::uint16_t>(window);
}

// SACK blocks beside the timestamps: as many as the packet has room for beside its text (RFC 6691,
// 5.3: who adds options sends less; here text comes first, and what it displaces is told apart).
Emitter::Options Emitter::push_sack(ControlBlock& c, Packet& packet) noexcept {
  TcpOptionWriter writer;
  if (c.has(flag::timestamps)) writer.timestamps({now_.tick.ms + c.ts_offset, c.ts_recent});
  constexpr std::size_t frame = 4;  // padding, kind and length
  const std::size_t taken = size(packet) + writer.bytes().size() + frame;
  const std::size_t fixed = c.remote_address.is_v4() ? 40 : 60;
  const std::size_t room = c.path_mtu > fixed + taken ? (c.path_mtu - fixed - taken) / 8 : 0;
  std::array<SackBlock, tcp_option::sack_blocks_max> blocks;
  std::size_t count = 0;
  if (room > 0 && std::exchange(c.duplicate_to_tell, false)) blocks[count++] = c.duplicate;
  for (std::uint8_t i = 0; i < c.sacks && count < std::min(room, blocks.size()); ++i)
    blocks[count++] = c.sack[i];
  writer.sack(std::span{blocks}.first(count));
  Options options = push(packet, writer);
  options.says_enough = count > 0;
  return options;
}

Emitter::Options Emitter::push(Packet& packet, const TcpOptionWriter& writer) noexcept {
  const auto options = writer.bytes();
  if (!options.empty())
    std::memcpy(push_front(packet, options.size()), options.data(), options.size());
  return {options.size(), InternetSum{}.add(options)};
}

Emitter::Options Emitter::push_options(ControlBlock& c, Packet& packet) noexcept {
  if (c.sacks != 0 || c.duplicate_to_tell) [[unlikely]]
    return push_sack(c, packet);
  if (!c.has(flag::timestamps)) return {};
  const be32_t value{now_.tick.ms + c.ts_offset};
  const be32_t echo{c.ts_recent};
  auto& option = headers_at<TcpTimestampOption>(push_front(packet, sizeof(TcpTimestampOption)));
  option.kind_and_length = TcpTimestampOption::usual;
  option.value = value;
  option.echo = echo;
  return {sizeof(option),
          InternetSum{std::uint64_t{TcpTimestampOption::usual.raw()} + value.raw() + echo.raw()}};
}

// All headers but the options, which are there.
template <class Frame>
void Emitter::push_frame(ControlBlock& c, Packet& packet, const Fields& fields) noexcept {
  constexpr bool is_v4 = sizeof(Frame::ip) == sizeof(Ipv4Header);
  const IpAddress& local = addresses_[c.local_address];
  const std::size_t text_bytes = size(packet) - fields.options.bytes;
  const std::size_t segment_bytes = sizeof(TcpHeader) + size(packet);
  const bool acks = (fields.flags & tcp_flag::ack) != 0;
  TcpHeader header{.source_port = be16_t{c.local_port},
                   .target_port = be16_t{c.remote_port},
                   .sequence = be32_t{fields.seq.raw()},
                   .acknowledgment = be32_t{acks ? c.rcv_nxt.raw() : 0},
                   .words_and_reserved = words_of(sizeof(TcpHeader) + fields.options.bytes),
                   .flags = fields.flags,
                   .window = be16_t{window_field(c)},
                   .checksum = be16_t{0},
                   .urgent = be16_t{0}};
  clear_offloads(packet);
  if (checksum_ != Checksum::unneeded) {
    InternetSum sum = pseudo_header(local, c.remote_address, protocol::tcp, segment_bytes);
    if (checksum_ == Checksum::software) {
      header.checksum = sum.add(sum_of(header))
                            .add(fields.options.sum)
                            .add(bytes(packet).last(text_bytes))
                            .checksum();
    } else {
      header.checksum = be16_t::from_raw(sum.folded());
      request_tcp_checksum(packet,
                           {sizeof(EthernetHeader), sizeof(Frame::ip),
                            static_cast<std::uint8_t>(sizeof(TcpHeader) + fields.options.bytes)});
    }
  }
  // RFC 3168, 6.1.4 to 6.1.6: neither bare ACKs nor retransmissions nor window probes are marked.
  const bool markable =
      c.has(flag::ecn) && text_bytes > 0 && fields.seq == c.snd_nxt && !fields.is_probe;
  const std::uint8_t traffic_class = markable ? ecn_capable : std::uint8_t{0};
  auto& frame = headers_at<Frame>(push_front(packet, sizeof(Frame)));
  frame.ethernet.target = c.mac;
  frame.ethernet.source = link_.mac();
  frame.ethernet.type = be16_t{Frame::ethertype};
  if constexpr (is_v4)
    write(frame.ip, emit_ipv4({.source = local.v4(),
                               .target = c.remote_address.v4(),
                               .protocol = protocol::tcp,
                               .traffic_class = traffic_class,
                               .payload_bytes = segment_bytes}));
  else
    write(frame.ip, emit_ipv6({.source = local.v6(),
                               .target = c.remote_address.v6(),
                               .next_header = protocol::tcp,
                               .traffic_class = traffic_class,
                               .payload_bytes = segment_bytes}));
  write(frame.tcp, header);
}

void Emitter::send(ControlBlock& c, Packet&& packet, const Fields& fields) noexcept {
  Packet mine{std::move(packet)};
  // As if it had been lost on the way.
  if (!find_path(c)) return counters_.drop(Drop::no_route);
  if (c.remote_address.is_v4())
    push_frame<TcpOverIpv4Frame>(c, mine, fields);
  else
    push_frame<TcpOverIpv6Frame>(c, mine, fields);
  ++counters_.tcp.segments_sent;
  if ((fields.flags & tcp_flag::ack) != 0) {
    c.last_ack_sent = c.rcv_nxt;
    c.clear(fields.options.says_enough ? flag::ack_now | flag::ack_delayed : flag::ack_delayed);
  }
  if (c.path_epoch == epoch_) [[likely]] {
    link_.queue().push(std::move(mine));
    return;
  }
  pull_front(mine, sizeof(EthernetHeader));
  if (const Path* path = ip_.path_to(c.remote_address); path != nullptr)
    (void)ip_.send_packet(std::move(mine), *path);
}

bool Emitter::send_text(ControlBlock& c, rte_mbuf* m, std::uint8_t flags) noexcept {
  SegmentNotes& n = notes_of(m);
  Packet packet;
  if (is_shared(m)) [[unlikely]] {  // the device has not sent it yet: its headers must stay
    packet = allocate();
    if (!packet) return false;
    resize(packet, n.bytes);
    std::memcpy(bytes(packet).data(), tail(m, n.bytes).data(), n.bytes);
  } else {
    show_tail(m, n.bytes);
    packet = share(m);
  }
  const Options options = push_options(c, packet);
  send(c, std::move(packet), {n.first, flags, options});
  return true;
}

bool Emitter::send_bare(ControlBlock& c, Seq seq, std::uint8_t flags) noexcept {
  Packet packet = allocate();
  if (!packet) {
    counters_.drop(Drop::no_buffer);
    return false;
  }
  const Options options = push_options(c, packet);
  send(c, std::move(packet), {seq, flags, options});
  return true;
}

bool Emitter::send_window_probe(ControlBlock& c) noexcept {
  Packet packet = allocate();
  if (!packet) return false;
  resize(packet, 1);
  bytes(packet)[0] = tail(c.unsent, notes_of(c.unsent).bytes)[0];
  const Options options = push_options(c, packet);
  send(c, std::move(packet), {c.snd_nxt, tcp_flag::ack, options, true});
  return true;
}

bool Emitter::send_syn(ControlBlock& c, std::uint8_t flags, const SynExtras& extras) noexcept {
  Packet packet;
  if (extras.text != nullptr) {
    show_tail(extras.text, notes_of(extras.text).bytes);
    packet = share(extras.text);
  } else {
    packet = allocate();
  }
  if (!packet || !find_path(c)) {
    counters_.drop(packet ? Drop::no_route : Drop::no_buffer);
    return false;
  }
  const std::size_t fixed = c.remote_address.is_v4() ? 40 : 60;
  TcpOptionWriter options;
  // RFC 6691: without regard to options.
  options.maximum_segment_bytes(static_cast<std::uint16_t>(ip_.link_mtu_bytes() - fixed));
  const bool answers = (flags & tcp_flag::ack) != 0;
  const TcpTimestamps stamps{now_.tick.ms + c.ts_offset, answers ? c.ts_recent : 0};
  if (c.has(flag::sack) && c.has(flag::timestamps))
    options.sack_permitted_and(stamps);
  else if (c.has(flag::sack))
    options.sack_permitted();
  else if (c.has(flag::timestamps))
    options.timestamps(stamps);
  if (c.shifts != 0 || !answers) options.window_scale(static_cast<std::uint8_t>(c.shifts >> 4));
  if (extras.cookie) options.fast_open(*extras.cookie);
  const Options pushed = push(packet, options);
  // RFC 7323, 2.2: the window of a SYN is not scaled.
  const std::uint8_t shifts = std::exchange(c.shifts, std::uint8_t{0});
  send(c, std::move(packet), {c.iss, flags, pushed});
  c.shifts = shifts;
  return true;
}

void Emitter::send_stray(const Stray& stray, std::span<const std::byte> options) noexcept {
  const Path* path = ip_.path_to(stray.remote);
  Packet packet = allocate();
  if (path == nullptr || !packet) return counters_.drop(packet ? Drop::no_route : Drop::no_buffer);
  TcpHeader header{.source_port = be16_t{stray.local_port},
                   .target_port = be16_t{stray.remote_port},
                   .sequence = be32_t{stray.seq.raw()},
                   .acknowledgment = be32_t{stray.ack.raw()},
                   .words_and_reserved = words_of(sizeof(TcpHeader) + options.size()),
                   .flags = stray.flags,
                   .window = be16_t{stray.window},
                   .checksum = be16_t{0},
                   .urgent = be16_t{0}};
  if (!options.empty())
    std::memcpy(push_front(packet, options.size()), options.data(), options.size());
  if (checksum_ != Checksum::unneeded)
    header.checksum =
        pseudo_header(stray.local, stray.remote, protocol::tcp, sizeof(header) + options.size())
            .add_header(header)
            .add(options)
            .checksum();
  store(push_front(packet, sizeof(header)), header);
  ++counters_.tcp.segments_sent;
  (void)ip_.send(std::move(packet), *path, {.source = stray.local, .protocol = protocol::tcp});
}

static_assert(headroom_bytes <= 128, "a fresh packet has room for all headers");

}  // namespace arrakis::extaris::tcp
