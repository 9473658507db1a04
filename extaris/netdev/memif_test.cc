#include "extaris/netdev/memif.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

using Role = WireOptions::Role;
constexpr std::chrono::seconds patience{20};  // only ever used up by a failure

class WireTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }
  void SetUp() override {
    page_ = Descriptor{memfd_create("doorbell", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    ASSERT_EQ(ftruncate(page_.get(), 4096), 0);
    ASSERT_EQ(fcntl(page_.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    int bells[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, bells), 0);
    bells_ = {Descriptor{bells[0]}, Descriptor{bells[1]}};
  }

  WireOptions options(Role role) const {
    return {.role = role,
            .socket_name = "arrakis-wire-test-" + std::to_string(getpid()),
            .secret = "a-secret-of-23-letters.",
            .mac = {{2, 0, 0, 0, 1, static_cast<std::uint8_t>(role)}},
            .packets = 1023};
  }
  Outcome<std::unique_ptr<WireDevice>> end(const WireOptions& options) {
    const unsigned i = options.role == Role::server ? 0 : 1;
    auto doorbell =
        WireDoorbell::attach({Descriptor{dup(page_.get())}, Descriptor{dup(bells_[i].get())}, i});
    return WireDevice::create(options, std::move(*doorbell));
  }
  static bool come_up(WireDevice& a, WireDevice& b) {
    return until([&] {
      Burst burst;
      a.receive(burst);
      burst.clear();
      b.receive(burst);
      return a.link_up() && b.link_up();
    });
  }
  static bool gone(WireDevice& device) {
    return until([&] {
      Burst burst;
      device.receive(burst);
      return !device.link_up();
    });
  }
  template <class Condition>
  static bool until(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition())
      if (std::chrono::steady_clock::now() > deadline) return false;
    return true;
  }
  static Packet frame(PacketPool& pool, unsigned char fill, std::size_t frame_bytes = 64) {
    Packet packet = pool.allocate();
    resize(packet, frame_bytes);
    std::memset(bytes(packet).data(), fill, frame_bytes);
    return packet;
  }
  static bool send(WireDevice& device, Packet packet) {
    Burst burst;
    burst.append(std::move(packet));
    device.transmit(burst);
    return burst.empty();
  }
  // What the first frame to arrive is filled with.
  static int receive_one(WireDevice& device) {
    Burst burst;
    if (!until([&] { return device.receive(burst), !burst.empty(); })) return -1;
    return std::to_integer<int>(bytes(burst.take(0))[0]);
  }

  Descriptor page_;
  std::array<Descriptor, 2> bells_;
};

TEST_F(WireTest, CarriesFramesBothWays) {
  auto server = end(options(Role::server));
  ASSERT_TRUE(server) << server.error().message;
  auto client = end(options(Role::client));
  ASSERT_TRUE(client) << client.error().message;
  ASSERT_TRUE(come_up(**server, **client));
  EXPECT_EQ((*client)->info().mac, (MacAddress{{2, 0, 0, 0, 1, 1}}));
  EXPECT_EQ((*client)->info().receive_checksum, Checksum::unneeded);
  EXPECT_TRUE(send(**client, frame((*client)->pool(), 7)));
  EXPECT_EQ(receive_one(**server), 7);
  EXPECT_TRUE(send(**server, frame((*server)->pool(), 8, 1514)));
  EXPECT_EQ(receive_one(**client), 8);
  EXPECT_EQ((*client)->pool().available(), (*client)->pool().capacity());
}

TEST_F(WireTest, ReceivedFramesHaveHeadroomForHeaders) {
  auto server = end(options(Role::server)), client = end(options(Role::client));
  ASSERT_TRUE(server && client && come_up(**server, **client));
  ASSERT_TRUE(send(**client, frame((*client)->pool(), 7)));
  Burst burst;
  ASSERT_TRUE(until([&] { return (*server)->receive(burst), !burst.empty(); }));
  EXPECT_GE(headroom(burst.take(0)), 128u);
}

TEST_F(WireTest, AClientThatCameFirstMeetsItsServerLater) {
  auto client = end(options(Role::client));
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_FALSE((*client)->link_up());
  EXPECT_FALSE(send(**client, frame((*client)->pool(), 1)));
  auto server = end(options(Role::server));
  ASSERT_TRUE(server);
  ASSERT_TRUE(come_up(**server, **client));
  EXPECT_TRUE(send(**client, frame((*client)->pool(), 2)));
  EXPECT_EQ(receive_one(**server), 2);
}

TEST_F(WireTest, EitherEndMayGoAndComeAgain) {
  auto server = end(options(Role::server)), client = end(options(Role::client));
  ASSERT_TRUE(server && client && come_up(**server, **client));
  client->reset();
  ASSERT_TRUE(gone(**server));
  client = end(options(Role::client));
  ASSERT_TRUE(client && come_up(**server, **client));
  EXPECT_TRUE(send(**client, frame((*client)->pool(), 3)));
  EXPECT_EQ(receive_one(**server), 3);

  server->reset();
  ASSERT_TRUE(gone(**client));
  server = end(options(Role::server));
  ASSERT_TRUE(server && come_up(**server, **client));
  EXPECT_TRUE(send(**server, frame((*server)->pool(), 4)));
  EXPECT_EQ(receive_one(**client), 4);
}

TEST_F(WireTest, AFrameWakesAnArmedEndAndOnlyThat) {
  auto server = end(options(Role::server)), client = end(options(Role::client));
  ASSERT_TRUE(server && client && come_up(**server, **client));
  (*server)->disarm_doorbell();
  pollfd fd{.fd = (*server)->doorbell(), .events = POLLIN, .revents = 0};
  ASSERT_TRUE(send(**client, frame((*client)->pool(), 1)));
  EXPECT_EQ(poll(&fd, 1, 0), 0);
  EXPECT_EQ(receive_one(**server), 1);
  (*server)->arm_doorbell();
  ASSERT_TRUE(send(**client, frame((*client)->pool(), 2)));
  EXPECT_EQ(poll(&fd, 1, 0), 1);
  (*server)->disarm_doorbell();
  EXPECT_EQ(poll(&fd, 1, 0), 0);
}

TEST_F(WireTest, FramesLongerThanTheWiresBuffersAreDropped) {
  auto server = end(options(Role::server)), client = end(options(Role::client));
  ASSERT_TRUE(server && client && come_up(**server, **client));
  Packet packet = (*client)->pool().allocate();
  resize(packet, 1900);
  push_front(packet, 21);
  EXPECT_TRUE(send(**client, std::move(packet)));
  EXPECT_EQ((*client)->counters().oversized, 1u);
  EXPECT_TRUE(send(**client, frame((*client)->pool(), 5, 1920)));
  EXPECT_EQ(receive_one(**server), 5);
}

TEST_F(WireTest, AWrongSecretIsNotLetIn) {
  auto server = end(options(Role::server));
  WireOptions stranger = options(Role::client);
  stranger.secret = "guess";
  auto client = end(stranger);
  ASSERT_TRUE(server && client);
  // Long enough for several attempts of its own; a slow machine makes this pass the more surely.
  const auto end_of_look = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end_of_look) {
    Burst burst;
    (*client)->receive(burst);
    EXPECT_FALSE((*server)->link_up());
  }
}

TEST_F(WireTest, RefusesWhatCannotBe) {
  for (const std::string& name : {std::string{}, std::string(101, 'a')}) {
    WireOptions bad = options(Role::server);
    bad.socket_name = name;
    EXPECT_FALSE(end(bad)) << name;
  }
  WireOptions bad = options(Role::server);
  bad.secret = "twenty-four-characters!!";
  EXPECT_FALSE(end(bad));
  bad = options(Role::server);
  bad.buffer_bytes = 1513;
  EXPECT_FALSE(end(bad));
  auto server = end(options(Role::server));
  EXPECT_TRUE(server);
  EXPECT_FALSE(end(options(Role::server)));  // one end is taken
}

}  // namespace
}  // namespace arrakis::extaris
