// sockets.h: sockets of one kind, Linux's or ours, under one interface, so that the same few calls
// can be made on both. Each answers as its system call does; errno follows -1.
//
// Two hosts speak to each other: of Linux both are this one, over loopback; ours are two stacks on
// a cable in virtual time.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <memory>
#include <string>

namespace arrakis::differential {

class Sockets {
 public:
  virtual ~Sockets() = default;

  virtual std::string address() const = 0;  // of this host
  virtual int socket(int domain, int type) = 0;
  virtual int bind(int fd, const sockaddr* address, socklen_t length) = 0;
  virtual int listen(int fd, int backlog) = 0;
  virtual int accept(int fd, sockaddr* address, socklen_t* length, int flags) = 0;
  virtual int connect(int fd, const sockaddr* address, socklen_t length) = 0;
  virtual int shutdown(int fd, int how) = 0;
  virtual int close(int fd) = 0;
  virtual int dup(int fd) = 0;
  virtual int getsockname(int fd, sockaddr* address, socklen_t* length) = 0;
  virtual int getpeername(int fd, sockaddr* address, socklen_t* length) = 0;
  virtual int getsockopt(int fd, int level, int name, void* value, socklen_t* length) = 0;
  virtual int setsockopt(int fd, int level, int name, const void* value, socklen_t length) = 0;
  virtual int control(int fd, int command, int argument) = 0;                 // fcntl
  virtual int device_control(int fd, unsigned long request, int* value) = 0;  // ioctl
  virtual ssize_t recvmsg(int fd, msghdr* message, int flags) = 0;
  virtual ssize_t sendmsg(int fd, const msghdr* message, int flags) = 0;
  virtual int poll(pollfd* fds, int count, int timeout_ms) = 0;
  virtual int epoll_create() = 0;
  virtual int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) = 0;
  virtual int epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) = 0;
};

struct Pair {
  std::unique_ptr<Sockets> client;
  std::unique_ptr<Sockets> server;
};

Pair linux_sockets();
Pair our_sockets();

}  // namespace arrakis::differential
