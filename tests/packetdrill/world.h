// world.h: one script's world: a host with POSIX sockets on a wire, in virtual time.
//
// Time passes only when the script's own thread asks for it (usleep, or a packet that is to come),
// and never while a call that waited has been satisfied and its thread has not read the clock yet:
// what that thread reads is when its call returned.
//
// Threads:  the script's own made it; calls that wait come from others.
// Lifetime: DPDK's pools need its environment, which is started once a process.
#pragma once

#include <condition_variable>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <thread>

#include "libos/posix/calls.h"
#include "tests/packetdrill/settings.h"
#include "tests/packetdrill/wire.h"

namespace arrakis::packetdrill {

class World final : public posix::Driver {
 public:
  // `sysctls`: a descriptor with lines of "name=value" that may grow; -1: none.
  World(const Settings& settings, int sysctls);
  ~World();

  posix::Calls& calls() { return calls_; }
  Settings& settings() { return settings_; }
  // The host's address, where no flag said it. Call it before whatever needs a stack.
  void settle_on(const IpAddress& address);

  bool give(std::span<const std::byte> packet);
  struct Taken {
    std::size_t bytes;
    long long at_us;
  };
  // Runs until one leaves; nothing: none will.
  Taken take(std::span<std::byte> room);
  void sleep(Duration length);
  // Never the same twice.
  Instant read_clock();

 private:
  struct Sleeping;

  Instant now() override { return now_; }
  void enter() override;
  void flush() override;
  posix::Wake wait(posix::Lock& lock, posix::Sleeper& sleeper, Instant until,
                   int kernel_fd) override;

  void start(const IpAddress& address);
  void run(posix::Lock& lock);
  std::optional<Instant> next_event() const;
  void pass_to(posix::Lock& lock, Instant then);
  void let_others_read(posix::Lock& lock);
  void hear_sysctls();

  Settings settings_;
  const int sysctls_;
  std::size_t sysctls_read_ = 0;
  std::optional<extaris::PacketPool> pool_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<extaris::Stack> stack_;
  posix::Host host_;
  posix::Calls calls_;
  Instant now_{Duration::seconds(1'000'000).ns};
  const std::thread::id script_ = std::this_thread::get_id();
  std::set<Sleeping*> sleeping_;
  std::set<std::thread::id> unread_;  // woken, and have not read the clock
  std::condition_variable all_read_;
};

}  // namespace arrakis::packetdrill
