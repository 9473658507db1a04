// interface.h: how the packetdrill tool calls the network stack under test, as C sees it. The order
// of the pointers is the ABI.
//
// Each function takes `userdata` first and answers as the system call of its name does, with errno.
#pragma once

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

struct packetdrill_interface {
  void* userdata;
  void (*free)(void* userdata);
  int (*socket)(void* userdata, int domain, int type, int protocol);
  int (*bind)(void* userdata, int fd, const struct sockaddr* address, socklen_t length);
  int (*listen)(void* userdata, int fd, int backlog);
  int (*accept)(void* userdata, int fd, struct sockaddr* address, socklen_t* length);
  int (*connect)(void* userdata, int fd, const struct sockaddr* address, socklen_t length);
  ssize_t (*read)(void* userdata, int fd, void* buffer, size_t count);
  ssize_t (*readv)(void* userdata, int fd, const struct iovec* parts, int count);
  ssize_t (*recv)(void* userdata, int fd, void* buffer, size_t count, int flags);
  ssize_t (*recvfrom)(void* userdata, int fd, void* buffer, size_t count, int flags,
                      struct sockaddr* source, socklen_t* length);
  ssize_t (*recvmsg)(void* userdata, int fd, struct msghdr* message, int flags);
  ssize_t (*write)(void* userdata, int fd, const void* buffer, size_t count);
  ssize_t (*writev)(void* userdata, int fd, const struct iovec* parts, int count);
  ssize_t (*send)(void* userdata, int fd, const void* buffer, size_t count, int flags);
  ssize_t (*sendto)(void* userdata, int fd, const void* buffer, size_t count, int flags,
                    const struct sockaddr* target, socklen_t length);
  ssize_t (*sendmsg)(void* userdata, int fd, const struct msghdr* message, int flags);
  int (*fcntl)(void* userdata, int fd, int command, ...);
  int (*ioctl)(void* userdata, int fd, unsigned long request, ...);
  int (*close)(void* userdata, int fd);
  int (*shutdown)(void* userdata, int fd, int how);
  int (*getsockopt)(void* userdata, int fd, int level, int name, void* value, socklen_t* length);
  int (*setsockopt)(void* userdata, int fd, int level, int name, const void* value,
                    socklen_t length);
  int (*poll)(void* userdata, struct pollfd* fds, nfds_t count, int timeout);
  // A raw IP packet into the stack.
  int (*netdev_send)(void* userdata, const void* packet, size_t bytes);
  // The next one that left it, with the time it left; 0 bytes: none will come.
  int (*netdev_receive)(void* userdata, void* packet, size_t* bytes, long long* time_us);
  int (*usleep)(void* userdata, useconds_t us);
  int (*gettimeofday)(void* userdata, struct timeval* time, struct timezone* zone);
  int (*epoll_create)(void* userdata, int size);
  int (*epoll_ctl)(void* userdata, int epfd, int operation, int fd, struct epoll_event* event);
  int (*epoll_wait)(void* userdata, int epfd, struct epoll_event* events, int most, int timeout);
  int (*pipe)(void* userdata, int fds[2]);
  ssize_t (*splice)(void* userdata, int in, loff_t* in_offset, int out, loff_t* out_offset,
                    size_t count, unsigned int flags);
};

// Once a script; whatever was before is forgotten. `flags`: key=value,... (README.md).
void packetdrill_interface_init(const char* flags, struct packetdrill_interface* out);

#ifdef __cplusplus
}
static_assert(sizeof(packetdrill_interface) == 33 * sizeof(void*));
#endif
