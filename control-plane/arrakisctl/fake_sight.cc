// The part of the fake daemon that lets an application be looked into; the application is hostile
// if the test says so.
#include <kj/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "control-plane/arrakisctl/fake_daemon.h"
#include "control-plane/protocol/capture_ring.h"
#include "control-plane/protocol/convert.h"
#include "control-plane/protocol/sight.h"

namespace arrakis::ctl {
namespace {

class Memory final : public protocol::Descriptor::Server {
 public:
  explicit Memory(std::size_t bytes) : fd_{::memfd_create("fake-sight", MFD_CLOEXEC)} {
    ARK_CHECK(::ftruncate(fd_, static_cast<off_t>(bytes)) == 0);
  }
  void write(std::string_view content) const {
    ARK_CHECK(::pwrite(fd_, content.data(), content.size(), 0) ==
              static_cast<ssize_t>(content.size()));
  }
  kj::Maybe<int> getFd() override { return fd_.get(); }

 private:
  kj::AutoCloseFd fd_;
};

class FakeSnapshot final : public protocol::Snapshot::Server {
 public:
  FakeSnapshot(FakeState& state, Memory& memory) : state_{state}, memory_{memory} {}

  kj::Promise<void> take(TakeContext context) override {
    auto outcome = context.getResults().initOutcome();
    state_.calls.push_back("take " + std::to_string(context.getParams().getCursor()));
    if (!state_.unanswered.message.empty()) {
      control::refuse(outcome, state_.unanswered);
      return kj::READY_NOW;
    }
    memory_.write(state_.pages.at(std::min(taken_++, state_.pages.size() - 1)));
    outcome.initValue();
    return kj::READY_NOW;
  }

 private:
  FakeState& state_;
  Memory& memory_;  // held by the view, as long as the tool needs it
  std::size_t taken_ = 0;
};

class FakeCapture final : public protocol::Capture::Server {
 public:
  kj::Promise<void> ended(EndedContext) override { return kj::READY_NOW; }
};

class FakeSight final : public protocol::Sight::Server {
 public:
  explicit FakeSight(FakeState& state) : state_{state} {}

  kj::Promise<void> snapshot(SnapshotContext context) override {
    auto memory = kj::heap<Memory>(sight::page_bytes);
    auto view = context.getResults().initOutcome().initValue();
    view.setSnapshot(kj::heap<FakeSnapshot>(state_, *memory));
    held_.add(protocol::Descriptor::Client{kj::mv(memory)});
    view.setMemory(held_.back());
    return kj::READY_NOW;
  }
  kj::Promise<void> capture(CaptureContext context) override {
    auto memory = kj::heap<Memory>(sight::capture_bytes);
    memory->write(state_.ring);
    auto view = context.getResults().initOutcome().initValue();
    view.setMemory(kj::mv(memory));
    view.setCapture(kj::heap<FakeCapture>());
    return kj::READY_NOW;
  }

 private:
  FakeState& state_;
  kj::Vector<protocol::Descriptor::Client> held_;
};

}  // namespace

void fake_apps(FakeState& state, protocol::Attached::Builder out) {
  auto app = out.initApps(1)[0];
  app.setName("udp_echo");
  app.setPid(4711);
  auto queue = app.initQueues(1)[0];
  queue.setVnic("vf0");
  queue.setQueue(0);
  app.setSight(kj::heap<FakeSight>(state));
}

}  // namespace arrakis::ctl
