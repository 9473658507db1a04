// A script of frames, actions of the program and steps of time, on one stack. Most frames are made
// well, so that fragments meet, neighbors answer and errors find their sockets; some are just
// bytes.
//
// Must hold: whatever is sent is well-formed, nothing behind a frame's end is read, and every
// buffer comes back.
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/stack/stack.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/script.h"

namespace arrakis::fuzz {
namespace {

using extaris::Burst;
using extaris::Checksum;
using extaris::Packet;
using extaris::PacketPool;

constexpr int steps_max = 64;

// Frames come from a pool of their own, whose buffers are poisoned behind the frame.
class FuzzDevice final : public extaris::NetDevice {
 public:
  FuzzDevice(PacketPool& pool, PacketPool& frames, Checksum checksum)
      : pool_{pool},
        frames_{frames},
        info_{.mac = our_mac, .receive_checksum = checksum, .transmit_checksum = checksum} {}

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  PacketPool& pool() noexcept override { return pool_; }
  void receive(Burst& burst) noexcept override {
    if (arrived_) burst.append(std::move(arrived_));
  }
  void transmit(Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) must_be_well_formed(bytes(burst.take(i)));
    burst.clear();
  }

  void arrive(const Bytes& frame) {
    arrived_ = frames_.allocate();
    if (!arrived_) return;
    const std::span room{bytes(arrived_).data(), tailroom(arrived_)};
    ASAN_UNPOISON_MEMORY_REGION(room.data(), room.size());
    if (frame.size() > room.size()) std::abort();
    resize(arrived_, frame.size());
    std::ranges::copy(frame, room.begin());
    ASAN_POISON_MEMORY_REGION(room.data() + frame.size(), room.size() - frame.size());
  }

 private:
  PacketPool& pool_;
  PacketPool& frames_;
  extaris::DeviceInfo info_;
  Packet arrived_;
};

IpAddress someone(Script& script) {
  const auto which = static_cast<std::uint8_t>(2 + script.byte() % 6);
  if (which % 2 == 0) return Ipv4Address{{10, 0, 0, which}};
  Ipv6Address address = our_v6;
  address.bytes[15] = which;
  return address;
}

void act(extaris::UdpSocket& socket, Script& script) {
  switch (script.byte() % 4) {
    case 0: {
      const std::vector<std::byte> payload(script.word());
      (void)socket.send(payload, {someone(script), script.word()});
      break;
    }
    case 1: {
      auto datagram = socket.receive();
      if (datagram) (void)socket.reply(std::move(datagram));
      break;
    }
    case 2: {
      auto datagram = socket.receive();
      if (!datagram) break;
      (void)datagram.resize(script.word() % (datagram.payload().size() + 1));
      (void)socket.send(std::move(datagram), {someone(script), 9});
      break;
    }
    default: (void)socket.take_error(); break;
  }
}

void run(Script& script, PacketPool& pool, PacketPool& frames) {
  const Checksum checksum = script.byte() % 2 == 0 ? Checksum::unneeded : Checksum::software;
  FuzzDevice device{pool, frames, checksum};
  extaris::Stack stack{device,
                       {.addresses = {{our_v4, 24}, {our_v6, 64}},
                        .routes = {},
                        .neighbors = {{Ipv4Address{{10, 0, 0, 2}}, {{2, 0, 0, 0, 0, 2}}}},
                        .seed = 1}};
  auto socket = stack.bind_udp({{}, our_port});
  if (!socket) std::abort();
  Instant now{};
  for (int step = 0; step < steps_max && !script.done(); ++step) {
    const std::uint8_t what = script.byte();
    if (what % 8 == 0)
      now = now + Duration::milliseconds(100 * script.byte());
    else if (what % 8 == 1)
      act(*socket, script);
    else
      device.arrive(next_frame(script));
    stack.poll(now);
  }
}

}  // namespace

void run_script(std::span<const std::byte> input) {
  // Never given back: DPDK would wipe buffers that are still poisoned.
  static auto* pool = new PacketPool{*PacketPool::create({.packets = 512})};
  static auto* frames = new PacketPool{*PacketPool::create({.packets = 512})};
  Script script{input};
  run(script, *pool, *frames);
  if (pool->available() != pool->capacity() || frames->available() != frames->capacity())
    std::abort();  // a leak
}

}  // namespace arrakis::fuzz
