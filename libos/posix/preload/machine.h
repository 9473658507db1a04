// machine.h: what the preloaded library knows of its process: the application it is, the VNIC once
// there is one, and which sockets are its.
//
// A socket is Linux's until it gets an address: bind() and connect() decide. Loopback, unix sockets
// and all that the VNIC does not reach stay with Linux. The VNIC is taken when the first socket
// wants it, so a program that has none costs nothing.
//
// Threads:  any.
// Lifetime: as the process; nothing is torn down, because threads may still be at work then.
//           A child of fork() has none: its sockets are the parent's.
// Errors:   why there is no VNIC is said once, on stderr; sockets then stay with Linux.
#pragma once

#include <mutex>
#include <optional>

#include "arrakis/app.h"
#include "libos/posix/calls.h"
#include "libos/posix/preload/queue_driver.h"

namespace arrakis::posix {

class Machine {
 public:
  Machine();

  // nullptr: this process is no application of ours, or not any more.
  static Machine* get();

  Calls& calls() { return calls_; }
  // An epoll instance that is made now is one of the program's.
  bool makes_epoll_sets() const { return !is_attaching_; }

  // Each returns with the socket ours if it is to be, and says so.
  bool takes_bind(int fd, const sockaddr* address, socklen_t length);
  bool takes_listen(int fd);
  bool takes_connect(int fd, const sockaddr* address, socklen_t length);
  bool takes_send(int fd, const sockaddr* target, socklen_t length);
  // What a program that ends has written still leaves.
  void end();

 private:
  struct Kind {
    int domain;
    int type;
  };

  static std::optional<Kind> kind_of(int fd);
  bool attach();
  bool attach_now();
  bool take(int fd, const Kind& kind);
  void copy_options(int fd, const Kind& kind);
  bool reaches(const IpAddress& address);

  QueueDriver driver_;
  Host host_;
  Calls calls_;
  std::mutex attaching_;
  std::atomic<bool> is_attaching_{false};
  std::optional<bool> is_attached_;  // nothing: not tried
  std::optional<App> app_;
};

}  // namespace arrakis::posix
