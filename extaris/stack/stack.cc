#include "extaris/stack/stack.h"

#include "base/check.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/bytes.h"
#include "extaris/stack/describe_sockets.h"
#include "extaris/stack/receiver.h"

namespace arrakis::extaris {
namespace {

// How many packets ahead headers are fetched into the cache.
constexpr std::size_t prefetch_distance = 4;

void prefetch_headers(const Burst& burst, std::size_t i) {
  if (i < burst.size()) __builtin_prefetch(rte_pktmbuf_mtod(burst.peek(i), const void*));
}

}  // namespace

struct Stack::Parts {
  Parts(NetDevice& device_, const StackConfig& config)
      : device{device_},
        link{device_, config, counters},
        ip{link, config, device_.info().mtu_bytes, counters},
        udp{link, ip, config, device_.info(), counters},
        tcp{link, ip, config, device_, counters},
        icmp{link, ip, device_.info(), counters},
        reassembly{counters},
        receiver{device_.info(), {link, ip, icmp, reassembly, udp, tcp}, counters} {}

  NetDevice& device;
  Counters counters;
  Link link;
  IpOutput ip;
  UdpLayer udp;
  TcpLayer tcp;
  Icmp icmp;
  Reassembly reassembly;
  Receiver receiver;
  Tap* tap = nullptr;
  Burst incoming;
  Burst unreachable;

  void run_timers(Instant now) noexcept {
    link.expire(now, unreachable);
    for (std::size_t i = 0; i < unreachable.size(); ++i)
      receiver.report_unreachable(unreachable.take(i));
    unreachable.clear();
    while (const auto late = reassembly.expire(now))
      if (*late) icmp.reassembly_timed_out(bytes(*late));
  }
  bool has_due(Instant now) const noexcept {
    const auto neighbor = link.next_deadline();
    const auto datagram = reassembly.next_deadline();
    return (neighbor && now >= *neighbor) || (datagram && now >= *datagram);
  }

  void receive_one_by_one() noexcept {
    const std::size_t count = incoming.size();
    for (std::size_t i = 0; i < prefetch_distance; ++i) prefetch_headers(incoming, i);
    for (std::size_t i = 0; i < count; ++i) {
      prefetch_headers(incoming, i + prefetch_distance);
      Packet frame = incoming.take(i);
      counters.received_bytes += size(frame);
      receiver.receive(std::move(frame));
    }
  }
};

Stack::Stack(NetDevice& device, const StackConfig& config) {
  ARK_CHECK(device.info().mtu_bytes >= ipv4::mtu_bytes_min);
  parts_ = std::make_unique<Parts>(device, config);
}

Stack::~Stack() = default;

std::size_t Stack::poll(Instant now) noexcept {
  Parts& p = *parts_;
  p.ip.set_time(now);
  p.tcp.set_time(now);
  p.device.receive(p.incoming);
  const std::size_t count = p.incoming.size();
  if (p.tap != nullptr) [[unlikely]]
    p.tap->see(p.incoming, 0, Direction::in);
  if (p.tcp.is_idle())
    p.receive_one_by_one();
  else
    p.receiver.receive(p.incoming);
  p.incoming.filled(0);  // every place has been taken
  p.counters.received_packets += count;
  p.tcp.finish();
  if (p.tcp.has_due()) p.tcp.run_timers();
  if (p.has_due(now)) p.run_timers(now);
  p.link.queue().flush();
  return count;
}

void Stack::flush() noexcept {
  parts_->tcp.finish();
  parts_->link.queue().flush();
}

std::optional<Instant> Stack::next_deadline() const noexcept {
  std::optional<Instant> first = parts_->link.next_deadline();
  const auto consider = [&first](std::optional<Instant> due) {
    if (due && (!first || *due < *first)) first = due;
  };
  consider(parts_->reassembly.next_deadline());
  consider(parts_->tcp.next_deadline());
  return first;
}

bool Stack::has_route(const IpAddress& target) noexcept {
  return parts_->ip.path_to(target) != nullptr;
}

std::expected<UdpSocket, BindError> Stack::bind_udp(const Endpoint& local) noexcept {
  const auto port = parts_->udp.bind(local);
  if (!port) return std::unexpected(port.error());
  return UdpSocket{parts_->udp, **port};
}

std::expected<TcpListener, BindError> Stack::listen_tcp(const Endpoint& local,
                                                        const TcpListenOptions& options) noexcept {
  TcpLayer& tcp = parts_->tcp;
  const auto index = tcp.listen(local, options.backlog, options.settings.value_or(tcp.settings()));
  if (!index) return std::unexpected(index.error());
  return TcpListener{tcp, *index};
}

std::expected<TcpConnection, ConnectError> Stack::connect_tcp(
    const Endpoint& remote, const TcpConnectOptions& options) noexcept {
  TcpLayer& tcp = parts_->tcp;
  const auto block = tcp.connect(remote, options.local, options.settings.value_or(tcp.settings()));
  if (!block) return std::unexpected(block.error());
  return TcpConnection{tcp, **block};
}

std::size_t Stack::tcp_events(std::span<TcpEvent> out) noexcept {
  return parts_->tcp.take_events(out);
}

std::uint64_t Stack::tcp_event_count() const noexcept { return parts_->tcp.news_count(); }

const Counters& Stack::counters() const noexcept { return parts_->counters; }

std::size_t Stack::tcp_connections() const noexcept { return parts_->tcp.connection_count(); }

std::optional<std::uint64_t> Stack::describe_sockets(std::uint64_t from, std::size_t places,
                                                     SocketSink& sink) const noexcept {
  return extaris::describe_sockets(parts_->tcp, parts_->udp, from, places, sink);
}

void Stack::set_tap(Tap* tap) noexcept {
  parts_->tap = tap;
  parts_->link.queue().set_tap(tap);
}

NetDevice& Stack::device() noexcept { return parts_->device; }

}  // namespace arrakis::extaris
