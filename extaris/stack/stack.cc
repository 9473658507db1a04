#include "extaris/stack/stack.h"

#include <algorithm>

#include "base/check.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/bytes.h"
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
        icmp{link, ip, device_.info(), counters},
        reassembly{counters},
        receiver{device_.info(), {link, ip, icmp, reassembly, udp}, counters} {}

  NetDevice& device;
  Counters counters;
  Link link;
  IpOutput ip;
  UdpLayer udp;
  Icmp icmp;
  Reassembly reassembly;
  Receiver receiver;
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
};

Stack::Stack(NetDevice& device, const StackConfig& config) {
  ARK_CHECK(device.info().mtu_bytes >= ipv4::mtu_bytes_min);
  parts_ = std::make_unique<Parts>(device, config);
}

Stack::~Stack() = default;

std::size_t Stack::poll(Instant now) noexcept {
  Parts& p = *parts_;
  p.ip.set_time(now);
  p.device.receive(p.incoming);
  const std::size_t count = p.incoming.size();
  for (std::size_t i = 0; i < prefetch_distance; ++i) prefetch_headers(p.incoming, i);
  for (std::size_t i = 0; i < count; ++i) {
    prefetch_headers(p.incoming, i + prefetch_distance);
    Packet frame = p.incoming.take(i);
    p.counters.received_bytes += size(frame);
    p.receiver.receive(std::move(frame));
  }
  p.incoming.filled(0);  // every place has been taken
  p.counters.received_packets += count;
  if (const auto due = next_deadline(); due && now >= *due) p.run_timers(now);
  p.link.queue().flush();
  return count;
}

void Stack::flush() noexcept { parts_->link.queue().flush(); }

std::optional<Instant> Stack::next_deadline() const noexcept {
  const auto link = parts_->link.next_deadline();
  const auto reassembly = parts_->reassembly.next_deadline();
  if (!link || !reassembly) return link ? link : reassembly;
  return std::min(*link, *reassembly);
}

std::expected<UdpSocket, BindError> Stack::bind_udp(const Endpoint& local) noexcept {
  const auto port = parts_->udp.bind(local);
  if (!port) return std::unexpected(port.error());
  return UdpSocket{parts_->udp, **port};
}

const Counters& Stack::counters() const noexcept { return parts_->counters; }

NetDevice& Stack::device() noexcept { return parts_->device; }

}  // namespace arrakis::extaris
