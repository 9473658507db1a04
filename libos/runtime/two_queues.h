// two_queues.h: for tests: two queues on a cable in this process, each with its scheduler.
//
// They live in real time, because a Queue does; nothing here waits for it to pass.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "arrakis/arrakis.h"
#include "extaris/netdev/sim_link.h"
#include "extaris/packet/eal.h"
#include "libos/runtime/builder.h"
#include "libos/runtime/clock.h"

namespace arrakis::runtime::testing {

class BorrowedDevice final : public extaris::NetDevice {
 public:
  explicit BorrowedDevice(extaris::NetDevice& device) : device_{device} {}
  const extaris::DeviceInfo& info() const noexcept override { return device_.info(); }
  void receive(extaris::Burst& burst) noexcept override { device_.receive(burst); }
  void transmit(extaris::Burst& burst) noexcept override { device_.transmit(burst); }
  extaris::PacketPool& pool() noexcept override { return device_.pool(); }

 private:
  extaris::NetDevice& device_;
};

class TwoQueues : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(extaris::start_eal()); }

  Queue queue(int end, extaris::TcpConfig tcp = {}) {
    const std::string number = std::to_string(end + 1);
    return QueueBuilder::build(std::make_unique<BorrowedDevice>(link.end(end)),
                               {.addresses = {*IpPrefix::parse("10.0.0." + number + "/24")},
                                .seed = static_cast<std::uint64_t>(end + 1),
                                .tcp = tcp});
  }
  // Runs both sides until it is so; false: it does not come about.
  bool until(const std::function<bool()>& is_so) {
    const Instant end = MonotonicClock{}() + Duration::seconds(20);
    for (;;) {
      const Instant now = MonotonicClock{}();
      link.advance(now);
      ours.run_once(Duration{});
      theirs.run_once(Duration{});
      if (is_so()) return true;
      if (now > end) return false;
    }
  }
  void turns(int count) {
    until([&count] { return --count <= 0; });
  }

  extaris::PacketPool pool = *extaris::PacketPool::create({.packets = 2048});
  extaris::SimLink link{pool, {}, 1};
  Queue our_queue = queue(0);
  Queue their_queue = queue(1);
  Scheduler ours{our_queue};
  Scheduler theirs{their_queue};
  Endpoint server = *Endpoint::parse("10.0.0.2:80");
};

}  // namespace arrakis::runtime::testing
