#include "tests/sim/udp_world.h"

#include <algorithm>
#include <array>
#include <utility>

namespace arrakis::sim {
namespace {

using extaris::Datagram;

constexpr std::uint16_t server_port = 7;
constexpr std::size_t largest_v4 = 65'507;
constexpr std::size_t largest_v6 = 65'487;
constexpr int storm_datagrams = 100;

constexpr Severity severity{.least = {.loss = 3, .duplicate = 3, .corrupt = 4, .reorder = 3},
                            .spread = 60,
                            .absent_in = 4,
                            .delay_us_max = 5'000,
                            .jitter_us_max = 5'000};

IpAddress server_address(bool is_v4) { return host_address(2, is_v4); }

}  // namespace

UdpWorld::UdpWorld(extaris::PacketPool& pool, std::uint64_t seed)
    : random_{seed},
      cable_{make_cable(Random{seed + 1}, severity)},
      link_{pool, cable_.faults, seed, cable_.options},
      client_stack_{link_.end(0), host_config(1, seed)},
      server_stack_{link_.end(1), host_config(2, seed + 1)},
      client_{*client_stack_.bind_udp({})},
      server_{*server_stack_.bind_udp({{}, server_port})} {}

std::string UdpWorld::run() {
  storm();
  if (complaint_.empty() && !recovers()) complain("nothing gets through a good cable");
  return complaint_;
}

void UdpWorld::complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

// The cable flips one bit of a frame, which UDP's checksum always finds. A datagram of several
// frames may get several.
bool UdpWorld::is_genuine(std::span<const std::byte> payload) const {
  if (payloads_.were_sent(payload)) return true;
  return cable_.faults.corrupt != 0 && payload.size() > cable_.options.mtu_bytes - 48u &&
         payloads_.sums_like_sent(payload);
}

std::size_t UdpWorld::random_size(bool is_v4) {
  const std::size_t largest = is_v4 ? largest_v4 : largest_v6;
  switch (random_.below(4)) {
    case 0: return random_.below(32);
    case 1: return random_.below(1'600);  // around the MTU
    case 2: return random_.below(8'000);
    default: return random_.once_in(4) ? largest : random_.below(largest + 1);
  }
}

void UdpWorld::send_one() {
  const bool is_v4 = random_.once_in(2);
  const Payload& payload = payloads_.make(random_size(is_v4));
  if (client_.send(payload, {server_address(is_v4), server_port})) ++sent_;
}

// On to the next thing that happens, but no further than `at_most`.
void UdpWorld::step(Duration at_most) {
  Instant next = now_ + at_most;
  for (const auto event :
       {link_.next_event(), client_stack_.next_deadline(), server_stack_.next_deadline()})
    if (event) next = std::min(next, std::max(*event, now_));
  now_ = std::max(next, now_ + Duration{1});
  link_.advance(now_);
  poll_all();
}

void UdpWorld::poll_all() {
  for (std::size_t moved = 1; moved != 0;) {
    moved = client_stack_.poll(now_) + server_stack_.poll(now_);
    serve();
    collect();
    client_stack_.flush();
    server_stack_.flush();
    const auto event = link_.next_event();
    if (event && *event <= now_) moved += 1;  // sent just now over a cable without delay
  }
}

void UdpWorld::serve() {
  std::array<Datagram, 16> batch;
  const std::size_t count = server_.receive(batch);
  for (std::size_t i = 0; i < count; ++i) {
    ++served_;
    if (!is_genuine(batch[i].payload())) complain("the server got what nobody sent");
    // Half of them go back as they came; half are written to, so that the sum is taken anew.
    if (random_.once_in(2)) mark_as_seen(batch[i].mutable_payload());
    if (server_.reply(std::move(batch[i]))) ++answered_;
  }
}

// What the server writes: the last byte behind the number, inverted.
void UdpWorld::mark_as_seen(std::span<std::byte> payload) {
  if (payload.size() > sizeof(std::uint64_t)) payload.back() ^= std::byte{0xff};
}

void UdpWorld::collect() {
  while (Datagram datagram = client_.receive()) {
    ++echoed_;
    bool genuine = is_genuine(datagram.payload());
    if (!genuine) {
      mark_as_seen(datagram.mutable_payload());
      genuine = is_genuine(datagram.payload());
    }
    if (!genuine) complain("the client got what nobody sent");
    if (datagram.source().port != server_port) complain("an answer from a wrong port");
  }
}

void UdpWorld::storm() {
  for (int i = 0; i < storm_datagrams && complaint_.empty(); ++i) {
    send_one();
    step(Duration::microseconds(static_cast<std::int64_t>(random_.below(3'000))));
  }
  const Instant end = now_ + Duration::seconds(2);
  while (now_ < end) step(Duration::seconds(1));
  // A datagram of many fragments arrives twice only if each of them does.
  if (served_ > sent_ + link().duplicated) complain("the server got more than was sent");
  if (echoed_ > answered_ + link().duplicated) complain("the client got more than was sent");
}

// A damaged ARP message may have left a wrong neighbor behind; the neighbor tables must find out
// (RFC 4861, 7.3: reachable 30 s, delay 5 s, three probes) and mend it.
bool UdpWorld::recovers() {
  link_.set_faults({});
  for (const bool is_v4 : {true, false}) {
    if (!one_gets_through(100, is_v4, Duration::seconds(120))) return false;
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1'472}, std::size_t{20'000}, is_v4 ? largest_v4 : largest_v6})
      if (!one_gets_through(bytes, is_v4, Duration::milliseconds(100))) return false;
  }
  return true;
}

// Sends one a second until one comes back.
bool UdpWorld::one_gets_through(std::size_t bytes, bool is_v4, Duration patience) {
  const std::uint64_t before = echoed_;
  const Instant end = now_ + patience;
  while (now_ < end) {
    const Payload& payload = payloads_.make(bytes);
    if (!client_.send(payload, {server_address(is_v4), server_port})) return false;
    const Instant next = std::min(end, now_ + Duration::seconds(1));
    while (now_ < next && echoed_ == before) step(next - now_);
    if (echoed_ != before) return true;
  }
  return false;
}

}  // namespace arrakis::sim
