// What arrives, what is due, and what follows from it. Opening stands in tcp_open.cc, what the
// application asks for in tcp_requests.cc.
#include "extaris/tcp/tcp_layer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "extaris/packet/bytes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/loss.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/timeouts.h"
#include "extaris/tcp/timers.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris {

using tcp::ControlBlock;
using tcp::Next;
using tcp::Segment;
using tcp::State;
namespace flag = tcp::flag;

namespace {

// How far ahead those who stand in a long line are fetched into the cache.
constexpr std::uint32_t line_ahead = 4;

std::vector<IpAddress> addresses_of(const StackConfig& config, const Link& link) {
  std::vector<IpAddress> all;
  for (const IpPrefix& prefix : config.addresses) all.push_back(prefix.address);
  all.emplace_back(link.addresses().link_local());
  return all;
}

}  // namespace

TcpLayer::TcpLayer(Link& link, IpOutput& ip, const StackConfig& config, const NetDevice& device,
                   Counters& counters)
    : link_{link},
      ip_{ip},
      device_{device},
      counters_{counters},
      settings_{config.tcp.settings},
      initial_sequence_{config.tcp.initial_sequence},
      addresses_{addresses_of(config, link)},
      secrets_{config.seed},
      connections_{config.tcp.connections_max, secrets_.flow_hash(), addresses_},
      wheel_{connections_.blocks()},
      emitter_{{link, ip, addresses_, now_}, device.info().transmit_checksum, counters},
      memory_{link.pool()},
      todo_{config.tcp.connections_max},
      ready_{config.tcp.connections_max},
      listeners_(tcp::limits::listeners_max),
      listening_(65'536, tcp::Listener::none) {
  ARK_CHECK(addresses_.size() <= 256);
  ARK_CHECK(todo_.has_memory() && ready_.has_memory());
  for (std::size_t i = listeners_.size(); i-- > 0;)
    listeners_[i].next = std::exchange(free_listener_, static_cast<std::uint16_t>(i));
  listeners_with_news_.reserve(listeners_.size());
  time_waits_.reserve(tcp::limits::time_wait_max);
}

TcpLayer::~TcpLayer() = default;

void TcpLayer::set_time(Instant now) noexcept {
  now_ = tcp::Now::of(now);
  emitter_.follow_time();
  wheel_.follow(now_.tick);
}

Packet TcpLayer::allocate() noexcept {
  memory_.follow(counters_.tcp.segments_received + ++allocations_);
  return memory_.state() == tcp::Memory::exhausted ? Packet{} : emitter_.allocate();
}

// ---- what arrives

void TcpLayer::receive(ControlBlock& c, Segment& segment) noexcept {
  ++counters_.tcp.segments_received;
  const State before = c.state;
  if (takes_fast_path(c, segment)) [[likely]] {
    receive_fast(c, segment, context());
    if (c.news != 0) tell(c);
    if (c.has(flag::ack_now | flag::send_now)) stand_in_line(c);
    arrange(c);
    return;
  }
  if (c.has(flag::ecn) && segment.bytes > 0) [[unlikely]]
    tell_marks_apart(c, segment);
  const Next next = segment_arrives(c, segment, context());
  act_on(c, segment, next);
  after_segment(c, before);
}

void TcpLayer::act_on(ControlBlock& c, const Segment& s, Next next) noexcept {
  switch (next) {
    case Next::proceed:
    case Next::stop:
    case Next::closed: return;
    case Next::acknowledge: c.set(flag::ack_now); return;
    case Next::answer_syn:
      (void)emitter_.send_syn(c, c.has(flag::ecn) ? tcp_flag::syn | tcp_flag::ack | tcp_flag::ece
                                                  : tcp_flag::syn | tcp_flag::ack);
      return;
    case Next::challenge: return challenge(c);
    case Next::reset:
    case Next::refuse:
      return send_reset({addresses_[c.local_address], c.local_port},
                        {c.remote_address, c.remote_port}, s);
  }
}

