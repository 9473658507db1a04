// two_hosts.h: for tests: two stacks on a simulated cable, and the time they live in.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "extaris/netdev/sim_link.h"
#include "extaris/packet/eal.h"
#include "extaris/stack/stack.h"

namespace arrakis::extaris::test {

inline StackConfig host(int number) {
  const std::string n = std::to_string(number);
  return {.addresses = {*IpPrefix::parse("10.0.0." + n + "/24"),
                        *IpPrefix::parse("fd00::" + n + "/64")},
          .routes = {},
          .neighbors = {},
          .seed = static_cast<std::uint64_t>(number),
          .tcp = {.initial_sequence = 0xffff'fffb}};  // 2^32 - 5: every test crosses the wrap
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

class TwoHosts : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }
  void TearDown() override {
    run_for(Duration::seconds(400));
    EXPECT_FALSE(next_event()) << "something never ends";
    EXPECT_EQ(pool.available(), pool.capacity()) << "packets leaked";
  }

  std::optional<Instant> next_event() {
    std::optional<Instant> next = link.next_event();
    for (const auto due : {client.next_deadline(), server.next_deadline()})
      if (due && (!next || *due < *next)) next = due;
    return next;
  }
  void poll() {
    link.advance(now);
    client.poll(now);
    server.poll(now);
  }
  // Until nothing happens any more before `length` is over.
  void run_for(Duration length) {
    const Instant end = now + length;
    poll();
    while (const auto next = next_event()) {
      if (*next > end) break;
      now = std::max(now + Duration::microseconds(1), *next);  // who waits for packets has no time
      poll();
    }
    now = end;
    poll();
  }
  // Whatever takes a few round trips but no timer.
  void settle() { run_for(Duration::milliseconds(10)); }

  std::string read(TcpConnection& from) {
    std::string text;
    while (const TcpBuffer buffer = from.receive())
      for (const std::byte b : buffer.bytes()) text.push_back(std::to_integer<char>(b));
    return text;
  }
  void write(TcpConnection& to, std::string_view text) {
    const auto sent = to.send(as_bytes(text));
    ASSERT_TRUE(sent);
    ASSERT_EQ(*sent, text.size());
  }

  PacketPool pool = *PacketPool::create({.packets = 8192});
  SimLink link{pool, {.delay = Duration::microseconds(100)}, 1};
  Stack client{link.end(0), host(1)};
  Stack server{link.end(1), host(2)};
  Instant now{Duration::seconds(1).ns};
  Endpoint server_v4 = *Endpoint::parse("10.0.0.2:80");
  Endpoint server_v6 = *Endpoint::parse("[fd00::2]:80");
};

}  // namespace arrakis::extaris::test
