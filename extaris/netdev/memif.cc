#include "extaris/netdev/memif.h"

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

#include "extaris/packet/bytes.h"

namespace arrakis::extaris {
namespace {

constexpr std::size_t headroom_bytes = 128;
constexpr std::size_t ethernet_header_bytes = 14;
constexpr std::size_t secret_max = 23;        // memif's field holds 24 with its NUL
constexpr std::size_t socket_name_max = 100;  // sun_path holds 108 with both NULs
constexpr unsigned ring_log2_max = 14;        // the driver's limit
constexpr std::uint32_t polls_a_look = 1024;  // between two looks at the link's state

// What may stand in a device argument: DPDK splits them at commas and equals signs.
bool plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  });
}

Outcome<void> check(const WireOptions& options) {
  if (options.socket_name.empty() || options.socket_name.size() > socket_name_max ||
      !plain(options.socket_name))
    return fail(Error::Code::usage, "a wire's socket name is 1 to 100 letters, digits, '-_./'");
  if (options.secret.size() > secret_max || !plain(options.secret))
    return fail(Error::Code::usage, "a wire's secret is at most 23 letters, digits, '-_./'");
  if (options.ring_log2 == 0 || options.ring_log2 > ring_log2_max)
    return fail(Error::Code::usage, "a wire's rings have 2 to 16,384 entries");
  if (options.buffer_bytes < options.mtu_bytes + ethernet_header_bytes ||
      options.buffer_bytes > 0xffff - headroom_bytes)
    return fail(Error::Code::usage, "a wire's buffers must hold its MTU and an Ethernet header");
  return {};
}

std::string device_arguments(const WireOptions& options) {
  std::string text = "role=";
  text += options.role == WireOptions::Role::server ? "server" : "client";
  text += ",id=0,socket-abstract=yes,socket=" + options.socket_name;
  text += ",rsize=" + std::to_string(options.ring_log2);
  text += ",bsize=" + std::to_string(options.buffer_bytes);
  text += ",mac=" + options.mac.to_string();
  if (!options.secret.empty()) text += ",secret=" + options.secret;
  return text + ",zero-copy=no";
}

std::string device_name() {
  static std::atomic<unsigned> next{0};
  return "net_memif" + std::to_string(next.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace

Outcome<std::unique_ptr<WireDevice>> WireDevice::create(const WireOptions& options,
                                                        WireDoorbell doorbell) {
  if (auto good = check(options); !good) return std::unexpected(good.error());
  // A client whose server is not there yet is nothing to report, and it is asked again and again.
  rte_log_set_level_pattern("pmd.net.memif", RTE_LOG_CRIT);
  std::string name = device_name();
  if (rte_eal_hotplug_add("vdev", name.c_str(), device_arguments(options).c_str()) != 0)
    return fail(Error::Code::unavailable, "DPDK's memif driver refuses the wire",
                "install librte-net-memif23 (Debian: dpdk)");
  std::unique_ptr<WireDevice> device{new WireDevice{options, std::move(name), std::move(doorbell)}};
  std::uint16_t port = 0;
  if (rte_eth_dev_get_port_by_name(device->name_.c_str(), &port) != 0)
    return fail(Error::Code::internal, "DPDK lost the wire it has just made");
  // Buffers of exactly the wire's size let the driver copy a frame in one piece, both ways.
  auto opened = EthPort::open(
      port,
      {.mtu_bytes = options.mtu_bytes,
       .pool = {.packets = options.packets,
                .buffer_bytes = static_cast<std::uint16_t>(options.buffer_bytes + headroom_bytes)},
       .doorbell = false});
  if (!opened) return std::unexpected(opened.error());
  device->port_ = std::move(*opened);
  device->tried_at_ = rte_get_tsc_cycles();
  device->doorbell_.wake_peer();  // it may sleep since before we were here
  return device;
}

WireDevice::WireDevice(const WireOptions& options, std::string name, WireDoorbell doorbell)
    : name_{std::move(name)},
      connects_{options.role == WireOptions::Role::client},
      frame_bytes_max_{options.buffer_bytes},
      info_{.mac = options.mac,
            .mtu_bytes = options.mtu_bytes,
            .receive_checksum = Checksum::unneeded,
            .transmit_checksum = Checksum::unneeded},
      doorbell_{std::move(doorbell)} {}

WireDevice::~WireDevice() {
  port_.reset();
  rte_eal_hotplug_remove("vdev", name_.c_str());
}

void WireDevice::receive(Burst& burst) noexcept {
  port_->queue(0).EthQueue::receive(burst);
  if (burst.empty() && connects_ && ++empty_polls_ % polls_a_look == 0) [[unlikely]]
    connect_when_due();
}

void WireDevice::transmit(Burst& burst) noexcept {
  drop_oversized(burst);
  if (burst.empty()) return;
  const std::size_t before = burst.size();
  port_->queue(0).EthQueue::transmit(burst);
  if (burst.size() < before) doorbell_.ring();
}

// The driver copies without asking whether the peer's buffer is long enough.
void WireDevice::drop_oversized(Burst& burst) noexcept {
  rte_mbuf** packets = burst.slots();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (packets[i]->data_len <= frame_bytes_max_) [[likely]] {
      packets[kept++] = packets[i];
    } else {
      give_back(packets[i]);
      ++oversized_;
    }
  }
  burst.filled(kept);
}

void WireDevice::disarm_doorbell() noexcept {
  doorbell_.disarm();
  if (connects_) connect_when_due();
}

void WireDevice::connect_when_due() noexcept {
  if (link_up()) return;
  const std::uint64_t now = rte_get_tsc_cycles();
  const std::uint64_t interval =
      rte_get_tsc_hz() / 1000 * static_cast<std::uint64_t>(retry_interval.ns / 1'000'000);
  if (now - tried_at_ < interval) return;  // a handshake may be under way
  tried_at_ = now;
  connect_again();
}

void WireDevice::connect_again() noexcept {
  rte_eth_dev_stop(port_->id());
  rte_eth_dev_start(port_->id());
}

}  // namespace arrakis::extaris
