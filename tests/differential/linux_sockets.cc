#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/differential/sockets.h"

namespace arrakis::differential {
namespace {

class Linux final : public Sockets {
 public:
  std::string address() const override { return "127.0.0.1"; }
  int socket(int domain, int type) override { return ::socket(domain, type, 0); }
  int bind(int fd, const sockaddr* a, socklen_t n) override { return ::bind(fd, a, n); }
  int listen(int fd, int backlog) override { return ::listen(fd, backlog); }
  int accept(int fd, sockaddr* a, socklen_t* n, int flags) override {
    return ::accept4(fd, a, n, flags);
  }
  int connect(int fd, const sockaddr* a, socklen_t n) override { return ::connect(fd, a, n); }
  int shutdown(int fd, int how) override { return ::shutdown(fd, how); }
  int close(int fd) override { return ::close(fd); }
  int dup(int fd) override { return ::dup(fd); }
  int getsockname(int fd, sockaddr* a, socklen_t* n) override { return ::getsockname(fd, a, n); }
  int getpeername(int fd, sockaddr* a, socklen_t* n) override { return ::getpeername(fd, a, n); }
  int getsockopt(int fd, int level, int name, void* v, socklen_t* n) override {
    return ::getsockopt(fd, level, name, v, n);
  }
  int setsockopt(int fd, int level, int name, const void* v, socklen_t n) override {
    return ::setsockopt(fd, level, name, v, n);
  }
  int control(int fd, int command, int argument) override { return ::fcntl(fd, command, argument); }
  int device_control(int fd, unsigned long request, int* value) override {
    return ::ioctl(fd, request, value);
  }
  ssize_t recvmsg(int fd, msghdr* message, int flags) override {
    return ::recvmsg(fd, message, flags);
  }
  ssize_t sendmsg(int fd, const msghdr* message, int flags) override {
    return ::sendmsg(fd, message, flags);
  }
  int poll(pollfd* fds, int count, int timeout_ms) override {
    return ::poll(fds, static_cast<nfds_t>(count), timeout_ms);
  }
  int epoll_create() override { return ::epoll_create1(0); }
  int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) override {
    return ::epoll_ctl(epfd, operation, fd, event);
  }
  int epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) override {
    return ::epoll_wait(epfd, events, most, timeout_ms);
  }
};

}  // namespace

Pair linux_sockets() { return {std::make_unique<Linux>(), std::make_unique<Linux>()}; }

}  // namespace arrakis::differential
