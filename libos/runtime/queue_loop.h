// queue_loop.h: what is inside a Queue: a device, the stack on it, and how they are polled and put
// to sleep.
//
// Idle:     wait() spins for a while, because a packet that comes soon is then answered without a
//           wake-up (a halted virtual core takes some 20 us), and sleeps after that.
// Threads:  one at a time.
// Lifetime: owns both; sockets and datagrams must be gone before it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/instant.h"
#include "extaris/netdev/net_device.h"
#include "extaris/stack/stack.h"
#include "libos/runtime/clock.h"
#include "libos/runtime/outlook.h"

namespace arrakis::runtime {

class QueueLoop {
 public:
  // A device whose link is down may come up without a ring of its doorbell: look this often.
  static constexpr Duration link_check = Duration::milliseconds(100);
  // Two wake-ups long: who asks again within that time is better off with a server that spins.
  static constexpr Duration spin_default = Duration::microseconds(50);

  // `window`: through which others look; outlives this; nullptr: nobody ever does.
  QueueLoop(std::unique_ptr<extaris::NetDevice> device, const extaris::StackConfig& config,
            client::Window* window = nullptr)
      : device_{std::move(device)}, stack_{*device_, config}, outlook_{stack_, window} {}

  std::size_t poll() noexcept {
    if (armed_) [[unlikely]]
      disarm();
    if (outlook_.is_asked()) [[unlikely]]
      outlook_.answer();
    return stack_.poll(clock_.recent());
  }
  std::size_t wait(std::optional<Duration> timeout = std::nullopt) noexcept;

  // False: packets came in, and the doorbell is not armed.
  bool arm() noexcept;
  std::optional<Duration> next_deadline() const noexcept;

  void set_spin(Duration spin) noexcept { spin_ = spin; }
  // Readable when poll() has something to do: packets, or somebody who looks.
  int doorbell() noexcept;
  extaris::Stack& stack() noexcept { return stack_; }
  const extaris::Stack& stack() const noexcept { return stack_; }

 private:
  enum class Wake : std::uint8_t { look, interrupted };

  void disarm() noexcept;
  Wake sleep(Instant until) noexcept;
  std::optional<Instant> wake_by(Instant now) const noexcept;

  std::unique_ptr<extaris::NetDevice> device_;
  extaris::Stack stack_;
  Outlook outlook_;
  extaris::Descriptor both_bells_;  // an epoll; made for who has an event loop of his own
  SeldomClock<> clock_;
  Duration spin_ = spin_default;
  bool armed_ = false;
  std::size_t last_count_ = 0;  // what the last arm() found
};

}  // namespace arrakis::runtime
