// Two applications in one process, a wire between them, and a daemon of its own for each.
#include "arrakis/app.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "libos/client/fake_arrakisd.h"

namespace arrakis {
namespace {

using client::testing::Facts;
using client::testing::FakeArrakisd;
using client::testing::Kind;
using client::testing::Wire;

class AppTest : public testing::Test {
 protected:
  AppTest() {
    for (unsigned end = 0; end < 2; ++end) {
      facts_[end].kind = Kind::wire;
      facts_[end].wire = &wire_;
      facts_[end].end = end;
      facts_[end].change_info = [end](protocol::VnicInfo::Builder info) {
        const kj::byte mac[] = {2, 0, 0, 0, 0, static_cast<kj::byte>(end)};
        info.setMac(kj::arrayPtr(mac, sizeof(mac)));
        info.initAddresses(1).set(0, end == 0 ? "10.9.0.1/24" : "10.9.0.2/24");
        info.initGateways(0);
        info.initNeighbors(0);
      };
    }
  }
  ~AppTest() override { std::filesystem::remove_all(folder_); }

  std::string socket_of(unsigned end) const { return folder_ + (end == 0 ? "/0" : "/1"); }
  Outcome<App> attach(unsigned end) { return App::attach("test", {.socket = socket_of(end)}); }

  static std::string new_folder() {
    char path[] = "/tmp/arrakis-app-test-XXXXXX";
    return ::mkdtemp(path);
  }

  const std::string folder_ = new_folder();
  Wire wire_;
  Facts facts_[2];
  FakeArrakisd daemons_[2] = {{folder_ + "/0", facts_[0]}, {folder_ + "/1", facts_[1]}};
};

std::span<const std::byte> bytes_of(const char* text) {
  return std::as_bytes(std::span{text, std::strlen(text)});
}

TEST_F(AppTest, DatagramsGoThereAndBack) {
  auto server = attach(0);
  ASSERT_TRUE(server) << server.error().message;
  auto client = attach(1);
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ(server->vnic().addresses()[0].to_string(), "10.9.0.1/24");
  EXPECT_EQ(server->vnic().provider(), "wire");

  Queue& server_queue = server->vnic().queue();
  Queue& client_queue = client->vnic().queue();
  auto echo = server_queue.bind_udp(7);
  auto caller = client_queue.bind_udp(0);
  ASSERT_TRUE(echo && caller);
  const Endpoint target{*IpAddress::parse("10.9.0.1"), 7};

  Datagram answer;
  for (int i = 0; i < 1000 && !answer; ++i) {  // the ends meet in their own time
    (void)caller->send(bytes_of("hello"), target);
    for (int turn = 0; turn < 4 && !answer; ++turn) {
      client_queue.wait(Duration::milliseconds(2));
      server_queue.wait(Duration::milliseconds(2));
      while (Datagram datagram = echo->receive()) (void)echo->reply(std::move(datagram));
      answer = caller->receive();
    }
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer.source(), target);
  ASSERT_EQ(answer.payload().size(), 5u);
  EXPECT_EQ(std::memcmp(answer.payload().data(), "hello", 5), 0);
  EXPECT_GT(server_queue.counters().delivered_datagrams, 0u);
}

TEST_F(AppTest, GivesBackWhatItHeldAndMayAttachAgain) {
  for (int i = 1; i <= 3; ++i)
    for (const unsigned end : {0u, 1u}) {
      {
        auto app = attach(end);
        ASSERT_TRUE(app) << app.error().message;
      }
      EXPECT_EQ(facts_[end].ended, i);
    }
}

TEST_F(AppTest, AsksTheEnvironmentWhatItIsNotTold) {
  ::setenv("ARRAKIS_SOCKET", socket_of(1).c_str(), 1);
  ::setenv("ARRAKIS_APP", "from-the-environment", 1);
  {
    auto app = App::attach();
    ASSERT_TRUE(app) << app.error().message;
    EXPECT_EQ(app->name(), "from-the-environment");
  }
  ::unsetenv("ARRAKIS_APP");
  const auto nameless = App::attach();
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().code, Error::Code::usage);
  ::unsetenv("ARRAKIS_SOCKET");
}

TEST_F(AppTest, RefusesANameThatCannotBe) {
  const auto app = App::attach(std::string(10'000, 'x'), {.socket = socket_of(1)});
  ASSERT_FALSE(app);
  EXPECT_EQ(app.error().code, Error::Code::usage);
  EXPECT_LT(app.error().message.size(), 200u);
}

TEST_F(AppTest, TellsWhatHappensToItsVnics) {
  auto app = attach(1);
  ASSERT_TRUE(app);
  daemons_[1].announce("vf0", protocol::Watcher::Event::Kind::REVOKED);
  std::optional<VnicEvent> event;
  while (!(event = app->take_event())) app->vnic().queue().wait(Duration::milliseconds(1));
  EXPECT_EQ(event->vnic, "vf0");
  EXPECT_EQ(event->kind, VnicEvent::Kind::revoked);
}

}  // namespace
}  // namespace arrakis
