// What the control thread answers when somebody looks; the queue's thread is the test's.
#include "libos/client/visibility.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "libos/client/client.h"
#include "libos/client/fake_arrakisd.h"

namespace arrakis::client {
namespace {

using testing::Facts;
using testing::FakeArrakisd;

class VisibilityTest : public ::testing::Test {
 protected:
  VisibilityTest() {
    char path[] = "/tmp/arrakis-visibility-test-XXXXXX";
    folder_ = ::mkdtemp(path);
    options_ = {.socket_path = folder_ + "/arrakisd.sock", .app = "echo"};
    daemon_.emplace(options_.socket_path, facts_);
    client_.emplace(*Client::attach(options_));
  }
  ~VisibilityTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  ClientOptions options_;
  Facts facts_;
  std::optional<FakeArrakisd> daemon_;
  std::optional<Client> client_;
};

TEST_F(VisibilityTest, AQueueThatNobodyDrivesIsNamed) {
  EXPECT_EQ(daemon_->look("vf0", 0), "no thread drives vf0/0 now");
  EXPECT_EQ(daemon_->look("vf0", 7), "vf0/7 came after it attached");
  EXPECT_EQ(client_->window("vf0", 1), nullptr);
}

TEST_F(VisibilityTest, AThreadThatComputesIsNotWaitedForLong) {
  Window* window = client_->window("vf0", 0);
  ASSERT_NE(window, nullptr);
  window->open();
  EXPECT_EQ(daemon_->look("vf0", 0), "the thread of vf0/0 did not poll for 1 s");

  std::thread poller{[window] {
    while (!window->is_asked()) std::this_thread::yield();
    EXPECT_NE(window->take(), nullptr);
    window->answered();
  }};
  EXPECT_EQ(daemon_->look("vf0", 0), "");
  poller.join();
}

TEST_F(VisibilityTest, AQueueMayGoWhileItIsAsked) {
  Window* window = client_->window("vf0", 0);
  window->open();
  std::thread poller{[window] {
    while (!window->is_asked()) std::this_thread::yield();
    window->close();
  }};
  EXPECT_EQ(daemon_->look("vf0", 0), "vf0/0 is gone");
  poller.join();
}

TEST_F(VisibilityTest, IsSeenAgainAfterTheDaemonsReturn) {
  daemon_.reset();
  daemon_.emplace(options_.socket_path, facts_);
  std::string answer;
  for (int i = 0; i < 3000 && answer != "no thread drives vf0/0 now"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    answer = daemon_->look("vf0", 0);
  }
  EXPECT_EQ(answer, "no thread drives vf0/0 now");
}

}  // namespace
}  // namespace arrakis::client
