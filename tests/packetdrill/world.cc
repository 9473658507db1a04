#include "tests/packetdrill/world.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "base/check.h"
#include "libos/posix/kernel.h"

namespace arrakis::packetdrill {

using posix::Lock;
using posix::Sleeper;
using posix::Wake;

namespace {

constexpr std::uint32_t packets = 1024;
constexpr std::size_t connections_max = 256;
// Nothing that a script waits for comes later: the longest retransmission timeout is two minutes.
constexpr Duration patience = Duration::seconds(600);
// A thread that was woken and never asks for the time is not waited for longer.
constexpr std::chrono::milliseconds read_time{200};

}  // namespace

struct World::Sleeping final : Sleeper::Bell {
  Sleeping(World& where, Instant when) : world{where}, until{when} {}
  void ring() override {
    world.unread_.insert(thread);
    bell.notify_one();
  }

  World& world;
  const Instant until;
  const std::thread::id thread = std::this_thread::get_id();
  std::condition_variable bell;
};

World::World(const Settings& settings, int sysctls)
    : settings_{settings}, sysctls_{sysctls}, host_{*this, settings.defaults}, calls_{host_} {}

World::~World() { calls_.drop_all(); }

void World::hear_sysctls() {
  if (sysctls_ < 0) return;
  std::array<char, 4096> text;
  const ssize_t count =
      ::pread(sysctls_, text.data(), text.size(), static_cast<off_t>(sysctls_read_));
  if (count <= 0) return;
  sysctls_read_ += static_cast<std::size_t>(count);
  settings_.read_sysctls({text.data(), static_cast<std::size_t>(count)});
  host_.defaults = settings_.defaults;
}

void World::settle_on(const IpAddress& address) {
  const Lock lock = host_.lock();
  hear_sysctls();
  if (!host_.is_started()) start(address);
}

// Everybody else is behind one router.
void World::start(const IpAddress& address) {
  if (!address.is_any()) (address.is_v4() ? settings_.v4 : settings_.v6) = address;
  const IpAddress v4 = settings_.v4.value_or(*IpAddress::parse("192.168.0.1"));
  const IpAddress v6 = settings_.v6.value_or(*IpAddress::parse("fd3d:fa7b:d17d::1"));
  const IpAddress router_v4 = *IpAddress::parse("169.254.0.1");
  const IpAddress router_v6 = *IpAddress::parse("fe80::1");
  pool_ = std::move(*extaris::PacketPool::create({.packets = packets}));
  wire_ = std::make_unique<Wire>(*pool_, settings_.mtu_bytes);
  const extaris::StackConfig config{
      .addresses = {{v4, 32}, {v6, 128}},
      .routes = {{*IpPrefix::parse("0.0.0.0/0"), router_v4}, {*IpPrefix::parse("::/0"), router_v6}},
      .neighbors = {{router_v4, Wire::router_mac}, {router_v6, Wire::router_mac}},
      .seed = 1,
      .tcp = {.connections_max = connections_max,
              .settings = settings_.defaults.tcp,
              .initial_sequence = settings_.initial_sequence}};
  stack_ = std::make_unique<extaris::Stack>(*wire_, config);
  host_.start(*stack_, {v4, v6});
  wire_->set_time(now_);
  stack_->poll(now_);
}

void World::enter() {
  hear_sysctls();
  if (stack_ == nullptr) return;
  wire_->set_time(now_);
  stack_->poll(now_);
  host_.take_news();
}

void World::flush() {
  if (stack_ != nullptr) stack_->flush();
}

std::optional<Instant> World::next_event() const {
  std::optional<Instant> next = stack_ != nullptr ? stack_->next_deadline() : std::nullopt;
  for (const Sleeping* sleeping : sleeping_)
    if (sleeping->until != posix::never && (!next || sleeping->until < *next))
      next = sleeping->until;
  return next;
}

void World::let_others_read(Lock& lock) {
  if (std::this_thread::get_id() != script_) return;
  all_read_.wait_for(lock, read_time, [&] { return unread_.empty(); });
  unread_.clear();
}

// REQUIRES: nothing happens before.
void World::pass_to(Lock& lock, Instant then) {
  let_others_read(lock);
  now_ = std::max(now_, then);
  enter();
  flush();
  for (Sleeping* sleeping : sleeping_)
    if (sleeping->until <= now_) sleeping->ring();
  let_others_read(lock);
}

Wake World::wait(Lock& lock, Sleeper& sleeper, Instant until, int kernel_fd) {
  unread_.erase(std::this_thread::get_id());  // it waits again
  all_read_.notify_all();
  const auto kernel_has_news = [kernel_fd] {
    pollfd look{.fd = kernel_fd, .events = POLLIN, .revents = 0};
    const timespec at_once{};
    return kernel_fd >= 0 && posix::kernel::poll(&look, 1, &at_once).value_or(0) > 0;
  };
  Sleeping mine{*this, until};
  const bool is_script = mine.thread == script_;
  if (!is_script) {
    sleeping_.insert(&mine);
    sleeper.hang(&mine);
  }
  Wake wake = Wake::woken;
  while (!sleeper.is_awake() && !kernel_has_news()) {
    if (now_ >= until) {
      wake = Wake::late;
      break;
    }
    if (!is_script) {
      // The kernel's files ring no bell of ours.
      if (kernel_fd >= 0)
        mine.bell.wait_for(lock, std::chrono::milliseconds{1});
      else
        mine.bell.wait(lock);
      continue;
    }
    const auto next = next_event();
    if (!next && until == posix::never) {
      wake = Wake::interrupted;  // it would wait for ever
      break;
    }
    pass_to(lock, next ? std::min(*next, until) : until);
  }
  sleeper.hang(nullptr);
  sleeping_.erase(&mine);
  return wake;
}

bool World::give(std::span<const std::byte> packet) {
  const Lock lock = host_.lock();
  if (!wire_->give(packet)) return false;
  enter();
  flush();
  return true;
}

World::Taken World::take(std::span<std::byte> room) {
  Lock lock = host_.lock();
  if (wire_ == nullptr) return {};
  enter();
  flush();
  const Instant end = now_ + patience;
  while (wire_->sent().empty()) {
    const auto next = next_event();
    if (!next || *next > end) return {};
    // Who waits for packets to come back has no time of its own.
    pass_to(lock, std::max(*next, now_ + Duration::microseconds(1)));
  }
  const Wire::Sent first = std::move(wire_->sent().front());
  wire_->sent().pop_front();
  const std::size_t bytes = std::min(room.size(), first.packet.size());
  std::memcpy(room.data(), first.packet.data(), bytes);
  return {bytes, first.at.ns / 1000};
}

void World::sleep(Duration length) {
  Lock lock = host_.lock();
  const Instant end = now_ + length;
  for (auto next = next_event(); next && *next < end; next = next_event())
    pass_to(lock, std::max(*next, now_ + Duration::microseconds(1)));
  pass_to(lock, end);
}

Instant World::read_clock() {
  Lock lock = host_.lock();
  if (std::this_thread::get_id() == script_) {
    let_others_read(lock);
  } else {
    unread_.erase(std::this_thread::get_id());
    all_read_.notify_all();
  }
  now_ = now_ + Duration::microseconds(1);
  return now_;
}

}  // namespace arrakis::packetdrill
