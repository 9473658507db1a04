// Half-open connections past the limit: nothing is kept of them (RFC 4987, 3.6).
#include <algorithm>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/syn_cookie.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris {

using tcp::ControlBlock;
using tcp::Listener;
using tcp::Segment;
using tcp::State;
using tcp::SynCookies;

void TcpLayer::answer_with_cookie(const Arrival& arrival, const TcpSegment& tcp,
                                  const Listener& listener, std::uint8_t local) noexcept {
  const TcpOptions options = parse_tcp_options(tcp.options);
  const tcp::Flow flow{arrival.source, tcp.source_port, tcp.target_port, local};
  const bool is_v4 = arrival.source.is_v4();
  const std::uint16_t peer_mss = options.maximum_segment_bytes.value_or(
      is_v4 ? tcp::limits::default_mss_v4 : tcp::limits::default_mss_v6);
  const Seq cookie =
      SynCookies{secrets_}.make(arrival.target, flow, tcp.sequence, peer_mss, now_.at);
  TcpOptionWriter writer;
  writer.maximum_segment_bytes(
      static_cast<std::uint16_t>(ip_.link_mtu_bytes() - (is_v4 ? 40 : 60)));
  if (options.timestamps && listener.settings.timestamps) {
    const std::uint32_t stamp = now_.tick.ms + secrets_.timestamp_offset(arrival.target, flow);
    if (options.sack_permitted) writer.sack_permitted();
    writer.timestamps({SynCookies::hide(stamp, options), options.timestamps->value});
    if (options.window_scale)
      writer.window_scale(tcp::scale_for(listener.settings.receive_buffer_log2));
  }
  ++counters_.tcp.cookies_sent;
  emitter_.send_stray({.local = arrival.target,
                       .remote = arrival.source,
                       .local_port = tcp.target_port,
                       .remote_port = tcp.source_port,
                       .seq = cookie,
                       .ack = tcp.sequence + 1,
                       .flags = tcp_flag::syn | tcp_flag::ack,
                       .window = 0xffff},
                      writer.bytes());
  cookies_until_ = now_.at + Duration::seconds(96);
}

// An ACK that fits no connection may be the answer to a cookie. nullptr: it is not.
ControlBlock* TcpLayer::open_by_cookie(const Arrival& arrival, const TcpSegment& tcp,
                                       std::uint16_t index, std::uint8_t local) noexcept {
  constexpr std::uint8_t all = tcp_flag::syn | tcp_flag::ack | tcp_flag::rst | tcp_flag::fin;
  Listener& l = listeners_[index];
  if (now_.at >= cookies_until_ || (tcp.flags & all) != tcp_flag::ack) return nullptr;
  const tcp::Flow flow{arrival.source, tcp.source_port, tcp.target_port, local};
  const Seq cookie = tcp.acknowledgment - 1;
  const auto peer_mss =
      SynCookies{secrets_}.check(arrival.target, flow, tcp.sequence - 1, cookie, now_.at);
  if (!peer_mss) return nullptr;
  if (l.backlog.size() >= l.backlog_max) {
    ++counters_.tcp.backlog_full;
    return nullptr;
  }
  ControlBlock* c = connections_.create(flow);
  if (c == nullptr) {
    ++counters_.tcp.no_connection_left;
    return nullptr;
  }
  ++counters_.tcp.cookies_accepted;
  set_up(*c, l.settings);
  c->iss = cookie;
  c->snd_una = c->snd_nxt = c->snd_end = cookie + 1;
  // The SYN as it was, as far as the cookie remembers.
  TcpOptions options;
  options.maximum_segment_bytes = peer_mss;
  if (const auto stamps = parse_tcp_options(tcp.options).timestamps) {
    const auto content = SynCookies::reveal(stamps->echo);
    options.timestamps = stamps;
    options.sack_permitted = content.sack_permitted;
    options.window_scale = content.window_scale;
  }
  const Segment syn{.seq = tcp.sequence - 1,
                    .ack = Seq{},
                    .flags = tcp_flag::syn,
                    .is_stamped = options.timestamps.has_value(),
                    .window = tcp.window,
                    .bytes = 0,
                    .timestamps = options.timestamps.value_or(TcpTimestamps{}),
                    .options = &options};
  take_syn_options(*c, syn, context());
  c->snd_wnd = std::uint32_t{tcp.window} << c->snd_shift();
  c->listener = index;
  enter(*c, State::established);
  if (l.settings.keepalive) set_keepalive(*c, l.settings.keepalive);
  c->news |= tcp::news::connected;
  became_established(*c);
  return c;
}

}  // namespace arrakis::extaris
