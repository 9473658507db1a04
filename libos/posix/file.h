// file.h: an open file description of ours: what one or several descriptors stand for.
//
// Threads:  under the host's lock, counting included.
// Lifetime: goes with the last FilePtr. A call that waits holds one, so that another thread may
//           close the descriptor meanwhile, as in the kernel.
#pragma once

#include <boost/intrusive_ptr.hpp>
#include <cstdint>

#include "libos/posix/watch.h"

namespace arrakis::posix {

class Socket;
class EpollSet;

class File : public Watched {
 public:
  virtual ~File() = default;

  // What it is ready for now: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR ...
  virtual std::uint32_t poll() = 0;
  // nullptr: it is something else.
  virtual Socket* as_socket() { return nullptr; }
  virtual EpollSet* as_epoll_set() { return nullptr; }

  bool is_non_blocking = false;  // O_NONBLOCK

 private:
  friend void intrusive_ptr_add_ref(File* file) { ++file->holders_; }
  friend void intrusive_ptr_release(File* file) {
    if (--file->holders_ == 0) delete file;
  }
  std::uint32_t holders_ = 0;
};

using FilePtr = boost::intrusive_ptr<File>;

}  // namespace arrakis::posix
