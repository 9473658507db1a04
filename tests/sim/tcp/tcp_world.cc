#include "tests/sim/tcp/tcp_world.h"

#include <algorithm>
#include <utility>

namespace arrakis::sim {
namespace {

using Fate = Conversation::Fate;

constexpr std::uint16_t server_port = 80;
constexpr std::uint16_t closed_port = 81;
constexpr Duration storm = Duration::seconds(5);
// After the cables are mended: the longest backoff, and what is left to be carried.
constexpr Duration patience = Duration::seconds(400);

constexpr Severity severity{.least = {.loss = 5, .duplicate = 4, .corrupt = 8, .reorder = 4},
                            .spread = 200,
                            .absent_in = 3,
                            .delay_us_max = 10'000,
                            .jitter_us_max = 1'500};

}  // namespace

TcpWorld::Host::Host(extaris::NetDevice& device, const extaris::StackConfig& config)
    : takes_old_syns{config.tcp.settings.fast_open},
      stack{device, config},
      listener{*stack.listen_tcp({{}, server_port})} {}

// Mostly two, because what two do to each other is found fastest.
std::size_t TcpWorld::how_many_hosts(Random random) {
  if (random.once_in(25)) return 5 + random.below(46);
  return random.once_in(3) ? 3 + random.below(3) : 2;
}

extaris::StackConfig TcpWorld::config(std::size_t host, std::uint64_t seed) {
  Random random{(seed + host) ^ 0xc0ffee};
  extaris::TcpSettings settings;
  settings.congestion = static_cast<extaris::tcp::CongestionControl>(random.below(3));
  settings.timestamps = !random.once_in(4);
  settings.sack = !random.once_in(4);
  settings.ecn = random.once_in(2);
  settings.no_delay = random.once_in(2);
  settings.fast_open = random.once_in(3);
  settings.receive_buffer_log2 = static_cast<std::uint8_t>(12 + random.below(7));
  settings.send_buffer_log2 = static_cast<std::uint8_t>(12 + random.below(7));
  extaris::StackConfig config = host_config(static_cast<int>(host) + 1, seed + host);
  config.tcp = {.connections_max = 64, .settings = settings};
  // Half of them cross the wrap of the sequence numbers soon.
  if (random.once_in(2)) config.tcp.initial_sequence = 0xffff'fffb;
  return config;
}

TcpWorld::TcpWorld(extaris::PacketPool& pool, std::uint64_t seed)
    : random_{seed},
      cable_{make_cable(Random{seed + 1}, severity)},
      network_{pool, how_many_hosts(Random{seed + 2}), cable_, seed} {
  const std::size_t count = how_many_hosts(Random{seed + 2});
  for (std::size_t i = 0; i < count; ++i)
    hosts_.push_back(std::make_unique<Host>(network_.port(i), config(i, seed)));
}

void TcpWorld::complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

std::string TcpWorld::run() {
  to_open_ = hosts_.size() + random_.below(4);
  while (opened_ < to_open_ / 2) open_next();
  const Instant calm = now_ + storm;
  while (complaint_.empty() && !all_done() && now_ < calm) step(Duration::milliseconds(20));
  network_.set_faults({.delay = Duration::microseconds(50)});
  is_calm_ = true;
  const Instant end = now_ + patience;
  while (complaint_.empty() && !all_done() && now_ < end) step(Duration::milliseconds(100));
  finish();
  const Instant quiet = now_ + Duration::seconds(200);
  while (complaint_.empty() && now_ < quiet && !is_quiet()) step(Duration::seconds(10));
  return complaint_;
}

void TcpWorld::finish() {
  for (const Conversation& c : conversations_) {
    if (!c.is_done())
      complain("something does not come to its end on a good cable: " + c.describe());
    bytes_ += c.bytes();
    ++fates_[static_cast<std::size_t>(c.fate())];
  }
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (tcp(i).beyond_window > 0) complain("sent beyond the window");
  conversations_.clear();
}

Conversation::Plan TcpWorld::make_plan(const Host& client) {
  const std::size_t longest = hosts_.size() <= 5 ? 300'000 : 30'000;
  Conversation::Plan plan{.name = random_.next(),
                          .up_bytes = random_.below(longest),
                          .down_bytes = random_.below(longest),
                          .is_fast = client.takes_old_syns,
                          .may_be_led_astray = cable_.faults.corrupt != 0};
  if (random_.once_in(4)) {
    plan.fate = static_cast<Fate>(1 + random_.below(3));
    plan.abort_after = random_.below(plan.up_bytes + plan.down_bytes + 1);
  }
  return plan;
}

// Everybody is somebody's server once; then some of them are asked again, by whom they know.
void TcpWorld::open_next() {
  const std::size_t servers = hosts_.size() - 1;
  const std::size_t server = 1 + opened_ % servers;
  const std::size_t client = servers > 1 && server % 2 == 0 ? server - 1 : 0;
  ++opened_;
  open(*hosts_[client], server);
}

void TcpWorld::open(Host& client, std::size_t server) {
  const Conversation::Plan plan = make_plan(client);
  const std::uint16_t port = plan.fate == Fate::refused ? closed_port : server_port;
  const IpAddress address = host_address(static_cast<int>(server) + 1, random_.once_in(2));
  auto connection = client.stack.connect_tcp({address, port});
  if (!connection) return complain("connect is refused at once");
  conversations_.emplace_back(std::move(*connection), plan);
}

void TcpWorld::step(Duration at_most) {
  Instant next = now_ + at_most;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const Host& host = *hosts_[i];
    for (const auto event : {network_.next_event(i), host.stack.next_deadline()})
      if (event) next = std::min(next, std::max({*event, now_, wakes_at(host)}));
  }
  now_ = std::max(next, now_ + Duration{1'000});
  if (!is_calm_) disturb();
  network_.advance(now_);
  poll_all();
}

// A device whose ring is full; a host that does nothing for a while.
void TcpWorld::disturb() {
  const std::size_t host = random_.below(hosts_.size());
  if (random_.once_in(2'000)) network_.pause(host, now_ + Duration::milliseconds(30));
  if (random_.once_in(5'000))
    hosts_[host]->sleeps_until =
        now_ + Duration::milliseconds(static_cast<std::int64_t>(random_.below(2'000)));
}

void TcpWorld::poll_all() {
  for (const auto& host : hosts_) {
    if (wakes_at(*host) > now_) continue;
    host->stack.poll(now_);
    accept_all(*host);
  }
  if (opened_ < to_open_ && (is_calm_ || random_.once_in(300))) open_next();
  for (Conversation& c : conversations_) c.act(random_, is_calm_);
  for (const auto& host : hosts_)
    if (wakes_at(*host) <= now_) host->stack.flush();
  const bool inspects = random_.once_in(64);  // it walks along every queue
  for (Conversation& c : conversations_) {
    if (inspects) c.inspect();
    if (!c.complaint().empty()) complain(c.complaint() + ": " + c.describe());
  }
}

void TcpWorld::accept_all(Host& host) {
  while (auto connection = host.listener.accept()) {
    const auto mine = std::ranges::find_if(
        conversations_, [&](const Conversation& c) { return c.is_of(*connection); });
    if (mine != conversations_.end() && !mine->has_server())
      mine->accept(std::move(*connection));
    else if (!host.takes_old_syns)
      return complain("a connection that nobody opened");
  }
}

bool TcpWorld::all_done() const {
  return opened_ == to_open_ && std::ranges::all_of(conversations_, &Conversation::is_done);
}

bool TcpWorld::is_quiet() const {
  return std::ranges::none_of(
      hosts_, [](const auto& host) { return host->stack.next_deadline().has_value(); });
}

}  // namespace arrakis::sim
