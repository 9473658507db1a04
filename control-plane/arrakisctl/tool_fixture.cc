#include "control-plane/arrakisctl/tool_fixture.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/check.h"

extern char** environ;

namespace arrakis::ctl {
namespace {

std::filesystem::path make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "arrakisctl-XXXXXX").string();
  ARK_CHECK(::mkdtemp(name.data()) != nullptr);
  return name;
}

struct Pipe {
  Pipe() { ARK_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0); }
  std::array<int, 2> ends{};
};

// Signals as a shell leaves them, not as the event loop of this process has them.
struct Attributes {
  Attributes() {
    posix_spawnattr_init(&value);
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setsigmask(&value, &none);
    posix_spawnattr_setsigdefault(&value, &pipe);
    posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  posix_spawnattr_t value;
};

int status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

ToolFixture::ToolFixture() : directory_{make_directory()}, io_{kj::setupAsyncIo()} {
  ::setenv("ARRAKIS_SOCKET", socket().c_str(), 1);  // the tool inherits it
}

ToolFixture::~ToolFixture() noexcept { std::filesystem::remove_all(directory_); }

ToolFixture::Running ToolFixture::start(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ARRAKISCTL);
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);

  const Pipe out, err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
  const Attributes attributes;
  pid_t pid = 0;
  ARK_CHECK(::posix_spawn(&pid, ARRAKISCTL, &actions, &attributes.value, words.data(), environ) ==
            0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out.ends[1]);
  ::close(err.ends[1]);
  constexpr auto take = kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP;
  return {pid, io_.lowLevelProvider->wrapInputFd(out.ends[0], take),
          io_.lowLevelProvider->wrapInputFd(err.ends[0], take)};
}

std::string ToolFixture::read_line(Running& running) {
  std::string line;
  for (char c = 0; c != '\n'; line += c)
    if (running.out->tryRead(&c, 1, 1).wait(io_.waitScope) == 0) break;
  return line;
}

Ran ToolFixture::finish(Running running) {
  auto err = running.err->readAllText();
  const kj::String out = running.out->readAllText().wait(io_.waitScope);
  const kj::String messages = err.wait(io_.waitScope);
  int status = 0;
  ARK_CHECK(::waitpid(running.pid, &status, 0) == running.pid);
  return {status_of(status), out.cStr(), messages.cStr()};
}

kj::Own<kj::ConnectionReceiver> ToolFixture::listen() {
  std::filesystem::remove(socket());
  return io_.provider->getNetwork()
      .parseAddress(kj::str("unix:", socket().c_str()))
      .wait(io_.waitScope)
      ->listen();
}

void ToolFixture::serve() {
  receiver_ = listen();
  server_ = kj::heap<capnp::TwoPartyServer>(fake_daemon(state_));
  serving_ = server_->listenCapStreamReceiver(*receiver_, 1).eagerlyEvaluate(nullptr);
}

void ToolFixture::serve_bytes(std::string bytes, Then then) {
  bytes_ = std::move(bytes);
  receiver_ = listen();
  serving_ = serve_next(then).eagerlyEvaluate(nullptr);
}

void ToolFixture::stop_serving() {
  serving_ = kj::NEVER_DONE;
  server_ = nullptr;
  receiver_ = nullptr;
  clients_.clear();
}

kj::Promise<void> ToolFixture::serve_next(Then then) {
  return receiver_->accept().then([this, then](kj::Own<kj::AsyncIoStream> client) {
    clients_.push_back(kj::mv(client));
    return clients_.back()->write(bytes_.data(), bytes_.size()).then([this, then] {
      if (then == Then::close) clients_.clear();
      return serve_next(then);
    });
  });
}

}  // namespace arrakis::ctl
