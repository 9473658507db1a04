// calls.h: the system calls of sockets, for descriptors of ours: locks, waits where the program
// wants that, and answers as Linux does.
//
// Threads:  any. Calls that wait give up the lock meanwhile.
// Lifetime: borrows the host.
// Errors:   Linux's errno. SIGPIPE is raised where Linux raises it.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <optional>
#include <span>

#include "libos/posix/descriptors.h"
#include "libos/posix/host.h"
#include "libos/posix/result.h"
#include "libos/posix/socket.h"
#include "libos/posix/transfer.h"

namespace arrakis::posix {

// Where an address goes that a call answers with; both may be null.
struct AddressOut {
  sockaddr* address = nullptr;
  socklen_t* length = nullptr;
};
struct AddressIn {
  const sockaddr* address = nullptr;
  socklen_t length = 0;
};

class Calls {
 public:
  explicit Calls(Host& host) : host_{host} {}
  ~Calls();

  bool is_ours(int fd);
  // False: certainly not; cheap.
  bool may_be_ours(int fd) const { return descriptors_.may_be_ours(fd); }
  // That number, open in the kernel, stands for a socket of ours from now on, also where epoll sets
  // know it already.
  Result<void> adopt(int fd, int domain, int type);
  // All descriptors are forgotten, and what they stand for goes.
  void drop_all();

  // calls_open.cc
  Result<int> socket(int domain, int type, int protocol);
  Result<void> bind(int fd, const AddressIn& local);
  Result<void> listen(int fd, int backlog);
  Result<int> accept(int fd, const AddressOut& remote, int flags);
  Result<void> connect(int fd, const AddressIn& remote);
  Result<void> shutdown(int fd, int how);
  Result<void> getsockname(int fd, const AddressOut& out);
  Result<void> getpeername(int fd, const AddressOut& out);
  Result<void> setsockopt(int fd, Option option, const void* value, socklen_t length);
  Result<void> getsockopt(int fd, Option option, void* value, socklen_t* length);

  // calls_transfer.cc
  Result<std::size_t> receive(int fd, std::span<const iovec> into, int flags,
                              const AddressOut& source = {});
  Result<std::size_t> receive_message(int fd, msghdr* message, int flags);
  Result<std::size_t> send(int fd, std::span<const iovec> from, int flags,
                           const AddressIn& target = {});
  Result<std::size_t> send_message(int fd, const msghdr* message, int flags);

  // calls_poll.cc. `timeout`: nothing is for ever.
  Result<int> poll(std::span<pollfd> fds, std::optional<Duration> timeout);
  Result<int> epoll_create(int flags);
  Result<void> epoll_ctl(int epfd, int operation, int fd, epoll_event* event);
  Result<int> epoll_wait(int epfd, std::span<epoll_event> events, std::optional<Duration> timeout);

  // calls.cc
  Result<void> close(int fd);
  Result<int> duplicate(int fd);
  Result<int> duplicate_to(int fd, int to, int flags);
  Result<int> control(int fd, int command, long argument);                    // fcntl
  Result<int> device_control(int fd, unsigned long request, void* argument);  // ioctl

 private:
  class Waiting;

  Result<FilePtr> file(int fd) const;
  // The caller keeps it alive by the FilePtr.
  Result<Socket*> socket_of(int fd, FilePtr& keep) const;
  Instant deadline(Duration timeout);
  void linger(Lock& lock, Socket& socket);
  Result<std::size_t> receive_until(Lock& lock, Socket& socket, Incoming& request);
  Result<std::size_t> send_until(Lock& lock, Socket& socket, Outgoing& request);
  int look(std::span<pollfd> fds);

  Host& host_;
  Descriptors descriptors_;
};

}  // namespace arrakis::posix
