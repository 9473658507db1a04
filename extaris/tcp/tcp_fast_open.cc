// TCP Fast Open (RFC 7413): text in the SYN, once the other side has shown that its address is its
// own.
#include <algorithm>
#include <bit>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/tcp/timers.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris {

using tcp::ControlBlock;
using tcp::notes_of;
using tcp::Segment;
namespace flag = tcp::flag;

namespace {

constexpr std::uint64_t cookie_purpose = 5;

// The text that fits a SYN beside all its options.
std::uint32_t text_bytes_max(const ControlBlock& c, std::uint16_t peer_mss) {
  const std::uint32_t mss = std::min<std::uint32_t>(c.mss, peer_mss);
  return mss > tcp_option::bytes_max ? mss - std::uint32_t{tcp_option::bytes_max} : 0;
}

}  // namespace

// ---- the side that connects

// 4.1.3 and 4.2.1: with what the application has given by now, or asking for a cookie.
void TcpLayer::send_first_syn(ControlBlock& c) noexcept {
  c.syn_waits = false;
  tcp::Emitter::SynExtras extras;
  const tcp::FastOpenCookies::Peer* peer = nullptr;
  if (c.fast_open) {
    peer = fast_open_cookies_.find(c.remote_address);
    extras.cookie = peer == nullptr ? std::span<const std::byte>{} : peer->cookie();
  }
  if (peer != nullptr && c.unsent != nullptr && emitter_.find_path(c)) {
    const std::uint32_t most = text_bytes_max(c, peer->mss);
    if (notes_of(c.unsent).bytes <= most || (most > 0 && split(c, c.unsent, most, emitter_)))
      extras.text = c.unsent;
  }
  std::uint8_t flags = tcp_flag::syn;
  if (c.has(flag::ecn)) flags |= tcp_flag::ece | tcp_flag::cwr;
  (void)emitter_.send_syn(c, flags, extras);
  c.snd_nxt = c.iss + 1;
  if (extras.text != nullptr) {
    tcp::SegmentNotes& n = notes_of(extras.text);
    n.transmissions = 1;
    n.sent_at = now_.at;
    c.snd_nxt = c.snd_nxt + n.bytes;
    c.unsent = c.sent.after(extras.text);
    ++counters_.tcp.fast_opens;
    counters_.tcp.bytes_sent += n.bytes;
  }
  c.first_unanswered = now_.tick;
  arm(c, tcp::SenderTimer::retransmit, now_.tick + tcp::limits::rto_initial);
  arrange(c);
}

// 4.1.3.1: a SYN with text that had to be sent again without may have met somebody who does not let
// such SYNs pass.
void TcpLayer::learn_cookie(const ControlBlock& c, const TcpSegment& tcp,
                            const TcpOptions& options) noexcept {
  constexpr std::uint8_t answer = tcp_flag::syn | tcp_flag::ack;
  const bool is_answer = (tcp.flags & answer) == answer && tcp.acknowledgment.after(c.iss) &&
                         tcp.acknowledgment.not_after(c.snd_nxt);
  if (!c.fast_open || !is_answer) return;
  if (c.backoff > 0) return fast_open_cookies_.forget(c.remote_address);
  if (options.cookie.empty()) return;
  const std::uint16_t usual =
      c.remote_address.is_v4() ? tcp::limits::default_mss_v4 : tcp::limits::default_mss_v6;
  fast_open_cookies_.store(c.remote_address, options.cookie,
                           options.maximum_segment_bytes.value_or(usual));
}

// ---- the side that listens

// 4.1.2: of the address, and nothing else that the client could change.
TcpLayer::Cookie TcpLayer::cookie_for(const IpAddress& local,
                                      const IpAddress& remote) const noexcept {
  const tcp::Flow flow{remote, 0, 0, 0};
  return std::bit_cast<Cookie>(secrets_.of(flow, local, cookie_purpose));
}

// 4.2.2. True: the SYN's text is taken, and the application may have it before the handshake is
// over.
bool TcpLayer::open_fast(ControlBlock& c, Arrival& arrival, const TcpSegment& tcp,
                         const TcpOptions& options) noexcept {
  const Cookie cookie = cookie_for(arrival.target, arrival.source);
  if (!std::ranges::equal(options.cookie, cookie) || tcp.payload.empty()) return false;
  if (fast_opens_pending_ >= tcp::limits::fast_open_pending_max) {
    ++counters_.tcp.fast_opens_refused;
    return false;
  }
  Segment text{.seq = tcp.sequence + 1,
               .ack = Seq{},
               .flags = tcp_flag::ack,
               .window = tcp.window,
               .bytes = static_cast<std::uint32_t>(tcp.payload.size()),
               .text = take_payload(arrival, tcp.header_bytes, tcp.payload.size())};
  take_text(c, text, context());
  c.fast_opened = true;
  ++fast_opens_pending_;
  ++counters_.tcp.fast_opens_accepted;
  return true;
}

void TcpLayer::left_fast_open(ControlBlock& c) noexcept {
  if (!std::exchange(c.fast_opened, false)) return;
  --fast_opens_pending_;
}

}  // namespace arrakis::extaris
