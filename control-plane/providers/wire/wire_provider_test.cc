#include "control-plane/providers/wire/wire_provider.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

namespace arrakis::control {
namespace {

VnicSpec vnic(const std::string& name, const std::string& wire, std::uint8_t number) {
  VnicSpec spec;
  spec.name = name;
  spec.provider = "wire";
  spec.wire = wire;
  spec.mac = {{0x02, 0, 0, 0, 0, number}};
  spec.addresses = {{Ipv4Address{{10, 30, 0, number}}, 24}};
  return spec;
}

WireQueueGrant grant_of(WireProvider& provider, const VnicSpec& spec) {
  auto grant = provider.open(spec, 0);
  EXPECT_TRUE(grant) << grant.error().message;
  return std::get<WireQueueGrant>(std::move(*grant));
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class WireProviderTest : public testing::Test {
 protected:
  WireProvider provider_;
  VnicSpec a_ = vnic("vf0", "w", 1), b_ = vnic("vf1", "w", 2);
};

TEST_F(WireProviderTest, JoinsTwoEndsByOneSecret) {
  ASSERT_TRUE(provider_.create(a_));
  ASSERT_TRUE(provider_.create(b_));
  const auto server = grant_of(provider_, a_), client = grant_of(provider_, b_);
  EXPECT_EQ(server.role, WireQueueGrant::Role::server);
  EXPECT_EQ(client.role, WireQueueGrant::Role::client);
  EXPECT_EQ(server.socket_name, client.socket_name);
  EXPECT_EQ(server.secret, client.secret);
  EXPECT_EQ(server.secret.size(), 23u);
}

TEST_F(WireProviderTest, OneEndsBellWakesTheOther) {
  ASSERT_TRUE(provider_.create(a_));
  ASSERT_TRUE(provider_.create(b_));
  const auto server = grant_of(provider_, a_), client = grant_of(provider_, b_);
  ASSERT_EQ(send(server.bell, nullptr, 0, MSG_DONTWAIT), 0);
  EXPECT_EQ(recv(server.bell, nullptr, 0, MSG_DONTWAIT), -1);
  EXPECT_EQ(recv(client.bell, nullptr, 0, MSG_DONTWAIT), 0);
  EXPECT_EQ(recv(client.bell, nullptr, 0, MSG_DONTWAIT), -1);
}

TEST_F(WireProviderTest, SharesOnePageOfFixedSize) {
  ASSERT_TRUE(provider_.create(a_));
  ASSERT_TRUE(provider_.create(b_));
  const auto server = grant_of(provider_, a_), client = grant_of(provider_, b_);
  const char flag = 7;
  char seen = 0;
  ASSERT_EQ(pwrite(server.doorbell_page, &flag, 1, 4095), 1);
  ASSERT_EQ(pread(client.doorbell_page, &seen, 1, 4095), 1);
  EXPECT_EQ(seen, flag);
  EXPECT_EQ(ftruncate(client.doorbell_page, 0), -1);
  EXPECT_EQ(ftruncate(client.doorbell_page, 8192), -1);
}

TEST_F(WireProviderTest, TellsTheSecondEndOfTheFirst) {
  ASSERT_TRUE(provider_.create(a_));
  ASSERT_TRUE(provider_.create(b_));
  EXPECT_TRUE(a_.neighbors.empty());
  ASSERT_EQ(b_.neighbors.size(), 1u);
  EXPECT_EQ(b_.neighbors[0].address, a_.addresses[0].address);
  EXPECT_EQ(b_.neighbors[0].mac, a_.mac);
}

TEST_F(WireProviderTest, RefusesAThirdEnd) {
  VnicSpec c = vnic("vf2", "w", 3);
  ASSERT_TRUE(provider_.create(a_));
  ASSERT_TRUE(provider_.create(b_));
  const auto third = provider_.create(c);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Error::Code::conflict);
  EXPECT_TRUE(provider_.open(b_, 0));
}

TEST_F(WireProviderTest, RefusesWhatNothingEnforces) {
  a_.rate = {100'000'000};
  EXPECT_EQ(provider_.check(a_).error().code, Error::Code::unavailable);
  a_.rate = {};
  a_.filters = {Filter{}};
  EXPECT_EQ(provider_.check(a_).error().code, Error::Code::unavailable);
  a_.filters = {};
  EXPECT_TRUE(provider_.check(a_));
  ASSERT_TRUE(provider_.create(a_));
  EXPECT_FALSE(provider_.set_rate(a_, {1'000'000}));
  EXPECT_TRUE(provider_.set_rate(a_, {}));
  EXPECT_FALSE(provider_.set_filters(a_, std::vector{Filter{}}));
}

TEST_F(WireProviderTest, RefusesASecondQueueAndAnotherMtu) {
  b_.queues = 2;
  EXPECT_FALSE(provider_.check(b_));
  b_.queues = 1;
  b_.mtu_bytes = 9000;
  ASSERT_TRUE(provider_.create(a_));
  EXPECT_EQ(provider_.create(b_).error().code, Error::Code::conflict);
}

TEST_F(WireProviderTest, JumboFramesGetBuffersThatHoldThem) {
  a_.mtu_bytes = 9000;
  ASSERT_TRUE(provider_.create(a_));
  EXPECT_EQ(grant_of(provider_, a_).buffer_bytes, 16384);
}

TEST_F(WireProviderTest, AnEndThatComesBackFindsTheSameWire) {
  ASSERT_TRUE(provider_.create(a_));
  ASSERT_TRUE(provider_.create(b_));
  const auto before = grant_of(provider_, b_);
  provider_.destroy(a_);
  ASSERT_TRUE(provider_.create(a_));
  const auto after = grant_of(provider_, a_);
  EXPECT_EQ(after.role, WireQueueGrant::Role::server);
  EXPECT_EQ(after.secret, before.secret);
  EXPECT_EQ(a_.neighbors.size(), 1u);
}

TEST_F(WireProviderTest, NothingIsLeftOfAWireWithoutEnds) {
  const auto descriptors = open_descriptors();
  std::string secret;
  {
    ASSERT_TRUE(provider_.create(a_));
    ASSERT_TRUE(provider_.create(b_));
    const auto grant = grant_of(provider_, a_);
    secret = grant.secret;
    const char flag = 7;
    ASSERT_EQ(pwrite(grant.doorbell_page, &flag, 1, 0), 1);
  }
  provider_.destroy(a_);
  provider_.destroy(b_);
  provider_.destroy(b_);
  EXPECT_EQ(open_descriptors(), descriptors);
  ASSERT_TRUE(provider_.create(b_));
  const auto grant = grant_of(provider_, b_);
  EXPECT_NE(grant.secret, secret);
  EXPECT_EQ(grant.role, WireQueueGrant::Role::server);
  char flag = 1;
  ASSERT_EQ(pread(grant.doorbell_page, &flag, 1, 0), 1);
  EXPECT_EQ(flag, 0);
}

TEST_F(WireProviderTest, AfterARestartAnEndIsRejoinedOnlyWhenTheWireIsNew) {
  EXPECT_TRUE(provider_.adopt(std::array{a_, b_}).empty());
  EXPECT_EQ(provider_.create(b_).error().code,
            Error::Code::conflict);  // vf0 still runs the old one
  provider_.destroy(a_);
  EXPECT_TRUE(provider_.create(b_));
  EXPECT_TRUE(provider_.open(b_, 0));
}

}  // namespace
}  // namespace arrakis::control
