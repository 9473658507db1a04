#include "vfio/deadline_write.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "vfio/descriptor.h"

namespace arrakis::vfio {
namespace {

struct Request {
  const char* path;
  std::string_view text;
  Duration deadline;
  int report;  // where the writer sends its errno
};

int write_once(const Request& request) {
  const int file = ::open(request.path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const ssize_t length = ::write(file, request.text.data(), request.text.size());
  if (length < 0) return errno;
  return static_cast<std::size_t>(length) == request.text.size() ? 0 : EIO;
}

// Between fork and _exit, only calls that are safe in a signal handler.
[[noreturn]] void be_writer(const Request& request) {
  // A writer that hangs must not keep the caller's sockets and files open.
  const auto report = static_cast<unsigned>(request.report);
  if (report > 0) ::close_range(0, report - 1, 0);
  ::close_range(report + 1, ~0U, 0);
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm_only;
  ::sigemptyset(&alarm_only);
  ::sigaddset(&alarm_only, SIGALRM);
  ::sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
  const std::int64_t microseconds = request.deadline.ns / 1000 + 1;
  const itimerval after{
      .it_interval = {},
      .it_value = {.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000}};
  ::setitimer(ITIMER_REAL, &after, nullptr);
  const int error = write_once(request);
  // A parent that no longer listens has given up; there is nobody to tell.
  if (::write(request.report, &error, sizeof(error)) < 0) ::_exit(1);
  ::_exit(0);
}

[[noreturn]] void be_child(const Request& request) {
  const pid_t writer = ::fork();
  if (writer == 0) be_writer(request);
  ::_exit(writer < 0 ? 1 : 0);
}

int wait_for_report(int fd, Duration deadline) {
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  // A signal restarts the wait: it gets longer, never endless, as the writer has its alarm.
  int ready = 0;
  do ready = ::poll(&readable, 1, static_cast<int>(deadline.ns / 1'000'000));
  while (ready < 0 && errno == EINTR);
  if (ready <= 0) return ETIMEDOUT;
  int error = 0;
  const ssize_t length = ::read(fd, &error, sizeof(error));
  return length == sizeof(error) ? error : ETIMEDOUT;  // closed without a word: its alarm rang
}

}  // namespace

int write_within(const std::string& path, std::string_view text, Duration deadline) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  const Descriptor reader{ends[0]};
  Descriptor writer{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) be_child({path.c_str(), text, deadline, writer.get()});
  writer.reset();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return wait_for_report(reader.get(), deadline);
}

}  // namespace arrakis::vfio
