#include "bench/servers/instructions.h"

#include <gtest/gtest.h>

#include <array>

#include "bench/servers/service.h"

namespace arrakis::bench {
namespace {

TEST(IdleTurns, TellsWhatAnInterruptAdded) {
  IdleTurns turns;
  EXPECT_EQ(turns.added_to(820), 0u);
  EXPECT_EQ(turns.added_to(818), 0u);
  EXPECT_EQ(turns.added_to(818 + IdleTurns::difference_max), 0u);  // a look at the clock
  EXPECT_EQ(turns.added_to(818 + 3000), 3000u);
}

TEST(Section, AddsUpWhatLiesBetweenItsEnds) {
  const Section::Spent all = Section::Spent{700, 2} + Section::Spent{50, 1};
  EXPECT_EQ(SectionCost({.inside = 10, .outside = 40}).net(all), 720u);
  EXPECT_EQ((all - Section::Spent{700, 2}).times, 1u);
}

TEST(EchoService, SendsNoMoreThanIsAllowed) {
  std::array<std::byte, sizeof(Request)> payload{};
  store(
      std::span{payload},
      Request{.kind = Request::Kind::order, .work_ns = order_max + 1, .sequence = 1, .sent_ns = 0});
  EchoService service;
  EXPECT_EQ(service.serve(payload), Answer::order);
  const Order order = EchoService::order_in(payload);
  EXPECT_EQ(order.count, order_max);
  EXPECT_EQ(order.at_a_time, 1u);  // never a division by zero
}

}  // namespace
}  // namespace arrakis::bench
