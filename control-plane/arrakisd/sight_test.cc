// Looking into an application over the daemon: who may, what both sides get, and what an
// application that means harm achieves.
#include <fcntl.h>
#include <sys/stat.h>

#include "control-plane/arrakisd/harness.h"
#include "control-plane/arrakisd/session_server.h"
#include "control-plane/protocol/sight.h"

namespace arrakis::control {
namespace {

struct Facts {
  bool answers = true;
  bool gives_capability = true;
  std::string error;  // of each take
  int memory = -1;    // what came with the last question
  std::vector<std::string> taken;
  int captures = 0;  // that are held
};

class FakeSnapshot final : public protocol::Snapshot::Server {
 public:
  explicit FakeSnapshot(Facts& facts) : facts_{facts} {}
  kj::Promise<void> take(TakeContext context) override {
    const auto asked = context.getParams();
    facts_.taken.push_back(std::string{asked.getVnic()} + "/" + std::to_string(asked.getQueue()) +
                           " " + std::to_string(asked.getCursor()));
    auto outcome = context.getResults().initOutcome();
    if (facts_.error.empty())
      outcome.initValue();
    else
      outcome.initError().setMessage(facts_.error.c_str());
    return kj::READY_NOW;
  }

 private:
  Facts& facts_;
};

class FakeCapture final : public protocol::Capture::Server {
 public:
  explicit FakeCapture(Facts& facts) : facts_{facts} { ++facts_.captures; }
  ~FakeCapture() noexcept(false) { --facts_.captures; }
  KJ_DISALLOW_COPY(FakeCapture);
  kj::Promise<void> ended(EndedContext context) override {
    context.allowCancellation();
    return kj::NEVER_DONE;
  }

 private:
  Facts& facts_;
};

class FakeVisible final : public protocol::Visible::Server {
 public:
  explicit FakeVisible(Facts& facts) : facts_{facts} {}
  kj::Promise<void> snapshot(SnapshotContext context) override {
    if (!facts_.answers) return kj::NEVER_DONE;
    return heed(context.getParams().getMemory()).then([this, context]() mutable {
      auto outcome = context.getResults().initOutcome();
      if (facts_.gives_capability) outcome.setValue(kj::heap<FakeSnapshot>(facts_));
    });
  }
  kj::Promise<void> capture(CaptureContext context) override {
    return heed(context.getParams().getMemory()).then([this, context]() mutable {
      context.getResults().initOutcome().setValue(kj::heap<FakeCapture>(facts_));
    });
  }

 private:
  kj::Promise<void> heed(protocol::Descriptor::Client memory) {
    auto fd = memory.getFd();
    return fd
        .then([this](kj::Maybe<int> sent) {
          KJ_IF_MAYBE (number, sent) {
            facts_.memory = ::fcntl(*number, F_DUPFD_CLOEXEC, 0);
          }
        })
        .attach(kj::mv(memory));
  }

  Facts& facts_;
};

ino_t inode_of(int fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd, &status), 0);
  return status.st_ino;
}

class SightTest : public DaemonTest {
 protected:
  SightTest() {
    EXPECT_TRUE(assign("echo"));
    app_ = connect();
    session_ = session(app_, "echo");
    auto request = session_.showRequest();
    request.setVisible(kj::heap<FakeVisible>(facts_));
    request.send().wait(io_.waitScope);
  }

  ~SightTest() noexcept override {}

  static Peer somebody_else() {
    Peer peer = this_process();
    peer.subject = {.uid = ::getuid() + 1, .user = "eve", .groups = {}};
    return peer;
  }
  auto look(Connected& from, const char* app) {
    auto request = from.daemon.lookRequest();
    request.setApp(app);
    return request.send().wait(io_.waitScope);
  }
  protocol::Sight::Client sight(Connected& from) {
    auto answer = look(from, "echo");
    const auto apps = unwrap(answer.getOutcome());
    EXPECT_TRUE(apps) << apps.error().message;
    return apps->getApps()[0].getSight();
  }
  auto snapshot(protocol::Sight::Client from) {
    return from.snapshotRequest().send().wait(io_.waitScope);
  }
  Outcome<void> take(protocol::Snapshot::Client snapshot) {
    auto request = snapshot.takeRequest();
    request.setVnic("vf0");
    request.setCursor(4711);
    auto answer = request.send().wait(io_.waitScope);
    const auto value = unwrap(answer.getOutcome());
    if (!value) return std::unexpected(value.error());
    return {};
  }

