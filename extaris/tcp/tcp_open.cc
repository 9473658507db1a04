// LISTEN and CLOSED (RFC 9293, 3.10.7.1 and 3.10.7.2), and the active open.
#include <algorithm>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/tcp/timers.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris {

using tcp::ControlBlock;
using tcp::Listener;
using tcp::Segment;
using tcp::State;
namespace flag = tcp::flag;

namespace {

// RFC 6335, 6: the dynamic ports.
constexpr std::uint16_t ephemeral_first = 49'152;
constexpr std::uint32_t ephemeral_count = 65'536 - ephemeral_first;

constexpr std::uint8_t ecn_bits = 3;
constexpr std::uint8_t congestion_experienced = 3;

}  // namespace

std::optional<std::uint8_t> TcpLayer::index_of(const IpAddress& address) const noexcept {
  const auto found = std::ranges::find(addresses_, address);
  if (found == addresses_.end()) return std::nullopt;
  return static_cast<std::uint8_t>(found - addresses_.begin());
}

std::uint16_t TcpLayer::find_listener(const Endpoint& local) const noexcept {
  std::uint16_t best = Listener::none;
  for (std::uint16_t i = listening_[local.port]; i != Listener::none; i = listeners_[i].next) {
    if (!listeners_[i].takes(local.address)) continue;
    if (!listeners_[i].local.address.is_any()) return i;  // exactly this address
    if (best == Listener::none || listeners_[i].local.address.is_v4()) best = i;
  }
  return best;
}

void TcpLayer::receive(Arrival&& arrival, const TcpSegment& tcp) noexcept {
  Arrival mine{std::move(arrival)};
  const auto local = index_of(mine.target);
  if (mine.to_group || !local) return counters_.drop(Drop::not_for_us);  // RFC 9293, MUST-57
  ControlBlock* c =
      connections_.find({mine.target, tcp.target_port}, {mine.source, tcp.source_port});
  const std::uint16_t listener = c == nullptr || c->state == State::time_wait
                                     ? find_listener({mine.target, tcp.target_port})
                                     : Listener::none;
  std::optional<Seq> older;
  if (listener != Listener::none && c != nullptr && may_reuse(*c, tcp)) {
    older = c->snd_nxt;
    give_up(*c, tcp::Ending::none);
    settle(*c);
    c = nullptr;
  }
  if (c == nullptr) {
    ++counters_.tcp.segments_received;
    if (listener == Listener::none) return refuse(mine, tcp);
    c = open_by_cookie(mine, tcp, listener, *local);
    if (c == nullptr) return open_passively(std::move(mine), tcp, listener, *local, older);
  }
  if (c->state == State::syn_received && c->listener != Listener::none && !c->fast_opened &&
      listeners_[c->listener].backlog.size() >= listeners_[c->listener].backlog_max &&
      (tcp.flags & (tcp_flag::ack | tcp_flag::rst)) == tcp_flag::ack) {
    ++counters_.tcp.backlog_full;  // it comes again, and then there may be room
    return;
  }
  const TcpOptions options = parse_tcp_options(tcp.options);
  if (c->state == State::syn_sent) learn_cookie(*c, tcp, options);
  Segment segment{.seq = tcp.sequence,
                  .ack = tcp.acknowledgment,
                  .flags = tcp.flags,
                  .is_marked = (mine.traffic_class & ecn_bits) == congestion_experienced,
                  .is_stamped = options.timestamps.has_value(),
                  .window = tcp.window,
                  .urgent = tcp.urgent,
                  .bytes = static_cast<std::uint32_t>(tcp.payload.size()),
                  .timestamps = options.timestamps.value_or(TcpTimestamps{}),
                  .options = &options,
                  .text = take_payload(mine, tcp.header_bytes, tcp.payload.size())};
  receive(*c, segment);
}

// RFC 9293, 3.10.7.1: nobody is here.
void TcpLayer::refuse(const Arrival& arrival, const TcpSegment& tcp) noexcept {
  counters_.drop(Drop::no_socket);
  send_reset({arrival.target, tcp.target_port}, {arrival.source, tcp.source_port},
             {.seq = tcp.sequence,
              .ack = tcp.acknowledgment,
              .flags = tcp.flags,
              .window = tcp.window,
              .bytes = static_cast<std::uint32_t>(tcp.payload.size())});
}

// RFC 6191 and RFC 9293, 3.6.1: a SYN that cannot be an old one ends TIME-WAIT.
bool TcpLayer::may_reuse(ControlBlock& c, const TcpSegment& tcp) const noexcept {
  constexpr std::uint8_t all = tcp_flag::syn | tcp_flag::ack | tcp_flag::rst | tcp_flag::fin;
  if ((tcp.flags & all) != tcp_flag::syn) return false;
  const TcpOptions options = parse_tcp_options(tcp.options);
  if (c.has(flag::timestamps) && options.timestamps) {
    const auto newer = static_cast<std::int32_t>(options.timestamps->value - c.ts_recent);
    if (newer != 0) return newer > 0;
  }
  return tcp.sequence.after(c.rcv_nxt);
}