// RFC 8257, 3.2: what is owed for segments of one kind is said before one of the other is counted.
void TcpLayer::tell_marks_apart(ControlBlock& c, const Segment& s) noexcept {
  if (!std::holds_alternative<tcp::Dctcp>(c.congestion) || s.is_marked == c.has(flag::ece)) return;
  if (s.seq == c.rcv_nxt && c.has(flag::ack_now | flag::ack_delayed) && is_synchronized(c.state))
    (void)tcp::acknowledge(c, emitter_);
}

// RFC 5961, 7: as many as are harmless.
void TcpLayer::challenge(ControlBlock& c) noexcept {
  if (has_come(c.challenges_until, now_.tick) || c.challenges_until == tcp::Tick{}) {
    c.challenges_until = now_.tick + tcp::limits::challenge_acks_period;
    c.challenges_left = tcp::limits::challenge_acks_max;
  }
  if (now_.at >= challenges_until_) {
    challenges_until_ = now_.at + Duration::seconds(1);
    challenges_left_ = tcp::limits::challenge_acks_per_second;
  }
  if (challenges_left_ == 0 || c.challenges_left == 0) {
    ++counters_.tcp.challenge_acks_limited;
    return;
  }
  --challenges_left_;
  --c.challenges_left;
  ++counters_.tcp.challenge_acks;
  c.set(flag::ack_now);
}

// RFC 9293, 3.5.2 and 3.10.7.1
void TcpLayer::send_reset(const Endpoint& local, const Endpoint& remote,
                          const Segment& s) noexcept {
  if (s.has(tcp_flag::rst)) return;
  const bool acks = s.has(tcp_flag::ack);
  ++counters_.tcp.resets_sent;
  emitter_.send_stray(
      {.local = local.address,
       .remote = remote.address,
       .local_port = local.port,
       .remote_port = remote.port,
       .seq = acks ? s.ack : Seq{0},
       .ack = acks ? Seq{0} : s.end(),
       .flags = acks ? tcp_flag::rst : static_cast<std::uint8_t>(tcp_flag::rst | tcp_flag::ack)});
}

void TcpLayer::after_segment(ControlBlock& c, State before) noexcept {
  if (before == State::syn_received && c.state != State::syn_received) {
    if (c.fast_opened) {
      left_fast_open(c);
    } else {
      left_half_open(c);
      if (is_synchronized(c.state)) became_established(c);
    }
  }
  if (before != State::time_wait && c.state == State::time_wait) keep_time_waits_few(c);
  settle(c);
}

// All of them last equally long, so who came first would also go first.
void TcpLayer::keep_time_waits_few(ControlBlock& newest) noexcept {
  const TimeWait mine{newest.id, newest.generation};
  if (time_waits_.size() < tcp::limits::time_wait_max) return time_waits_.push_back(mine);
  const TimeWait oldest = std::exchange(time_waits_[oldest_time_wait_], mine);
  oldest_time_wait_ = (oldest_time_wait_ + 1) % time_waits_.size();
  ControlBlock& c = connections_.at(oldest.id);
  if (c.generation != oldest.generation || c.state != State::time_wait) return;
  ++counters_.tcp.time_wait_recycled;
  give_up(c, tcp::Ending::none);
  settle(c);
}

void TcpLayer::settle(ControlBlock& c) noexcept {
  if (c.state == State::closed) {
    left_fast_open(c);
    if (!c.has(flag::held)) return destroy(c);
    connections_.hide(c);
  }
  if (c.news != 0) tell(c);
  if (c.has(flag::ack_now | flag::send_now)) stand_in_line(c);
  if (c.life_timer != tcp::LifeTimer::idle) wheel_.schedule(c, c.life_due);
  arrange(c);
}

// The wheel looks in when the first timer is due. Those that begin and end connections are put
// there by settle().
void TcpLayer::arrange(ControlBlock& c) noexcept {
  if (c.sender_timer != tcp::SenderTimer::idle) wheel_.schedule(c, c.sender_due);
  if (c.has(flag::ack_delayed)) wheel_.schedule(c, ack_due(c, now_.tick));
}

