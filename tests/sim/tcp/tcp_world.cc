#include "tests/sim/tcp/tcp_world.h"

#include <algorithm>
#include <array>
#include <utility>

#include "extaris/tcp/invariants.h"

namespace arrakis::sim {
namespace {

using extaris::TcpBuffer;
using extaris::TcpConnection;
using extaris::TcpError;

constexpr std::uint16_t server_port = 80;
constexpr std::size_t longest_stream = 300'000;
constexpr Duration storm = Duration::seconds(5);
// After the cable is mended: the longest backoff, and what is left to be carried.
constexpr Duration patience = Duration::seconds(400);

constexpr Severity severity{.least = {.loss = 5, .duplicate = 4, .corrupt = 8, .reorder = 4},
                            .spread = 200,
                            .absent_in = 3,
                            .delay_us_max = 20'000,
                            .jitter_us_max = 3'000};

Endpoint server_address(bool is_v4) { return {host_address(2, is_v4), server_port}; }

}  // namespace

extaris::StackConfig TcpWorld::config(int host, std::uint64_t seed) {
  Random random{seed ^ 0xc0ffee};
  extaris::TcpSettings settings;
  settings.congestion = static_cast<extaris::tcp::CongestionControl>(random.below(3));
  settings.timestamps = !random.once_in(4);
  settings.sack = !random.once_in(4);
  settings.ecn = random.once_in(2);
  settings.no_delay = random.once_in(2);
  settings.receive_buffer_log2 = static_cast<std::uint8_t>(12 + random.below(7));
  settings.send_buffer_log2 = static_cast<std::uint8_t>(12 + random.below(7));
  extaris::StackConfig config = host_config(host, seed);
  config.tcp = {.connections_max = 64, .settings = settings};
  // Half of them cross the wrap of the sequence numbers soon.
  if (random.once_in(2)) config.tcp.initial_sequence = 0xffff'fffb;
  return config;
}

TcpWorld::TcpWorld(extaris::PacketPool& pool, std::uint64_t seed)
    : random_{seed},
      cable_{make_cable(Random{seed + 1}, severity)},
      link_{pool, cable_.faults, seed, cable_.options},
      client_stack_{link_.end(0), config(1, seed)},
      server_stack_{link_.end(1), config(2, seed + 1)},
      listener_{*server_stack_.listen_tcp({{}, server_port})} {}

std::byte TcpWorld::byte_of(const Stream& stream, std::size_t i) {
  const std::uint64_t word = stream.name + i / 8 * 0x9e37'79b9'7f4a'7c15;
  return static_cast<std::byte>((word ^ (word >> 29)) >> (i % 8 * 8));
}

void TcpWorld::complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

std::string TcpWorld::run() {
  open_all();
  const Instant calm = now_ + storm;
  while (complaint_.empty() && !all_done() && now_ < calm) step(Duration::milliseconds(20));
  link_.set_faults({.delay = Duration::microseconds(50)});
  is_greedy_ = true;
  const Instant end = now_ + patience;
  while (complaint_.empty() && !all_done() && now_ < end) step(Duration::milliseconds(100));
  if (client().beyond_window + server().beyond_window > 0) complain("sent beyond the window");
  if (!all_done()) complain("something does not come to its end on a good cable: " + describe());
  pairs_.clear();
  const Instant quiet = now_ + Duration::seconds(200);
  while (complaint_.empty() && now_ < quiet &&
         (client_stack_.next_deadline() || server_stack_.next_deadline()))
    step(Duration::seconds(10));
  return complaint_;
}

void TcpWorld::open_all() {
  pairs_.resize(1 + random_.below(4));
  std::uint64_t name = random_.next();
  for (Pair& pair : pairs_) {
    pair.up = {.name = ++name, .length = random_.below(longest_stream)};
    pair.down = {.name = ++name, .length = random_.below(longest_stream)};
    auto connection = client_stack_.connect_tcp(server_address(random_.once_in(2)));
    if (!connection) return complain("connect is refused at once");
    pair.client.emplace(std::move(*connection));
  }
}

void TcpWorld::step(Duration at_most) {
  Instant next = now_ + at_most;
  for (const auto event :
       {link_.next_event(), client_stack_.next_deadline(), server_stack_.next_deadline()})
    if (event) next = std::min(next, std::max(*event, now_));
  now_ = std::max(next, now_ + Duration{1'000});
  if (random_.once_in(2'000))
    link_.pause(static_cast<int>(random_.below(2)), now_ + Duration::milliseconds(30));
  link_.advance(now_);
  poll_all();
}

void TcpWorld::poll_all() {
  client_stack_.poll(now_);
  server_stack_.poll(now_);
  accept_all();
  for (Pair& pair : pairs_) act(pair);
  client_stack_.flush();
  server_stack_.flush();
  if (!random_.once_in(64)) return;  // it walks along every queue
  for (const Pair& pair : pairs_)
    for (const auto* connection : {&pair.client, &pair.server}) inspect(*connection);
}

void TcpWorld::inspect(const std::optional<extaris::TcpConnection>& connection) {
  if (!connection) return;
  const auto broken =
      extaris::tcp::broken_invariant(extaris::tcp::Inspector::block_of(*connection));
  if (!broken.empty()) complain(std::string{broken});
}

// Whose it is, is said by the ports.
void TcpWorld::accept_all() {
  while (auto connection = listener_.accept()) {
    const auto pair = std::ranges::find_if(pairs_, [&](const Pair& p) {
      return p.client && !p.server && p.client->local() == connection->remote();
    });
    if (pair == pairs_.end()) return complain("a connection that nobody opened");
    pair->server.emplace(std::move(*connection));
  }
}

void TcpWorld::act(Pair& pair) {
  if (pair.is_done || !pair.client) return;
  if (pair.client->error() != TcpError::none) {
    // Only who was never heard may give up.
    return complain("a connection ended by itself");
  }
  send_some(*pair.client, pair.up);
  receive_some(*pair.client, pair.down);
  if (!pair.server) return;
  if (pair.server->error() != TcpError::none) return complain("a connection ended by itself");
  send_some(*pair.server, pair.down);
  receive_some(*pair.server, pair.up);
  pair.is_done = pair.up.is_shut && pair.down.is_shut && pair.client->at_end() &&
                 pair.server->at_end() && pair.up.received == pair.up.length &&
                 pair.down.received == pair.down.length;
}

void TcpWorld::send_some(TcpConnection& from, Stream& stream) {
  if (stream.is_shut || !from.is_open()) return;
  while (stream.sent < stream.length) {
    const std::size_t most = std::min<std::size_t>(stream.length - stream.sent, 5'000);
    // More than there is room for now and then, but not each time: all of it has to be made up.
    const std::size_t room = random_.once_in(8) ? most : from.send_room() + 1;
    std::vector<std::byte> part(1 + random_.below(std::min(most, room)));
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = byte_of(stream, stream.sent + i);
    const auto taken = from.send(part);
    if (!taken) return;
    stream.sent += *taken;
    if (*taken < part.size() || random_.once_in(4)) return;
  }
  from.shutdown();
  stream.is_shut = true;
}

void TcpWorld::receive_some(TcpConnection& at, Stream& stream) {
  if (!is_greedy_ && random_.once_in(3)) return;  // let the window fill
  while (const TcpBuffer buffer = at.receive()) {
    for (const std::byte got : buffer.bytes()) {
      if (stream.received >= stream.length) return complain("more arrives than was sent");
      if (got != byte_of(stream, stream.received)) return complain("a byte is not what was sent");
      ++stream.received;
      ++bytes_;
    }
    if (!is_greedy_ && random_.once_in(4)) return;
  }
  if (at.at_end() && at.is_open() && stream.received != stream.length)
    complain("the end comes before the last byte");
}

// The first connection that is not done, as its ends see it.
std::string TcpWorld::describe() const {
  const auto pair = std::ranges::find_if(pairs_, [](const Pair& p) { return !p.is_done; });
  if (pair == pairs_.end()) return {};
  const auto end = [](const std::optional<TcpConnection>& connection, const Stream& stream) {
    const std::string progress = std::to_string(stream.sent) + " sent, " +
                                 std::to_string(stream.received) + " received of " +
                                 std::to_string(stream.length);
    if (!connection) return "not there; " + progress;
    const extaris::TcpInfo info = connection->info();
    return std::string{info.state} + ", unsent " + std::to_string(info.unsent_bytes) +
           ", unacknowledged " + std::to_string(info.unacknowledged_bytes) + ", unread " +
           std::to_string(info.unread_bytes) + ", window " +
           std::to_string(info.peer_window_bytes) + ", cwnd " +
           std::to_string(info.congestion_window_bytes) + "; " + progress;
  };
  return "client " + end(pair->client, pair->up) + "; server " + end(pair->server, pair->down);
}

bool TcpWorld::all_done() const {
  return std::ranges::all_of(pairs_, [](const Pair& pair) { return pair.is_done; });
}

}  // namespace arrakis::sim
