#include "control-plane/arrakisctl/signals.h"

#include <array>
#include <ctime>

#include "base/check.h"

namespace arrakis::ctl {
namespace {

constexpr std::array forwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

bool is_ignored(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals() {
  ::sigemptyset(&taken_);
  for (const int signal : forwarded)
    if (!is_ignored(signal)) ::sigaddset(&taken_, signal);  // nohup stays nohup
  ::sigaddset(&taken_, SIGCHLD);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would take the child's status with it
  ::sigaction(SIGPIPE, nullptr, &original_pipe_);
  ARK_CHECK(::sigprocmask(SIG_BLOCK, &taken_, &original_) == 0);
}

Signals::~Signals() { ::sigprocmask(SIG_SETMASK, &original_, nullptr); }

std::optional<int> Signals::take_pending() {
  sigset_t set = taken_;
  ::sigdelset(&set, SIGCHLD);
  const timespec at_once{};
  const int signal = ::sigtimedwait(&set, nullptr, &at_once);
  return signal > 0 ? std::optional{signal} : std::nullopt;
}

siginfo_t Signals::wait() {
  siginfo_t info{};
  while (::sigwaitinfo(&taken_, &info) < 0) {  // EINTR: a signal outside of the set
  }
  return info;
}

void Signals::restore_in_child() const {
  ::sigaction(SIGPIPE, &original_pipe_, nullptr);
  ::sigprocmask(SIG_SETMASK, &original_, nullptr);
}

}  // namespace arrakis::ctl