  Facts facts_;
  Connected app_;
  protocol::Session::Client session_ = nullptr;
  Connected eye_ = connect();
};

TEST_F(SightTest, BothSidesGetTheSameMemoryWhichNobodyCanShrink) {
  auto answer = look(eye_, "");
  const auto attached = unwrap(answer.getOutcome());
  ASSERT_TRUE(attached);
  const auto app = attached->getApps()[0];
  EXPECT_STREQ(app.getName().cStr(), "echo");
  EXPECT_EQ(app.getPid(), ::getpid());
  EXPECT_STREQ(app.getQueues()[0].getVnic().cStr(), "vf0");

  auto shown = snapshot(app.getSight());
  const auto view = unwrap(shown.getOutcome());
  ASSERT_TRUE(view) << view.error().message;
  auto memory = view->getMemory();
  const kj::Maybe<int> sent = memory.getFd().wait(io_.waitScope);
  const int ours = sent.orDefault(-1);
  ASSERT_GE(ours, 0);
  ASSERT_GE(facts_.memory, 0);
  EXPECT_EQ(inode_of(ours), inode_of(facts_.memory));
  EXPECT_EQ(::fcntl(ours, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  EXPECT_TRUE(take(view->getSnapshot()));
  EXPECT_EQ(facts_.taken, std::vector<std::string>{"vf0/0 4711"});
}

TEST_F(SightTest, OthersSeeNothing) {
  auto eve = connect(somebody_else());
  auto named = look(eve, "echo");
  EXPECT_EQ(unwrap(named.getOutcome()).error().code, Error::Code::denied);
  auto all = look(eve, "");
  EXPECT_EQ(unwrap(all.getOutcome())->getApps().size(), 0u);
  auto absent = look(eve, "pair");
  EXPECT_EQ(unwrap(absent.getOutcome()).error().code, Error::Code::not_found);
}

TEST_F(SightTest, LookingOftenUsesNoDescriptorsUp) {
  auto sight = this->sight(eye_);
  for (std::size_t i = 0; i < 2 * Client::descriptors_max; ++i) {
    auto shown = snapshot(sight);
    const auto view = unwrap(shown.getOutcome());
    ASSERT_TRUE(view) << i << view.error().message;
    ::close(facts_.memory);
  }
}

TEST_F(SightTest, WhoAnswersNothingIsAskedNoMore) {
  facts_.answers = false;
  auto sight = this->sight(eye_);
  std::vector<kj::Promise<void>> waiting;
  constexpr int as_many_as_it_takes = 16;
  for (int i = 0; i < as_many_as_it_takes; ++i)
    waiting.push_back(sight.snapshotRequest().send().ignoreResult());
  auto refused = snapshot(sight);
  const auto outcome = unwrap(refused.getOutcome());
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("\"echo\" (pid "), std::string::npos);
}

TEST_F(SightTest, AnErrorOfAnApplicationIsOneLine) {
  auto shown = snapshot(sight(eye_));
  facts_.error = "two\nlines \x1b[31m";
  const auto taken = take(unwrap(shown.getOutcome())->getSnapshot());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message.find_first_of("\n\x1b"), std::string::npos);
}

TEST_F(SightTest, AnAnswerWithoutACapabilityIsNoHarm) {
  facts_.gives_capability = false;
  auto shown = snapshot(sight(eye_));
  const auto view = unwrap(shown.getOutcome());
  if (view) {
    EXPECT_FALSE(take(view->getSnapshot()));
  }
}

TEST_F(SightTest, ACaptureEndsWithEitherSide) {
  const auto capture = [this](protocol::Sight::Client from) {
    auto request = from.captureRequest();
    request.setVnic("vf0");
    request.setSnapBytes(64);
    return request.send().wait(io_.waitScope);
  };
  {
    auto brief = connect();
    auto answer = capture(sight(brief));
    EXPECT_TRUE(unwrap(answer.getOutcome()));
    EXPECT_EQ(facts_.captures, 1);
    auto open = unwrap(answer.getOutcome())->getCapture().endedRequest().send();
  }
  EXPECT_TRUE(eventually([this] { return facts_.captures == 0; }));

  auto answer = capture(sight(eye_));
  auto ended = unwrap(answer.getOutcome())->getCapture().endedRequest().send();
  session_ = nullptr;
  app_ = {};
  ended.wait(io_.waitScope);
  auto late = snapshot(sight(eye_));
  EXPECT_EQ(unwrap(late.getOutcome()).error().code, Error::Code::unavailable);
}

}  // namespace
}  // namespace arrakis::control
