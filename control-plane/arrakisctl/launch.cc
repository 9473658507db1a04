#include "control-plane/arrakisctl/launch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

// What a child that cannot become the program writes into the pipe to its parent.
struct Obstacle {
  enum class Step : int { user, capabilities, exec };
  Step step;
  int error;
};

void set_environment(const Program& program) {
  for (const auto& [name, value] : program.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (!program.user) return;
  ::setenv("USER", program.user->name.c_str(), 1);
  ::setenv("LOGNAME", program.user->name.c_str(), 1);
  ::setenv("HOME", program.user->home.c_str(), 1);
}

// Returns only when it did not work.
Obstacle become_program(const Program& program, const Signals& signals) {
  if (program.user)
    if (const int error = become(*program.user); error != 0) return {Obstacle::Step::user, error};
  if (const int error = drop_capabilities(); error != 0)
    return {Obstacle::Step::capabilities, error};
  set_environment(program);
  std::vector<char*> arguments;
  for (const std::string& argument : program.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));  // execvp does not write them
  arguments.push_back(nullptr);
  signals.restore_in_child();
  ::execvp(arguments[0], arguments.data());
  return {Obstacle::Step::exec, errno};
}

std::unexpected<Failure> failure_of(const Obstacle& obstacle, const Program& program) {
  const std::string name = control::quote(program.arguments.front());
  const std::string why = std::strerror(obstacle.error);
  switch (obstacle.step) {
    case Obstacle::Step::user:
      return fail(Exit::denied, "cannot run " + name + " as that user: " + why,
                  "use sudo, or leave --user out");
    case Obstacle::Step::capabilities:
      return fail(Exit::other, "cannot drop all capabilities for " + name + ": " + why);
    case Obstacle::Step::exec: break;
  }
  const Exit status = obstacle.error == ENOENT ? Exit::no_program : Exit::cannot_execute;
  return fail(status, "cannot run " + name + ": " + why,
              "give a program that is in PATH, or its path");
}

int status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int wait_for(pid_t child, Signals& signals) {
  for (;;) {
    const siginfo_t info = signals.wait();
    if (info.si_signo == SIGCHLD) {
      int status = 0;
      if (::waitpid(child, &status, WNOHANG) == child) return status_of(status);
    } else if (info.si_code <= 0) {  // a process sent it; sigaction(2): the kernel's are above 0
      ::kill(child, info.si_signo);
    }
  }
}

}  // namespace

Result<int> launch(const Program& program, Signals& signals) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return fail(Exit::other, std::string{"no pipe: "} + std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) {
    const Obstacle obstacle = become_program(program, signals);
    const ssize_t written = ::write(pipe[1], &obstacle, sizeof(obstacle));
    ::_exit(written == sizeof(obstacle) ? 0 : 1);
  }
  const int fork_error = errno;
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    return fail(Exit::other, std::string{"no new process: "} + std::strerror(fork_error));
  }
  Obstacle obstacle{};
  const bool failed = ::read(pipe[0], &obstacle, sizeof(obstacle)) == sizeof(obstacle);
  ::close(pipe[0]);
  const int status = wait_for(child, signals);
  if (failed) return failure_of(obstacle, program);
  return status;
}

}  // namespace arrakis::ctl
