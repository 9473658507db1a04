#include "libos/runtime/counter_values.h"

#include "control-plane/protocol/counter_table.h"

namespace arrakis::runtime {
namespace {

using extaris::Counters;
using extaris::Drop;
using extaris::TcpCounters;

struct HostCounter {
  std::string_view name;
  std::uint64_t Counters::* value;
};
constexpr std::array host_counters{
    HostCounter{"received_packets", &Counters::received_packets},
    HostCounter{"received_bytes", &Counters::received_bytes},
    HostCounter{"transmitted_packets", &Counters::transmitted_packets},
    HostCounter{"transmitted_bytes", &Counters::transmitted_bytes},
    HostCounter{"delivered_datagrams", &Counters::delivered_datagrams},
    HostCounter{"reassembled_datagrams", &Counters::reassembled_datagrams},
    HostCounter{"fragmented_datagrams", &Counters::fragmented_datagrams},
    HostCounter{"icmp_errors_sent", &Counters::icmp_errors_sent},
    HostCounter{"icmp_errors_limited", &Counters::icmp_errors_limited},
};

struct TcpCounter {
  std::string_view name;
  std::uint64_t TcpCounters::* value;
};
constexpr std::array tcp_counters{
    TcpCounter{"tcp.segments_received", &TcpCounters::segments_received},
    TcpCounter{"tcp.segments_sent", &TcpCounters::segments_sent},
    TcpCounter{"tcp.fast_path", &TcpCounters::fast_path},
    TcpCounter{"tcp.bytes_received", &TcpCounters::bytes_received},
    TcpCounter{"tcp.bytes_sent", &TcpCounters::bytes_sent},
    TcpCounter{"tcp.connects", &TcpCounters::connects},
    TcpCounter{"tcp.accepts", &TcpCounters::accepts},
    TcpCounter{"tcp.fast_opens", &TcpCounters::fast_opens},
    TcpCounter{"tcp.fast_opens_accepted", &TcpCounters::fast_opens_accepted},
    TcpCounter{"tcp.resets_sent", &TcpCounters::resets_sent},
    TcpCounter{"tcp.resets_received", &TcpCounters::resets_received},
    TcpCounter{"tcp.timeouts", &TcpCounters::timeouts},
    TcpCounter{"tcp.acks_delayed", &TcpCounters::acks_delayed},
    TcpCounter{"tcp.challenge_acks", &TcpCounters::challenge_acks},
    TcpCounter{"tcp.challenge_acks_limited", &TcpCounters::challenge_acks_limited},
    TcpCounter{"tcp.old_timestamps", &TcpCounters::old_timestamps},
    TcpCounter{"tcp.no_timestamp", &TcpCounters::no_timestamp},
    TcpCounter{"tcp.unacceptable", &TcpCounters::unacceptable},
    TcpCounter{"tcp.beyond_window", &TcpCounters::beyond_window},
    TcpCounter{"tcp.out_of_order", &TcpCounters::out_of_order},
    TcpCounter{"tcp.duplicate_bytes", &TcpCounters::duplicate_bytes},
    TcpCounter{"tcp.retransmitted", &TcpCounters::retransmitted},
    TcpCounter{"tcp.fast_recoveries", &TcpCounters::fast_recoveries},
    TcpCounter{"tcp.loss_probes", &TcpCounters::loss_probes},
    TcpCounter{"tcp.retransmission_timeouts", &TcpCounters::retransmission_timeouts},
    TcpCounter{"tcp.spurious_retransmissions", &TcpCounters::spurious_retransmissions},
    TcpCounter{"tcp.recoveries_undone", &TcpCounters::recoveries_undone},
    TcpCounter{"tcp.black_holes", &TcpCounters::black_holes},
    TcpCounter{"tcp.window_probes", &TcpCounters::window_probes},
    TcpCounter{"tcp.congestion_marks", &TcpCounters::congestion_marks},
    TcpCounter{"tcp.congestion_echoes", &TcpCounters::congestion_echoes},
    TcpCounter{"tcp.keepalive_probes", &TcpCounters::keepalive_probes},
    TcpCounter{"tcp.no_connection_left", &TcpCounters::no_connection_left},
    TcpCounter{"tcp.backlog_full", &TcpCounters::backlog_full},
    TcpCounter{"tcp.half_open_full", &TcpCounters::half_open_full},
    TcpCounter{"tcp.fast_opens_refused", &TcpCounters::fast_opens_refused},
    TcpCounter{"tcp.cookies_sent", &TcpCounters::cookies_sent},
    TcpCounter{"tcp.cookies_accepted", &TcpCounters::cookies_accepted},
    TcpCounter{"tcp.time_wait_recycled", &TcpCounters::time_wait_recycled},
    TcpCounter{"tcp.receive_queue_full", &TcpCounters::receive_queue_full},
    TcpCounter{"tcp.out_of_order_full", &TcpCounters::out_of_order_full},
    TcpCounter{"tcp.memory_refused", &TcpCounters::memory_refused},
};

constexpr std::size_t drops = static_cast<std::size_t>(Drop::count);
// Which of them is on which line of the table.
constexpr std::size_t first_tcp = host_counters.size();
constexpr std::size_t connections = first_tcp + tcp_counters.size();
constexpr std::size_t first_drop = connections + 1;

// None is forgotten, and each has the name that it has there. Drops: the test.
static_assert(sizeof(TcpCounters) == tcp_counters.size() * sizeof(std::uint64_t));
static_assert(sizeof(Counters) ==
              (host_counters.size() + tcp_counters.size() + drops) * sizeof(std::uint64_t));
static_assert(sight::counter_table.size() == first_drop + drops);
template <class Counters>
constexpr bool have_their_names(const Counters& counters, std::size_t first) {
  for (std::size_t i = 0; i < counters.size(); ++i)
    if (counters[i].name != sight::counter_table[first + i].name) return false;
  return true;
}
static_assert(have_their_names(host_counters, 0));
static_assert(have_their_names(tcp_counters, first_tcp));
static_assert(sight::counter_table[connections].name == "tcp.connections");

}  // namespace

CounterValues counter_values(const extaris::Stack& stack) noexcept {
  const Counters& counters = stack.counters();
  CounterValues values{};
  for (std::size_t i = 0; i < host_counters.size(); ++i)
    values[i] = counters.*host_counters[i].value;
  for (std::size_t i = 0; i < tcp_counters.size(); ++i)
    values[first_tcp + i] = counters.tcp.*tcp_counters[i].value;
  values[connections] = stack.tcp_connections();
  for (std::size_t i = 0; i < drops; ++i) values[first_drop + i] = counters.drops[i];
  return values;
}

}  // namespace arrakis::runtime
