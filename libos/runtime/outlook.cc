#include "libos/runtime/outlook.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include "control-plane/protocol/sight.h"
#include "extaris/packet/bytes.h"
#include "extaris/tcp/state.h"
#include "libos/runtime/counter_values.h"

namespace arrakis::runtime {
namespace {

using client::Question;
using extaris::SocketInfo;

// Numbers that are the same on both sides.
template <class To, class From>
constexpr bool same(To to, From from) {
  return static_cast<unsigned>(to) == static_cast<unsigned>(from);
}
static_assert(same(sight::SocketState::syn_sent, extaris::tcp::State::syn_sent) &&
              same(sight::SocketState::established, extaris::tcp::State::established) &&
              same(sight::SocketState::time_wait, extaris::tcp::State::time_wait));
static_assert(same(sight::Timer::retransmit, extaris::TcpTimer::retransmit) &&
              same(sight::Timer::time_wait, extaris::TcpTimer::time_wait));

sight::Congestion congestion_of(extaris::tcp::CongestionControl which) {
  switch (which) {
    case extaris::tcp::CongestionControl::cubic: return sight::Congestion::cubic;
    case extaris::tcp::CongestionControl::new_reno: return sight::Congestion::new_reno;
    case extaris::tcp::CongestionControl::dctcp: return sight::Congestion::dctcp;
  }
  return sight::Congestion::none;
}

std::uint8_t options_of(const extaris::TcpInfo& tcp) {
  return static_cast<std::uint8_t>((tcp.timestamps ? sight::option::timestamps : 0) |
                                   (tcp.sack ? sight::option::sack : 0) |
                                   (tcp.ecn ? sight::option::ecn : 0));
}

void add_tcp(const extaris::TcpInfo& tcp, sight::SocketRecord& out) {
  out.state = static_cast<sight::SocketState>(tcp.state_number);
  out.congestion = congestion_of(tcp.congestion);
  out.timer = static_cast<sight::Timer>(tcp.timer);
  out.options = options_of(tcp);
  out.backoff = tcp.backoff;
  out.send_scale = tcp.send_scale;
  out.receive_scale = tcp.receive_scale;
  out.timer_ms = tcp.timer_ms;
  out.rtt_us = tcp.round_trip_us;
  out.rttvar_us = tcp.round_trip_variation_us;
  out.rto_ms = tcp.retransmission_timeout_ms;
  out.cwnd_bytes = tcp.congestion_window_bytes;
  out.ssthresh_bytes = tcp.slow_start_threshold_bytes;
  out.mss_bytes = tcp.segment_bytes;
  out.unacknowledged_bytes = tcp.unacknowledged_bytes;
  out.retransmitted_segments = tcp.retransmitted_segments;
  out.peer_window_bytes = tcp.peer_window_bytes;
  out.receive_window_bytes = tcp.receive_window_bytes;
  out.acknowledged_bytes = tcp.acknowledged_bytes;
  out.received_bytes = tcp.received_bytes;
}

sight::SocketRecord record_of(const SocketInfo& socket) {
  sight::SocketRecord out{};
  out.protocol = socket.kind == SocketInfo::Kind::udp ? sight::Protocol::udp : sight::Protocol::tcp;
  out.local_address = socket.local.address.v6().bytes;
  out.local_port = socket.local.port;
  out.remote_address = socket.remote.address.v6().bytes;
  out.remote_port = socket.remote.port;
  out.receive_queue = socket.receive_queue;
  out.send_queue = socket.send_queue;
  switch (socket.kind) {
    case SocketInfo::Kind::tcp_listener: out.state = sight::SocketState::listen; break;
    case SocketInfo::Kind::udp: out.state = sight::SocketState::unconnected; break;
    case SocketInfo::Kind::tcp_connection: add_tcp(socket.tcp, out); break;
  }
  return out;
}

void write_header(std::span<std::byte> memory, sight::PageKind kind, std::size_t records,
                  std::size_t record_bytes, std::optional<std::uint64_t> next) {
  const sight::PageHeader header{.magic = sight::page_magic,
                                 .version = sight::format_version,
                                 .kind = kind,
                                 .is_last = next ? std::uint8_t{0} : std::uint8_t{1},
                                 .records = static_cast<std::uint32_t>(records),
                                 .record_bytes = static_cast<std::uint32_t>(record_bytes),
                                 .next_cursor = next.value_or(0),
                                 .reserved = 0};
  std::memcpy(memory.data(), &header, sizeof(header));
}

// REQUIRES: no more than sockets_a_page come.
class PageOfSockets final : public extaris::SocketSink {
 public:
  explicit PageOfSockets(std::span<std::byte> memory) noexcept
      : at_{memory.data() + sizeof(sight::PageHeader)} {}
  void take(const SocketInfo& socket) noexcept override {
    const sight::SocketRecord record = record_of(socket);
    std::memcpy(at_ + count_ * sizeof(record), &record, sizeof(record));
    ++count_;
  }
  std::size_t count() const noexcept { return count_; }

 private:
  std::byte* at_;
  std::size_t count_ = 0;
};

// As a capture's reader wants it: since the epoch.
std::uint64_t real_time_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

void Outlook::answer() noexcept {
  const Question* question = window_->take();
  if (question == nullptr) return;
  answer(*question);
  window_->answered();
}

void Outlook::answer(const Question& question) noexcept {
  switch (question.what) {
    case Question::What::sockets: return write_sockets(question);
    case Question::What::counters: return write_counters(question);
    case Question::What::begin_capture:
      capture_.emplace(question.memory, question.snap_bytes);
      return stack_.set_tap(this);
    case Question::What::end_capture: stack_.set_tap(nullptr); return capture_.reset();
  }
}

void Outlook::write_sockets(const Question& question) noexcept {
  PageOfSockets page{question.memory};
  const auto next = stack_.describe_sockets(question.cursor, sight::sockets_a_page, page);
  write_header(question.memory, sight::PageKind::sockets, page.count(), sizeof(sight::SocketRecord),
               next);
}

void Outlook::write_counters(const Question& question) noexcept {
  const CounterValues values = counter_values(stack_);
  std::memcpy(question.memory.data() + sizeof(sight::PageHeader), values.data(), sizeof(values));
  write_header(question.memory, sight::PageKind::counters, values.size(), sizeof(values[0]),
               std::nullopt);
}

void Outlook::see(const extaris::Burst& burst, std::size_t first,
                  extaris::Direction direction) noexcept {
  if (first >= burst.size()) return;
  const std::uint64_t now = real_time_ns();
  for (std::size_t i = first; i < burst.size(); ++i)
    capture_->write(extaris::bytes(burst.peek(i)), now,
                    direction == extaris::Direction::out ? 1u : 0u);
  capture_->publish();
}

}  // namespace arrakis::runtime
