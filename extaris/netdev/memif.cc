#include "extaris/netdev/memif.h"

#include <rte_cycles.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace arrakis::extaris {
namespace {

constexpr std::size_t headroom_bytes = 128;
constexpr std::size_t ethernet_header_bytes = 14;
constexpr std::size_t socket_name_max = 100;  // sun_path holds 108 with its NULs
constexpr std::uint32_t polls_a_clock_look =
    64;                                          // reading the clock costs as much as an empty poll
constexpr std::uint64_t looks_a_second_up = 10;  // is the peer still there?
constexpr std::uint64_t looks_a_second_down = 1000;

Outcome<void> check(const WireOptions& options) {
  if (options.socket_name.empty() || options.socket_name.size() > socket_name_max)
    return fail(Error::Code::usage, "a wire's socket name has 1 to 100 characters");
  if (options.secret.size() >= memif::secret_bytes)
    return fail(Error::Code::usage, "a wire's secret has at most 23 characters");
  if (options.ring_log2 == 0 || options.ring_log2 > memif::ring_log2_max)
    return fail(Error::Code::usage, "a wire's rings have 2 to 16,384 entries");
  if (options.buffer_bytes < options.mtu_bytes + ethernet_header_bytes ||
      options.buffer_bytes > 0xffff - headroom_bytes)
    return fail(Error::Code::usage, "a wire's buffers must hold its MTU and an Ethernet header");
  return {};
}

memif::End end_of(WireOptions::Role role) {
  return role == WireOptions::Role::server ? memif::End::server : memif::End::client;
}

}  // namespace

Outcome<std::unique_ptr<WireDevice>> WireDevice::create(const WireOptions& options,
                                                        WireDoorbell doorbell) {
  if (auto good = check(options); !good) return std::unexpected(good.error());
  auto pool = PacketPool::create(
      {.packets = options.packets,
       .buffer_bytes = static_cast<std::uint16_t>(options.buffer_bytes + headroom_bytes)});
  if (!pool)
    return fail(Error::Code::exhausted, "no memory for the packets of a wire",
                "raise EalOptions::memory_mib or ask for fewer packets");
  std::unique_ptr<WireDevice> device{
      new WireDevice{options, std::move(doorbell), std::move(*pool)}};
  if (options.role == WireOptions::Role::server && !device->channel_.listen())
    return fail(Error::Code::conflict, "the wire's socket \"" + options.socket_name +
                                           "\" cannot be listened on: " + std::strerror(errno));
  device->doorbell_.wake_peer();  // it may sleep since before we were here
  return device;
}

WireDevice::WireDevice(const WireOptions& options, WireDoorbell doorbell, PacketPool pool)
    : end_{end_of(options.role)},
      info_{.mac = options.mac,
            .mtu_bytes = options.mtu_bytes,
            .receive_checksum = Checksum::unneeded,
            .transmit_checksum = Checksum::unneeded},
      pool_{std::move(pool)},
      doorbell_{std::move(doorbell)},
      channel_{{.end = end_of(options.role),
                .socket_name = options.socket_name,
                .secret = options.secret,
                .ring_log2 = options.ring_log2,
                .buffer_bytes = options.buffer_bytes}} {}

WireDevice::~WireDevice() {
  channel_.hang_up();
  doorbell_.wake_peer();
}

void WireDevice::receive(Burst& burst) noexcept {
  if (up_) [[likely]] {
    const int count = receiver_.receive(burst.slots(), Burst::capacity, pool_.mempool(), counters_);
    if (count > 0) [[likely]] {
      burst.filled(static_cast<std::size_t>(count));
      return;
    }
    if (count < 0) return go_down();
  }
  if (++empty_polls_ % polls_a_clock_look == 0 && rte_get_tsc_cycles() >= next_look_) [[unlikely]]
    look_for_peer();
}

void WireDevice::transmit(Burst& burst) noexcept {
  if (!up_ || burst.empty()) return;
  const int taken = sender_.send(burst.slots(), static_cast<unsigned>(burst.size()), counters_);
  if (taken < 0) return go_down();
  burst.drop_front(static_cast<std::size_t>(taken));
  if (taken > 0) doorbell_.ring();
}

void WireDevice::disarm_doorbell() noexcept {
  doorbell_.disarm();
  // Whoever rang may have meant the link itself: look at once if no frame explains it.
  next_look_ = 0;
  empty_polls_ = polls_a_clock_look - 1;
}

void WireDevice::look_for_peer() noexcept {
  const bool progress = channel_.step();
  if (channel_.connected() && !up_) {
    sender_ = channel_.memory().sender(end_);
    receiver_ = channel_.memory().receiver(end_);
  }
  up_ = channel_.connected();
  if (progress) doorbell_.wake_peer();
  next_look_ =
      rte_get_tsc_cycles() + rte_get_tsc_hz() / (up_ ? looks_a_second_up : looks_a_second_down);
}

// The peer has written nonsense where an index should be.
void WireDevice::go_down() noexcept {
  channel_.hang_up();
  up_ = false;
  next_look_ = 0;
}

}  // namespace arrakis::extaris