// What every connection begins with.
void TcpLayer::set_up(ControlBlock& c, const TcpSettings& settings) noexcept {
  const tcp::Flow flow{c.remote_address, c.remote_port, c.local_port, c.local_address};
  const IpAddress& local = addresses_[c.local_address];
  c.iss =
      initial_sequence_ ? Seq{*initial_sequence_} : secrets_.initial_sequence(local, flow, now_.at);
  c.snd_una = c.snd_nxt = c.iss;
  c.snd_end = c.iss + 1;
  c.ts_offset = secrets_.timestamp_offset(local, flow);
  c.set(flag::held);
  apply(c, settings);
  c.ssthresh = tcp::limits::congestion_window_max;
  (void)emitter_.find_path(c);
  c.cwnd = tcp::initial_window(c.mss);
}

// RFC 9293, 3.10.7.2
void TcpLayer::open_passively(Arrival&& arrival, const TcpSegment& tcp, std::uint16_t listener,
                              std::uint8_t local, std::optional<Seq> older) noexcept {
  Arrival mine{std::move(arrival)};
  if ((tcp.flags & tcp_flag::rst) != 0) return;
  if ((tcp.flags & tcp_flag::ack) != 0) return refuse(mine, tcp);
  if ((tcp.flags & tcp_flag::syn) == 0) return;
  Listener& l = listeners_[listener];
  if (l.backlog.size() >= l.backlog_max) {
    ++counters_.tcp.backlog_full;
    return;
  }
  if (half_open_ >= tcp::limits::half_open_max) {
    ++counters_.tcp.half_open_full;
    return answer_with_cookie(mine, tcp, l, local);
  }
  ControlBlock* c = connections_.create({mine.source, tcp.source_port, tcp.target_port, local});
  if (c == nullptr) {
    ++counters_.tcp.no_connection_left;
    return;
  }
  set_up(*c, l.settings);
  if (older && !c->iss.after(*older)) {  // RFC 9293, 3.6.1; RFC 6191
    c->iss = c->snd_una = c->snd_nxt = *older + 1;
    c->snd_end = c->iss + 1;
  }
  c->set(flag::ecn);  // granted to who asks
  const TcpOptions options = parse_tcp_options(tcp.options);
  const Segment segment{.seq = tcp.sequence,
                        .ack = tcp.acknowledgment,
                        .flags = tcp.flags,
                        .is_stamped = options.timestamps.has_value(),
                        .window = tcp.window,
                        .bytes = 0,
                        .timestamps = options.timestamps.value_or(TcpTimestamps{}),
                        .options = &options};
  take_syn_options(*c, segment, context());
  c->listener = listener;
  enter(*c, State::syn_received);
  c->snd_nxt = c->iss + 1;
  tcp::Emitter::SynExtras extras;
  Cookie cookie{};
  if (l.settings.fast_open && open_fast(*c, mine, tcp, options)) {
    became_established(*c);
  } else {
    ++l.half_open;
    ++half_open_;
    if (l.settings.fast_open && (options.asks_for_cookie || !options.cookie.empty()))
      extras.cookie = cookie = cookie_for(mine.target, mine.source);
  }
  std::uint8_t flags = tcp_flag::syn | tcp_flag::ack;
  if (c->has(flag::ecn)) flags |= tcp_flag::ece;
  (void)emitter_.send_syn(*c, flags, extras);
  c->first_unanswered = now_.tick;
  arm(*c, tcp::SenderTimer::retransmit, now_.tick + tcp::limits::rto_initial);
  settle(*c);
}

void TcpLayer::left_half_open(ControlBlock& c) noexcept {
  if (c.listener == Listener::none) return;
  --half_open_;
  --listeners_[c.listener].half_open;
  if (c.state == State::closed) c.clear(flag::held);  // nobody ever had it
}

void TcpLayer::became_established(ControlBlock& c) noexcept {
  if (c.listener == Listener::none) return;
  Listener& l = listeners_[c.listener];
  ++counters_.tcp.accepts;
  l.backlog.push(c.id);
  if (l.has_news) return;
  l.has_news = true;
  ++news_count_;
  listeners_with_news_.push_back(c.listener);
}

std::expected<std::uint16_t, BindError> TcpLayer::listen(const Endpoint& local,
                                                         std::uint32_t backlog,
                                                         const TcpSettings& settings) noexcept {
  if (!local.address.is_any() && !index_of(local.address))
    return std::unexpected(BindError::address_not_available);
  if (free_listener_ == Listener::none) return std::unexpected(BindError::too_many_sockets);
  Endpoint chosen = local;
  for (std::uint32_t i = 0; chosen.port == 0 && i < ephemeral_count; ++i) {
    const auto port =
        static_cast<std::uint16_t>(ephemeral_first + ports_tried_++ % ephemeral_count);
    if (listening_[port] == Listener::none) chosen.port = port;
  }
  if (chosen.port == 0) return std::unexpected(BindError::no_ports);
  for (std::uint16_t i = listening_[chosen.port]; i != Listener::none; i = listeners_[i].next)
    if (listeners_[i].local == chosen) return std::unexpected(BindError::address_in_use);
  const std::uint16_t index = free_listener_;
  Listener& l = listeners_[index];
  const auto places =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(backlog, 1, tcp::limits::backlog_max));
  tcp::IndexRing ring{places};
  if (!ring.has_memory()) return std::unexpected(BindError::too_many_sockets);
  free_listener_ = l.next;
  l = Listener{};
  l.backlog = std::move(ring);
  l.local = chosen;
  l.backlog_max = places;
  l.settings = settings;
  l.next = std::exchange(listening_[chosen.port], index);
  return index;
}

