#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <set>

#include "control-plane/arrakisd/harness.h"

namespace arrakis::control {
namespace {

// A process that does nothing until it is killed, by its Peer.
class Child {
 public:
  Child() : pid_{::fork()} {
    if (pid_ == 0)
      for (;;) ::pause();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  Peer peer() const {
    Peer peer;
    peer.process = {pid_, *start_ticks(pid_), ::getuid()};
    peer.pidfd = *open_process(peer.process);
    peer.subject = {.uid = ::getuid(), .user = "tester", .groups = {}};
    return peer;
  }

 private:
  pid_t pid_;
};

class Session : public DaemonTest {
 protected:
  protocol::Vnic::Client first_vnic(protocol::Session::Client session) {
    auto vics = session.vicsRequest().send().wait(io_.waitScope);
    EXPECT_GT(vics.getVnics().size(), 0u);
    return vics.getVnics()[0];
  }
  protocol::Queue::Client first_queue(protocol::Session::Client session) {
    auto answer = first_vnic(session).queuesRequest().send().wait(io_.waitScope);
    auto queues = unwrap(answer.getOutcome());
    EXPECT_TRUE(queues);
    return (*queues)[0];
  }
  std::set<std::string> kernel() { return xdp_->objects(); }
};

TEST_F(Session, HelloSaysWhoItIs) {
  auto client = connect();
  auto hello = client.daemon.helloRequest().send().wait(io_.waitScope);
  EXPECT_EQ(hello.getVersion(), protocol::VERSION);
  EXPECT_STREQ(hello.getBootId().cStr(), "boot");
}

TEST_F(Session, AttachIsDeniedByDefault) {
  auto client = connect();
  for (const char* app : {"secret", "unknown"}) {
    auto answer = attach(client, app);
    const auto outcome = unwrap(answer.getOutcome());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Error::Code::denied);
    EXPECT_NE(outcome.error().remedy.find("test.toml"), std::string::npos);
  }
}

TEST_F(Session, AnEndlessNameIsRefused) {
  auto client = connect();
  auto answer = attach(client, std::string(10'000, 'x').c_str());
  const auto outcome = unwrap(answer.getOutcome());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Error::Code::usage);
  EXPECT_LT(outcome.error().message.size(), 300u);
}

TEST_F(Session, WithoutAVfThereIsNothingToAttachTo) {
  auto client = connect();
  auto answer = attach(client, "echo");
  const auto outcome = unwrap(answer.getOutcome());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().remedy, "sudo arrakisctl assign-vf --app echo");
}

TEST_F(Session, GivesTheDescriptorsOfAQueueOnce) {
  ASSERT_TRUE(assign("echo"));
  auto client = connect();
  auto session = this->session(client, "echo");
  auto vnic = first_vnic(session);
  auto described = vnic.describeRequest().send().wait(io_.waitScope);
  const auto spec = from_protocol(described.getVnic());
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->addresses[0].to_string(), "10.20.0.2/32");
  EXPECT_EQ(spec->addresses[1].to_string(), "fd00::2/128");

  auto queue = first_queue(session);
  auto early = queue.doorbellRequest().send().wait(io_.waitScope);
  EXPECT_FALSE(unwrap(early.getOutcome()));
  auto opened = queue.openRequest().send().wait(io_.waitScope);
  auto grant = unwrap(opened.getOutcome());
  ASSERT_TRUE(grant);
  ASSERT_TRUE(grant->isXdp());
  auto umem = grant->getXdp().getUmem();
  const auto fd = umem.getFd().wait(io_.waitScope);
  ASSERT_TRUE(fd != nullptr);
  struct stat status;
  KJ_IF_MAYBE (number, fd) {
    EXPECT_EQ(::fstat(*number, &status), 0);
  }
  EXPECT_EQ(status.st_size, 4096);

  auto rung = queue.doorbellRequest().send().wait(io_.waitScope);
  auto doorbell = unwrap(rung.getOutcome());
  ASSERT_TRUE(doorbell);
  EXPECT_TRUE(doorbell->getFd().wait(io_.waitScope) != nullptr);
  auto again = queue.openRequest().send().wait(io_.waitScope);
  const auto second = unwrap(again.getOutcome());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Error::Code::conflict);
}

