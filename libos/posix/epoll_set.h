// epoll_set.h: an epoll instance. Files of ours are watched here, the kernel's by the epoll
// instance of the kernel whose descriptor it has.
//
// Level and edge are Linux's (fs/eventpoll.c): news puts an item on the ready list; whoever waits
// takes from its front, asks what is so, and puts a level-triggered one back behind the others.
//
// Threads:  under the host's lock.
// Lifetime: an item ends with the file it is about.
#pragma once

#include <sys/epoll.h>

#include <boost/intrusive/list.hpp>
#include <map>
#include <span>
#include <utility>

#include "libos/posix/file.h"
#include "libos/posix/result.h"

namespace arrakis::posix {

class EpollSet final : public File {
 public:
  explicit EpollSet(int kernel_fd) : kernel_fd_{kernel_fd} {}

  EpollSet* as_epoll_set() override { return this; }
  std::uint32_t poll() override;

  Result<void> add(int fd, File& file, const epoll_event& event);
  Result<void> modify(int fd, File& file, const epoll_event& event);
  Result<void> remove(int fd, File& file);
  // Of the kernel's; `event` may be null for EPOLL_CTL_DEL.
  Result<void> control_kernel(int operation, int fd, epoll_event* event);

  // That number was the kernel's and is ours now: what was said of it is so still.
  void adopt(int fd, File& file);
  void forget_kernel(int fd) { kernel_members_.erase(fd); }

  // Fills in what is ready now, and says how many.
  std::size_t collect(std::span<epoll_event> events);
  // -1: there is nothing of the kernel's in it.
  int kernel_fd() const { return kernel_members_.empty() ? -1 : kernel_fd_; }

 private:
  using Key = std::pair<int, File*>;
  using ReadyHook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  struct Item final : Watch {
    Item(EpollSet& owner, Key where, const epoll_event& wanted)
        : set{owner}, key{where}, event{wanted} {}
    void hear(std::uint32_t events) override { set.hear(*this, events); }
    void lose() override { set.items_.erase(key); }
    std::uint32_t ready_now() const;

    EpollSet& set;
    const Key key;
    epoll_event event;
    ReadyHook hook;
  };
  using ReadyList =
      boost::intrusive::list<Item, boost::intrusive::member_hook<Item, ReadyHook, &Item::hook>,
                             boost::intrusive::constant_time_size<false>>;

  void hear(Item& item, std::uint32_t events);
  void make_ready(Item& item);
  // `set` can be reached from `file`: a circle.
  static bool reaches(File& file, const EpollSet& set, int depth);

  const int kernel_fd_;
  std::map<int, epoll_event> kernel_members_;
  std::map<Key, Item> items_;
  ReadyList ready_;
};

}  // namespace arrakis::posix