void TcpLayer::tell(ControlBlock& c) noexcept {
  // Nobody has it yet: accept() is how it is told.
  if (c.listener != tcp::Listener::none || !c.has(flag::held) || c.has(flag::in_ready)) return;
  c.set(flag::in_ready);
  ready_.push(c.id);
  ++news_count_;
}

void TcpLayer::stand_in_line(ControlBlock& c) noexcept {
  if (c.has(flag::in_todo)) return;
  c.set(flag::in_todo);
  todo_.push(c.id);
}

// What does not find room stays in line for the next poll. When the device takes no more, nobody
// further back is asked: the line may be as long as there are connections.
void TcpLayer::finish() noexcept {
  memory_.follow(counters_.tcp.segments_received + allocations_);
  is_device_full_ = false;
  for (std::uint32_t left = todo_.size(); left > 0; --left) {
    if (!emitter_.has_room()) {
      is_device_full_ = true;
      return;
    }
    if (left > 2 * line_ahead) connections_.prefetch(todo_.peek(2 * line_ahead));
    if (left > line_ahead) connections_.prefetch_unsent(todo_.peek(line_ahead));
    ControlBlock& c = connections_.at(todo_.pop());
    c.clear(flag::in_todo);
    if (c.state == State::closed) continue;
    if (c.state == State::syn_sent && c.syn_waits) send_first_syn(c);
    if (!tcp::transmit(c, emitter_, context())) stand_in_line(c);
    arrange(c);
  }
}

void TcpLayer::run_timers() noexcept {
  for (tcp::Index id = wheel_.next(now_.tick); id != tcp::none; id = wheel_.next(now_.tick)) {
    ControlBlock& c = connections_.at(id);
    const State before = c.state;
    tcp::run_timers(c, emitter_, context());
    if (const auto due = earliest_due(c, now_.tick)) wheel_.schedule(c, *due);
    after_segment(c, before);
  }
  finish();
}

std::optional<Instant> TcpLayer::next_deadline() const noexcept {
  if (!todo_.empty()) return now_.at;
  const auto due = wheel_.next_due();
  if (!due) return std::nullopt;
  const std::int64_t ms = now_.at.ns / 1'000'000 + static_cast<std::int32_t>(*due - now_.tick);
  return Instant{ms * 1'000'000};
}

void TcpLayer::destroy(ControlBlock& c) noexcept {
  wheel_.remove(c);
  connections_.destroy(c);
}

bool TcpLayer::report(const TransportError& error, Seq quoted) noexcept {
  const auto local = index_of(error.local.address);
  if (!local) return false;
  ControlBlock* c = connections_.find(error.local, error.remote);
  // RFC 5927, 4.1: who does not know what is under way has not seen it.
  if (c == nullptr || quoted.before(c->snd_una) || quoted.after(c->snd_nxt)) return false;
  const State before = c->state;
  switch (error.what) {
    case SocketError::message_too_big:
      c->path_epoch = 0;  // the path is asked for again, and knows more by then
      c->set(flag::send_now);
      break;
    case SocketError::port_unreachable:
    case SocketError::administratively_prohibited:
      // RFC 5927, 6: hard errors end only what has not begun.
      if (c->state == State::syn_sent) {
        give_up(*c, tcp::Ending::refused);
        break;
      }
      [[fallthrough]];
    default:
      c->has_soft_error = true;
      c->last_error = error.what;
      break;
  }
  after_segment(*c, before);
  return true;
}

std::size_t TcpLayer::take_events(std::span<TcpEvent> out) noexcept {
  std::size_t count = 0;
  while (count < out.size() && !listeners_with_news_.empty()) {
    const std::uint16_t index = listeners_with_news_.back();
    listeners_with_news_.pop_back();
    listeners_[index].has_news = false;
    out[count++] = {index, TcpEvent::acceptable};
  }
  while (count < out.size() && !ready_.empty()) {
    ControlBlock& c = connections_.at(ready_.pop());
    c.clear(flag::in_ready);
    // Who was to be told is gone; who is here now is heard of by accept().
    if (c.news == 0 || c.listener != tcp::Listener::none) continue;
    out[count++] = {c.id, std::exchange(c.news, std::uint8_t{0})};
  }
  return count;
}

}  // namespace arrakis::extaris
