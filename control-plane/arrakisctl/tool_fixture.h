// tool_fixture.h: for tests: the real arrakisctl against a fake daemon in this very process.
//
// Threads:  one; the daemon answers while a test waits for the tool's output.
// Lifetime: the socket lies in a directory of its own, removed at the end.
#pragma once

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/fake_daemon.h"

namespace arrakis::ctl {

struct Ran {
  int status = -1;  // 128 + the signal that ended it
  std::string out, err;
};

class ToolFixture : public testing::Test {
 protected:
  ToolFixture();
  ~ToolFixture() noexcept override;

  struct Running {
    pid_t pid = 0;
    kj::Own<kj::AsyncInputStream> out, err;
  };
  Running start(std::vector<std::string> arguments);
  std::string read_line(Running& running);  // of its stdout
  Ran finish(Running running);
  // The daemon answers meanwhile.
  Ran run(std::vector<std::string> arguments) { return finish(start(std::move(arguments))); }

  void serve();  // the fake daemon, at socket()
  // Anything else at socket(): what is written to each client, and whether then to close.
  enum class Then : bool { close, stay };
  void serve_bytes(std::string bytes, Then then);
  void stop_serving();  // the socket's file stays, as after a crash

  std::string socket() const { return (directory_ / "arrakisd.sock").string(); }
  const std::filesystem::path& directory() const { return directory_; }

  FakeState state_;

 private:
  kj::Own<kj::ConnectionReceiver> listen();
  kj::Promise<void> serve_next(Then then);

  std::filesystem::path directory_;
  kj::AsyncIoContext io_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  kj::Own<capnp::TwoPartyServer> server_;
  std::string bytes_;
  std::vector<kj::Own<kj::AsyncIoStream>> clients_;
  kj::Promise<void> serving_ = kj::NEVER_DONE;
};

}  // namespace arrakis::ctl
