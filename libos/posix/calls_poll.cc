// poll and epoll, over files of ours and of the kernel's.
#include <algorithm>
#include <vector>

#include "libos/posix/calls.h"
#include "libos/posix/epoll_set.h"
#include "libos/posix/kernel.h"
#include "libos/posix/waiting.h"

namespace arrakis::posix {
namespace {

constexpr short always = POLLERR | POLLHUP;
static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLRDHUP == EPOLLRDHUP);

// An epoll instance of the kernel's, for as long as one call waits for some of its files.
class KernelFiles {
 public:
  KernelFiles() = default;
  KernelFiles(const KernelFiles&) = delete;
  KernelFiles& operator=(const KernelFiles&) = delete;
  ~KernelFiles() {
    if (fd_ >= 0) kernel::close(fd_);
  }
  void add(const pollfd& wanted) {
    if (fd_ < 0) fd_ = kernel::epoll_create(EPOLL_CLOEXEC).value_or(-1);
    epoll_event event{.events = static_cast<std::uint16_t>(wanted.events), .data = {}};
    if (kernel::epoll_control(fd_, EPOLL_CTL_ADD, wanted.fd, &event)) return;
    event.events |= EPOLLIN | EPOLLOUT;  // a second time the same: whatever comes
    (void)kernel::epoll_control(fd_, EPOLL_CTL_MOD, wanted.fd, &event);
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace

// How many of them have something to say, which is written there.
int Calls::look(std::span<pollfd> fds) {
  int ready = 0;
  const timespec at_once{};
  for (pollfd& wanted : fds) {
    wanted.revents = 0;
    if (wanted.fd < 0) continue;
    if (File* file = descriptors_.find(wanted.fd))
      wanted.revents =
          static_cast<short>(static_cast<short>(file->poll()) & (wanted.events | always));
    else
      (void)kernel::poll(&wanted, 1, &at_once);
    if (wanted.revents != 0) ++ready;
  }
  return ready;
}

Result<int> Calls::poll(std::span<pollfd> fds, std::optional<Duration> timeout) {
  Lock lock = host_.lock();
  host_.driver().enter();
  int ready = look(fds);
  if (ready > 0 || (timeout && *timeout <= Duration{})) return ready;
  std::vector<FilePtr> keep;
  Waiting waiting{host_, deadline(timeout.value_or(Duration::max()))};
  KernelFiles others;
  for (const pollfd& wanted : fds) {
    if (wanted.fd < 0) continue;
    File* file = descriptors_.find(wanted.fd);
    if (file == nullptr) {
      others.add(wanted);
      continue;
    }
    keep.emplace_back(file);
    waiting.add(*file, static_cast<std::uint16_t>(wanted.events | always));
  }
  for (;;) {
    const auto news = waiting.wait(lock, others.fd());
    ready = look(fds);
    if (ready > 0) return ready;
    if (!news && is(news.error(), EAGAIN)) return 0;
    if (!news) return std::unexpected(news.error());
  }
}

Result<int> Calls::epoll_create(int flags) {
  if ((flags & ~EPOLL_CLOEXEC) != 0) return fail(EINVAL);
  Lock lock = host_.lock();
  const auto fd = kernel::epoll_create(flags);
  if (fd) descriptors_.put(*fd, FilePtr{new EpollSet{*fd}});
  return fd;
}

Result<void> Calls::epoll_ctl(int epfd, int operation, int fd, epoll_event* event) {
  Lock lock = host_.lock();
  host_.driver().enter();
  const auto keep = file(epfd);
  if (!keep) return std::unexpected(keep.error());
  EpollSet* set = (*keep)->as_epoll_set();
  if (set == nullptr) return fail(EINVAL);
  if (event == nullptr && operation != EPOLL_CTL_DEL) return fail(EFAULT);
  File* target = descriptors_.find(fd);
  if (target == nullptr) return set->control_kernel(operation, fd, event);
  switch (operation) {
    case EPOLL_CTL_ADD: return set->add(fd, *target, *event);
    case EPOLL_CTL_MOD: return set->modify(fd, *target, *event);
    case EPOLL_CTL_DEL: return set->remove(fd, *target);
    default: return fail(EINVAL);
  }
}

Result<int> Calls::epoll_wait(int epfd, std::span<epoll_event> events,
                              std::optional<Duration> timeout) {
  Lock lock = host_.lock();
  host_.driver().enter();
  const auto keep = file(epfd);
  if (!keep) return std::unexpected(keep.error());
  EpollSet* set = (*keep)->as_epoll_set();
  if (set == nullptr || events.empty()) return fail(EINVAL);
  std::optional<Waiting> waiting;
  for (;;) {
    const std::size_t count = set->collect(events);
    if (count > 0 || (timeout && *timeout <= Duration{})) {
      host_.driver().flush();
      return static_cast<int>(count);
    }
    if (!waiting) {
      waiting.emplace(host_, deadline(timeout.value_or(Duration::max())));
      waiting->add(*set, EPOLLIN);
    }
    const auto news = waiting->wait(lock, set->kernel_fd());
    if (!news && is(news.error(), EINTR)) return fail(EINTR);
    if (!news) timeout = Duration{};  // one more look
  }
}

}  // namespace arrakis::posix