TEST_F(Session, AWireHasThreeDescriptors) {
  ASSERT_TRUE(assign("pair", "bench"));
  EXPECT_FALSE(assign("pair", "broken"));  // the provider refuses, and nothing stays behind
  auto client = connect();
  auto opened = first_queue(session(client, "pair")).openRequest().send().wait(io_.waitScope);
  auto grant = unwrap(opened.getOutcome());
  ASSERT_TRUE(grant);
  auto wire = grant->getWire();
  EXPECT_STREQ(wire.getSecret().cStr(), "secret");
  EXPECT_TRUE(wire.getDoorbellPage().getFd().wait(io_.waitScope) != nullptr);
  EXPECT_TRUE(wire.getBell().getFd().wait(io_.waitScope) != nullptr);
}

TEST_F(Session, OneProcessHoldsAName) {
  ASSERT_TRUE(assign("echo"));
  auto client = connect();
  auto held = session(client, "echo");
  Child child;
  auto other = connect(child.peer());
  auto answer = attach(other, "echo");
  const auto refused = unwrap(answer.getOutcome());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Error::Code::conflict);
  EXPECT_NE(refused.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(Session, TheSameProcessMayComeBackWithANewAttachment) {
  ASSERT_TRUE(assign("echo"));
  {
    auto client = connect();
    first_queue(session(client, "echo")).openRequest().send().wait(io_.waitScope);
  }
  ASSERT_TRUE(eventually([&] { return !registry_->lease_of("echo")->has_session; }));
  auto client = connect();
  auto opened = first_queue(session(client, "echo")).openRequest().send().wait(io_.waitScope);
  EXPECT_TRUE(unwrap(opened.getOutcome()));
}

TEST_F(Session, RestoresByTokenOverARestartForTheSameProcessOnly) {
  ASSERT_TRUE(assign("echo"));
  Child child;
  std::vector<std::uint8_t> token;
  {
    auto client = connect();
    auto session = this->session(client, "echo");
    auto answer = session.tokenRequest().send().wait(io_.waitScope);
    token.assign(answer.getToken().begin(), answer.getToken().end());
    EXPECT_EQ(token.size(), 32u);
  }
  start();
  EXPECT_EQ(kernel(), std::set<std::string>{"vf0"});
  const auto restore = [&](Peer peer, std::vector<std::uint8_t> secret) {
    auto client = connect(std::move(peer));
    auto request = client.daemon.restoreRequest();
    request.setToken({secret.data(), secret.size()});
    auto answer = request.send().wait(io_.waitScope);
    auto restored = unwrap(answer.getOutcome());
    return restored && restored->vicsRequest().send().wait(io_.waitScope).getVnics().size() == 1;
  };
  auto wrong = token;
  wrong[31] ^= 1;
  EXPECT_FALSE(restore(this_process(), wrong));
  EXPECT_FALSE(restore(this_process(), {}));
  EXPECT_FALSE(restore(child.peer(), token));
  Peer other_user = this_process();
  other_user.process.uid ^= 1;
  EXPECT_FALSE(restore(std::move(other_user), token));
  EXPECT_TRUE(restore(this_process(), token));
}

TEST_F(Session, ADroppedConnectionKeepsTheLease) {
  ASSERT_TRUE(assign("echo"));
  {
    auto client = connect();
    session(client, "echo");
  }
  eventually([&] { return !registry_->lease_of("echo")->has_session; });
  EXPECT_EQ(registry_->list()[0].state, Vnic::State::attached);
}

TEST_F(Session, DeathOfTheProcessReclaims) {
  ASSERT_TRUE(assign("echo"));
  Child child;
  auto client = connect(child.peer());
  auto session = this->session(client, "echo");
  auto queue = first_queue(session);
  auto opened = queue.openRequest().send().wait(io_.waitScope);
  auto rate = queue.setRateRequest();
  rate.initRate().setBitsPerSecond(1000);
  auto set = rate.send().wait(io_.waitScope);
  EXPECT_TRUE(unwrap(set.getOutcome()));
  EXPECT_EQ(registry_->list()[0].spec.rate, Rate{1000});
  const auto start = std::chrono::steady_clock::now();
  child.kill();
  ASSERT_TRUE(eventually([&] { return registry_->lease_of("echo") == nullptr; }));
  RecordProperty("reclaim_us", static_cast<int>((std::chrono::steady_clock::now() - start) /
                                                std::chrono::microseconds{1}));
  EXPECT_EQ(registry_->list()[0].state, Vnic::State::assigned);
  EXPECT_EQ(to_string(registry_->list()[0].spec.rate), "1G");  // the next one starts afresh
  EXPECT_TRUE(kernel().empty());
  // A child of the dead one may still hold the connection; it holds nothing of the lease.
  auto late = queue.openRequest().send().wait(io_.waitScope);
  EXPECT_FALSE(unwrap(late.getOutcome()));
  auto reattached = attach(client, "echo");
  EXPECT_FALSE(unwrap(reattached.getOutcome()));
  auto next = connect();
  this->session(next, "echo");
  EXPECT_EQ(kernel(), std::set<std::string>{"vf0"});
}

TEST_F(Session, EndsWhenTheApplicationSaysSoWhileItLives) {
  ASSERT_TRUE(assign("echo"));
  auto client = connect();
  auto held = session(client, "echo");
  EXPECT_FALSE(kernel().empty());
  held.endRequest().send().wait(io_.waitScope);
  EXPECT_TRUE(kernel().empty());
  EXPECT_EQ(registry_->lease_of("echo"), nullptr);
  EXPECT_EQ(held.vicsRequest().send().wait(io_.waitScope).getVnics().size(), 0u);
  auto again = attach(client, "echo");
  EXPECT_TRUE(unwrap(again.getOutcome())) << "the name is free, for the same process too";
}

TEST_F(Session, WhatCannotBeMadeIsRefusedWhole) {
  ASSERT_TRUE(assign("echo"));
  xdp_->refuses_to_create = true;
  auto client = connect();
  auto answer = attach(client, "echo");
  EXPECT_EQ(unwrap(answer.getOutcome()).error().code, Error::Code::unavailable);
  EXPECT_EQ(registry_->lease_of("echo"), nullptr);
  xdp_->refuses_to_create = false;
  session(client, "echo");
}

TEST_F(Session, AVfAssignedToALivingApplicationIsThereAtOnce) {
  ASSERT_TRUE(assign("echo"));
  EXPECT_TRUE(kernel().empty());  // an assignment alone costs nothing
  auto client = connect();
  auto session = this->session(client, "echo");
  ASSERT_TRUE(assign("echo"));
  EXPECT_EQ(kernel(), (std::set<std::string>{"vf0", "vf1"}));
  EXPECT_EQ(session.vicsRequest().send().wait(io_.waitScope).getVnics().size(), 2u);
}

// Its pidfd has not been heard when the provider fails for want of it.
TEST_F(Session, AnApplicationThatDiesDuringAnAssignmentDoesNotFailIt) {
  ASSERT_TRUE(assign("echo"));
  Child child;
  auto client = connect(child.peer());
  session(client, "echo");
  xdp_->refuses_to_create = true;
  xdp_->while_creating = [&] { child.kill(); };
  const auto assigned = assign("echo");
  ASSERT_TRUE(assigned) << assigned.error().message;
  EXPECT_EQ(assigned->state, Vnic::State::assigned);
  EXPECT_EQ(registry_->lease_of("echo"), nullptr);
  EXPECT_TRUE(kernel().empty());
  EXPECT_EQ(registry_->list().size(), 2u);
}

class Recorder final : public protocol::Watcher::Server {
 public:
  explicit Recorder(std::vector<protocol::Watcher::Event::Kind>& seen) : seen_{seen} {}
  kj::Promise<void> event(EventContext context) override {
    seen_.push_back(context.getParams().getEvent().getKind());
    return kj::READY_NOW;
  }

 private:
  std::vector<protocol::Watcher::Event::Kind>& seen_;
};

TEST_F(Session, HearsOfChangesAndOfItsRevocation) {
  ASSERT_TRUE(assign("echo"));
  auto client = connect();
  auto session = this->session(client, "echo");
  std::vector<protocol::Watcher::Event::Kind> seen;
  auto watch = session.watchRequest();
  watch.setWatcher(kj::heap<Recorder>(seen));
  watch.send().wait(io_.waitScope);
  auto queue = first_queue(session);
  auto opened = queue.openRequest().send().wait(io_.waitScope);

  ASSERT_TRUE(registry_->set_rate("vf0", {500}, false));
  ASSERT_TRUE(registry_->release("vf0", false));
  using Kind = protocol::Watcher::Event::Kind;
  EXPECT_TRUE(eventually([&] { return seen.size() == 2; }));
  EXPECT_EQ(seen, (std::vector{Kind::RATE_CHANGED, Kind::REVOKED}));
  EXPECT_TRUE(kernel().empty());
  EXPECT_EQ(session.vicsRequest().send().wait(io_.waitScope).getVnics().size(), 0u);
  auto late = queue.doorbellRequest().send().wait(io_.waitScope);
  EXPECT_FALSE(unwrap(late.getOutcome()));

  ASSERT_TRUE(assign("echo"));  // the name is free again, and so is its queue
  auto anew = first_queue(session).openRequest().send().wait(io_.waitScope);
  EXPECT_TRUE(unwrap(anew.getOutcome()));
}

TEST_F(Session, NarrowsItselfWithinItsAuthorityOnly) {
  ASSERT_TRUE(assign("echo"));
  auto client = connect();
  auto session = this->session(client, "echo");
  auto queue = first_queue(session);
  const auto create = [&](const char* text) {
    auto request = session.createFilterRequest();
    to_protocol(*parse_filter(text), request.initSpec());
    return request.send().wait(io_.waitScope);
  };
  auto outside = create("rx udp port 1-101");
  EXPECT_EQ(unwrap(outside.getOutcome()).error().code, Error::Code::denied);
  auto inside = create("rx udp port 7");
  auto filter = unwrap(inside.getOutcome());
  ASSERT_TRUE(filter);
  auto assign = queue.assignRequest();
  assign.setFilter(*filter);
  auto assigned = assign.send().wait(io_.waitScope);
  // All of 1-100 was granted at once: a part of it overlaps.
  EXPECT_EQ(unwrap(assigned.getOutcome()).error().code, Error::Code::conflict);

  auto rate = queue.setRateRequest();
  rate.initRate().setBitsPerSecond(2'000'000'000);
  auto set = rate.send().wait(io_.waitScope);
  EXPECT_EQ(unwrap(set.getOutcome()).error().code, Error::Code::denied);
}

TEST_F(Session, GarbageEndsItsOwnConnectionOnly) {
  ASSERT_TRUE(assign("echo"));
  auto good = connect();
  auto held = session(good, "echo");
  for (const std::string& bytes :
       {std::string(4096, '\xff'), std::string(64, '\0'), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    auto bad = connect_raw();
    bad->write(bytes.data(), bytes.size()).wait(io_.waitScope);
    bad->shutdownWrite();
    char answer[512];  // an abort message, or nothing, and then the end: orderly or by reset
    const auto read = [&] { return bad->tryRead(answer, 1, sizeof(answer)).wait(io_.waitScope); };
    kj::runCatchingExceptions([&] {
      while (read() != 0) {
      }
    });
  }
  EXPECT_EQ(held.vicsRequest().send().wait(io_.waitScope).getVnics().size(), 1u);
}

TEST_F(Session, HalfAMessageIsWaitedForAndForgotten) {
  {
    auto half = connect_raw();
    const unsigned char header[] = {0, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3};  // eight words, three bytes
    half->write(header, sizeof(header)).wait(io_.waitScope);
    auto good = connect();
    good.daemon.helloRequest().send().wait(io_.waitScope);
  }
  auto good = connect();
  good.daemon.helloRequest().send().wait(io_.waitScope);
}

TEST_F(Session, CapabilitiesOfAConnectionAreBounded) {
  ASSERT_TRUE(assign("echo"));
  auto client = connect();
  auto session = this->session(client, "echo");
  std::vector<capnp::Response<protocol::Session::VicsResults>> kept;
  EXPECT_ANY_THROW({
    for (std::size_t i = 0; i <= Client::capabilities_max; ++i)
      kept.push_back(session.vicsRequest().send().wait(io_.waitScope));
  });
  kept.clear();
  EXPECT_EQ(session.vicsRequest().send().wait(io_.waitScope).getVnics().size(), 1u);
}

}  // namespace
}  // namespace arrakis::control
