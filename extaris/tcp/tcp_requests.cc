// What the application asks of a connection: SEND, RECEIVE, CLOSE, ABORT (RFC 9293, 3.10.2 to
// 3.10.5).
#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/notes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/tcp/timers.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris {

using tcp::ControlBlock;
using tcp::notes_of;
using tcp::State;
namespace flag = tcp::flag;

namespace {

// What the headers of any segment need in front of its text.
constexpr std::size_t headroom_bytes = 128;

// A few bytes that follow others which have not left yet share their packet.
bool append_to_last(ControlBlock& c, std::span<const std::byte> text) {
  rte_mbuf* last = c.sent.last();
  if (c.unsent == nullptr || is_shared(last)) return false;
  tcp::SegmentNotes& n = notes_of(last);
  Packet view{last};
  const bool fits =
      n.transmissions == 0 && n.bytes + text.size() <= c.mss && tailroom(view) >= text.size();
  if (fits) {
    resize(view, size(view) + text.size());
    std::memcpy(bytes(view).last(text.size()).data(), text.data(), text.size());
    n.bytes = static_cast<std::uint16_t>(n.bytes + text.size());
  }
  (void)std::move(view).release();  // the queue's own
  return fits;
}

}  // namespace

TcpSendError TcpLayer::refuse_to_send(ControlBlock& c) noexcept {
  if (!may_send(c.state) || c.has(flag::fin_queued)) return TcpSendError::closed;
  c.set(flag::wants_room);
  return TcpSendError::would_block;
}

bool TcpLayer::must_wait_for_packets(const ControlBlock& c) const noexcept {
  if (memory_.state() == tcp::Memory::ample) [[likely]]
    return false;
  rte_mbuf* m = c.sent.first();
  for (std::uint16_t i = 1; m != nullptr && i < share_of(memory_.state()); ++i) m = c.sent.after(m);
  return m != nullptr;
}

std::optional<TcpSendError> TcpLayer::refuses(ControlBlock& c, std::size_t bytes) noexcept {
  if (!may_send(c.state) || c.has(flag::fin_queued)) return TcpSendError::closed;
  if (bytes > 0xffff) return TcpSendError::too_big;
  const std::uint32_t waiting = c.snd_end - c.snd_una;
  const bool is_full = waiting > 0 && waiting + bytes > c.send_buffer();
  if (is_full || must_wait_for_packets(c)) return refuse_to_send(c);
  return std::nullopt;
}

std::expected<void, TcpSendError> TcpLayer::send(ControlBlock& c, Packet&& packet) noexcept {
  const std::size_t count = size(packet);
  Packet mine;
  if (headroom(packet) < headroom_bytes || is_shared(packet.mbuf())) [[unlikely]] {
    mine = allocate();
    if (!mine || tailroom(mine) < count) return std::unexpected(TcpSendError::no_buffer);
    resize(mine, count);
    std::memcpy(bytes(mine).data(), bytes(packet).data(), count);
    const Packet copied{std::move(packet)};
  } else {
    mine = std::move(packet);
  }
  if (count == 0) return {};
  if (!append_to_last(c, bytes(mine))) {
    rte_mbuf* m = mine.mbuf();
    tcp::SegmentNotes& n = notes_of(m);
    n.first = c.snd_end;
    n.bytes = static_cast<std::uint16_t>(count);
    n.fate = 0;
    n.transmissions = 0;
    c.sent.push_back(std::move(mine));
    if (c.unsent == nullptr) c.unsent = m;
  }
  c.snd_end = c.snd_end + static_cast<std::uint32_t>(count);
  if (c.has(flag::in_todo)) return {};  // it leaves with what stands in line already
  if (is_device_full_ || !tcp::transmit(c, emitter_, context())) stand_in_line(c);
  arrange(c);
  return {};
}

Packet TcpLayer::receive(ControlBlock& c) noexcept {
  if (c.received.empty()) return {};
  Packet packet = c.received.pop_front();
  c.lent_bytes += notes_of(packet.mbuf()).bytes;
  return packet;
}

void TcpLayer::take_back(tcp::Index id, std::uint32_t generation, std::uint16_t count) noexcept {
  ControlBlock& c = connections_.at(id);
  if (c.generation != generation || !c.has(flag::held)) return;  // it is gone
  c.lent_bytes -= count;
  --c.received_packets;
  // RFC 9293, 3.8.6.2.2: the window is told to have opened when that is news worth a segment.
  const std::uint32_t held = c.held_bytes();
  const Seq edge = c.rcv_nxt + (c.receive_buffer() > held ? c.receive_buffer() - held : 0);
  if (!edge.after(c.rcv_edge)) return;
  const std::uint32_t opened = edge - c.rcv_edge;
  const bool is_news =
      opened >= c.receive_buffer() / 4 ||
      (c.rcv_wnd() < c.mss && opened >= std::min<std::uint32_t>(c.mss, c.receive_buffer() / 2));
  if (is_news && may_receive(c.state)) {
    c.set(flag::ack_now);
    stand_in_line(c);
  }
}

void TcpLayer::shut_sending(ControlBlock& c) noexcept {
  if (c.has(flag::fin_queued)) return;
  switch (c.state) {
    case State::closed: return;
    case State::syn_sent: give_up(c, tcp::Ending::aborted); return settle(c);
    case State::syn_received: break;  // with the end of the handshake
    case State::established: enter(c, State::fin_wait_1); break;
    case State::close_wait: enter(c, State::last_ack); break;
    default: return;
  }
  c.set(flag::fin_queued | flag::send_now);
  settle(c);
}

void TcpLayer::abort(ControlBlock& c) noexcept {
  if (c.state == State::closed) return;
  const bool is_known_to_peer = c.state != State::syn_sent && c.state != State::time_wait;
  if (is_known_to_peer) {
    ++counters_.tcp.resets_sent;
    (void)emitter_.send_bare(c, c.snd_nxt, tcp_flag::rst | tcp_flag::ack);
  }
  give_up(c, tcp::Ending::aborted);
}

void TcpLayer::release(ControlBlock& c) noexcept {
  c.clear(flag::held);
  // RFC 9293, 3.6.1 (SHLD-3): what was received and never read must not seem delivered.
  if (c.state != State::closed && (!c.received.empty() || c.linger_ms == 0)) abort(c);
  c.received.clear();
  const bool is_over = c.state == State::closed || c.state == State::time_wait;
  if (c.linger_ms != tcp::no_linger && !is_over) {
    c.life_timer = tcp::LifeTimer::linger;
    c.life_due = now_.tick + c.linger_ms;
  }
  if (c.state != State::closed) shut_sending(c);
  if (c.state == State::fin_wait_2) {
    c.life_timer = tcp::LifeTimer::fin_wait_2;
    c.life_due = now_.tick + tcp::limits::fin_wait_2;
  }
  c.news = 0;
  settle(c);
}

}  // namespace arrakis::extaris