void TcpLayer::close_listener(std::uint16_t index) noexcept {
  Listener& l = listeners_[index];
  std::uint16_t* place = &listening_[l.local.port];
  while (*place != index) place = &listeners_[*place].next;
  *place = l.next;
  // Whoever was not accepted is told so (RFC 9293, 3.10.4: LISTEN).
  for (tcp::Index i = 0; i < connections_.used(); ++i) {
    ControlBlock& c = connections_.at(i);
    if (c.listener != index || !c.has(flag::held)) continue;
    if (c.state == State::syn_received && !c.fast_opened) {
      --half_open_;
      --l.half_open;
    }
    c.listener = Listener::none;
    abort(c);
    release(c);
  }
  l = Listener{};
  l.next = std::exchange(free_listener_, index);
  std::erase(listeners_with_news_, index);
}

ControlBlock* TcpLayer::accept(std::uint16_t listener) noexcept {
  Listener& l = listeners_[listener];
  if (l.backlog.empty()) return nullptr;
  ControlBlock& c = connections_.at(l.backlog.pop());
  c.listener = Listener::none;
  if (c.news != 0) tell(c);
  return &c;
}

// By which queue the answers would come: only this one's can be heard here.
NetDevice::Arrives TcpLayer::arrival(const tcp::Flow& flow, std::uint16_t port) const noexcept {
  if (device_.info().queues == 1) return NetDevice::Arrives::here;
  return device_.arrives({flow.remote, flow.remote_port}, {addresses_[flow.local], port});
}

// RFC 6056, 3.3.3: from a place that only we can compute, the next that is free.
std::uint16_t TcpLayer::choose_port(tcp::Flow flow) noexcept {
  const IpAddress& local = addresses_[flow.local];
  const std::uint32_t start = secrets_.port_offset(local, flow) + ports_tried_;
  for (std::uint32_t i = 0; i < ephemeral_count; ++i) {
    const auto port = static_cast<std::uint16_t>(ephemeral_first + (start + i) % ephemeral_count);
    if (listening_[port] != Listener::none ||
        connections_.find({local, port}, {flow.remote, flow.remote_port}) != nullptr ||
        arrival(flow, port) != NetDevice::Arrives::here)
      continue;
    ports_tried_ += i + 1;
    return port;
  }
  return 0;
}

std::expected<ControlBlock*, ConnectError> TcpLayer::connect(const Endpoint& remote,
                                                             const Endpoint& local,
                                                             const TcpSettings& settings) noexcept {
  const Path* path = ip_.path_to(remote.address);
  if (path == nullptr || remote.port == 0 || remote.address.is_multicast())
    return std::unexpected(ConnectError::no_route);
  const IpAddress source = local.address.is_any() ? path->source : local.address;
  const auto index = index_of(source);
  if (!index || source.is_v4() != remote.address.is_v4())
    return std::unexpected(ConnectError::address_not_available);
  tcp::Flow flow{remote.address, remote.port, local.port, *index};
  if (arrival(flow, flow.local_port) == NetDevice::Arrives::unknown)
    return std::unexpected(ConnectError::other_queue);
  if (flow.local_port == 0) flow.local_port = choose_port(flow);
  if (flow.local_port == 0) return std::unexpected(ConnectError::no_ports);
  if (arrival(flow, flow.local_port) != NetDevice::Arrives::here)
    return std::unexpected(ConnectError::other_queue);
  if (connections_.find({source, flow.local_port}, remote) != nullptr)
    return std::unexpected(ConnectError::address_in_use);
  ControlBlock* c = connections_.create(flow);
  if (c == nullptr) {
    ++counters_.tcp.no_connection_left;
    return std::unexpected(ConnectError::too_many_connections);
  }
  ++counters_.tcp.connects;
  set_up(*c, settings);
  if (settings.ecn) c->set(flag::ecn);
  enter(*c, State::syn_sent);
  c->rcv_edge = c->rcv_nxt + std::min(c->receive_buffer(), 65'535u);
  c->fast_open = settings.fast_open;
  // Text that is to go with it comes in a moment; and before the first poll no clock is running.
  c->syn_waits =
      now_.at == Instant{} || (c->fast_open && fast_open_cookies_.find(remote.address) != nullptr);
  if (c->syn_waits)
    stand_in_line(*c);
  else
    send_first_syn(*c);
  settle(*c);
  return c;
}

}  // namespace arrakis::extaris
